// Building nodes. Text always goes in as text: nothing that anybody wrote is read as HTML.

/** make("button", { class: "quiet", type: "button" }, "text", node, …) */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const find = (id) => document.getElementById(id);

/** A button that does something. */
export function button(text, onClick, attributes = {}) {
  const node = make("button", { type: "button", ...attributes }, text);
  node.addEventListener("click", onClick);
  return node;
}

/** The first letters of a name, for the round mark beside it. */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** Dress a round mark for a chat. */
export function dressAvatar(node, chat) {
  node.textContent = initials(chat.title);
  node.className = `avatar hue-${Math.abs(chat.chat_id) % 6}${chat.group ? " group" : ""}`;
}

const MARKS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "q",
};

/** Text with its entities as nodes. Offsets count UTF-16 units, as JavaScript's strings do. */
export function formatted(text, entities) {
  const edges = new Set([0, text.length]);
  for (const { offset, length } of entities) edges.add(offset).add(offset + length);
  const cuts = [...edges].filter((cut) => cut <= text.length).sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => {
    let node = document.createTextNode(text.slice(start, cuts[index + 1]));
    for (const entity of entities) {
      if (entity.offset > start || entity.offset + entity.length <= start) continue;
      const whole = text.slice(entity.offset, entity.offset + entity.length);
      if (entity.type in MARKS) node = make(MARKS[entity.type], {}, node);
      else if (entity.type === "url") node = link(whole, node);
      else if (entity.type === "text_link") node = link(entity.url, node);
      else if (entity.type === "spoiler") node = make("span", { class: "spoiler", tabindex: 0 }, node);
      else if (entity.type === "mention" || entity.type === "bot_command") {
        node = make("span", { class: "mention" }, node);
      }
    }
    return node;
  });
}

/** A link that opens elsewhere; anything but the web is shown as text. */
export function link(address, ...children) {
  if (!/^https?:\/\//i.test(address)) return make("span", {}, ...children);
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}
