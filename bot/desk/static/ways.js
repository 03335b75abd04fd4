// Where an answer goes: in private or in public, what the platform allows there, and for how much longer.

import { byId, show, stored } from "./dom.js";
import { refusalWords } from "./rules.js";
import { duration, serverNow, t } from "./words.js";

export const DRAFTS = "sigap.draft.";
const SOON_MS = 60 * 60 * 1000; // this close to its end the window is marked
const NOWHERE = { refusal: { rule: "no_such_surface", next_step: "", source: "" }, text_limit: 0, unit: "", whole: false, left_s: null };

export class Ways {
  /** `chosen()`: the agent wants another surface; `expired()`: the window has just closed;
   *  `instead(refusal)`: the button that does what is legal, or null. */
  constructor({ chosen, expired, instead }) {
    this.expired = expired;
    this.instead = instead;
    this.surface = "private";
    this.view = null;
    this.followed = ""; // where the customer wrote when the surface was last settled
    this.radios = byId("composer").elements.surface;
    for (const radio of this.radios) {
      radio.addEventListener("change", () => {
        this.take(radio.value);
        chosen();
      });
    }
    setInterval(() => this.tick(), 1000);
  }

  get way() {
    return this.view.ways[this.surface] ?? NOWHERE;
  }

  /** Whether this is the one private message that may hang on a public one. */
  get once() {
    return this.surface === "private" && !this.way.refusal && this.way.left_s === 0;
  }

  get whole() {
    return this.way.whole || this.once;
  }

  open(surface) {
    return Boolean(this.view.ways[surface]) && !this.view.ways[surface].refusal;
  }

  /** Follow the customer, but never carry words that somebody is writing from one place to the other. */
  show(view, text, writing) {
    const another = this.view?.key !== view.key;
    this.view = view;
    this.closes = null;
    const theirs = view.surface in view.ways ? view.surface : (Object.keys(view.ways)[0] ?? view.surface);
    const kept = text ? stored.get(this.place) : "";
    const moved = view.surface !== this.followed && !text && !(theirs === "public" && writing);
    if (another && kept in view.ways) this.take(kept, kept);
    else if (another) this.take(theirs);
    else if (moved || !(this.surface in view.ways)) this.take(theirs);
    else this.take(this.surface, this.followed);
  }

  take(surface, followed = this.view.surface) {
    this.surface = surface;
    this.followed = followed;
    const { left_s: left, refusal } = this.way;
    this.closes = refusal || !left ? null : Date.parse(this.view.now) + left * 1000;
  }

  get place() {
    return `${DRAFTS}surface.${this.view.key}`;
  }

  /** Words that come back after a reload go where they were meant to go. */
  keep(text) {
    stored.set(this.place, text ? this.surface : "");
  }

  /** `mode` is what the agent is about to send, "" when they may not answer at all. */
  draw(mode) {
    const replying = mode === "reply";
    const { refusal } = this.way;
    for (const radio of this.radios) radio.checked = radio.value === this.surface;
    show(byId("where"), replying && Object.keys(this.view.ways).length > 1);
    show(byId("everybody"), replying && this.surface === "public" && !refusal);
    show(byId("once"), replying && this.once);
    this.active = replying;
    const closed = replying || mode === "template" ? refusal : null; // also why only a template may go
    const place = byId("closed");
    show(place, Boolean(closed));
    const instead = closed && replying ? this.instead(closed) : null;
    const print = JSON.stringify([closed, instead?.label]);
    if (place.dataset.print !== print) {
      place.dataset.print = print;
      place.replaceChildren(...(closed ? refusalWords(closed, instead) : []));
    }
    this.tick();
  }

  tick() {
    const place = byId("window");
    const left = this.closes === null || this.closes === undefined ? null : this.closes - serverNow();
    show(place, left !== null && left > 0 && this.active);
    if (left === null) return;
    if (left <= 0) {
      this.closes = null;
      this.expired();
      return;
    }
    const words = t("composer.window", { time: duration(left / 1000) });
    if (place.textContent !== words) place.textContent = words;
    place.dataset.state = left < SOON_MS ? "soon" : "calm";
  }
}
