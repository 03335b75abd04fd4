// The platform's side: broken rules, how delivery goes, the dials and mishaps.

import { find, make } from "../dom.js";
import { has, t, time } from "../i18n.js";
import * as api from "./api.js";
import { here } from "./store.js";

const SHARES = ["duplicate_share", "reorder_share", "error_share", "timeout_after_send_share", "echo_first_share"];
// Where a number's field ends and how far one step goes; the sandbox checks the rest.
const NUMBERS = {
  batch_max: [1, 1000, 1], latency_s: [0, 30, 0.1], hang_s: [0, 120, 1], echo_delay_s: [0, 60, 0.1],
  limit_per_second: [0, 10000, 0.1], fail_code: [0, 100000000, 1], clock_offset_h: [-8760, 8760, 0.5],
};
const ZERO_IS_OFF = ["limit_per_second", "fail_code"];
const KIND = {
  in_order: true, batch_max: 1, duplicate_share: 0, reorder_share: 0, error_share: 0, timeout_after_send_share: 0,
  echo_delay_s: 0, echo_first_share: 0, latency_s: 0, limit_per_second: 0, fail_code: 0, window_check: true,
  clock_offset_h: 0,
};
const BAD_DAY = {
  ...KIND, batch_max: 20, duplicate_share: 0.2, reorder_share: 0.2, error_share: 0.15, timeout_after_send_share: 0.05,
  echo_delay_s: 0.5, echo_first_share: 0.2, latency_s: 0.4,
};

const nameOf = (dial) => (has(dial) ? t(dial) : dial);
let redraw = () => {};

async function turn(changes) {
  const platform = here();
  const said = find("s-dials-said");
  try {
    platform.dials = await api.turn(platform.name, changes);
    said.textContent = t("saved");
  } catch (error) {
    said.textContent = t("failed", { why: error.message });
  }
  showDials();
}

function share(name) {
  const input = make("input", { type: "range", min: 0, max: 100, step: 5, name, "aria-label": nameOf(name) });
  const shown = make("span", { class: "shown" });
  input.addEventListener("input", () => { shown.textContent = `${input.value} %`; });
  input.addEventListener("change", () => turn({ [name]: input.value / 100 }));
  return make("label", { class: "dial" }, make("span", {}, nameOf(name)), shown, input);
}

function toggle(name) {
  const input = make("input", { type: "checkbox", name });
  input.addEventListener("change", () => turn({ [name]: input.checked }));
  return make("label", { class: "dial" }, make("span", {}, nameOf(name)), input);
}

function number(name) {
  const [min, max, step] = NUMBERS[name] ?? [0, 1000000, "any"];
  const input = make("input", { type: "number", min, max, step, name });
  input.addEventListener("change", () => {
    if (input.reportValidity() && input.value !== "") turn({ [name]: input.valueAsNumber });
  });
  const words = make("span", {}, nameOf(name), ZERO_IS_OFF.includes(name) ? make("small", {}, t("offZero")) : null);
  return make("label", { class: "dial" }, words, input);
}

/** Build the dials that this platform has, in the chosen language. */
function drawDials() {
  const made = Object.entries(here().dials).map(([name, value]) => {
    if (typeof value === "boolean") return toggle(name);
    return SHARES.includes(name) ? share(name) : number(name);
  });
  find("s-dials").replaceChildren(...made);
  showDials();
}

/** Set the dials as the sandbox says they are. */
export function showDials() {
  const { dials } = here();
  for (const input of find("s-dials").elements) {
    if (input === document.activeElement && input.type === "number") continue;
    const value = dials[input.name];
    if (input.type === "checkbox") input.checked = value;
    else if (input.type === "range") {
      input.value = value * 100;
      input.parentElement.querySelector(".shown").textContent = `${Math.round(value * 100)} %`;
    } else if (input.name) input.value = value;
  }
}

function drawViolations(platform, state) {
  const names = (found) => platform.people.get(found.customer)?.name ?? found.customer;
  const items = state.violations.slice(-50).toReversed().map((found) => make(
    "li",
    {},
    make("b", {}, has(`rule_${found.rule}`) ? t(`rule_${found.rule}`) : found.rule),
    make("small", {}, [names(found), time(found.at)].filter(Boolean).join(" · ")),
  ));
  find("s-violations").replaceChildren(
    ...items.length ? items : [make("li", { class: "none" }, t("brokenNone", { platform: platform.label }))],
  );
}

/** The pill in the head, the red badge, and the facts in the drawer. */
export function drawState() {
  const platform = here();
  const state = platform.state;
  if (!state) return;
  const { webhook, waiting } = state;
  let [look, words] = ["good", t("statusTaken")];
  if (state.revoked) [look, words] = ["bad", t("statusRevoked")];
  else if (!webhook.url || webhook.valid === false) [look, words] = ["wait", t("statusUnset")];
  else if (waiting && webhook.last_error) [look, words] = ["bad", t("statusDownSocial")];
  else if (waiting) [look, words] = ["wait", t("statusWaiting", { count: waiting })];
  const pill = find("s-status");
  pill.className = `pill ${look}`;
  if (pill.textContent !== words) pill.textContent = words;
  const count = state.violation_count;
  const badge = find("s-broken");
  badge.hidden = count === 0;
  badge.textContent = t(count === 1 ? "brokenRule" : "brokenRules", { count });
  if (find("s-drawer").hidden) return;
  drawViolations(platform, state);
  const facts = [
    ["webhook", webhook.url || t("noWebhook")],
    ["pending", `${waiting}`],
    ["takenEvents", `${state.taken}`],
    ["lostEvents", `${state.lost ?? 0}`],
    ["lastError", webhook.last_error || t("noError")],
  ];
  find("s-delivery").replaceChildren(...facts.flatMap(([key, value]) => [make("dt", {}, t(key)), make("dd", {}, value)]));
  find("s-revoke").textContent = t(state.revoked ? "restore" : "revoke");
}

/** Fill the drawer for the platform and language that are shown. */
export function drawDrawer() {
  const platform = here();
  find("s-drawer-title").textContent = t("settings", { platform: platform.label });
  find("s-open-drawer").setAttribute("aria-label", t("settings", { platform: platform.label }));
  find("s-open-drawer").title = t("settings", { platform: platform.label });
  find("s-dials-said").textContent = "";
  find("s-mishap-said").textContent = "";
  drawDials();
  drawState();
}

function toggleDrawer(open, focusOn) {
  const drawer = find("s-drawer");
  if (drawer.hidden !== open) return;
  drawer.hidden = !open;
  find("s-open-drawer").setAttribute("aria-expanded", `${open}`);
  if (open) {
    redraw();
    focusOn.focus();
  } else find("s-open-drawer").focus();
}

export const closeDrawer = () => {
  find("s-drawer").hidden = true;
  find("s-open-drawer").setAttribute("aria-expanded", "false");
};

/** `refresh` asks the sandbox for the state of the platform that is shown. */
export function wireDrawer(refresh) {
  redraw = () => { drawDrawer(); refresh(); };
  const close = find("s-close-drawer");
  find("s-open-drawer").addEventListener("click", () => toggleDrawer(find("s-drawer").hidden, close));
  find("s-broken").addEventListener("click", () => toggleDrawer(true, close));
  close.addEventListener("click", () => toggleDrawer(false));
  find("s-drawer").addEventListener("keydown", (event) => { if (event.key === "Escape") toggleDrawer(false); });
  find("s-dials").addEventListener("submit", (event) => event.preventDefault());
  find("s-preset-kind").addEventListener("click", () => turn(KIND));
  find("s-preset-bad").addEventListener("click", () => turn(BAD_DAY));
  const mishap = (action) => async () => {
    const said = find("s-mishap-said");
    try {
      said.textContent = (await action(here())) ?? t("done");
    } catch (error) {
      said.textContent = t("failed", { why: error.message });
    }
    refresh();
  };
  find("s-revoke").addEventListener("click", mishap(async (platform) => {
    await api.revoke(platform.name, { revoked: !platform.state?.revoked });
  }));
  find("s-unsubscribe").addEventListener("click", mishap(async (platform) => { await api.unsubscribe(platform.name); }));
  find("s-crowd").addEventListener("submit", (event) => {
    event.preventDefault();
    mishap(async (platform) => {
      const { entries } = await api.many(platform.name, { count: find("s-crowd-count").valueAsNumber });
      return t("crowdDone", { count: entries.length });
    })();
  });
}
