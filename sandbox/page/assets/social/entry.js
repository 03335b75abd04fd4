// The parts of an entry that the public thread and the private chat have in common.

import { button, initials, link, make } from "../dom.js";
import { t } from "../i18n.js";
import { openMenu } from "./menu.js";
import { PLATFORMS } from "./platforms.js";
import { here } from "./store.js";

/** What a person does with an entry; main.js fills these in. */
export const acts = { reply() {}, quote() {}, byHand() {}, edit() {}, remove() {}, react() {}, tap() {} };

export const look = () => PLATFORMS[here().name];
export const isBrand = (entry) => entry.author !== "customer";
export const isMine = (entry) => !isBrand(entry) && entry.customer === here().customer;
export const nameOf = (entry) => entry.name || t("noName");

const MARKED = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)]|[@#][\p{L}\p{N}_.]*[\p{L}\p{N}_])/gu;

/** Text with its addresses, mentions and tags marked. */
export function words(text) {
  const parts = text.split(MARKED).map((part, index) => {
    if (index % 2 === 0) return part;
    if (/^https?:/i.test(part)) return link(part, part);
    return make("span", { class: "s-mention" }, part);
  });
  return make("p", { class: "s-text", dir: "auto" }, ...parts);
}

/** A round mark; the colour depends on who it is. */
export function avatar(name, id, brand = false) {
  const hue = [...`${id}`].reduce((sum, character) => sum + character.charCodeAt(0), 0) % 6;
  const inner = make("span", { class: brand ? "s-face brand" : `s-face hue-${hue}` }, initials(name || "?"));
  return make("span", { class: "s-avatar", "aria-hidden": "true" }, inner);
}

/** An image; when it is there, a reader at the end of the talk stays at its end. */
function image(src, alt) {
  const node = make("img", { class: "s-image", src, alt });
  node.addEventListener("load", () => {
    const scroll = node.closest(".s-scroll");
    if (!scroll) return;
    const below = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
    if (below < node.offsetHeight + 160) scroll.scrollTop = scroll.scrollHeight;
  });
  return node;
}

export function attachments(entry) {
  return entry.attachments.map(({ kind, url }) => {
    // Images from elsewhere are not loaded: the page takes nothing from other servers.
    const own = url?.startsWith(`${location.origin}/`);
    if (kind === "image" && own) return image(url, t("imageLong", { name: nameOf(entry) }));
    return make("p", { class: "s-file" }, make("b", {}, kind), " ", url ? link(url, url) : "");
  });
}

/** The brand's buttons; a tap goes out as the chosen customer. */
export function buttons(entry) {
  if (!entry.buttons.length) return null;
  const made = entry.buttons.map(({ key, title, url }) => {
    if (url) return link(url, title);
    return button(title, (event) => acts.tap(entry, key, event.currentTarget), { "data-act": `tap-${key}` });
  });
  return make("div", { class: "s-buttons" }, ...made);
}

/** Small words beside the name: whose hand it was, and what kind of message. */
export function chips(entry) {
  const said = [];
  if (entry.author === "brand_app") said.push(t("byHand", { app: look().app }));
  if (entry.template) said.push(`${t("template")}: ${entry.template}`);
  if (entry.tag) said.push(t("humanTag"));
  if (entry.hidden) said.push(t("hiddenChip"));
  return said.map((text) => make("span", { class: "s-chip" }, text));
}

function allowed(entry, what) {
  const { can, editsRootsOnly } = look();
  if (!can[entry.surface]?.includes(what)) return false;
  return !(what === "edit" && editsRootsOnly && entry.reply_to);
}

/** What can be done with an entry, as small buttons. */
export function actions(entry) {
  const made = [];
  const add = (act, label, run, title) => made.push(button(label, run, { "data-act": act, "aria-label": title, title }));
  const name = nameOf(entry);
  // A reaction comes from the person whose thread it is.
  if (allowed(entry, "react") && isBrand(entry) && entry.customer === here().customer) {
    const { reactions } = look();
    add("react", t("react"), (event) => {
      const items = reactions.map((emoji) => ({
        label: emoji, title: t("reactWith", { emoji }), pick: () => acts.react(entry, emoji),
      }));
      if (entry.reaction) items.push({ label: "✕", title: t("takeBack"), pick: () => acts.react(entry, "") });
      openMenu(event.currentTarget, t("react"), items, "wide");
    });
    made.at(-1).setAttribute("aria-haspopup", "true");
  }
  if (allowed(entry, "reply")) add("reply", t("reply"), () => acts.reply(entry), t("replyTo", { name }));
  if (entry.surface === "public" && !isBrand(entry)) {
    const brand = here().brand.name;
    add("by-hand", t("answerByHand"), () => acts.byHand(entry), t("answerByHandLong", { name, brand, app: look().app }));
  }
  if (isMine(entry)) {
    if (entry.text && allowed(entry, "edit")) add("edit", t("edit"), () => acts.edit(entry));
    if (allowed(entry, "remove")) add("remove", t("remove"), () => acts.remove(entry));
  }
  return made.length ? make("div", { class: "s-actions" }, ...made) : null;
}

export function reaction(entry) {
  return entry.reaction ? make("span", { class: "s-reaction" }, entry.reaction) : null;
}
