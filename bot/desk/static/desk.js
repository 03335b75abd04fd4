// The desk's page: joins the queue, the open conversation, the live feed, the alerts and the keyboard.

import { Alerts } from "./alerts.js";
import { get, post } from "./api.js";
import { startBanner } from "./banner.js";
import { Conversation } from "./conversation.js";
import { byId, h, stored } from "./dom.js";
import { startKeys } from "./keys.js";
import { Live } from "./live.js";
import { Queue } from "./queue.js";
import { DRAFTS } from "./ways.js";
import { setWords } from "./words.js";

const TOAST_MS = 5000;
const RETRY_MS = 3000;

async function begin() {
  try {
    return await get("start");
  } catch (error) {
    if (error.code === "login") location.assign("/desk/login");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return begin();
  }
}

function say(sentence, problem = false) {
  const toast = h("p", { class: problem ? "toast problem" : "toast" }, sentence);
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), TOAST_MS);
}

function loggedOut() {
  location.assign("/desk/login");
}

const { me, language, words } = await begin();
setWords(language, words);

const conversation = new Conversation(me, say, loggedOut);
const alerts = new Alerts(me);
const queue = new Queue(me, (key) => go(key));
const live = new Live({
  board(cards) {
    queue.setAll(cards);
    alerts.see([...queue.cards.values()]);
  },
  card(card) {
    queue.set(card);
    alerts.see([...queue.cards.values()]);
  },
  gone(key) {
    queue.remove(key);
    alerts.see([...queue.cards.values()]);
  },
  changed(key) {
    if (key === conversation.key) conversation.read();
  },
  back: () => conversation.read(),
  loggedOut,
});

byId("next").addEventListener("click", async () => {
  try {
    const { key } = await post("next", { key: "" });
    await go(key);
    conversation.composer.focus("reply");
  } catch (error) {
    say(error.message, true);
  }
});

function go(key, remember = true) {
  const address = key ? `/desk/?${new URLSearchParams({ open: key })}` : "/desk/";
  if (remember && key !== conversation.key) history.pushState({}, "", address);
  for (const link of document.querySelectorAll(".languages a")) {
    const to = new URL(link.href);
    to.searchParams.set("back", address);
    link.href = to;
  }
  document.body.dataset.view = key ? "conversation" : "queue";
  queue.select(key);
  live.watch(key);
  return key === conversation.key ? undefined : conversation.open(key);
}

const inAddress = () => new URLSearchParams(location.search).get("open") ?? "";

addEventListener("popstate", () => go(inAddress(), false));
byId("facts").addEventListener("click", (event) => {
  if (!event.target.closest("[data-back]")) return;
  event.preventDefault();
  go("");
});
byId("logout").addEventListener("submit", () => stored.forget(DRAFTS)); // the next person at this device reads nothing

startKeys({
  j: () => queue.move(1),
  ArrowDown: () => queue.move(1),
  k: () => queue.move(-1),
  ArrowUp: () => queue.move(-1),
  c: () => conversation.act("claim"),
  r: () => conversation.composer.focus("reply"),
  n: () => conversation.composer.focus("note"),
});

go(inAddress(), false);
live.connect();
startBanner();
