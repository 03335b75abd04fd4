// The live feed: one EventSource, opened again whenever it breaks or another conversation is watched.

import { get } from "./api.js";
import { byId } from "./dom.js";
import { setServerTime, t } from "./words.js";

const RETRY_MS = 3000;
const SETTLE_MS = 250; // j j j through the queue watches only where it stops
const SILENCE_MS = 30000; // the server says something at least every ten seconds

/** `listener` has board(cards), card(card), gone(key), changed(key), back() and loggedOut(). */
export class Live {
  constructor(listener) {
    this.listener = listener;
    this.key = "";
    this.lastHeard = 0;
    setInterval(() => this.source && Date.now() - this.lastHeard > SILENCE_MS && this.connect(), 5000);
    addEventListener("online", () => this.connect());
  }

  watch(key) {
    if (key === this.key) return;
    this.key = key;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.connect(), SETTLE_MS);
  }

  connect() {
    clearTimeout(this.retrying);
    clearTimeout(this.settling);
    this.source?.close();
    const source = new EventSource(`/desk/events?${new URLSearchParams({ open: this.key })}`);
    this.source = source;
    this.lastHeard = Date.now();
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.lastHeard = Date.now();
        act(event.data ? JSON.parse(event.data) : {});
      });
    on("open", () => this.listener.back());
    on("board", (data) => {
      this.say("on");
      setServerTime(data.now);
      this.listener.board(data.cards);
    });
    on("card", (data) => this.listener.card(data));
    on("gone", (data) => this.listener.gone(data.key));
    on("changed", (data) => this.listener.changed(data.key));
    on("alive", () => {});
    on("trouble", () => this.say("trouble"));
    on("logged_out", () => this.leave());
    on("error", () => this.broke());
  }

  async broke() {
    this.say("lost");
    if (this.source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    try {
      await get("start");
    } catch (error) {
      if (error.code === "login") {
        this.leave();
        return;
      }
    }
    this.retrying = setTimeout(() => this.connect(), RETRY_MS);
  }

  leave() {
    this.source.close();
    this.listener.loggedOut();
  }

  say(state) {
    const place = byId("live");
    if (place.dataset.state === state) return;
    place.dataset.state = state;
    place.querySelector(".word").textContent = t(`live.${state}`);
  }
}
