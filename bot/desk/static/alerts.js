// Tells who should know, in the title, to a screen reader and, if they want it, by a sound: somebody new is waiting;
// nobody comes, or could; a case that a person has turned graver.

import { byId, stored } from "./dom.js";
import { named, t } from "./words.js";

const SOUND = "sigap.sound";

export class Alerts {
  constructor(me) {
    this.me = me;
    this.supervises = me.role === "supervisor";
    this.known = null; // the cards that were told of, by key; null until the first board
    this.alarmed = false; // the title calls until somebody touches the page
    this.waiting = 0;
    this.title = document.title;
    this.on = stored.get(SOUND) === "on";
    this.button = byId("sound");
    this.button.addEventListener("click", () => {
      this.on = !this.on;
      stored.set(SOUND, this.on ? "on" : "");
      this.draw();
      if (this.on) this.ring();
    });
    for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => this.call(false), { capture: true });
    this.draw();
  }

  draw() {
    this.button.setAttribute("aria-pressed", String(this.on));
    this.button.textContent = t(this.on ? "sound.on" : "sound.off");
  }

  call(alarmed) {
    this.alarmed = alarmed;
    document.title = [alarmed && "⚠", this.waiting && `(${this.waiting})`, this.title].filter(Boolean).join(" ");
  }

  see(cards) {
    const before = this.known;
    this.known = new Map(cards.map((card) => [card.key, card]));
    this.waiting = cards.filter((card) => card.owner === "waiting").length;
    const since = (tell) => (before ? cards.map((card) => tell(card, before.get(card.key))).filter(Boolean) : []);
    const alarms = since((card, was) => (card.owner === "human" ? this.graver(card, was) : this.unattended(card, was)));
    const told = alarms.length ? alarms : since(arrived).slice(-1);
    this.call(this.alarmed || alarms.length > 0);
    if (!told.length) return;
    byId(alarms.length ? "alarm" : "announce").textContent = told.join(" "); // a customer's next words must not replace it
    if (this.on) this.ring();
  }

  /** Nobody comes: that is for supervisors. Nobody could: then there is no supervisor either, so it is for everybody. */
  unattended(card, was) {
    const { stranded, escalation } = was?.epoch === card.epoch ? was : { stranded: false, escalation: 0 };
    if (card.stranded && !stranded) return t("alert.stranded", { name: card.customer, reason: about(card) });
    if (!this.supervises || card.escalation <= escalation) return "";
    return t("alert.late", { name: card.customer, level: card.escalation });
  }

  /** A danger as grave as what was known, or graver: for who has the case, and for supervisors whoever has it. */
  graver(card, was) {
    const own = card.agent_id === this.me.id;
    if (!was || !card.danger || !(own || this.supervises)) return "";
    const fresh = card.risks.find(({ label }) => !was.risks.some((risk) => risk.label === label));
    const graver = card.danger > was.danger || (fresh && fresh.severity >= (was.risks[0]?.severity ?? 0));
    if (!graver) return "";
    const risk = named("risk", (fresh ?? card.risks[0]).label);
    return t(own ? "alert.risk" : "alert.risk_with", { name: card.customer, agent: card.agent_name, risk });
  }

  /** Two soft notes. A browser lets a page sound only after a click on it. */
  ring() {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume().catch(() => {});
    [660, 880].forEach((pitch, number) => {
      const start = this.audio.currentTime + number * 0.14;
      const tone = this.audio.createOscillator();
      const volume = this.audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
      tone.connect(volume).connect(this.audio.destination);
      tone.start(start);
      tone.stop(start + 0.32);
    });
  }
}

function arrived(card, was) {
  if (card.owner !== "waiting" || was?.epoch === card.epoch) return "";
  return t("queue.new", { name: card.customer, reason: named("reason", card.reason) });
}

const about = (card) => (card.label ? named("risk", card.label) : named("reason", card.reason));
