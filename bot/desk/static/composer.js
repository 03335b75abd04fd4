// The text box: a reply to the customer, or a note to colleagues. Drafts are kept on this device for each conversation.

import { byId, show, stored } from "./dom.js";
import { post } from "./api.js";
import { t } from "./words.js";

export const DRAFTS = "sigap.draft.";
const TYPING_EVERY_MS = 4000;

/** `send(mode, text, clientId)` resolves when the server has it, and rejects with a sentence when it has not;
 *  `say(sentence)` tells of a failure when the agent has gone on to another conversation. */
export class Composer {
  constructor(send, say) {
    this.send = send;
    this.say = say;
    this.form = byId("composer");
    this.text = byId("text");
    this.conversation = null;
    this.lastTyping = 0;
    this.attempt = {};
    this.sending = new Map(); // draft key → words that the server has not confirmed yet
    addEventListener("pagehide", () => this.sending.forEach((text, key) => this.restore(key, text)));
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
  }

  get mode() {
    return this.form.elements.mode.value;
  }

  get draftKey() {
    return `${DRAFTS}${this.mode}.${this.conversation.key}`;
  }

  show(conversation) {
    const another = this.conversation?.key !== conversation.key;
    const gained = conversation.may.includes("reply") && !this.conversation?.may.includes("reply");
    this.conversation = conversation;
    if (another || gained) this.form.elements.mode.value = "reply";
    if (another) this.problem("");
    this.draw();
  }

  draw() {
    const { conversation } = this;
    const note = this.mode === "note";
    const allowed = note || conversation.may.includes("reply");
    this.form.dataset.mode = this.mode;
    this.text.disabled = byId("send").disabled = !allowed;
    this.text.placeholder = note
      ? t("composer.note_hint")
      : allowed
        ? t("composer.reply_to", { name: conversation.customer })
        : t(`composer.closed.${conversation.owner}`, { name: conversation.agent_name });
    this.text.setAttribute("aria-label", t(note ? "composer.note" : "composer.reply"));
    byId("send").textContent = t(note ? "composer.save" : "composer.send");
    byId("composer-hint").textContent = note ? t("composer.note_hint") : allowed ? t("composer.keys") : "";
    if (this.shown !== this.draftKey) {
      this.shown = this.draftKey;
      this.text.value = stored.get(this.draftKey);
      this.grow();
    }
  }

  typed() {
    stored.set(this.draftKey, this.text.value);
    this.grow();
    this.problem("");
    const now = Date.now();
    if (this.mode === "reply" && this.text.value && now - this.lastTyping > TYPING_EVERY_MS) {
      this.lastTyping = now;
      post("typing", { key: this.conversation.key }).catch(() => {}); // nobody misses it when it gets lost
    }
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, innerHeight * 0.35)}px`;
  }

  async submit() {
    const text = this.text.value.trim();
    if (!text || this.text.disabled) return;
    const { mode, draftKey } = this;
    // The same words sent again after a failure carry the same id, so that the customer gets them once.
    if (this.attempt.text !== text || this.attempt.key !== draftKey) this.attempt = { id: randomId(), text, key: draftKey };
    const attempt = this.attempt;
    this.text.value = "";
    stored.set(draftKey, "");
    this.sending.set(draftKey, text);
    this.grow();
    this.problem("");
    try {
      await this.send(mode, text, attempt.id);
      if (this.attempt === attempt) this.attempt = {};
    } catch (error) {
      this.restore(draftKey, text);
      if (this.shown === draftKey) this.problem(error.message);
      else this.say(error.message, true);
    } finally {
      this.sending.delete(draftKey);
    }
  }

  /** Put words that did not arrive back where they were written, before anything written since. */
  restore(draftKey, text) {
    const since = stored.get(draftKey);
    const draft = since ? `${text}\n${since}` : text;
    stored.set(draftKey, draft);
    if (this.shown !== draftKey) return;
    this.text.value = draft;
    this.grow();
  }

  problem(message) {
    const place = byId("composer-problem");
    place.textContent = message;
    show(place, Boolean(message));
  }

  focus(mode) {
    if (!this.conversation) return;
    this.form.elements.mode.value = mode;
    this.draw();
    if (!this.text.disabled) this.text.focus();
  }
}

function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
