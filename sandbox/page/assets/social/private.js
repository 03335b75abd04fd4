// The private chat of the chosen customer, as they see it.

import { find, make } from "../dom.js";
import { current, t, time } from "../i18n.js";
import { actions, attachments, avatar, buttons, chips, isBrand, look, nameOf, reaction, words } from "./entry.js";
import { reconcile } from "./reconcile.js";
import { chatOf, here, isTyping, person } from "./store.js";

const MOST_SHOWN = 200;
const TICKS = { sent: "✓", delivered: "✓✓", read: "✓✓" };
const STATUS_WORD = { sent: "sent", delivered: "delivered", read: "read", failed: "failedStatus" };

function quoted(platform, entry) {
  const origin = platform.entries.get(entry.reply_to);
  if (!origin) return null;
  const text = origin.deleted ? t("gone") : origin.text || t("photo");
  const label = origin.surface === "public" ? t("privateAnswer") : t("replyQuote", { name: nameOf(origin) });
  return make("p", { class: "s-quoted" }, make("b", {}, label), text);
}

/** How far a message came: ticks for eyes, a word for ears. */
function ticks(entry, answered) {
  const status = entry.status || (isBrand(entry) ? "" : answered ? "read" : "delivered");
  if (!(status in STATUS_WORD)) return null;
  const word = t(STATUS_WORD[status]);
  return make(
    "span",
    { class: `s-ticks ${status}`, title: word },
    make("span", { "aria-hidden": "true" }, TICKS[status] ?? "!"),
    make("span", { class: "unseen" }, word),
  );
}

function bubble(platform, entry, answered) {
  const brand = isBrand(entry);
  const node = make("article", { class: `s-message ${brand ? "theirs" : "mine"}`, "data-id": entry.id });
  if (entry.author === "brand_app") node.classList.add("by-hand");
  if (entry.deleted) {
    node.append(make("p", { class: "s-gone" }, t("messageGone")));
    return node;
  }
  const box = make("div", { class: "s-bubble" }, make("p", { class: "unseen" }, nameOf(entry)));
  const extra = chips(entry);
  if (extra.length) box.append(make("p", { class: "s-who" }, ...extra));
  if (entry.reply_to) box.append(quoted(platform, entry) ?? "");
  box.append(...attachments(entry));
  if (entry.text) box.append(words(entry.text));
  const meta = make("p", { class: "s-meta" });
  if (entry.edited) meta.append(`${t("edited")} · `);
  meta.append(make("time", { datetime: new Date(entry.at).toISOString() }, time(entry.at)), ticks(entry, answered) ?? "");
  box.append(meta, reaction(entry) ?? "");
  if (brand) node.append(avatar(platform.brand.name, platform.brand.id, true));
  node.append(make("div", { class: "s-stack" }, box, buttons(entry) ?? "", actions(entry) ?? ""));
  return node;
}

function wanted(platform) {
  const said = chatOf(platform);
  const language = current();
  if (!said.length) {
    const names = { name: person()?.name ?? "", brand: platform.brand.name };
    return [["none", `${platform.customer} ${language}`, () => make("p", { class: "s-empty" }, t("noPrivate", names))]];
  }
  const lastAnswer = said.findLast(isBrand)?.first ?? -1;
  const shown = said.slice(-MOST_SHOWN);
  const list = shown.map((entry) => {
    const answered = entry.first < lastAnswer;
    // A quoted message may change too.
    const origin = platform.entries.get(entry.reply_to)?.seq ?? "";
    return [entry.id, `${entry.seq} ${origin} ${answered} ${language}`, () => bubble(platform, entry, answered)];
  });
  const count = said.length - shown.length;
  if (count) list.unshift(["older", `${count} ${language}`, () => make("p", { class: "s-older" }, t("older", { count }))]);
  return list;
}

/** Draw the private side; follow its end when that is where the reader is, or when `toEnd`. */
export function drawPrivate({ toEnd = false } = {}) {
  const platform = here();
  const owner = platform.owners?.[platform.customer] ?? "us";
  find("s-control").hidden = !look().threadControl;
  for (const node of find("s-control").querySelectorAll("button")) {
    node.setAttribute("aria-pressed", `${node.dataset.to === owner}`);
  }
  find("s-typing").hidden = !isTyping(platform);
  const scroll = find("s-private-scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 160;
  reconcile(find("s-chat"), wanted(platform));
  if (toEnd || atEnd) scroll.scrollTop = scroll.scrollHeight;
}
