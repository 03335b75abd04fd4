// A small menu that opens over everything else and closes by itself.

import { button, find, make } from "../dom.js";

let open = null;

function close(focusBack) {
  if (!open) return;
  const { node, opener } = open;
  open = null;
  node.remove();
  opener.setAttribute("aria-expanded", "false");
  if (focusBack && opener.isConnected) opener.focus();
}

function place(node, opener) {
  const spot = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = node;
  const above = spot.top - height - 6;
  const top = above > 4 ? above : Math.min(spot.bottom + 6, innerHeight - height - 4);
  node.style.top = `${Math.max(4, top)}px`;
  node.style.left = `${Math.max(4, Math.min(spot.left, innerWidth - width - 4))}px`;
}

/** Open a menu at `opener`. `items`: { label, title?, pressed?, pick() }. `look` is a class for the menu. */
export function openMenu(opener, name, items, look = "") {
  const again = open?.opener === opener;
  close(false);
  if (again) return;
  const node = make("div", { class: `s-menu ${look}`, role: "group", "aria-label": name });
  for (const { label, title, pressed, pick } of items) {
    const attributes = { "aria-label": title, title, "aria-pressed": pressed === undefined ? null : `${pressed}` };
    node.append(button(label, () => { close(true); pick(); }, attributes));
  }
  open = { node, opener };
  opener.setAttribute("aria-expanded", "true");
  find("social").append(node);
  place(node, opener);
  node.querySelector("button")?.focus();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.node.contains(event.target) && !open.opener.contains(event.target)) close(false);
});
document.addEventListener("scroll", () => close(false), { capture: true, passive: true });
addEventListener("resize", () => close(false));
document.addEventListener("keydown", (event) => {
  if (!open) return;
  const buttons = [...open.node.children];
  const index = buttons.indexOf(document.activeElement);
  if (event.key === "Escape") close(true);
  else if (event.key === "ArrowDown" || event.key === "ArrowRight") buttons[(index + 1) % buttons.length].focus();
  else if (event.key === "ArrowUp" || event.key === "ArrowLeft") buttons.at(index - 1).focus();
  else return;
  event.preventDefault();
});
