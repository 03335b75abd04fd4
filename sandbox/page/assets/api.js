// Calls to the sandbox. A refusal becomes an Error with the reason the sandbox gave.

export async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(`/sandbox/api/${path}`, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `${response.status}`);
  return answer;
}

const chat = (id, rest) => `telegram/chats/${id}/${rest}`;

export const state = () => call("GET", "state");
export const chats = () => call("GET", "telegram/chats");
export const messages = (id, after) => call("GET", chat(id, `messages?after=${after}`));
export const write = (id, body) => call("POST", chat(id, "messages"), body);
export const edit = (id, messageId, text) => call("PATCH", chat(id, `messages/${messageId}`), { text });
export const remove = (id, messageId) => call("DELETE", chat(id, `messages/${messageId}`));
export const tap = (id, body) => call("POST", chat(id, "taps"), body);
export const block = (id, blocked) => call("POST", chat(id, "block"), { blocked });
export const create = (body) => call("POST", "telegram/chats", body);
export const turn = (dials) => call("POST", "dials", dials);
export const fileAddress = (fileId) => `/sandbox/api/telegram/files/${encodeURIComponent(fileId)}`;

/** Everything after `seq` and then what happens live. */
export const listen = (seq, handlers, connected) => follow(`stream?after=${seq}`, handlers, connected);

/** A live stream. `handlers` maps an event's name to a function; `connected` hears whether the line stands. */
export function follow(path, handlers, connected) {
  const source = new EventSource(`/sandbox/api/${path}`);
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
  source.addEventListener("open", () => connected(true));
  source.addEventListener("error", () => connected(false));
  return source;
}
