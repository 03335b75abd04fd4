// Tells the agent that somebody new is waiting: in the title, to a screen reader and, if they want it, by a sound.

import { byId, stored } from "./dom.js";
import { named, t } from "./words.js";

const SOUND = "sigap.sound";

export class Alerts {
  constructor() {
    this.known = null; // handoffs already told of, by key and epoch; null until the first board
    this.title = document.title;
    this.on = stored.get(SOUND) === "on";
    this.button = byId("sound");
    this.button.addEventListener("click", () => {
      this.on = !this.on;
      stored.set(SOUND, this.on ? "on" : "");
      this.draw();
      if (this.on) this.ring();
    });
    this.draw();
  }

  draw() {
    this.button.setAttribute("aria-pressed", String(this.on));
    this.button.textContent = t(this.on ? "sound.on" : "sound.off");
  }

  see(waiting) {
    document.title = waiting.length ? `(${waiting.length}) ${this.title}` : this.title;
    const now = new Set(waiting.map((card) => `${card.key} ${card.epoch}`));
    const fresh = this.known ? waiting.filter((card) => !this.known.has(`${card.key} ${card.epoch}`)) : [];
    this.known = now;
    if (!fresh.length) return;
    const card = fresh.at(-1);
    byId("announce").textContent = t("queue.new", { name: card.customer, reason: named("reason", card.reason) });
    if (this.on) this.ring();
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
