// The socket that is always there: it gets a visitor token, says hello with the last line it has, notices when the
// line is dead, and comes back with growing, jittered pauses.

import { keptForever } from "./storage.js";

const PAUSE_MS = [1_000, 30_000];
const PING_EVERY_MS = 25_000;
const DEAD_AFTER_MS = 60_000;
const PROBE_WITHIN_MS = 8_000;
const BAD_TOKEN = 4401;
const NOT_ALLOWED = 4403;
const TOO_FAST = 4429;

export class Connection {
  // `lastSeq()`: number of the last line shown. `onFrame(frame)`: a frame arrived. `onState(state)`: "open",
  // "lost", "busy" or "not_allowed". `onStranger()`: the server no longer knows the visitor that we were.
  constructor({ lastSeq, onFrame, onState, onStranger }) {
    Object.assign(this, { lastSeq, onFrame, onState, onStranger });
    this.kept = keptForever("sigap.webchat.session");
    this.socket = null;
    this.pause = PAUSE_MS[0];
    this.heard = 0;
    this.stopped = false;
    addEventListener("offline", () => this.restart());
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
    setInterval(() => this.watch(), PING_EVERY_MS);
  }

  async connect() {
    clearTimeout(this.timer);
    if (this.stopped || this.connecting || this.socket) return;
    this.connecting = true;
    try {
      const token = await this.token();
      if (token) this.open(token);
    } catch {
      this.again();
    } finally {
      this.connecting = false;
    }
  }

  // Returns false when there is no open socket.
  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  // Begin anew: nothing was heard for too long, or the network is gone.
  restart() {
    const socket = this.socket;
    if (socket) {
      this.lost(socket);
      socket.close();
    }
    this.again();
  }

  async token() {
    const known = this.kept.get();
    if (known?.token && known.until > Date.now()) return known.token;
    const response = await fetch("/webchat/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: known?.token ?? "" }),
      signal: AbortSignal.timeout?.(10_000),
    });
    if (response.status === 403) {
      this.stopped = true;
      this.onState("not_allowed");
      return "";
    }
    if (response.status === 429) {
      this.onState("busy");
      this.again((Number(response.headers.get("retry-after")) || 5) * 1000);
      return "";
    }
    if (!response.ok) throw new Error("no session");
    const session = await response.json();
    if (known?.visitor && known.visitor !== session.visitor) this.onStranger();
    // A minute of margin for clocks that differ and messages on their way.
    const until = Date.now() + Math.max(session.expires_in - 60, session.expires_in / 2) * 1000;
    this.kept.set({ token: session.token, visitor: session.visitor, until });
    return session.token;
  }

  open(token) {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/webchat/socket`);
    this.socket = socket;
    this.heard = Date.now();
    socket.onopen = () => socket.send(JSON.stringify({ t: "hello", token, last_seq: this.lastSeq() }));
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      const frame = JSON.parse(event.data);
      if (frame.t === "welcome") {
        this.pause = PAUSE_MS[0];
        this.welcomed = true;
        this.onState("open");
      }
      this.onFrame(frame);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      const welcomed = this.welcomed;
      this.lost(socket);
      if (event.code === NOT_ALLOWED) {
        this.stopped = true;
        this.onState("not_allowed");
      } else if (event.code === BAD_TOKEN) {
        this.forgetToken();
        // At once when the token ended in a good connection; with a pause when a fresh one was refused.
        this.again(welcomed ? 0 : undefined);
      } else if (event.code === TOO_FAST) {
        this.onState("busy");
        this.again(Number(event.reason.match(/retry_after=([\d.]+)/)?.[1] ?? 30) * 1000);
      } else {
        this.again();
      }
    };
  }

  // Ask for a new token; the old one still says who we are.
  forgetToken() {
    const known = this.kept.get();
    if (known) this.kept.set({ ...known, until: 0 });
  }

  lost(socket) {
    if (socket === this.socket) this.socket = null;
    this.welcomed = false;
    this.onState("lost");
  }

  again(after) {
    if (this.stopped) return;
    const jittered = after ?? this.pause * (0.5 + Math.random() / 2);
    if (after === undefined) this.pause = Math.min(this.pause * 2, PAUSE_MS[1]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), jittered);
  }

  watch() {
    if (!this.socket) return;
    if (Date.now() - this.heard > DEAD_AFTER_MS) this.restart();
    else this.send({ t: "ping" });
  }

  // The device woke up or the network came back: don't wait for a timer.
  wake() {
    if (this.stopped) return;
    if (!this.socket) {
      this.pause = PAUSE_MS[0];
      this.connect();
      return;
    }
    const socket = this.socket;
    const asked = Date.now();
    this.send({ t: "ping" });
    setTimeout(() => {
      if (socket === this.socket && this.heard < asked) this.restart();
    }, PROBE_WITHIN_MS);
  }
}
