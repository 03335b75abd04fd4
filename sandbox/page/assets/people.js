// The list of customers and groups.

import { dressAvatar, find, make } from "./dom.js";
import { t, time } from "./i18n.js";
import { isTyping, store } from "./store.js";

function preview(chat) {
  if (isTyping(chat.chat_id)) return t("typing", { bot: store.bot.name });
  const last = chat.last;
  if (!last) return chat.group ? chat.members.map((member) => member.name).join(", ") : t("notStarted");
  if (last.deleted) return t("removed");
  const words = last.text || (last.media ? t(last.media.kind) : "");
  return last.from === "brand" ? `${store.bot.name}: ${words}` : words;
}

function row(chat, open) {
  const unread = store.unread.get(chat.chat_id) ?? 0;
  const avatar = make("span", { "aria-hidden": "true" });
  dressAvatar(avatar, chat);
  const node = make(
    "button",
    { type: "button", "aria-current": chat.chat_id === store.current ? "true" : null, "data-chat": chat.chat_id },
    avatar,
    make("span", { class: "person-name" }, chat.title),
    make("span", { class: "person-time" }, chat.last ? time(chat.last.at) : chat.language_code.toUpperCase()),
    make("span", { class: "person-line" }, preview(chat)),
    unread ? make("span", { class: "badge", "aria-label": t("unread", { count: unread }) }, `${unread}`) : null,
  );
  node.addEventListener("click", () => open(chat.chat_id));
  return make("li", {}, node);
}

/** Draw the list, newest first, without taking the focus from whoever is in it. */
export function drawPeople(open) {
  const list = find("people");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
  const chats = [...store.chats.values()].sort((a, b) => b.active_at - a.active_at);
  list.replaceChildren(...chats.map((chat) => row(chat, open)));
  if (focused) list.querySelector(`[data-chat="${focused}"]`)?.focus();
}
