// Starts the page: the language, the rail with the platforms, and which of them is shown.

import { find, make } from "./dom.js";
import { choose, current, remembered, t } from "./i18n.js";
import { PLATFORMS } from "./social/platforms.js";
import * as socialPage from "./social/main.js";
import { social } from "./social/store.js";
import * as telegram from "./telegram.js";

const TELEGRAM = { label: "Telegram", mark: "T" };
let shown = "telegram";

const known = (name) => name === "telegram" || social.platforms.has(name);
const asked = () => location.hash.slice(1);

function mark(count, kind, key) {
  if (!count) return null;
  return make("span", { class: `rail-badge ${kind}`, "aria-label": t(key, { count }) }, count > 99 ? "99+" : `${count}`);
}

function railItem(name) {
  const { label, mark: letters } = PLATFORMS[name] ?? TELEGRAM;
  const { unread, violations } = name === "telegram" ? { unread: telegram.unread() } : socialPage.marks(name);
  const tile = make("span", { class: `rail-mark ${name}`, "aria-hidden": "true" }, letters);
  const words = make("span", { class: "rail-name" }, label);
  const node = make(
    "a",
    { href: `#${name}`, "aria-current": name === shown ? "page" : null },
    tile,
    words,
    mark(violations, "broken", violations === 1 ? "brokenRule" : "brokenRules"),
    mark(unread, "unread", "unread"),
  );
  return make("li", {}, node);
}

let due = null;
function drawRail() {
  due ??= setTimeout(() => {
    due = null;
    const rail = find("rail");
    const focused = rail.contains(document.activeElement) ? document.activeElement.hash : null;
    rail.replaceChildren(...["telegram", ...social.platforms.keys()].map(railItem));
    if (focused) rail.querySelector(`[href="${focused}"]`)?.focus();
  }, 50);
}

function drawTitle() {
  document.title = `${(PLATFORMS[shown] ?? TELEGRAM).label} · ${t("title")}`;
}

function show(name) {
  shown = name;
  document.body.dataset.platform = name;
  const isTelegram = name === "telegram";
  find("telegram").hidden = !isTelegram;
  find("status").hidden = !isTelegram;
  find("social").hidden = isTelegram;
  find("skip").href = isTelegram ? "#composer-text" : "#s-compose";
  drawTitle();
  if (isTelegram) socialPage.hide();
  else socialPage.show(name);
  drawRail();
}

function pressLanguage() {
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", `${node.dataset.language === current()}`);
  }
}

function wire() {
  for (const node of document.querySelectorAll("[data-language]")) {
    node.addEventListener("click", () => {
      choose(node.dataset.language);
      pressLanguage();
      telegram.redraw();
      socialPage.redraw();
      drawRail();
      drawTitle();
    });
  }
  // Any other hash belongs to a link within the page.
  addEventListener("hashchange", () => { if (known(asked())) show(asked()); });
  find("skip").addEventListener("click", (event) => {
    event.preventDefault();
    const field = [...document.querySelectorAll("#composer-text, .s-composer textarea")].find((one) => one.checkVisibility());
    field?.focus();
  });
}

choose(remembered());
pressLanguage();
wire();
await Promise.all([telegram.start(drawRail), socialPage.start(drawRail)]);
show(known(asked()) ? asked() : "telegram");
