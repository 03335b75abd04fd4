// The Telegram part of the page: keeps it together.

import * as api from "./api.js";
import { acts, drawLog, drawTyping, showMessage } from "./chat.js";
import { attempt, begin, changeChat, drawBlocked, drawDoing, notice, wireComposer, write } from "./composer.js";
import { wireDialogs } from "./dialogs.js";
import { dressAvatar, find, make } from "./dom.js";
import { t } from "./i18n.js";
import { drawDials, drawStatus, showDials, wirePresets } from "./panel.js";
import { drawPeople } from "./people.js";
import { currentChat, isTyping, remember, store, writerOf } from "./store.js";

let drawRail = () => {};
const view = (name) => { document.body.dataset.view = name; };

function drawHead() {
  const chat = currentChat();
  dressAvatar(find("chat-avatar"), chat);
  find("chat-title").textContent = chat.title;
  const bot = store.bot.name;
  let line = t("talksTo", { bot });
  if (chat.group) line = t("groupOf", { names: chat.members.map((member) => member.name).join(", ") });
  find("chat-line").textContent = isTyping(chat.chat_id) ? t("typing", { bot }) : line;
  find("block").hidden = chat.group;
  find("block").textContent = t(chat.blocked ? "unblock" : "block");
  find("write-as").hidden = !chat.group;
  find("mention").hidden = !chat.group;
  find("mention").textContent = t("mention", { bot });
  if (!chat.group) return;
  const options = chat.members.map((member) =>
    make("option", { value: member.id, selected: member.id === writerOf(chat) }, member.name));
  find("write-as-who").replaceChildren(...options);
}

/** Draw everything anew, in the language that was chosen. */
export function redraw() {
  drawPeople(open);
  drawDials();
  drawStatus();
  drawHead();
  drawLog();
  drawDoing();
  drawBlocked();
}

async function open(id, { show = true } = {}) {
  const before = store.current;
  if (!store.said.has(id)) {
    // What happens while the old messages load is kept by the stream, so nothing falls between.
    store.said.set(id, new Map());
    if (!(await attempt(() => load(id)))) {
      store.said.delete(id);
      return;
    }
  }
  store.current = id;
  store.unread.delete(id);
  if (show) view("chat");
  changeChat(before, id);
  drawPeople(open);
  drawHead();
  drawLog();
  drawBlocked();
  drawRail();
  if (!show) return;
  if (matchMedia("(min-width: 48rem)").matches) find("composer-text").focus();
}

async function load(id) {
  const said = store.said.get(id);
  let after = 0;
  for (;;) {
    const page = await api.messages(id, after);
    if (!page.messages.length) break;
    for (const entry of page.messages) {
      const first = said.get(entry.message_id)?.first ?? entry.at;
      if ((said.get(entry.message_id)?.seq ?? 0) < entry.seq) said.set(entry.message_id, { ...entry, first });
    }
    after = page.last_seq;
  }
  // The stream may have been faster than the answer.
  store.said.set(id, new Map([...said].sort(([a], [b]) => a - b)));
}

async function refreshChats() {
  for (const chat of (await api.chats()).chats) {
    store.chats.set(chat.chat_id, { ...store.chats.get(chat.chat_id), ...chat });
  }
}

let refreshing = null;
const handlers = {
  entry(entry) {
    store.seq = entry.seq;
    if (!store.chats.has(entry.chat_id)) {
      // A chat from elsewhere (a replay, a test); one look at the list brings in many of them.
      refreshing ??= setTimeout(async () => {
        refreshing = null;
        if (await attempt(refreshChats)) drawPeople(open);
      }, 500);
      return;
    }
    remember(entry);
    if (entry.from === "brand") store.typing.delete(entry.chat_id);
    if (entry.chat_id === store.current) {
      showMessage(store.said.get(entry.chat_id).get(entry.message_id));
      drawTyping();
      drawHead();
    }
    schedulePeople();
  },
  typing({ chat_id: id, seconds }) {
    store.typing.set(id, performance.now() + seconds * 1000);
    const draw = () => {
      if (id === store.current) {
        drawTyping();
        drawHead();
      }
      schedulePeople();
    };
    draw();
    if (seconds) setTimeout(draw, seconds * 1000 + 50);
  },
  answered({ chat_id: id, text }) {
    for (const waiting of document.querySelectorAll(".buttons [aria-busy]")) waiting.removeAttribute("aria-busy");
    if (text && id === store.current) notice(t("answered", { bot: store.bot.name, text }));
  },
  chat(chat) {
    store.chats.set(chat.chat_id, { ...store.chats.get(chat.chat_id), ...chat });
    schedulePeople();
    if (chat.chat_id !== store.current) return;
    drawHead();
    drawBlocked();
  },
  dials(dials) {
    store.dials = dials;
    showDials();
  },
  status(status) {
    store.status = status;
    drawStatus();
  },
  reload() {
    location.reload();
  },
};

// A replay brings hundreds of messages a second; the list need not follow each one.
let peopleDue = null;
function schedulePeople() {
  peopleDue ??= setTimeout(() => {
    peopleDue = null;
    drawPeople(open);
    drawRail();
  }, 150);
}

function wire() {
  wireComposer();
  wirePresets();
  wireDialogs((chat) => {
    store.chats.set(chat.chat_id, chat);
    open(chat.chat_id);
  });
  Object.assign(acts, {
    write,
    edit: (entry) => begin("edit", entry),
    reply: (entry) => begin("reply", entry),
    remove: (entry) => attempt(() => api.remove(entry.chat_id, entry.message_id)),
    async tap(entry, data, node) {
      node.setAttribute("aria-busy", "true");
      const chat = currentChat();
      const body = { message_id: entry.message_id, callback_data: data, user_id: writerOf(chat) };
      if (!(await attempt(() => api.tap(entry.chat_id, body)))) node.removeAttribute("aria-busy");
    },
  });
  find("block").addEventListener("click", () => {
    const chat = currentChat();
    attempt(() => api.block(chat.chat_id, !chat.blocked));
  });
  find("mention").addEventListener("click", () => {
    const text = find("composer-text");
    text.value = `@${store.bot.username} ${text.value}`;
    text.focus();
  });
  find("write-as-who").addEventListener("change", (event) => {
    store.writer.set(store.current, Number(event.target.value));
    drawLog();
    notice(t("chatChanged", { name: event.target.selectedOptions[0].textContent }));
  });
  find("back").addEventListener("click", () => view("people"));
  find("to-panel").addEventListener("click", () => {
    view(document.body.dataset.view === "panel" ? "chat" : "panel");
  });
  find("from-panel").addEventListener("click", () => view("chat"));
}

/** Ask who is there and follow what happens. `unreadChanged` is called when `unread` may have changed. */
export async function start(unreadChanged) {
  drawRail = unreadChanged;
  const state = await api.state();
  Object.assign(store, { bot: state.bot, dials: state.dials, status: state.status, seq: state.last_seq });
  await refreshChats();
  wire();
  const first = [...store.chats.values()].sort((a, b) => b.active_at - a.active_at)[0];
  await open(first.chat_id, { show: false });
  redraw();
  follow();
}

/** What waits to be looked at. */
export const unread = () => [...store.unread.values()].reduce((sum, count) => sum + count, 0);

/** Follow what happens while the page can be seen; a browser allows only a few lines to one server. */
function follow() {
  let source = null;
  const turn = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      source ??= api.listen(store.seq, handlers, (connected) => {
        store.connected = connected;
        drawStatus();
      });
    }
  };
  document.addEventListener("visibilitychange", turn);
  turn();
}
