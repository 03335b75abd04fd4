// Writing: sending, answering, editing, attaching.

import * as api from "./api.js";
import { find } from "./dom.js";
import { t } from "./i18n.js";
import { currentChat, store, writerOf } from "./store.js";

// The message that is being edited or answered, if any: { kind: "edit" | "reply", entry }.
let doing = null;
const drafts = new Map();

export function notice(words) {
  const node = find("notice");
  node.textContent = words;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { node.textContent = ""; }, 6000);
}

/** Do it, and say so when it did not work. Returns whether it did. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    notice(t("failed", { why: error.message }));
    return false;
  }
}

function grow() {
  const text = find("composer-text");
  text.style.height = "";
  if (text.value) text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`;
}

function setText(words) {
  find("composer-text").value = words;
  grow();
}

export function begin(kind, entry) {
  doing = { kind, entry };
  if (kind === "edit") setText(entry.text);
  drawDoing();
  find("composer-text").focus();
}

export function stopDoing() {
  if (doing?.kind === "edit") setText("");
  doing = null;
  drawDoing();
}

export function drawDoing() {
  find("doing").hidden = doing === null;
  if (doing === null) return;
  const words = doing.entry.text || (doing.entry.media ? t(doing.entry.media.kind) : "");
  find("doing-what").textContent = doing.kind === "edit" ? t("editing") : t("replying", { text: words });
}

/** Write in the chat that is open, as whoever writes there. */
export function write(text, more = {}) {
  const chat = currentChat();
  const user = chat.group ? { user_id: writerOf(chat) } : {};
  return attempt(() => api.write(chat.chat_id, { text, ...user, ...more }));
}

async function send() {
  const text = find("composer-text").value.trim();
  if (!text) return;
  const chat = store.current;
  const task = doing;
  // Cleared at once, so that a fast writer's next words are not cleared with these.
  setText("");
  doing = null;
  drawDoing();
  let sent;
  if (task?.kind === "edit") sent = await attempt(() => api.edit(chat, task.entry.message_id, text));
  else sent = await write(text, task ? { reply_to: task.entry.message_id } : {});
  if (!sent && store.current === chat && !find("composer-text").value) setText(text);
}

/** Keep what was typed in the chat that is left, and bring back what was typed in the one that is opened. */
export function changeChat(from, to) {
  stopDoing();
  notice("");
  if (from !== null) drafts.set(from, find("composer-text").value);
  setText(drafts.get(to) ?? "");
}

export function drawBlocked() {
  const chat = currentChat();
  for (const control of find("composer").elements) control.disabled = chat.blocked;
  find("composer").classList.toggle("blocked", chat.blocked);
  const key = chat.blocked ? "blocked" : "write";
  find("composer-text").placeholder = t(key, { name: chat.title });
}

function toggleMenu(open) {
  find("attach-menu").hidden = !open;
  find("attach").setAttribute("aria-expanded", `${open}`);
  if (open) find("attach-menu").querySelector("button").focus();
}

export function wireComposer() {
  const text = find("composer-text");
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") stopDoing();
  });
  find("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  find("doing-stop").addEventListener("click", stopDoing);
  find("attach").addEventListener("click", () => toggleMenu(find("attach-menu").hidden));
  for (const item of find("attach-menu").children) {
    item.addEventListener("click", async () => {
      toggleMenu(false);
      const caption = text.value.trim();
      setText("");
      if (!(await write(caption, { attachment: item.dataset.kind }))) setText(caption);
      text.focus();
    });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".attach")) toggleMenu(false);
  });
  find("attach-menu").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    toggleMenu(false);
    find("attach").focus();
  });
}
