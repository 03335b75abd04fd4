// The text box: a reply to the customer, an approved template, or a note to colleagues. What is being written is kept
// on this device for each conversation.

import { byId, show, stored } from "./dom.js";
import { post } from "./api.js";
import { measure } from "./measure.js";
import { refusalWords, unitWords } from "./rules.js";
import { Templates } from "./templates.js";
import { DRAFTS, Ways } from "./ways.js";
import { t } from "./words.js";

const TYPING_EVERY_MS = 4000;

export class Composer {
  /** `send({mode, text, id, surface, template})` resolves when the server has it, and rejects with a sentence when it
   *  has not; `say(sentence)` tells of a failure when the agent has gone on to another conversation; `read()` asks for
   *  the conversation again. */
  constructor(send, say, read) {
    this.send = send;
    this.say = say;
    this.form = byId("composer");
    this.text = byId("text");
    this.conversation = null;
    this.lastTyping = 0;
    this.attempt = {};
    this.taken = ""; // the assistant's draft that is in the box already
    this.sending = new Map(); // draft key → what the server has not confirmed yet
    this.ways = new Ways({
      chosen: () => this.chose(),
      expired: read,
      instead: (refusal) => this.instead(refusal),
    });
    this.templates = new Templates(() => this.conversation && this.drawSend());
    addEventListener("pagehide", () => this.sending.forEach((attempt, key) => this.restore(key, attempt)));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || (event.shiftKey && !event.ctrlKey && !event.metaKey)) return;
      event.preventDefault();
      this.submit();
    });
    for (const mode of this.form.elements.mode) mode.addEventListener("change", () => this.draw());
    byId("draft-use").addEventListener("click", () => this.useDraft());
  }

  get mode() {
    return this.form.elements.mode.value;
  }

  get draftKey() {
    return `${DRAFTS}${this.mode === "note" ? "note" : "reply"}.${this.conversation.key}`;
  }

  get mayReply() {
    return this.conversation.may.includes("reply");
  }

  /** Where the window is closed, the template that may still go comes first. */
  get firstMode() {
    return this.templates.offered.length && this.ways.way.refusal && this.mayReply ? "template" : "reply";
  }

  show(conversation) {
    const another = this.conversation?.key !== conversation.key;
    const gained = conversation.may.includes("reply") && !this.conversation?.may.includes("reply");
    this.conversation = conversation;
    const written = stored.get(`${DRAFTS}reply.${conversation.key}`);
    this.ways.show(conversation, written, document.activeElement === this.text);
    this.templates.show(conversation);
    if (another || gained) this.form.elements.mode.value = this.firstMode;
    if (this.mode === "template" && !(this.templates.offered.length && this.mayReply)) this.form.elements.mode.value = "reply";
    if (another) this.problem();
    this.draw();
  }

  draw() {
    const { mode, mayReply } = this;
    const note = mode === "note";
    const replying = mode === "reply" && mayReply;
    this.form.dataset.mode = mode;
    this.form.dataset.surface = mode === "reply" ? this.ways.surface : "private";
    show(byId("mode-template"), mayReply && this.templates.offered.length > 0);
    show(byId("template"), mode === "template");
    show(this.text, mode !== "template");
    this.ways.draw(mayReply ? mode : "");
    this.text.disabled = !(note || (replying && !this.ways.way.refusal));
    this.text.placeholder = this.placeholder();
    this.text.setAttribute("aria-label", t(note ? "composer.note" : "composer.reply"));
    byId("composer-hint").textContent = note ? t("composer.note_hint") : this.text.disabled || mode === "template" ? "" : t("composer.keys");
    show(byId("under"), mode !== "template" && !this.text.disabled);
    if (this.shown !== this.draftKey) {
      this.shown = this.draftKey;
      this.text.value = stored.get(this.draftKey);
      this.taken = "";
    }
    this.grow();
    this.drawDraft();
    this.drawSend();
    show(byId("composer-problem"), this.refused === mode && Boolean(byId("composer-problem").textContent));
  }

  placeholder() {
    const { conversation, mode, mayReply } = this;
    if (mode === "note") return t("composer.note_hint");
    if (!mayReply) return t(`composer.closed.${conversation.owner}`, { name: conversation.agent_name });
    if (this.ways.way.refusal) return t("composer.closed.way");
    return t(this.ways.surface === "public" ? "composer.public_to" : "composer.reply_to", { name: conversation.customer });
  }

  /** The button, and how much still fits. */
  drawSend() {
    const { mode } = this;
    const button = byId("send");
    const whole = mode === "reply" && this.ways.whole;
    const length = this.length();
    const over = mode === "reply" && length > this.ways.way.text_limit;
    button.textContent = t(
      mode === "note" ? "composer.save" : mode === "template" ? "composer.send_template" : this.ways.surface === "public" ? (this.conversation.approval ? "composer.propose" : "composer.post") : "composer.send",
    );
    button.disabled = mode === "template" ? !this.templates.ready : this.text.disabled || (over && whole);
    const counter = byId("counter");
    show(counter, mode === "reply" && !this.text.disabled && length > 0);
    const limit = this.ways.way.text_limit;
    const count = t("composer.count", { length, limit, unit: unitWords(this.ways.way.unit) });
    counter.querySelector("span").textContent = count;
    counter.dataset.state = over ? (whole ? "over" : "many") : "calm";
    const warning = over ? t(whole ? "composer.too_long" : "composer.many") : "";
    const told = counter.querySelector("b");
    if (told.textContent !== warning) told.textContent = warning;
  }

  length() {
    return measure(this.text.value.trim(), this.ways.way.unit);
  }

  // ---- what the assistant would say ----

  drawDraft() {
    const { draft } = this.conversation;
    const used = draft === this.taken && this.text.value.trim() !== "";
    show(byId("draft"), Boolean(draft) && !used && this.mode === "reply" && !this.text.disabled);
    byId("draft-text").textContent = draft;
  }

  /** Put a suggestion behind what is written already; `surface`: and say it there. */
  put(text, surface = "") {
    if (!this.mayReply) return;
    this.focus("reply");
    if (surface && this.ways.open(surface)) {
      this.ways.take(surface);
      this.chose();
    }
    if (this.text.disabled) return;
    const written = this.text.value.trim();
    this.text.value = written && written !== text ? `${written}\n${text}` : text;
    this.typed();
    this.text.focus();
  }

  useDraft() {
    const { draft } = this.conversation;
    const written = this.text.value.trim();
    this.text.value = written ? `${written}\n${draft}` : draft;
    this.taken = draft;
    this.typed();
    this.text.focus();
  }

  // ---- writing ----

  typed() {
    stored.set(this.draftKey, this.text.value);
    this.grow();
    this.problem();
    this.drawSend();
    this.drawDraft();
    if (this.mode !== "reply") return;
    this.ways.keep(this.text.value);
    const now = Date.now();
    // Nobody sees who types under a post.
    if (this.ways.surface === "private" && this.text.value && now - this.lastTyping > TYPING_EVERY_MS) {
      this.lastTyping = now;
      post("typing", { key: this.conversation.key }).catch(() => {}); // nobody misses it when it gets lost
    }
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, innerHeight * 0.35)}px`;
  }

  /** Another surface: the words come along, and are counted anew. */
  chose() {
    this.ways.keep(this.text.value);
    this.problem();
    this.draw();
  }

  /** What the page itself can do instead of what is refused. */
  instead({ next_step: step }) {
    if (step === "template" && this.templates.offered.length) {
      return { label: t("instead.template"), act: () => this.focus("template") };
    }
    if (!["private", "public"].includes(step) || step === this.ways.surface || !this.ways.open(step)) return null;
    const act = () => {
      this.ways.take(step);
      this.chose();
      this.focus("reply");
    };
    return { label: t(`instead.${step}`), act };
  }

  // ---- sending ----

  submit() {
    if (byId("send").disabled) return undefined;
    return this.mode === "template" ? this.submitTemplate() : this.submitText();
  }

  async submitText() {
    const text = this.text.value.trim();
    if (!text) return;
    const { mode, draftKey } = this;
    const attempt = this.attemptOf({ mode, text, surface: mode === "reply" ? this.ways.surface : undefined, key: draftKey });
    this.text.value = "";
    stored.set(draftKey, "");
    this.sending.set(draftKey, attempt);
    this.grow();
    this.problem();
    this.drawSend();
    try {
      await this.send(attempt);
      if (this.attempt === attempt) this.attempt = {};
      if (mode === "reply" && this.shown === draftKey) this.ways.keep(this.text.value);
    } catch (error) {
      this.restore(draftKey, attempt);
      if (this.shown === draftKey) this.problem(error, mode);
      else this.say(error.message, true);
    } finally {
      this.sending.delete(draftKey);
    }
  }

  async submitTemplate() {
    const { key } = this.conversation;
    const attempt = this.attemptOf({ mode: "template", text: this.templates.text, surface: "private", template: this.templates.ask, key });
    this.problem();
    byId("send").disabled = true;
    try {
      await this.send(attempt);
      if (this.attempt === attempt) this.attempt = {};
      if (this.conversation.key === key) this.templates.clear();
    } catch (error) {
      if (this.conversation.key === key) this.problem(error, "template");
      else this.say(error.message, true);
    } finally {
      this.drawSend();
    }
  }

  /** The same thing sent again after a failure carries the same id, so that the customer gets it once. */
  attemptOf(ask) {
    const print = JSON.stringify(ask);
    if (this.attempt.print !== print) this.attempt = { ...ask, print, id: randomId() };
    return this.attempt;
  }

  /** Put words that did not arrive back where they were written, before anything written since. */
  restore(draftKey, { text, mode, surface }) {
    const since = stored.get(draftKey);
    const draft = since ? `${text}\n${since}` : text;
    stored.set(draftKey, draft);
    if (this.shown !== draftKey) return;
    if (mode === "reply" && surface in this.conversation.ways) {
      this.ways.take(surface);
      this.ways.keep(draft);
    }
    this.text.value = draft;
    this.draw();
  }

  /** Says why something did not go; without an error, nothing is wrong. */
  problem(error = null, mode = "") {
    const place = byId("composer-problem");
    this.refused = mode;
    const rule = /^rule_(\w+)$/.exec(error?.code ?? "")?.[1];
    const refusal = rule && { ...error.told, rule };
    place.replaceChildren(...(refusal ? refusalWords(refusal, this.instead(refusal)) : error ? [error.message] : []));
    show(place, Boolean(error));
  }

  focus(mode) {
    if (!this.conversation) return;
    this.form.elements.mode.value = mode === "reply" ? this.firstMode : mode;
    this.draw();
    if (this.mode === "template") this.templates.focus();
    else if (!this.text.disabled) this.text.focus();
  }
}

function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
