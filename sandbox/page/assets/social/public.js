// What everyone sees: the brand's posts and what people wrote under them, or X's timeline.

import { button, find, make } from "../dom.js";
import { current, day, t, time } from "../i18n.js";
import { actions, acts, attachments, avatar, chips, isBrand, isMine, look, nameOf, reaction, words } from "./entry.js";
import { reconcile } from "./reconcile.js";
import { here, person, threadsOf } from "./store.js";

// A replay writes thousands of comments; a screen of this many is plenty.
const MOST_SHOWN = 150;

const clock = (at) => make("time", { datetime: new Date(at).toISOString() }, time(at));

function heading(entry, platform) {
  const brand = isBrand(entry);
  const who = brand ? platform.brand : platform.people.get(entry.customer);
  const username = who?.username;
  return make(
    "p",
    { class: "s-who" },
    make("b", { class: "s-name" }, nameOf(entry)),
    brand ? make("span", { class: "s-owner" }, t("author")) : null,
    username ? make("span", { class: "s-handle" }, `@${username}`) : null,
    ...reach(who ?? {}),
    make("span", { class: "s-when head" }, clock(entry.at)),
    ...chips(entry),
  );
}

/** How far somebody is heard, where that is known. */
function reach({ followers, verified }) {
  const said = [];
  if (verified) said.push(t("verified"));
  if (followers) said.push(t("followers", { count: followers.toLocaleString(current()) }));
  return said.map((text) => make("span", { class: "s-handle" }, text));
}

function row(platform, entry, depth) {
  const brand = isBrand(entry);
  const kind = `${brand ? "by-brand" : ""} ${entry.author === "brand_app" ? "by-hand" : ""} ${isMine(entry) ? "mine" : ""}`;
  const node = make("article", { class: `s-row depth-${depth} ${kind}`, "data-id": entry.id });
  node.append(avatar(nameOf(entry), brand ? platform.brand.id : entry.customer, brand));
  if (entry.deleted) {
    node.append(make("p", { class: "s-gone" }, t(look().timeline ? "postGone" : "commentGone")));
    return node;
  }
  if (entry.hidden) node.classList.add("hidden-entry");
  const card = make("div", { class: "s-card" }, heading(entry, platform));
  if (entry.text) card.append(words(entry.text));
  const quoted = look().timeline && entry.id === entry.root ? platform.posts.find((post) => post.id === entry.post) : null;
  if (quoted) card.append(make("blockquote", { class: "s-quote" }, make("b", {}, platform.brand.name), words(quoted.text)));
  card.append(...attachments(entry), reaction(entry) ?? "");
  const foot = make("div", { class: "s-foot" }, make("span", { class: "s-when foot" }, clock(entry.at)));
  if (entry.edited) foot.append(make("span", { class: "s-edited" }, t("edited")));
  foot.append(actions(entry) ?? "");
  const body = make("div", { class: "s-body" }, card);
  if (entry.hidden) body.append(make("p", { class: "s-note" }, t("hiddenNote", { brand: platform.brand.name })));
  body.append(foot);
  node.append(body);
  return node;
}

function postCard(platform, post) {
  const { brand } = platform;
  // Somebody else's post stands here when people mention the brand under it.
  const [name, handle] = post.owner ? [post.owner, ""] : [brand.name, brand.username];
  const head = make(
    "div",
    { class: "s-post-head" },
    avatar(name, post.owner || brand.id, !post.owner),
    make(
      "p",
      { class: "s-who" },
      make("b", { class: "s-name" }, name),
      handle ? make("span", { class: "s-handle" }, `@${handle}`) : null,
      make("span", { class: "s-when" }, make("time", { datetime: new Date(post.at).toISOString() }, day(post.at))),
    ),
  );
  const node = make("article", { class: "s-post" }, head, words(post.text));
  if (look().timeline) {
    const entry = { id: post.id, name, text: post.text, author: "brand", surface: "public" };
    const reply = button(t("reply"), () => acts.reply(entry), { "aria-label": t("replyTo", { name }), "data-act": "reply" });
    const quote = button(t("quote"), () => acts.quote(entry), { "data-act": "quote" });
    node.append(make("div", { class: "s-actions" }, reply, quote));
  }
  return node;
}

/** Everything in the pane, from top to bottom, as reconcile() wants it. */
function wanted(platform) {
  const { timeline } = look();
  const threads = threadsOf(platform, timeline);
  const language = current();
  const version = (entry) => `${entry.seq} ${platform.customer} ${language} ${nameOf(entry)}`;
  const posts = timeline ? platform.posts : platform.posts.filter((post) => post.id === platform.post);
  const list = [];
  const put = ({ root, entries }) => {
    for (const entry of entries) {
      const depth = entry.id === root ? 0 : entry.reply_to && entry.reply_to !== root ? 2 : 1;
      list.push([entry.id, version(entry), () => row(platform, entry, depth)]);
    }
  };
  for (const post of posts) {
    list.push([`post ${post.id}`, language, () => postCard(platform, post)]);
    for (const thread of threads.filter(({ root }) => root === post.id)) put(thread);
  }
  const rest = threads.filter(({ root }) => !posts.some((post) => post.id === root));
  let room = MOST_SHOWN;
  const shown = [];
  for (const thread of rest.toReversed()) {
    if (room <= 0) break;
    shown.unshift(thread);
    room -= thread.entries.length;
  }
  if (shown.length < rest.length) {
    const count = rest.length - shown.length;
    list.push(["older", `${count} ${language}`, () => make("p", { class: "s-older" }, t("older", { count }))]);
  }
  shown.forEach(put);
  if (!threads.length) list.push(["none", language, () => make("p", { class: "s-empty" }, t("noComments"))]);
  return list;
}

/** Choosing which of the brand's posts is open. */
function drawPosts(platform, choose) {
  const group = find("s-posts");
  group.hidden = Boolean(look().timeline);
  group.setAttribute("aria-label", t("whichPost", { brand: platform.brand.name }));
  const elsewhere = look().mentionsElsewhere ? [{ id: "", text: t("mentionsElsewhere", { brand: platform.brand.name }) }] : [];
  const made = [...platform.posts, ...elsewhere].map((post) => {
    const node = make("button", { type: "button", "aria-pressed": `${post.id === platform.post}`, title: post.text }, post.text);
    node.addEventListener("click", () => choose(post.id));
    return node;
  });
  const index = [...group.children].indexOf(document.activeElement);
  group.replaceChildren(...made);
  made[index]?.focus();
}

/** Draw the public side; follow its end when that is where the reader is, or when `toEnd`. */
export function drawPublic({ choosePost, toEnd = false }) {
  const platform = here();
  drawPosts(platform, choosePost);
  const filter = find("s-whose");
  filter.replaceChildren(
    make("option", { value: "", selected: !platform.onlyMine }, t("everyone")),
    make("option", { value: "mine", selected: platform.onlyMine }, t("only", { name: person()?.name ?? "" })),
  );
  const scroll = find("s-public-scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  reconcile(find("s-thread"), wanted(platform));
  if (toEnd || atEnd) scroll.scrollTop = scroll.scrollHeight;
}
