// What the visitor wrote and the server has not yet acknowledged: in order, kept over a reload, sent one at a time.
// Every entry keeps its client_msg_id, so that sending it again can't make a second message of it.

import { keptForThisTab } from "./storage.js";

const ACK_WITHIN_MS = 15_000;

export class Outbox {
  // `send(frame)` returns false when there is no connection; `onStuck()` is called when an acknowledgement is overdue.
  constructor({ send, onState, onStuck }) {
    this.kept = keptForThisTab("sigap.webchat.outbox");
    this.waiting = this.kept.get() ?? [];
    this.refused = new Map();
    this.send = send;
    this.onState = onState;
    this.onStuck = onStuck;
    this.ready = false;
    this.inFlight = null;
    this.timer = 0;
  }

  add(entry) {
    this.waiting.push({ client_msg_id: crypto.randomUUID?.() ?? randomId(), at: new Date().toISOString(), ...entry });
    this.kept.set(this.waiting);
    const added = this.waiting.at(-1);
    queueMicrotask(() => this.next());
    return added;
  }

  // The connection is welcomed (true) or lost (false).
  connected(ready) {
    this.ready = ready;
    this.inFlight = null;
    clearTimeout(this.timer);
    this.next();
  }

  next() {
    if (!this.ready || this.inFlight || !this.waiting.length) return;
    const { at, ...frame } = this.waiting[0];
    if (!this.send(frame)) return;
    this.inFlight = frame.client_msg_id;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onStuck(), ACK_WITHIN_MS);
  }

  acknowledged(id) {
    this.drop(id);
    this.next();
  }

  // The server refused it for good: show it as failed, go on with the next.
  refuse(id) {
    const entry = this.waiting.find((item) => item.client_msg_id === id);
    if (entry) this.refused.set(id, entry);
    this.drop(id);
    this.onState(id, "failed", entry);
    this.next();
  }

  // The server asks for patience.
  pause(seconds) {
    this.inFlight = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.next(), seconds * 1000 + 50);
  }

  tryAgain(id) {
    const entry = this.refused.get(id);
    if (!entry) return;
    this.refused.delete(id);
    this.waiting.push(entry);
    this.kept.set(this.waiting);
    this.onState(id, "sending", entry);
    this.next();
  }

  drop(id) {
    this.waiting = this.waiting.filter((item) => item.client_msg_id !== id);
    this.kept.set(this.waiting);
    if (this.inFlight === id) {
      this.inFlight = null;
      clearTimeout(this.timer);
    }
  }
}

// For pages without TLS, where browsers hide crypto.randomUUID.
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
