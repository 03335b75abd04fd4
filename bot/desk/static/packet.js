// The handoff packet: who wants what, what speaks for it, what is known, what could be said. Readable in ten seconds.

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { dayAndTime, named, percent, readable, t } from "./words.js";

/** Two sentences, from the parts that the server made. */
export function summaryWords(sum) {
  const about = sum.label ? named("risk", sum.label) : sum.intent ? readable(sum.intent) : named("reason", sum.reason);
  const first = t("sum.who", {
    customer: sum.customer || t("sum.somebody"),
    channel: named("channel", sum.channel),
    where: t(`sum.${sum.surface}`),
    about: sum.regulator ? `${about} (${sum.regulator})` : about,
  });
  const did = [
    sum.messages > 1 ? t("sum.messages", { count: sum.messages }) : "",
    sum.answered ? t("sum.answered", { count: sum.answered }) : sum.acknowledged ? t("sum.acknowledged") : t("sum.silent"),
    sum.tried?.length ? t("sum.tried", { what: sum.tried.map(readable).join(", ") }) : "",
    sum.failed ? t("sum.failed", { what: readable(sum.failed) }) : "",
  ].filter(Boolean);
  const then = did.join("; ");
  return { first, second: `${then.charAt(0).toUpperCase()}${then.slice(1)}.`, quote: sum.quote };
}

export function summary(conversation) {
  const { first, second, quote } = summaryWords(conversation.summary);
  return h(
    "div",
    { class: "summary" },
    h("p", { dir: "auto" }, `${first} ${second}`),
    quote ? h("blockquote", { dir: "auto" }, quote) : null,
  );
}

/** What triage found, the gravest first, and what a reply must heed. */
export function risks(conversation) {
  if (!conversation.findings.length) return null;
  return h(
    "ul",
    { class: "risks" },
    conversation.findings.map((found) =>
      h(
        "li",
        { data: { severity: found.severity } },
        h("span", { class: "name" }, named("risk", found.label)),
        found.detail ? h("span", { class: "detail" }, found.detail) : null,
        h("span", { class: "share", title: t("packet.confidence") }, percent(found.confidence)),
      ),
    ),
  );
}

/** Personal values are dots until somebody needs them; the click is noted. */
export function slots(conversation, say) {
  const rows = conversation.slots.map((slot) =>
    h("div", {}, h("dt", {}, readable(slot.name)), h("dd", { dir: "auto" }, slot.hidden ? veiled(conversation.key, slot.name, slot.shown, say) : slot.shown)),
  );
  if (conversation.callback) {
    rows.push(h("div", {}, h("dt", {}, t(`packet.callback_${conversation.callback}`)), h("dd", {}, veiled(conversation.key, "callback", "•••", say))));
  }
  return rows.length ? h("dl", {}, rows) : null;
}

function veiled(key, name, shown, say) {
  const button = h("button", { type: "button", class: "veil", title: t("packet.reveal_why") }, shown);
  button.setAttribute("aria-label", t("packet.reveal", { name: readable(name) }));
  button.addEventListener("click", async () => {
    try {
      const { value } = await post("reveal", { key, name });
      button.replaceWith(h("span", { class: "revealed", dir: "auto" }, value));
    } catch (error) {
      say(error.message, true);
    }
  });
  return button;
}

export function replies(conversation, use) {
  if (!conversation.replies.length || !conversation.may.includes("reply")) return null;
  return h(
    "ul",
    { class: "replies" },
    conversation.replies.map((text) => h("li", {}, h("button", { type: "button", class: "suggest", dir: "auto", onclick: () => use(text) }, text))),
  );
}

/** From the archive, when somebody opens it: earlier cases on every linked channel, and solved ones like this. */
export function more(conversation, use, say) {
  const body = h("div", {});
  const details = h("details", { class: "more" }, h("summary", {}, t("packet.more")), body);
  details.addEventListener("toggle", async () => {
    if (!details.open || body.childElementCount) return;
    body.textContent = t("queue.loading");
    try {
      body.replaceChildren(...archived(await get("more", { key: conversation.key }), conversation, use, say, () => reload(details, body)));
    } catch (error) {
      body.textContent = error.message;
    }
  });
  return details;
}

function reload(details, body) {
  body.replaceChildren();
  details.open = false;
  details.open = true;
}

function archived(found, conversation, use, say, again) {
  const linkable = h("input", { type: "text", placeholder: t("packet.link_key"), "aria-label": t("packet.link_key"), maxlength: 255 });
  const form = h("form", { class: "link" }, linkable, h("button", { class: "quiet" }, t("packet.link")));
  const change = async (path, other) => {
    try {
      await post(path, { key: conversation.key, other });
      again();
    } catch (error) {
      say(error.message, true);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (linkable.value.trim()) change("link", linkable.value.trim());
  });
  return [
    found.unavailable ? h("p", { class: "warning" }, t("history.unavailable")) : null,
    h("h3", {}, t("packet.similar")),
    found.similar.length
      ? h(
          "ul",
          { class: "similar" },
          found.similar.map((one) =>
            h(
              "li",
              {},
              h("p", { class: "muted", dir: "auto" }, `${named("channel", one.channel)} · ${dayAndTime(one.at)} · ${one.labels.map((label) => named("risk", label)).join(", ")}`),
              h("p", { dir: "auto" }, one.question),
              h("button", { type: "button", class: "suggest", dir: "auto", onclick: () => use(one.answer) }, one.answer),
            ),
          ),
        )
      : h("p", { class: "muted" }, t("context.none")),
    h("h3", {}, t("packet.earlier")),
    found.earlier.length
      ? h("ul", { class: "earlier" }, found.earlier.map((one) => h("li", {}, `${dayAndTime(one.at)} · ${named("channel", one.key.split(":")[0])} · ${one.after === "waiting" ? named("reason", one.reason) : t("line.closed", { name: one.agent })}`)))
      : h("p", { class: "muted" }, t("context.none")),
    h("h3", {}, t("packet.linked")),
    h(
      "ul",
      { class: "linked" },
      found.linked.map((key) =>
        h("li", {}, h("a", { href: `/desk/?${new URLSearchParams({ open: key })}` }, key), h("button", { type: "button", class: "quiet", onclick: () => change("unlink", key) }, t("packet.unlink"))),
      ),
    ),
    form,
  ].filter(Boolean);
}
