// The lines of the talk, in the order of their numbers. What is not yet acknowledged stands at the end.

import { link, richText, safeUrl } from "./richtext.js";

export class Transcript {
  constructor({ list, words, language, onTap, onRetry }) {
    Object.assign(this, { list, words, onTap, onRetry });
    this.lastSeq = 0;
    this.time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  }

  clear() {
    this.list.replaceChildren();
    this.lastSeq = 0;
  }

  // A numbered line from the feed. Returns the element, or null when it stood here already.
  add(item) {
    if (item.seq <= this.lastSeq) return null;
    this.lastSeq = item.seq;
    const own = item.client_msg_id && this.pending(item.client_msg_id);
    if (own) {
      own.dataset.state = "sent";
      this.place(own, item.seq);
      this.stateOf(own);
      return own;
    }
    const line = this.build(item);
    this.place(line, item.seq);
    if (item.tap) this.choose(line, item.tap);
    return line;
  }

  // Something that the visitor just sent. `entry` is the outbox's.
  addPending(entry, state = "sending") {
    const line = this.build({ from: "visitor", at: entry.at, text: entry.text ?? entry.title });
    line.dataset.id = entry.client_msg_id;
    this.list.append(line);
    this.group(line);
    this.setState(entry.client_msg_id, state);
    if (entry.button) this.choose(line, entry.button);
    return line;
  }

  setState(id, state) {
    const line = this.pending(id);
    if (!line || line.dataset.state === "sent") return;
    line.dataset.state = state;
    this.stateOf(line);
  }

  pending(id) {
    return this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  // Disable the choices that a tapped button belonged to: the nearest ones above.
  choose(line, key) {
    for (let above = line.previousElementSibling; above; above = above.previousElementSibling) {
      const chosen = above.querySelector(`.choice[data-key="${CSS.escape(key)}"]`);
      if (!chosen) continue;
      for (const choice of above.querySelectorAll("button.choice")) choice.disabled = true;
      chosen.classList.add("chosen");
      chosen.setAttribute("aria-label", `${chosen.textContent}, ${this.words.chosen}`);
      return;
    }
  }

  // ---- building ----

  build(item) {
    const line = element("li", `line ${item.from}`);
    line.dataset.from = item.from;
    line.dataset.name = item.name ?? "";
    const at = new Date(item.at);
    line.dataset.day = at.toDateString();
    line.append(element("div", "day", this.day.format(at)), this.who(item));
    for (const attachment of item.attachments ?? []) line.append(this.attachment(attachment));
    if (item.text) {
      const bubble = element("div", "bubble");
      bubble.dir = "auto";
      bubble.append(richText(item.text, this.words.opens_new_tab));
      line.append(bubble);
    }
    if (item.buttons) line.append(this.choices(item.buttons));
    const meta = element("div", "meta");
    meta.ariaLive = "off"; // "sending", "sent" are for the eye; what fails is said in the banner
    const time = element("time", "", this.time.format(at));
    time.dateTime = item.at;
    meta.append(time);
    line.append(meta);
    return line;
  }

  who(item) {
    const name = item.from === "agent" ? item.name || this.words.agent : this.words[WHO[item.from]];
    const who = element("div", "who");
    if (item.from === "agent") {
      const initial = element("span", "initial", [...name][0].toLocaleUpperCase());
      initial.ariaHidden = "true";
      who.append(initial);
    }
    who.append(element("span", "", name));
    return who;
  }

  choices(buttons) {
    const group = element("div", "choices");
    group.role = "group";
    group.ariaLabel = this.words.choices;
    for (const button of buttons) {
      const url = button.url && safeUrl(button.url);
      const choice = url ? link(url, button.title, this.words.opens_new_tab) : element("button", "", button.title);
      choice.className = "choice";
      choice.dir = "auto";
      if (!url) {
        choice.type = "button";
        choice.dataset.key = button.key;
        choice.addEventListener("click", () => this.onTap(button));
      }
      group.append(choice);
    }
    return group;
  }

  attachment({ kind, url, name }) {
    const safe = safeUrl(url);
    if (kind === "image" && safe) {
      const image = element("img", "media");
      image.src = safe;
      image.alt = name || this.words.image;
      image.loading = "lazy";
      image.referrerPolicy = "no-referrer";
      return image;
    }
    const bubble = element("div", "bubble");
    const label = name || this.words.attachment;
    bubble.append("📎 ", safe ? link(safe, label, this.words.opens_new_tab) : label);
    return bubble;
  }

  // What stands under the visitor's own line: the time once it is sent, and what is being done about it until then.
  stateOf(line) {
    const state = line.dataset.state;
    const time = line.querySelector("time");
    time.hidden = state !== "sent";
    const shown = [time, element("span", "state", state === "sent" ? `✓ ${this.words.sent}` : this.words[state])];
    if (state === "failed") {
      const again = element("button", "retry", this.words.try_again);
      again.type = "button";
      again.addEventListener("click", () => this.onRetry(line.dataset.id));
      shown.push(again);
    }
    line.querySelector(".meta").replaceChildren(...shown);
  }

  // ---- order and grouping ----

  place(line, seq) {
    line.dataset.seq = seq;
    const after = [...this.list.children].reverse().find((other) => other !== line && Number(other.dataset.seq) < seq);
    const old = line.nextElementSibling;
    if (after) {
      if (after.nextElementSibling !== line) after.after(line);
    } else this.list.prepend(line);
    this.group(line);
    if (line.nextElementSibling) this.group(line.nextElementSibling);
    if (old && old !== line.nextElementSibling) this.group(old);
  }

  group(line) {
    const before = line.previousElementSibling;
    const sameDay = before?.dataset.day === line.dataset.day;
    const follows = sameDay && before.dataset.from === line.dataset.from && before.dataset.name === line.dataset.name;
    line.classList.toggle("newday", Boolean(before) && !sameDay);
    line.classList.toggle("follows", Boolean(follows));
    before?.classList.toggle("followed", Boolean(follows));
  }
}

const WHO = { visitor: "you", bot: "assistant", notice: "notice" };

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
