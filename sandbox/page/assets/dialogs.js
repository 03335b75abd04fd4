// Making a customer or a group.

import * as api from "./api.js";
import { find, make } from "./dom.js";
import { t } from "./i18n.js";
import { store } from "./store.js";

function wire(dialog, opener, prepare, read, created) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".error");
  opener.addEventListener("click", () => {
    form.reset();
    problem.textContent = "";
    prepare();
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const chat = await api.create(read(form));
      dialog.close();
      created(chat);
    } catch (error) {
      problem.textContent = t("failed", { why: error.message });
    }
  });
}

/** `created` gets the new chat. */
export function wireDialogs(created) {
  wire(find("customer-dialog"), find("open-customer"), () => {}, (form) => ({
    name: form.elements.name.value,
    language_code: form.elements.language_code.value,
  }), created);
  wire(find("group-dialog"), find("open-group"), () => {
    const people = [...store.chats.values()].filter((chat) => !chat.group).slice(0, 12);
    find("group-members").replaceChildren(
      ...people.map((chat, index) => {
        const box = make("input", { type: "checkbox", name: "members", value: chat.chat_id, checked: index < 2 });
        return make("label", { class: "choice" }, box, make("span", {}, chat.title));
      }),
    );
  }, (form) => ({
    title: form.elements.title.value,
    members: [...form.querySelectorAll("[name=members]:checked")].map((box) => Number(box.value)),
  }), created);
}
