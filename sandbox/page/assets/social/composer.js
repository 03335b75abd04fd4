// The places to write: for the customer, and for a person of the brand who uses the platform's own app.

import { button, find, make } from "../dom.js";
import { t } from "../i18n.js";
import * as api from "./api.js";
import { COUNTING } from "./count.js";
import { look, nameOf } from "./entry.js";
import { openMenu } from "./menu.js";
import { AUTHORITIES, IMAGES, mentionOf } from "./platforms.js";
import { here, person } from "./store.js";

const ICONS = {
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  tag: "M16 12a4 4 0 1 1-4-4 4 4 0 0 1 4 4v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-4 7.5",
  send: "M4 12l16-8-6 16-3-7z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** One pane's composer. `attempt` runs an action and says when it fails; `wrote` is called after something was sent. */
export function makeComposer(surface, { attempt, wrote }) {
  // Per platform and customer: what was typed, who types, what is answered or edited, whom it tags.
  const drafts = new Map();
  const draft = () => {
    const key = `${here().name} ${here().customer}`;
    if (!drafts.has(key)) drafts.set(key, { text: "", byHand: false, doing: null, tags: [] });
    return drafts.get(key);
  };
  let drawn = null;

  const asCustomer = button("", () => hand(false), { class: "s-hand customer" });
  const asBrand = button("", () => hand(true), { class: "s-hand brand" });
  const hands = make("div", { class: "s-hands", role: "group" }, asCustomer, asBrand);
  const hint = make("p", { class: "s-hand-hint" });
  const doingText = make("p", { dir: "auto" });
  const stop = button("", () => { stopDoing(); text.focus(); }, { class: "quiet" });
  const doing = make("div", { class: "s-doing" }, doingText, stop);
  const tags = make("div", { class: "s-tags" });
  const id = `s-${surface}-text`;
  const label = make("label", { class: "unseen", for: id });
  const text = make("textarea", { id, rows: 1, enterkeyhint: "send", dir: "auto", "aria-describedby": `${id}-count` });
  const counter = make("span", { class: "s-counter", id: `${id}-count` });
  const imageOpener = button(icon("image"), (event) => openImages(event.currentTarget), { class: "icon", "aria-haspopup": "true", "aria-expanded": "false" });
  const tagOpener = button(icon("tag"), (event) => openTags(event.currentTarget), { class: "icon", "aria-haspopup": "true", "aria-expanded": "false" });
  const submit = make("button", { type: "submit", class: "s-send" }, icon("send"));
  const row = make("div", { class: "s-write" }, imageOpener, tagOpener, text, counter, submit);
  const form = make("form", { class: "s-composer", autocomplete: "off" }, label, hint, doing, tags, row);
  const node = make("div", { class: "s-compose" }, hands, form);

  /** The text as it will stand there: with whom it tags, and with the mention without which the brand sees nothing. */
  function full() {
    const one = draft();
    const platform = here();
    const words = text.value.trim();
    if (surface === "private" || one.byHand || one.doing?.kind === "edit") return words;
    const elsewhere = look().timeline || !platform.post || platform.posts.find((post) => post.id === platform.post)?.owner;
    const mention = mentionOf(platform);
    const missing = words && elsewhere && !one.doing && !words.includes(mention);
    return [missing && mention, words, ...one.tags.filter((handle) => !words.includes(handle))].filter(Boolean).join(" ");
  }

  function count() {
    const known = here().limits?.[surface];
    const [most, unit] = known ? [known.length, known.unit] : look().limits[surface];
    const left = most - (COUNTING[unit] ?? COUNTING.characters)(full());
    counter.textContent = `${left}`;
    counter.title = `${t(left < 0 ? "over" : "left", { count: Math.abs(left) })} · ${t(`unit_${unit}`)}`;
    counter.setAttribute("aria-label", counter.title);
    counter.style.setProperty("--used", `${Math.min(100, Math.max(0, 100 - (left / most) * 100))}%`);
    counter.classList.toggle("near", left >= 0 && left <= Math.max(20, most * 0.05));
    counter.classList.toggle("over", left < 0);
    const one = draft();
    const unpicked = one.byHand && surface === "public" && one.doing === null;
    submit.disabled = left < 0 || unpicked;
    return left >= 0 && !unpicked;
  }

  function grow() {
    text.style.height = "";
    if (text.value) text.style.height = `${text.scrollHeight + 2}px`;
  }

  function keep() {
    draft().text = text.value;
    grow();
    count();
  }

  function setText(words) {
    text.value = words;
    keep();
  }

  function hand(byHand) {
    const one = draft();
    if (one.byHand !== byHand) one.doing = null;
    one.byHand = byHand;
    draw();
    text.focus();
  }

  function stopDoing() {
    if (draft().doing?.kind === "edit") setText("");
    draft().doing = null;
    draw();
  }

  function begin(kind, entry, byHand = false) {
    const one = draft();
    Object.assign(one, { byHand, doing: { kind, entry } });
    if (kind === "edit") one.text = entry.text;
    text.value = one.text;
    draw();
    form.scrollIntoView({ block: "nearest" });
    text.focus();
  }

  function openTags(opener) {
    const one = draft();
    const items = AUTHORITIES.map((handle) => ({
      label: handle,
      pressed: one.tags.includes(handle),
      pick: () => {
        one.tags = one.tags.includes(handle) ? one.tags.filter((other) => other !== handle) : [...one.tags, handle];
        draw();
      },
    }));
    const { name } = here().brand;
    const mention = `${mentionOf(here())} `;
    const add = () => { setText(text.value.includes(mention) ? text.value : `${mention}${text.value}`); text.focus(); };
    openMenu(opener, t("tag"), [{ label: t("mentionBrand", { brand: name }), pick: add }, ...items]);
  }

  function openImages(opener) {
    openMenu(opener, t("image"), Object.entries(IMAGES).map(([key, file]) => ({
      label: t(key), pick: () => send(`${location.origin}/sandbox/assets/images/${file}`),
    })));
  }

  /** The words for what is being answered or edited. */
  function what({ kind, entry }, byHand) {
    if (kind === "edit") return t("editing");
    const names = { name: nameOf(entry), brand: here().brand.name, text: entry.text || t("photo") };
    if (kind === "quote") return t("quoting", names);
    return t(byHand ? "answeringTo" : "replyingTo", names);
  }

  function promptWords(one) {
    const names = { name: person()?.name ?? "", brand: here().brand.name, app: look().app };
    if (one.byHand) return t("writeBrand", names);
    if (surface === "private") return t("writePrivate", names);
    if (one.doing?.kind === "reply") return t("writeReply", names);
    return t(look().timeline || !here().post ? "writePost" : "writeComment", names);
  }

  function draw() {
    const platform = here();
    const one = draft();
    // An entry that is gone can't be answered any more.
    if (one.doing && platform.entries.get(one.doing.entry.id)?.deleted) one.doing = null;
    if (drawn !== one) {
      drawn = one;
      text.value = one.text;
    }
    const names = { name: person()?.name ?? "", brand: platform.brand.name, app: look().app };
    form.classList.toggle("by-hand", one.byHand);
    hands.setAttribute("aria-label", t("writeAs"));
    asCustomer.textContent = t("asCustomer", names);
    asBrand.textContent = t("asBrand", names);
    asBrand.title = t("asBrandLong", names);
    asCustomer.setAttribute("aria-pressed", `${!one.byHand}`);
    asBrand.setAttribute("aria-pressed", `${one.byHand}`);
    const unpicked = one.byHand && surface === "public" && one.doing === null;
    hint.hidden = !one.byHand;
    hint.replaceChildren(make("b", {}, t("asBrandLong", names)), unpicked ? t("pickFirst") : t("asBrandHint"));
    doing.hidden = one.doing === null;
    if (one.doing) doingText.textContent = what(one.doing, one.byHand);
    stop.textContent = t("cancel");
    const tagging = surface === "public" && !one.byHand && one.doing?.kind !== "edit";
    tags.hidden = !tagging || !one.tags.length;
    tags.replaceChildren(...one.tags.map((handle) => button(`${handle} ✕`, () => {
      one.tags = one.tags.filter((other) => other !== handle);
      draw();
      text.focus();
    }, { "aria-label": t("tagged", { handle }) })));
    tagOpener.hidden = !tagging;
    tagOpener.setAttribute("aria-label", t("tag"));
    tagOpener.title = t("tag");
    imageOpener.hidden = one.byHand || one.doing?.kind === "edit";
    imageOpener.setAttribute("aria-label", t("image"));
    imageOpener.title = t("image");
    label.textContent = promptWords(one);
    text.placeholder = promptWords(one);
    submit.setAttribute("aria-label", t(one.doing?.kind === "edit" ? "save" : "send"));
    grow();
    count();
  }

  async function send(image = null) {
    const platform = here();
    const one = draft();
    const words = text.value.trim();
    if ((!words && !image) || !count()) return;
    const { doing: task, tags: called, byHand } = one;
    // Cleared at once, so that a fast writer's next words are not cleared with these.
    Object.assign(one, { text: "", doing: null, tags: [] });
    text.value = "";
    draw();
    const sent = await attempt(() => {
      if (task?.kind === "edit") return api.edit(platform.name, { id: task.entry.id, text: words });
      const body = { customer: platform.customer, surface, text: words };
      if (task) body[task.kind === "quote" ? "post" : "reply_to"] = task.entry.id;
      // Whose case it is goes by whom the brand answers.
      if (byHand) return api.brand(platform.name, { ...body, customer: task?.entry.customer ?? platform.customer });
      if (surface === "public" && !task && platform.post && !look().timeline) body.post = platform.post;
      // Away from the brand's posts only a mention reaches it; X puts it there by itself.
      const mention = mentionOf(platform);
      if (surface === "public" && !task && !platform.post && !words.includes(mention)) body.text = `${mention} ${words}`;
      if (surface === "public" && called.length) body.tag = called;
      if (image) body.image = image;
      return api.write(platform.name, body);
    });
    if (sent) wrote(surface);
    else if (!one.text && !one.doing) {
      Object.assign(one, { text: words, doing: task, tags: called });
      if (draft() === one) {
        text.value = words;
        draw();
      }
    }
  }

  text.addEventListener("input", keep);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && draft().doing) {
      event.stopPropagation();
      stopDoing();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  find(`s-${surface}-compose`).replaceWith(node);
  return { draw, begin, focus: () => text.focus() };
}
