// Messages that the platform approved beforehand: choose one, fill it in, see what the customer will read.

import { byId, h } from "./dom.js";
import { t } from "./words.js";

const BLANK = /\{\{(\d+)\}\}/g;

export class Templates {
  /** `changed()`: another template, or another value. */
  constructor(changed) {
    this.changed = changed;
    this.offered = [];
    this.values = [];
    this.choice = byId("template-choice");
    this.fields = byId("template-fields");
    this.choice.addEventListener("change", () => this.fill());
  }

  /** An empty list where templates are no way to reach this customer. */
  show(view) {
    const { refusal } = view.ways.private ?? { refusal: { rule: "no_such_surface" } };
    const possible = !refusal || refusal.rule === "window_closed";
    const offered = possible ? view.templates : [];
    const print = JSON.stringify([view.key, offered]);
    if (this.print === print) return;
    this.print = print;
    this.offered = offered;
    this.choice.replaceChildren(...offered.map((one, number) => h("option", { value: number }, `${one.name} (${one.language})`)));
    const own = offered.findIndex((one) => one.language.split("_")[0] === view.language);
    this.choice.value = String(Math.max(0, own));
    this.fill();
  }

  get chosen() {
    return this.offered[Number(this.choice.value)];
  }

  fill() {
    const numbers = [...(this.chosen?.text ?? "").matchAll(BLANK)].map((found) => Number(found[1]));
    this.values = Array(Math.max(0, ...numbers)).fill("");
    this.fields.replaceChildren(
      ...this.values.map((_, number) =>
        h(
          "label",
          {},
          h("span", {}, t("template.value", { number: number + 1 })),
          h("input", {
            maxlength: 500,
            autocomplete: "off",
            oninput: (event) => {
              this.values[number] = event.target.value.trim();
              this.preview();
            },
          }),
        ),
      ),
    );
    this.preview();
  }

  preview() {
    const parts = (this.chosen?.text ?? "").split(/(\{\{\d+\}\})/).map((part) => {
      const number = Number(/^\{\{(\d+)\}\}$/.exec(part)?.[1]);
      if (!number) return part;
      return this.values[number - 1] ? h("b", {}, this.values[number - 1]) : h("mark", {}, part);
    });
    byId("template-preview").replaceChildren(...parts);
    this.changed();
  }

  get ready() {
    return Boolean(this.chosen) && this.values.every(Boolean);
  }

  get text() {
    return this.chosen.text.replace(BLANK, (whole, number) => this.values[number - 1] || whole);
  }

  /** What the server is asked for. */
  get ask() {
    return { template: this.chosen.name, template_language: this.chosen.language, parameters: [...this.values] };
  }

  clear() {
    this.fill();
  }

  focus() {
    (this.fields.querySelector("input") ?? this.choice).focus();
  }
}
