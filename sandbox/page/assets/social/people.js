// The customers of a platform.

import { find, initials, make } from "../dom.js";
import { t, time } from "../i18n.js";
import { here, isTyping, lastOf } from "./store.js";

const MOST_SHOWN = 100;
const SEARCH_FROM = 12;

function preview(platform, last) {
  if (!last) return t("notStarted");
  if (last.deleted) return t("removed");
  const words = last.text || t("photo");
  return last.author === "customer" ? words : `${platform.brand.name}: ${words}`;
}

function row(platform, person, last, open) {
  const unread = platform.unread.get(person.id) ?? 0;
  const chosen = person.id === platform.customer;
  const hue = [...person.id].reduce((sum, character) => sum + character.charCodeAt(0), 0) % 6;
  const line = chosen && isTyping(platform) ? t("typing", { bot: platform.brand.name }) : preview(platform, last);
  const node = make(
    "button",
    { type: "button", "aria-current": chosen ? "true" : null, "data-person": person.id },
    make("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, initials(person.name)),
    make("span", { class: "person-name" }, person.name),
    make("span", { class: "person-time" }, last ? time(last.at) : ""),
    make("span", { class: "person-line" }, line),
    unread ? make("span", { class: "badge", "aria-label": t("newFrom", { count: unread }) }, `${unread}`) : null,
  );
  node.addEventListener("click", () => open(person.id));
  return make("li", {}, node);
}

/** Draw the list, newest first, without taking the focus from whoever is in it. */
export function drawPeople(open) {
  const platform = here();
  const list = find("s-people");
  const search = find("s-search");
  search.hidden = platform.people.size < SEARCH_FROM;
  const asked = search.hidden ? "" : search.value.trim().toLowerCase();
  const last = lastOf(platform);
  const people = [...platform.people.values()]
    .filter((person) => `${person.name} ${person.username}`.toLowerCase().includes(asked))
    .sort((one, other) => (last.get(other.id)?.first ?? 0) - (last.get(one.id)?.first ?? 0))
    .slice(0, MOST_SHOWN);
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.person : null;
  list.replaceChildren(...people.map((person) => row(platform, person, last.get(person.id), open)));
  if (focused) list.querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus();
}
