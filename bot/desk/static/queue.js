// The left column: what is mine, what waits, what colleagues have.

import { byId, h, keep, show } from "./dom.js";
import { publicMark } from "./marks.js";
import { clockTime, duration, named, serverNow, t } from "./words.js";

const SOON_MS = 3 * 60 * 1000; // this close to its time a handoff is marked

export class Queue {
  constructor(me, open) {
    this.me = me;
    this.open = open;
    this.cards = new Map();
    this.selected = "";
    setInterval(() => this.tick(), 1000);
  }

  setAll(cards) {
    this.cards = new Map(cards.map((card) => [card.key, card]));
    this.draw();
  }

  set(card) {
    this.cards.set(card.key, card);
    this.draw();
  }

  remove(key) {
    this.cards.delete(key);
    this.draw();
  }

  select(key) {
    this.selected = key;
    for (const row of byId("queue").querySelectorAll("a.row")) mark(row, row.dataset.key === key);
    byId("queue").querySelector('a.row[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }

  /** Open the row `step` places further down (or up). */
  move(step) {
    const rows = [...byId("queue").querySelectorAll("a.row")];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.dataset.key === this.selected);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    this.open(rows[next].dataset.key);
  }

  waiting() {
    return [...this.cards.values()].filter((card) => card.owner === "waiting");
  }

  draw() {
    const cards = [...this.cards.values()].sort(byDue);
    const held = cards.filter((card) => card.owner === "human");
    const parts = {
      // Who owes an answer comes first.
      mine: held.filter((card) => card.agent_id === this.me.id).sort((a, b) => b.unanswered - a.unanswered || byDue(a, b)),
      approvals: held.filter((card) => card.proposed && card.agent_id !== this.me.id && this.me.approves),
      waiting: cards.filter((card) => card.owner === "waiting").sort(byUrgency),
      colleagues: held.filter((card) => card.agent_id !== this.me.id && !(card.proposed && this.me.approves)),
    };
    for (const [name, part] of Object.entries(parts)) {
      keep(byId(name), part, (card) => card.key, (card) => this.row(card, name));
      byId(`${name}-count`).textContent = part.length || "";
    }
    byId("waiting-empty").textContent = t("queue.empty");
    show(byId("waiting-empty"), !parts.waiting.length);
    show(byId("mine-empty"), !parts.mine.length && parts.waiting.length > 0);
    show(byId("mine").parentElement, parts.mine.length > 0 || parts.waiting.length > 0);
    show(byId("colleagues-part"), parts.colleagues.length > 0);
    show(byId("approvals-part"), parts.approvals.length > 0);
    show(byId("next"), parts.waiting.length > 0);
    this.tick();
  }

  row(card, part) {
    const words = card.last_text || (card.last_attachment ? named("attachment", card.last_attachment) : t("queue.no_words"));
    const about =
      part === "colleagues"
        ? h("span", { class: "reason" }, t("queue.with", { name: card.agent_name }))
        : h("span", { class: "reason", data: { reason: card.reason, priority: card.priority } }, card.label ? named("risk", card.label) : named("reason", card.reason));
    const row = h(
      "a",
      {
        class: "row",
        href: `/desk/?${new URLSearchParams({ open: card.key })}`,
        data: { key: card.key },
        onclick: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab, as asked
          event.preventDefault();
          this.open(card.key);
        },
      },
      h(
        "span",
        { class: "first" },
        part === "mine" && card.unanswered ? h("span", { class: "owes", role: "img", "aria-label": t("queue.owes"), title: t("queue.owes") }) : null,
        h("b", { class: "name" }, card.customer),
        h("span", { class: "timer", data: timerData(card) }),
      ),
      h("span", { class: "second" }, about, h("span", { class: "place" }, named("channel", card.channel)), card.surface === "public" ? publicMark() : null),
      this.signs(card, part),
      h("span", { class: "words", dir: "auto" }, words),
    );
    mark(row, card.key === this.selected);
    return h("li", {}, row);
  }

  /** What else a row must tell at a glance. */
  signs(card, part) {
    const signs = [
      risk(card, part),
      card.wide ? h("span", { class: "sign wide", title: named("risk", "wide_reach") }, t("queue.wide")) : null,
      card.proposed ? h("span", { class: "sign approval" }, t("queue.approval")) : null,
      card.escalation ? h("span", { class: "sign late", title: t("line.escalated", { level: card.escalation }) }, t("queue.escalated", { level: card.escalation })) : null,
      card.stranded && part === "waiting" ? h("span", { class: "sign late", title: t("queue.stranded_why", { skills: [...card.needs.map((name) => named("skill", name)), named("language", card.language)].join(", ") }) }, t("queue.stranded")) : null,
    ].filter(Boolean);
    return signs.length ? h("span", { class: "signs" }, signs) : null;
  }

  tick() {
    this.drawLate();
    for (const timer of document.querySelectorAll("[data-since]")) drawTimer(timer);
  }

  /** Seen without opening a case: deadlines that passed (supervisors), and what nobody here has the skills for (everybody). */
  drawLate() {
    const waiting = this.waiting();
    const late = this.me.role === "supervisor" ? waiting.filter((card) => card.due && Date.parse(card.due) < serverNow()).length : 0;
    const stranded = waiting.filter((card) => card.stranded).length;
    const told = [late && t("queue.late_count", { count: late }), stranded && t("queue.stranded_count", { count: stranded })];
    const words = told.filter(Boolean).join(" · ");
    const line = byId("late");
    if (line.textContent !== words) line.textContent = words;
    show(line, words !== "");
  }
}

/** The gravest that triage found, where the policy puts the case ahead for it and the row does not say it yet. */
function risk(card, part) {
  const [gravest] = card.danger ? card.risks : [];
  const said = part === "colleagues" ? "" : card.label;
  if (!gravest || gravest.label === said || gravest.label === "wide_reach") return null;
  return h("span", { class: "sign risk", data: { severity: gravest.severity }, title: card.risks.map(({ label }) => named("risk", label)).join(", ") }, named("risk", gravest.label));
}

export function timerData(card) {
  return { since: card.since, due: card.due ?? "", running: card.owner === "waiting" || !card.answered ? "yes" : "", last: card.last_at ?? card.since };
}

/** While nobody has answered: how long the customer has waited. After that: when they last wrote. */
export function drawTimer(timer) {
  const { since, due, running, last } = timer.dataset;
  if (!running) {
    timer.textContent = clockTime(last);
    timer.removeAttribute("data-state");
    return;
  }
  const left = due ? Date.parse(due) - serverNow() : Infinity;
  const state = left < 0 ? "over" : left < SOON_MS ? "soon" : "calm";
  const waited = duration((serverNow() - Date.parse(since)) / 1000);
  if (timer.textContent !== waited) timer.textContent = waited;
  if (timer.dataset.state === state) return;
  timer.dataset.state = state;
  timer.title = [t("queue.waiting"), due && t("queue.due", { time: clockTime(due) }), state === "over" && t("queue.overdue")]
    .filter(Boolean)
    .join(", ");
  const row = timer.closest(".row");
  if (row) row.dataset.state = state;
}

function mark(row, selected) {
  if (selected) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
}

/** Time to breach × risk × reach, as bot/core/routing.py `urgency` counts it: what waits long enough passes everything. */
function urgency(card) {
  const since = Date.parse(card.since);
  const allowed = Math.max(1000, Date.parse(card.due ?? card.since) - since);
  const pressure = Math.max(0, serverNow() - since) / allowed;
  return (1 + card.priority) * (card.wide ? 1.5 : 1) * 2 ** Math.min(60, pressure);
}

function byUrgency(a, b) {
  return urgency(b) - urgency(a) || byDue(a, b);
}

function byDue(a, b) {
  return Date.parse(a.due ?? a.since) - Date.parse(b.due ?? b.since) || a.key.localeCompare(b.key);
}
