// What the page knows: the chats, what was said in those that were opened, and who is looking at which.

export const store = {
  bot: { name: "", username: "" },
  chats: new Map(),
  // chat id → message id → how the message looks now
  said: new Map(),
  unread: new Map(),
  // chat id → when the typing ends (performance.now())
  typing: new Map(),
  current: null,
  // chat id of a group → id of the member who writes
  writer: new Map(),
  dials: {},
  status: null,
  // Everything up to here has come through the stream.
  seq: 0,
  connected: true,
};

export const currentChat = () => store.chats.get(store.current);

/** Who writes in a chat: the customer, or the chosen member of a group. */
export function writerOf(chat) {
  return chat.group ? store.writer.get(chat.chat_id) ?? chat.members[0].id : chat.chat_id;
}

/** Whether a message was written by the person whose screen this is. */
export function isMine(chat, entry) {
  return entry.from === "customer" && (!chat.group || entry.user_id === writerOf(chat));
}

/** Take in a message as it looks now. An edit takes the place of what was there. */
export function remember(entry) {
  const said = store.said.get(entry.chat_id);
  if (said) said.set(entry.message_id, { ...entry, first: said.get(entry.message_id)?.first ?? entry.at });
  const chat = store.chats.get(entry.chat_id);
  if (!chat) return;
  if (!chat.last || entry.message_id >= chat.last.message_id) {
    chat.last = entry;
    chat.active_at = entry.at;
  }
  if (entry.from === "customer") chat.started = true;
  else if (store.current !== entry.chat_id && !entry.edited && !entry.deleted) {
    store.unread.set(entry.chat_id, (store.unread.get(entry.chat_id) ?? 0) + 1);
  }
}

export const isTyping = (id) => (store.typing.get(id) ?? 0) > performance.now();
