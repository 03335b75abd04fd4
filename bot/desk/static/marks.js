// Small things that several parts of the page show alike.

import { h } from "./dom.js";
import { t } from "./words.js";

/** Everybody can read it. */
export const publicMark = () => h("span", { class: "public-mark", title: t("surface.public_why") }, t("surface.public"));

/** A link to another site, or nothing when the address is none. The other site learns neither page nor window. */
export function outside(address, words) {
  if (!/^https?:\/\//i.test(address ?? "")) return null;
  return h("a", { class: "outside", href: address, target: "_blank", rel: "noopener noreferrer" }, words);
}

/** The other app that holds a thread, where the platform names it. */
export const appName = (app) => (app === "another app" ? t("control.another") : app);
