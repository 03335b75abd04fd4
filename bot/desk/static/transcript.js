// The transcript: what each side said, and what happened in between.

import { byId, h, keep, show } from "./dom.js";
import { appName, outside, publicMark } from "./marks.js";
import { handoffDetail, personalWords, refusalWords } from "./rules.js";
import { clockTime, day, dayAndTime, named, percent, readable, t } from "./words.js";

const NEAR_PX = 80; // this close to the end the reader is following along

export class Transcript {
  constructor(me) {
    this.me = me;
    this.place = byId("transcript");
    this.below = byId("below");
    this.key = "";
    this.below.addEventListener("click", () => this.toEnd());
    this.following = true; // the reader is at the end, and stays there
    this.top = 0;
    this.place.addEventListener("scroll", () => this.scrolled());
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.place); // the text box below grows
  }

  /** `pending`: replies on their way to the server, drawn as queued lines. */
  draw(conversation, pending) {
    const another = this.key !== conversation.key;
    const follow = another || this.following;
    const before = this.place.childElementCount;
    this.key = conversation.key;
    const items = [];
    if (conversation.earlier_lines) {
      items.push({ line_id: "earlier", kind: "rule", text: t("conversation.earlier", { count: conversation.earlier_lines }) });
    }
    let today = "";
    for (const line of [...conversation.lines, ...pending]) {
      const on = day(line.at);
      if (on !== today) items.push({ line_id: `day-${on}`, kind: "rule", text: on });
      today = on;
      items.push(line);
    }
    keep(this.place, items, (item) => item.line_id, (item) => this.line(item, conversation));
    if (follow) this.toEnd();
    else if (this.place.childElementCount > before) show(this.below, true);
  }

  scrolled() {
    if (this.atEnd()) {
      this.following = true;
      show(this.below, false);
    } else if (this.place.scrollTop < this.top) this.following = false; // only a reader goes back
    this.top = this.place.scrollTop;
  }

  atEnd() {
    return this.place.scrollHeight - this.place.scrollTop - this.place.clientHeight < NEAR_PX;
  }

  toEnd() {
    this.place.scrollTop = this.place.scrollHeight;
    this.following = true;
    this.top = this.place.scrollTop;
    show(this.below, false);
  }

  line(line, conversation) {
    if (line.kind === "rule") return h("p", { class: "line rule" }, line.text);
    if (line.kind === "note") {
      return h(
        "article",
        { class: "line note" },
        h("header", {}, t("line.note", { name: line.name }), time(line.at)),
        h("p", { class: "text", dir: "auto" }, line.text),
      );
    }
    if (line.kind === "message") return this.message(line, conversation);
    if (line.kind === "draft" || line.kind === "held") return unsaid(line);
    if (line.kind === "proposal") return proposed(line);
    return h("p", { class: `line event ${line.kind}` }, h("span", {}, happened(line)), time(line.at));
  }

  message(line, conversation) {
    const name =
      line.author === "agent" ? line.name || t("author.agent") : line.author === "customer" ? conversation.customer : t(`author.${line.author}`);
    return h(
      "article",
      { class: `line message ${line.author}`, data: { status: line.status } },
      h(
        "header",
        {},
        h("b", {}, name),
        line.surface === "public" ? publicMark() : null,
        time(line.at),
        line.earlier?.length ? h("i", {}, t("line.edited")) : null,
        outside(line.link, t("line.link", { channel: named("channel", conversation.channel) })),
      ),
      body(line),
      line.template ? h("p", { class: "aside" }, t("line.template", { name: line.template })) : null,
      line.tagged?.length ? h("p", { class: "aside" }, t("line.tagged", { names: line.tagged.map((name) => `@${name}`).join(", ") })) : null,
      (line.attachments ?? []).map(attachment),
      line.buttons?.length ? h("p", { class: "aside" }, t("line.buttons", { titles: line.buttons.join(" · ") })) : null,
      line.earlier?.length
        ? h("details", {}, h("summary", {}, t("line.earlier")), line.earlier.map((text) => h("p", { class: "text old", dir: "auto" }, text)))
        : null,
      line.reaction ? h("p", { class: "reaction", title: t("line.reaction", { emoji: line.reaction }) }, line.reaction) : null,
      line.intents?.length
        ? h("p", { class: "aside" }, t("line.understood", { intent: readable(line.intents[0].name), percent: percent(line.intents[0].confidence) }))
        : null,
      line.findings?.length ? h("p", { class: "aside risks-found" }, line.findings.map((found) => h("span", { class: "risk", data: { severity: found.severity } }, named("risk", found.label)))) : null,
      line.personal?.length ? h("p", { class: "aside" }, t("line.personal", { kinds: line.personal.map(personalWords).join(", ") })) : null,
      line.hidden ? h("p", { class: "aside" }, t(`line.hidden_${line.hidden}`)) : null,
      line.status ? status(line) : null,
    );
  }
}

function body(line) {
  if (line.deleted) {
    return h(
      "details",
      { class: "deleted" },
      h("summary", {}, t("line.deleted")),
      h("p", { class: "text old", dir: "auto" }, line.text),
    );
  }
  return line.text ? h("p", { class: "text", dir: "auto" }, marked(line)) : null;
}

/** The words that speak for a risk stand out. Offsets count characters, not JavaScript's halves of them. */
function marked(line) {
  const spans = (line.findings ?? []).flatMap((found) => (found.evidence ?? []).map(({ start, end }) => ({ start, end, label: found.label })));
  if (!spans.length) return line.text;
  const characters = [...line.text];
  const pieces = [];
  let at = 0;
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > characters.length) continue;
    pieces.push(characters.slice(at, span.start).join(""));
    pieces.push(h("mark", { title: named("risk", span.label) }, characters.slice(span.start, span.end).join("")));
    at = span.end;
  }
  return [...pieces, characters.slice(at).join("")];
}

function proposed(line) {
  const what = line.status === "proposed" ? t("proposal.waits") : t(`proposal.${line.status}`, { name: line.settled_by });
  return h(
    "article",
    { class: "line message agent unsaid proposal", data: { status: line.status } },
    h("header", {}, h("b", {}, t("proposal.title", { name: line.name })), publicMark(), time(line.at)),
    h("p", { class: "text", dir: "auto" }, line.text),
    h("footer", { data: { status: line.status } }, h("span", {}, what), line.detail ? h("small", { dir: "auto" }, line.detail) : null),
  );
}

function attachment(item) {
  const label = [named("attachment", item.kind), item.name].filter(Boolean).join(": ");
  const size = item.size ? ` (${Math.max(1, Math.round(item.size / 1024))} kB)` : "";
  const linked = /^https?:\/\//.test(item.url ?? "");
  return h(
    "p",
    { class: "attachment" },
    linked ? h("a", { href: item.url, target: "_blank", rel: "noopener noreferrer" }, label) : label,
    size,
  );
}

/** What the assistant would say, or says later: not yet a message to anybody. */
function unsaid(line) {
  return h(
    "article",
    { class: `line message bot unsaid ${line.kind}` },
    h("header", {}, h("b", {}, t(`line.${line.kind}`)), time(line.at)),
    h("p", { class: "text", dir: "auto" }, line.text),
  );
}

function status(line) {
  if (line.status === "refused") {
    const refusal = { rule: line.reason, next_step: line.next_step, source: line.source, detail: line.detail };
    return h("footer", { data: { status: line.status } }, h("span", {}, t("status.refused")), h("small", {}, refusalWords(refusal)));
  }
  const words =
    line.status === "failed" && line.detail ? t("status.failed_because", { detail: line.detail }) : t(`status.${line.status}`);
  return h(
    "footer",
    { data: { status: line.status } },
    h("span", {}, words),
    line.status === "unconfirmed" ? h("small", {}, t("status.unconfirmed_why")) : null,
  );
}

function happened(line) {
  if (line.kind === "overdue") return t("line.overdue");
  if (line.kind === "escalated") return t(line.reason === "anybody" ? "line.escalated_anybody" : "line.escalated", { level: line.detail });
  if (line.kind === "stranded") return t("line.stranded", { skills: line.detail.split(", ").map((name) => named("skill", name)).join(", ") });
  if (line.kind === "callback") return t(`line.callback_${line.detail}`);
  if (line.kind === "acted") return t("line.acted", { what: line.detail });
  if (line.kind === "rated") return t("line.rated", { points: line.detail });
  if (line.kind === "solved") return t("line.solved");
  if (line.kind === "control") return line.name ? t("line.control_away", { app: appName(line.name) }) : t("line.control_ours");
  if (line.kind === "opted") return t(line.reason === "out" ? "line.opted_out" : "line.opted_in");
  const name = line.name;
  switch (line.after) {
    case "human":
      return t("line.claimed", { name });
    case "waiting":
      if (line.before === "human" && name) return t("line.released", { name });
      return t("line.handed_over", { reason: [named("reason", line.reason), handoffDetail(line.reason, line.detail)].filter(Boolean).join(" · ") });
    case "closed":
      return name ? t("line.closed", { name }) : t("line.closed_system");
    case "bot":
      return line.reason === "reopened" ? t("line.reopened") : t("line.returned", { name });
    default:
      return t(line.reason === "blocked" ? "line.blocked" : "line.reachable");
  }
}

const time = (at) => h("time", { datetime: at, title: dayAndTime(at) }, clockTime(at));
