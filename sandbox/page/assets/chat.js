// The messages of the chat that is open.

import * as api from "./api.js";
import { button, find, formatted, link, make } from "./dom.js";
import { OPENERS, t, time } from "./i18n.js";
import { currentChat, isMine, isTyping, store } from "./store.js";

/** What a person does with a message; main.js fills these in. */
export const acts = { edit() {}, reply() {}, remove() {}, tap() {}, write() {} };

const nodes = new Map();

function media(entry) {
  const { kind, file_id: fileId, name, url, size } = entry.media;
  if (url) return make("p", { class: "file" }, make("b", {}, t(kind)), link(url, name || url));
  const address = api.fileAddress(fileId);
  if (kind === "photo") return make("img", { class: "photo", src: address, alt: t("photo") });
  if (kind === "voice") return make("audio", { src: address, controls: true, "aria-label": t("voice") });
  const kilobytes = `${Math.max(1, Math.round(size / 1024))} kB`;
  return make("p", { class: "file" }, make("b", {}, t(kind)), make("a", { href: address, download: name }, name), kilobytes);
}

function buttons(entry) {
  const rows = entry.buttons.map((row) => {
    const made = row.map((one) => {
      if (one.url) return link(one.url, one.text);
      if (!one.callback_data) return make("button", { type: "button", disabled: true }, one.text);
      return button(one.text, (event) => acts.tap(entry, one.callback_data, event.currentTarget));
    });
    return make("div", { class: "button-row" }, ...made);
  });
  return make("div", { class: "buttons" }, ...rows);
}

function quoted(entry) {
  const origin = store.said.get(entry.chat_id).get(entry.reply_to);
  const words = origin && !origin.deleted ? origin.text || t(origin.media.kind) : t("gone");
  return make("p", { class: "quoted" }, words);
}

function draw(entry) {
  const chat = currentChat();
  const mine = isMine(chat, entry);
  const node = make("article", { class: `message ${entry.from}${mine ? " mine" : ""}` });
  if (entry.deleted) {
    node.append(make("p", { class: "deleted" }, t("removed")));
    return node;
  }
  const bubble = make("div", { class: "bubble" });
  // In a private chat it is plain who writes; a screen reader still has to be told.
  bubble.append(make("p", { class: chat.group && !mine ? "author" : "unseen" }, entry.name));
  if (entry.reply_to !== null) bubble.append(quoted(entry));
  if (entry.media) bubble.append(media(entry));
  if (entry.text) bubble.append(make("p", { class: "text" }, ...formatted(entry.text, entry.entities)));
  const clock = make("time", { datetime: new Date(entry.first).toISOString() }, time(entry.first));
  bubble.append(make("p", { class: "meta" }, entry.edited ? `${t("edited")} · ` : "", clock));
  const actions = make("div", { class: "actions" }, button(t("reply"), () => acts.reply(entry)));
  if (mine) {
    if (!entry.media || entry.text) actions.append(button(t("edit"), () => acts.edit(entry)));
    actions.append(button(t("remove"), () => acts.remove(entry)));
  }
  node.append(bubble, entry.buttons.length ? buttons(entry) : "", actions);
  return node;
}

/** Show one message, new or changed, and follow the end of the talk if that is where the reader is. */
export function showMessage(entry) {
  const scroll = find("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  const node = draw(entry);
  if (nodes.has(entry.message_id)) nodes.get(entry.message_id).replaceWith(node);
  else find("log").append(node);
  nodes.set(entry.message_id, node);
  if (atEnd || isMine(currentChat(), entry)) scroll.scrollTop = scroll.scrollHeight;
  drawIntro();
  drawQuickReplies();
}

/** Show the whole chat that is open. */
export function drawLog() {
  const log = find("log");
  // Reading a whole talk aloud because it was opened would be a punishment.
  log.setAttribute("aria-live", "off");
  nodes.clear();
  const said = [...(store.said.get(store.current)?.values() ?? [])];
  for (const entry of said) nodes.set(entry.message_id, draw(entry));
  log.replaceChildren(...nodes.values());
  drawIntro();
  drawQuickReplies();
  drawTyping();
  find("scroll").scrollTop = find("scroll").scrollHeight;
  setTimeout(() => log.setAttribute("aria-live", "polite"), 100);
}

export function drawTyping() {
  find("typing").hidden = !isTyping(store.current);
  const scroll = find("scroll");
  if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 160) scroll.scrollTop = scroll.scrollHeight;
}

/** What stands in a chat in which nothing was said yet. */
function drawIntro() {
  const chat = currentChat();
  const intro = find("intro");
  const empty = !(store.said.get(chat.chat_id)?.size > 0);
  intro.hidden = !empty;
  if (!empty) return;
  if (chat.group) {
    intro.replaceChildren(make("h3", {}, chat.title), make("p", {}, t("introGroup")));
    return;
  }
  const code = make("input", { id: "deep-link", maxlength: 64, placeholder: t("deepLinkHint"), pattern: "[A-Za-z0-9_\\-]*" });
  const start = button(t("start"), () => {
    if (code.reportValidity()) acts.write(code.value ? `/start ${code.value}` : "/start");
  }, { class: "strong" });
  const openers = OPENERS[chat.language_code in OPENERS ? chat.language_code : "en"];
  intro.replaceChildren(
    make("h3", {}, t("introTitle", { name: chat.title })),
    make("p", {}, t("intro", { bot: store.bot.name })),
    make("div", { class: "openers", lang: chat.language_code }, ...openers.map((line) => button(line, () => acts.write(line)))),
    make("div", { class: "start" }, start, make("label", {}, make("span", {}, t("deepLink")), code)),
  );
}

/** The keyboard that the last message with one put below the talk. */
function drawQuickReplies() {
  const said = [...(store.said.get(store.current)?.values() ?? [])];
  const last = said.filter((entry) => !entry.deleted).at(-1);
  const words = last?.from === "brand" ? last.keyboard.flat() : [];
  const quick = find("quick");
  quick.hidden = words.length === 0;
  quick.replaceChildren(...words.map((word) => button(word, () => acts.write(word))));
}
