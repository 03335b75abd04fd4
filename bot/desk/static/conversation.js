// The open conversation: reads it, draws it, and does what the agent asks.

import { get, post } from "./api.js";
import { Composer } from "./composer.js";
import { drawContext, startContext } from "./context.js";
import { byId, h, show } from "./dom.js";
import { publicMark } from "./marks.js";
import { Proposal } from "./proposal.js";
import { Transcript } from "./transcript.js";
import { named, serverNow, setServerTime, t } from "./words.js";

const ASK_TWICE = new Set(["give_back", "close", "release"]);
const SURE_MS = 4000;

export class Conversation {
  /** `say(sentence)` shows a short message; `loggedOut()` is called when the session has ended. */
  constructor(me, say, loggedOut) {
    this.me = me;
    this.say = say;
    this.loggedOut = loggedOut;
    this.key = "";
    this.view = null;
    this.pending = new Map(); // client id → a reply that the transcript does not show yet
    this.transcript = new Transcript(me);
    this.composer = new Composer((ask) => this.send(ask), say, () => this.read());
    this.proposal = new Proposal(say, () => this.read(), (text) => this.composer.put(text, "public"));
    startContext();
  }

  async open(key) {
    this.key = key;
    show(byId("blank"), !key);
    show(byId("open"), false);
    this.view = null;
    if (key) await this.read();
  }

  /** Read it again. One request at a time; what comes in meanwhile causes one more. */
  async read() {
    if (!this.key) return;
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    const { key } = this;
    try {
      const view = await get("conversation", { key });
      if (key === this.key) this.draw(view);
    } catch (error) {
      if (key === this.key) this.failed(error);
    } finally {
      this.reading = false;
      if (this.again || key !== this.key) {
        this.again = false;
        this.read();
      }
    }
  }

  failed(error) {
    if (error.code === "login") this.loggedOut();
    else if (error.code === "not_found") {
      this.key = "";
      show(byId("blank"), true);
      show(byId("open"), false);
      this.say(error.message, true);
    } else if (error.code !== "network" || !this.view) this.say(error.message, true); // else the live sign tells
  }

  draw(view) {
    const lost = this.view?.may.includes("reply") && view.owner === "human" && view.agent_id !== this.me.id;
    this.announce(view);
    setServerTime(view.now);
    this.view = view;
    const known = new Set(view.lines.map((line) => line.line_id));
    for (const [id, line] of this.pending) if (known.has(line.line_id)) this.pending.delete(id);
    show(byId("blank"), false);
    show(byId("open"), true);
    this.drawFacts();
    this.drawLines();
    drawContext(view, (text) => this.composer.put(text), this.say);
    this.composer.show(view);
    this.proposal.draw(view);
    if (lost) this.say(t("error.taken", { name: view.agent_name }), true);
  }

  /** Read a customer's new words to those who can't see them come in. */
  announce(view) {
    if (this.view?.key !== view.key) return;
    const before = new Set(this.view.lines.map((line) => line.line_id));
    const fresh = view.lines.filter((line) => line.author === "customer" && !before.has(line.line_id));
    if (fresh.length) byId("announce").textContent = fresh.map((line) => `${view.customer}: ${line.text}`).join("\n");
  }

  drawLines() {
    this.transcript.draw(this.view, [...this.pending.values()].filter((line) => line.key === this.view.key));
  }

  drawFacts() {
    const { view } = this;
    const mine = view.owner === "human" && view.agent_id === this.me.id;
    const focused = document.activeElement?.dataset.action;
    byId("facts").replaceChildren(
      h("a", { class: "back", href: "/desk/", "aria-label": t("conversation.back"), data: { back: "yes" } }, "‹"),
      h(
        "div",
        { class: "who" },
        h("h1", {}, view.customer),
        h(
          "p",
          {},
          h("span", { class: "owner", data: { owner: mine ? "mine" : view.owner } }, t(mine ? "owner.mine" : `owner.${view.owner}`, { name: view.agent_name })),
          h("span", { class: "place" }, named("channel", view.channel)),
          view.surface === "public" ? publicMark() : null,
          view.language ? h("span", { class: "place" }, named("language", view.language)) : null,
        ),
      ),
      h("div", { class: "actions" }, view.may.filter((name) => name !== "reply" && name !== "note").map((name) => this.button(name, mine))),
    );
    if (focused) byId("facts").querySelector(`[data-action="${focused}"]`)?.focus();
  }

  button(name, mine) {
    const { owner } = this.view;
    const key = name === "claim" && owner !== "waiting" ? `claim_${owner}` : name === "release" && !mine ? "free" : name;
    const button = h("button", { type: "button", class: name === "claim" ? "primary" : "quiet", data: { action: name } }, t(`action.${key}`));
    if (name === "claim" && this.view.unfit) button.disabled = true;
    let sure = !ASK_TWICE.has(name);
    button.addEventListener("click", () => {
      if (sure) {
        this.act(name);
        return;
      }
      sure = true;
      button.textContent = t(this.speaksInPublic(name) ? "action.sure_public" : "action.sure");
      button.classList.add("sure");
      setTimeout(() => {
        sure = false;
        button.textContent = t(`action.${key}`);
        button.classList.remove("sure");
      }, SURE_MS);
    });
    return button;
  }

  /** A close also says a last word in every public thread that is still open. */
  speaksInPublic(name) {
    return name === "close" && "public" in this.view.ways && this.view.threads.some((thread) => !thread.solved);
  }

  /** Claim, return, close or put back. Whatever comes of it, the page then shows how things are. */
  async act(name) {
    if (!this.view?.may.includes(name) || this.acting) return;
    this.acting = true;
    for (const button of byId("facts").querySelectorAll("button")) button.disabled = true;
    try {
      await post(name, { key: this.key });
      this.say(t(`action.done.${name}`));
    } catch (error) {
      if (error.code === "login") this.loggedOut();
      else this.say(error.message, true);
    } finally {
      this.acting = false;
    }
    await this.read();
    for (const button of byId("facts").querySelectorAll("button")) button.disabled = button.dataset.action === "claim" && Boolean(this.view?.unfit);
    if (name === "claim") this.composer.focus("reply");
  }

  async send({ mode, text, id, surface, template }) {
    const { key } = this;
    const proposing = mode === "reply" && surface === "public" && this.view.approval;
    if (mode !== "note" && !proposing) {
      this.pending.set(id, {
        key, line_id: `${this.me.id}.${id}`, kind: "message", author: "agent", name: this.me.name, text, surface,
        template: template?.template ?? "", at: new Date(serverNow()).toISOString(), status: "queued",
      });
      this.drawLines();
      this.transcript.toEnd();
    }
    try {
      if (mode === "template") await post("template", { key, client_id: id, ...template });
      else {
        const answer = await post(mode, { key, text, client_id: id, surface });
        if (answer.proposed && proposing) this.say(t("proposal.sent"));
      }
    } catch (error) {
      this.pending.delete(id);
      if (key === this.key && this.view) this.drawLines();
      if (error.code === "login") this.loggedOut();
      else this.read(); // somebody may have taken it
      throw error;
    }
    if (mode === "note") this.say(t("action.done.note"));
    await this.read();
  }
}
