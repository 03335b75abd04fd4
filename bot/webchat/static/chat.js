// The page: binds the connection, the outbox and the transcript to what the visitor sees and does.

import { Connection } from "./connection.js";
import { Outbox } from "./outbox.js";
import { Transcript } from "./transcript.js";

const TYPING_MS = 8_000;
const SAY_LOST_AFTER_MS = 2_500;
const WAITING_AFTER_MS = 6_000;
const NEAR_PX = 80;
const COUNT_BELOW = 300;

const at = (id) => document.getElementById(id);
const { language, longest } = document.body.dataset;
const words = JSON.parse(document.body.dataset.words);
const embedded = "embedded" in document.body.dataset && window.parent !== window;
const [scroller, lines, typing, banner, newer, message, send, hint, speaker] = [
  "scroller", "lines", "typing", "banner", "newer", "message", "send", "hint", "speaker",
].map(at);
const title = document.title;

let connectionState = "open"; // benefit of the doubt: only a delay is told
let lostTimer = 0;
let typingTimer = 0;
let replaying = 0;
let unread = 0;
let atEnd = true;

const transcript = new Transcript({
  list: lines,
  words,
  language,
  onTap: (button) => say({ t: "tap", button: button.key, title: button.title, lang: language }),
  onRetry: (id) => outbox.tryAgain(id),
});

const outbox = new Outbox({
  send: (frame) => connection.send(frame),
  onStuck: () => connection.restart(),
  onState: (id, state) => {
    transcript.setState(id, state);
    if (state === "failed") banner.textContent = words.failed;
  },
});

const connection = new Connection({
  lastSeq: () => transcript.lastSeq,
  onFrame,
  onState: onConnection,
  onStranger: () => {
    transcript.clear();
    showWaiting();
  },
});

// ---- what arrives ----

function onFrame(frame) {
  if (frame.t === "welcome") beginReplay(frame.replay);
  else if (frame.t === "item") onLine(frame);
  else if (frame.t === "typing") showTyping();
  else if (frame.t === "ack") onAck(frame);
  else if (frame.t === "error") onError(frame);
}

function onLine(item) {
  const stick = atEnd;
  const line = transcript.add(item);
  if (line) {
    if (item.client_msg_id) outbox.acknowledged(item.client_msg_id);
    if (item.from !== "visitor") {
      hideTyping();
      if (item.from !== "notice") speaker.textContent = speakerOf(item);
    }
    if (!replaying) announce(item, line);
    if (stick || replaying || item.from === "visitor") toEnd();
    else newer.hidden = false;
  }
  if (replaying) endReplay();
}

function onAck({ client_msg_id: id }) {
  transcript.setState(id, "sent");
  outbox.acknowledged(id);
}

function onError({ code, client_msg_id: id, retry_after: seconds }) {
  if (code === "rate" || code === "unavailable") outbox.pause(seconds ?? 1);
  else if (id) outbox.refuse(id);
}

// Screen readers must not read the whole history out; after it, they hear what is new.
function beginReplay(count) {
  replaying = count;
  scroller.ariaBusy = count > 0 ? "true" : "false";
  scroller.ariaLive = count > 0 ? "off" : "polite";
  if (!count) lines.classList.add("live");
}

function endReplay() {
  replaying -= 1;
  if (replaying) return;
  scroller.ariaBusy = "false";
  requestAnimationFrame(() => {
    scroller.ariaLive = "polite";
    lines.classList.add("live");
  });
}

function announce(item, line) {
  line.classList.add("arrives");
  if (item.from === "visitor") return;
  if (embedded) window.parent.postMessage({ sigap: "line" }, "*");
  if (!document.hidden) return;
  unread += 1;
  document.title = `(${unread}) ${title}`;
}

function speakerOf(item) {
  return item.from === "agent" ? words.agent_state.replace("{name}", item.name || words.agent) : words.assistant_state;
}

// ---- what the visitor does ----

function say(frame) {
  const entry = outbox.add(frame);
  const line = transcript.addPending(entry);
  line.classList.add("arrives");
  setTimeout(() => line.dataset.state === "sending" && transcript.setState(entry.client_msg_id, "waiting"), WAITING_AFTER_MS);
  toEnd();
}

function submit() {
  const text = message.value.trim();
  if (!text) return;
  say({ t: "message", text, lang: language });
  message.value = "";
  fitComposer();
  message.focus();
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
message.addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter belongs to it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
message.addEventListener("input", fitComposer);
newer.addEventListener("click", () => {
  toEnd();
  message.focus();
});
scroller.addEventListener("scroll", () => {
  atEnd = nearEnd();
  if (atEnd) newer.hidden = true;
}, { passive: true });
// The composer grows, the keyboard opens, an image loads: who stood at the end stays there.
const keepEnd = new ResizeObserver(() => atEnd && toEnd());
keepEnd.observe(scroller);
keepEnd.observe(lines);
at("close")?.addEventListener("click", () => window.parent.postMessage({ sigap: "close" }, "*"));
addEventListener("keydown", (event) => {
  if (embedded && event.key === "Escape") window.parent.postMessage({ sigap: "close" }, "*");
});
addEventListener("message", (event) => {
  if (event.source === window.parent && event.data?.sigap === "opened") message.focus();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
});

// ---- how it looks ----

function onConnection(state) {
  outbox.connected(state === "open");
  if (state === "lost" && connectionState !== "open") return; // said already, or about to be
  connectionState = state;
  clearTimeout(lostTimer);
  if (state === "open") banner.textContent = "";
  else if (state === "lost") {
    lostTimer = setTimeout(() => {
      banner.textContent = navigator.onLine ? words.connecting : words.offline;
    }, SAY_LOST_AFTER_MS);
  } else banner.textContent = words[state];
}

function showTyping() {
  typing.hidden = false;
  if (atEnd) toEnd();
  clearTimeout(typingTimer);
  typingTimer = setTimeout(hideTyping, TYPING_MS);
}

function hideTyping() {
  clearTimeout(typingTimer);
  typing.hidden = true;
}

function showWaiting() {
  for (const entry of outbox.waiting) transcript.addPending(entry);
}

function fitComposer() {
  if (!CSS.supports("field-sizing", "content")) {
    message.style.height = "auto";
    message.style.height = `${message.scrollHeight}px`;
  }
  send.disabled = !message.value.trim();
  const left = Number(longest) - message.value.length;
  const counting = left < COUNT_BELOW;
  hint.classList.toggle("counting", counting);
  hint.textContent = counting ? words.left.replace("{count}", left) : words.hint;
}

function nearEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
}

function toEnd() {
  atEnd = true;
  scroller.scrollTop = scroller.scrollHeight;
  newer.hidden = true;
}

showWaiting();
fitComposer();
onConnection("lost");
connection.connect();
if (matchMedia("(pointer: fine)").matches && !embedded) message.focus();
