// Tells everybody at the desk of channels that are not well: which, what is wrong, what to do.

import { get } from "./api.js";
import { byId, h, show, stored } from "./dom.js";
import { named, t } from "./words.js";

const EVERY_MS = 60_000;
const FOLDED = "sigap.ill.folded"; // what was wrong when the agent folded it away

export function startBanner() {
  const banner = byId("ill");
  let print = "[]";

  // Before it folds, and not when a browser gets round to telling: the page may be gone by then.
  byId("ill-summary").addEventListener("click", () => stored.set(FOLDED, banner.open ? print : ""));

  function draw(ill) {
    const fresh = JSON.stringify(ill);
    if (fresh === print) return;
    print = fresh;
    const names = ill.map(({ channel }) => named("channel", channel)).join(", ");
    byId("ill-summary").textContent = ill.length ? t("ill.summary", { names }) : "";
    byId("ill-list").replaceChildren(
      ...ill.map(({ channel, detail, fix }) =>
        h(
          "div",
          {},
          h("dt", {}, named("channel", channel)),
          h("dd", {}, h("span", { dir: "auto" }, detail), fix ? h("span", { class: "fix", dir: "auto" }, t("ill.fix", { fix })) : null),
        ),
      ),
    );
    show(banner, ill.length > 0);
    banner.open = stored.get(FOLDED) !== print;
  }

  async function look() {
    try {
      draw((await get("channels")).ill);
    } catch {
      // The live sign tells when the desk itself is cut off.
    }
  }

  look();
  setInterval(look, EVERY_MS);
}
