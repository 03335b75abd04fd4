// The platform's side: how delivery goes, and the dials.

import * as api from "./api.js";
import { find, make } from "./dom.js";
import { t, time } from "./i18n.js";
import { store } from "./store.js";

const SHARES = ["duplicate_share", "reorder_share", "error_share", "timeout_after_send_share"];
const NUMBERS = { latency_s: [0, 30, 0.1], per_chat_per_second: [0, 1000, 0.1], overall_per_second: [0, 10000, 1] };
const LIMITS = ["per_chat_per_second", "overall_per_second"];
const KIND = {
  duplicate_share: 0, reorder_share: 0, error_share: 0, timeout_after_send_share: 0, latency_s: 0,
  per_chat_per_second: 1, overall_per_second: 30, in_order: true,
};
const BAD_DAY = { ...KIND, duplicate_share: 0.2, reorder_share: 0.2, error_share: 0.15, timeout_after_send_share: 0.05, latency_s: 0.4 };

async function turn(changes) {
  const said = find("dials-said");
  try {
    await api.turn(changes);
    said.textContent = t("saved");
  } catch (error) {
    said.textContent = t("failed", { why: error.message });
    showDials();
  }
}

function share(name) {
  const input = make("input", { type: "range", min: 0, max: 100, step: 5, name, "aria-label": t(name) });
  const shown = make("span", { class: "shown" });
  input.addEventListener("input", () => { shown.textContent = `${input.value} %`; });
  input.addEventListener("change", () => turn({ [name]: input.value / 100 }));
  return make("label", { class: "dial" }, make("span", {}, t(name)), shown, input);
}

function number(name) {
  const [min, max, step] = NUMBERS[name];
  const input = make("input", { type: "number", min, max, step, name });
  input.addEventListener("change", () => {
    if (input.reportValidity() && input.value !== "") turn({ [name]: input.valueAsNumber });
  });
  const words = make("span", {}, t(name), LIMITS.includes(name) ? make("small", {}, t("off")) : null);
  return make("label", { class: "dial" }, words, input);
}

/** Build the dials in the chosen language. */
export function drawDials() {
  const inOrder = make("input", { type: "checkbox", name: "in_order" });
  inOrder.addEventListener("change", () => turn({ in_order: inOrder.checked }));
  const order = make("label", { class: "dial" }, make("span", {}, t("in_order")), inOrder);
  find("dials").replaceChildren(...SHARES.map(share), order, ...Object.keys(NUMBERS).map(number));
  showDials();
}

/** Set the dials as the sandbox says they are. */
export function showDials() {
  for (const input of find("dials").elements) {
    if (input === document.activeElement && input.type === "number") continue;
    const value = store.dials[input.name];
    if (input.type === "checkbox") input.checked = value;
    else if (input.type === "range") {
      input.value = value * 100;
      input.parentElement.querySelector(".shown").textContent = `${Math.round(value * 100)} %`;
    } else if (input.name) input.value = value;
  }
}

export function wirePresets() {
  find("dials").addEventListener("submit", (event) => event.preventDefault());
  find("preset-kind").addEventListener("click", () => turn(KIND));
  find("preset-bad").addEventListener("click", () => turn(BAD_DAY));
}

/** How the bot gets its updates: the pill in the head and the facts in the panel. */
export function drawStatus() {
  const status = store.status;
  const pill = find("status");
  const stuck = status.url && status.pending_update_count > 0 && status.last_error_message;
  let look = "wait";
  let words = t("statusNone");
  if (!store.connected) [look, words] = ["bad", t("statusLost")];
  else if (stuck) [look, words] = ["bad", t("statusDown")];
  else if (status.url) [look, words] = ["good", t("statusOk")];
  else if (status.polling) [look, words] = ["good", t("statusPolling")];
  pill.className = `pill ${look}`;
  // The same words again would be read out again.
  if (pill.textContent !== words) pill.textContent = words;
  const error = status.last_error_message
    ? `${status.last_error_message} (${time(status.last_error_date * 1000)})`
    : t("noError");
  const facts = [
    ["webhook", status.url || t("noWebhook")],
    ["pending", `${status.pending_update_count}`],
    ["connections", `${status.max_connections ?? "–"}`],
    ["lastError", error],
  ];
  find("delivery").replaceChildren(
    ...facts.flatMap(([key, value]) => [make("dt", {}, t(key)), make("dd", {}, value)]),
  );
}
