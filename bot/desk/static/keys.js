// Single-key shortcuts: never while the agent writes, and switched off by who does not want them.

import { byId, stored } from "./dom.js";

const OFF = "sigap.shortcuts";

/** `actions`: key → what it does. */
export function startKeys(actions) {
  const help = byId("help");
  const enabled = byId("shortcuts");
  enabled.checked = stored.get(OFF) !== "off";
  enabled.addEventListener("change", () => stored.set(OFF, enabled.checked ? "" : "off"));
  byId("help-open").addEventListener("click", () => help.showModal());

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Escape" && target.closest("textarea")) {
      target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || !enabled.checked) return;
    if (target.closest("textarea, select, input:not([type=radio])")) return;
    if (key.startsWith("Arrow") && target.closest("#transcript, input")) return; // they scroll and choose there
    if (key === "?") help.showModal();
    else if (actions[key]) actions[key]();
    else return;
    event.preventDefault();
  });
}
