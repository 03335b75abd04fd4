// The handoff's context, readable in ten seconds: why, what was understood, what is known, what was tried.

import { byId, h } from "./dom.js";
import { appName, outside } from "./marks.js";
import { drawTimer, timerData } from "./queue.js";
import { handoffDetail } from "./rules.js";
import { more, replies, risks, slots, summary } from "./packet.js";
import { clockTime, dayAndTime, duration, named, percent, readable, t } from "./words.js";

const wide = matchMedia("(min-width: 1080px)");

/** Beside the transcript the panel is always open; above it, on a small screen, the agent opens it. */
export function startContext() {
  const panel = byId("context");
  const settle = () => (panel.open = wide.matches);
  wide.addEventListener("change", settle);
  panel.addEventListener("toggle", () => wide.matches && !panel.open && settle());
  settle();
}

/** `use(text)` puts a suggestion into the text box; `say(sentence)` tells of a failure. */
export function drawContext(conversation, use, say) {
  const reason = conversation.reason ? named("reason", conversation.reason) : t(`owner.${conversation.owner}`, { name: conversation.agent_name });
  const detail = handoffDetail(conversation.reason, conversation.detail);
  byId("context-summary").replaceChildren(h("span", { class: "label" }, t("context.title")), h("strong", {}, reason));
  byId("context-body").replaceChildren(
    ...[
      summary(conversation),
      detail ? h("p", { class: "detail", dir: "auto" }, detail) : null,
      ...warnings(conversation),
      conversation.findings.length ? part("packet.risks", risks(conversation)) : null,
      clocks(conversation),
      conversation.replies.length && conversation.may.includes("reply") ? part("packet.replies", replies(conversation, use)) : null,
      conversation.held.length ? part("context.held", held(conversation.held)) : null,
      part("context.understood", intents(conversation.intents)),
      part("context.details", slots(conversation, say)),
      part("context.steps", steps(conversation.steps)),
      conversation.threads.length ? part("context.threads", threads(conversation.threads)) : null,
      part("context.customer", customer(conversation)),
      more(conversation, use, say),
    ].filter(Boolean),
  );
  for (const timer of byId("context-body").querySelectorAll("[data-since]")) drawTimer(timer);
}

function warnings(conversation) {
  return [
    conversation.approval ? h("p", { class: "warning" }, t("packet.approval")) : null,
    conversation.unfit ? h("p", { class: "warning" }, t(`error.not_routed_${conversation.unfit.why}`, { missing: conversation.unfit.missing.map((name) => named("skill", name)).join(", ") })) : null,
    conversation.elsewhere ? h("p", { class: "warning" }, t("context.elsewhere", { app: appName(conversation.elsewhere) })) : null,
    conversation.opted_out ? h("p", { class: "warning" }, t("context.opted_out")) : null,
    conversation.reachable ? null : h("p", { class: "warning" }, t("context.blocked")),
  ];
}

function held(texts) {
  return h("ul", { class: "held-back" }, texts.map((text) => h("li", { dir: "auto" }, text)));
}

/** The latest first. */
function threads(found) {
  return h(
    "ul",
    { class: "threads" },
    [...found].reverse().map((thread) =>
      h(
        "li",
        {},
        outside(thread.link, dayAndTime(thread.at)) ?? h("span", {}, dayAndTime(thread.at)),
        h("span", { class: "state", data: { solved: thread.solved ? "yes" : "" } }, t(thread.solved ? "context.solved" : "context.unsolved")),
      ),
    ),
  );
}

function clocks(conversation) {
  if (!conversation.due) return null;
  if (conversation.first_answer_at) {
    const took = duration((Date.parse(conversation.first_answer_at) - Date.parse(conversation.since)) / 1000);
    return h("dl", { class: "clocks" }, pair(t("context.answered"), took));
  }
  return h(
    "dl",
    { class: "clocks" },
    pair(t("context.waiting"), h("span", { class: "timer", data: timerData(conversation) })),
    pair(t("context.due"), clockTime(conversation.due)),
    windowLeft(conversation),
    conversation.badge_until ? pair(t("packet.badge"), clockTime(conversation.badge_until)) : null,
  );
}

/** How long the platform still lets a person write in private. */
function windowLeft(conversation) {
  const left = conversation.ways.private?.left_s;
  return left === null || left === undefined ? null : pair(t("packet.window"), left > 0 ? duration(left) : t("packet.window_closed"));
}

function intents(seen) {
  if (!seen.length) return null;
  const latest = [...seen].reverse();
  return h(
    "ul",
    { class: "intents" },
    latest.map((intent) =>
      h(
        "li",
        {},
        h("span", { class: "name" }, readable(intent.name)),
        h("meter", { min: 0, max: 1, low: 0.4, high: 0.7, optimum: 1, value: intent.confidence, "aria-label": readable(intent.name) }),
        h("span", { class: "share" }, percent(intent.confidence)),
      ),
    ),
  );
}

function steps(tried) {
  return tried.length ? h("ol", { class: "steps" }, tried.map((step) => h("li", {}, readable(step)))) : null;
}

function customer(conversation) {
  return h(
    "dl",
    {},
    pair(t("context.channel"), named("channel", conversation.channel)),
    pair(t("packet.tone"), t(`tone.${conversation.tone}`)),
    conversation.language ? pair(t("context.language"), named("language", conversation.language)) : null,
    conversation.username ? pair(t("context.username"), `@${conversation.username.replace(/^@/, "")}`) : null,
    pair(t("context.episode"), t("context.episode_value", { count: conversation.episode })),
  );
}

function part(title, content) {
  return h("section", {}, h("h3", {}, t(title)), content ?? h("p", { class: "muted" }, t("context.none")));
}

const pair = (name, value) => h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, value));
