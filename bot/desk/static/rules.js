// Rules of the platforms and of the brand, in plain words: what is forbidden, what is legal instead, who says so.

import { h } from "./dom.js";
import { outside } from "./marks.js";
import { named, readable, t } from "./words.js";

const slug = (name) => name.toLowerCase().replace(/\W+/g, "_");

/** `detail`: the limit of a text that is too long ("280 bytes"), or what was found too personal ("amount, address"). */
export function ruleWords(rule, detail = "") {
  let said = detail;
  if (rule === "too_long") {
    const [limit, ...unit] = detail.split(" ");
    said = `${limit} ${unitWords(unit.join(" "))}`;
  } else if (rule === "personal_in_public") {
    said = detail.split(", ").map(personalWords).join(", ");
  }
  const sentence = t(`error.rule_${rule}`, { detail: said });
  return sentence.startsWith("error.") ? readable(rule) : sentence;
}

export const personalWords = (kind) => word("personal", kind);

export const stepWords = (step) => t(`step.${step}`);

export const unitWords = (unit) => word("unit", unit);

function word(group, name) {
  const found = named(group, slug(name));
  return found === readable(slug(name)) ? name : found;
}

/** Why the assistant stepped back, beyond the reason itself. */
export function handoffDetail(reason, detail) {
  if (reason === "policy") return detail && ruleWords(detail);
  if (reason === "triage") return detail && named("risk", detail);
  return reason === "opted_out" ? "" : detail; // the reason says it all
}

/** The words of a refusal. `instead`: {label, act} of a button that does what is legal, where the page can. */
export function refusalWords({ rule, next_step: step, source, detail }, instead = null) {
  return [
    h("span", { class: "why" }, ruleWords(rule, detail)),
    instead
      ? h("button", { type: "button", class: "quiet", onclick: instead.act }, instead.label)
      : step && h("span", { class: "instead" }, stepWords(step)),
    outside(source, t("rule.source")),
  ].filter(Boolean);
}
