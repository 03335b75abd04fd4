// Four eyes: a public reply of a regulated case, in front of a second person.

import { post } from "./api.js";
import { byId, h, show } from "./dom.js";
import { clockTime, t } from "./words.js";

export class Proposal {
  /** `done()` reads the conversation again; `say(sentence)` tells what came of it; `edit(text)` puts it into the box. */
  constructor(say, done, edit) {
    this.place = byId("proposal");
    this.say = say;
    this.done = done;
    this.edit = edit;
    this.shown = "";
  }

  draw(view) {
    const { proposal, may_settle: may } = view;
    show(this.place, Boolean(proposal));
    const print = JSON.stringify([view.key, proposal, may]);
    if (print === this.shown) return; // what somebody is typing into it stays
    this.shown = print;
    this.place.replaceChildren();
    if (!proposal) return;
    const why = h("input", { type: "text", id: "proposal-why", maxlength: 1000, placeholder: t("proposal.why"), "aria-label": t("proposal.why") });
    const act = (path, extra = {}) => this.act(path, { key: view.key, proposal: proposal.proposal_id, version: proposal.version, text: why.value, ...extra });
    const buttons = [
      may.includes("approve") ? h("button", { type: "button", class: "primary", data: { settle: "approve" }, onclick: () => act("approve", { text: "" }) }, t("proposal.approve")) : null,
      may.includes("reject") ? h("button", { type: "button", class: "quiet", data: { settle: "reject" }, onclick: () => act("reject") }, t("proposal.reject")) : null,
      may.includes("withdraw") ? h("button", { type: "button", class: "quiet", data: { settle: "withdraw" }, onclick: () => act("reject") }, t("proposal.withdraw")) : null,
      may.includes("withdraw") ? h("button", { type: "button", class: "quiet", data: { settle: "edit" }, onclick: () => this.edit(proposal.text) }, t("proposal.edit")) : null,
      may.includes("override") ? h("button", { type: "button", class: "quiet danger", data: { settle: "override" }, onclick: () => act("override") }, t("proposal.override")) : null,
    ];
    this.place.replaceChildren(
      h("p", { class: "head" }, h("b", {}, t("proposal.title", { name: proposal.agent_name })), " ", h("time", { datetime: proposal.at }, clockTime(proposal.at)), proposal.version > 1 ? h("i", {}, t("proposal.version", { version: proposal.version })) : null),
      h("p", { class: "text", dir: "auto" }, proposal.text),
      ...[
        may.includes("approve") ? null : h("p", { class: "muted" }, t("proposal.wait")),
        may.length ? h("div", { class: "settle" }, may.includes("override") || may.includes("reject") ? why : null, buttons) : null,
      ].filter(Boolean),
    );
  }

  async act(path, ask) {
    if (path === "override" && !ask.text.trim()) {
      this.say(t("proposal.why_needed"), true);
      byId("proposal-why").focus();
      return;
    }
    for (const button of this.place.querySelectorAll("button")) button.disabled = true;
    try {
      await post(path, ask);
      this.say(t(`proposal.done.${path}`));
    } catch (error) {
      this.say(error.message, true);
    }
    this.shown = "";
    this.done();
  }
}
