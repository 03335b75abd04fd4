// The public platforms' page: keeps the panes in step with what happens.

import { find } from "../dom.js";
import { t } from "../i18n.js";
import * as api from "./api.js";
import { makeComposer } from "./composer.js";
import { closeDrawer, drawDrawer, drawState, showDials, wireDrawer } from "./drawer.js";
import { acts, look } from "./entry.js";
import { drawPeople } from "./people.js";
import { PLATFORMS } from "./platforms.js";
import { drawPrivate } from "./private.js";
import { drawPublic } from "./public.js";
import { hasSurface, here, person, remember, settle, social } from "./store.js";

const STATE_EVERY_MS = 5_000;
// Waits for the rest of a burst before drawing: a replay brings hundreds of items a second.
const DRAW_AFTER_MS = 60;
const PAGE = 500;

const composers = {};
let drawRail = () => {};

function notice(words) {
  const node = find("s-notice");
  node.textContent = words;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { node.textContent = ""; }, 6000);
}

/** Do it, and say so when it did not work. Returns whether it did. */
async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    notice(t("failed", { why: error.message }));
    return false;
  }
}

function drawPanes(toEnd = {}) {
  const platform = here();
  if (hasSurface(platform, "public")) drawPublic({ choosePost, toEnd: toEnd.public });
  if (hasSurface(platform, "private")) drawPrivate({ toEnd: toEnd.private });
}

const drawComposers = () => here().surfaces.forEach((surface) => composers[surface].draw());

let due = null;
function schedule() {
  due ??= setTimeout(() => {
    due = null;
    drawRail();
    if (!here()) return;
    drawPanes();
    drawPeople(choosePerson);
    drawComposers();
  }, DRAW_AFTER_MS);
}

function drawHead() {
  const platform = here();
  const [onlyPublic, onlyPrivate] = [!hasSurface(platform, "private"), !hasSurface(platform, "public")];
  find("s-mark").textContent = look().mark;
  find("s-title").textContent = platform.label;
  let line = "bothSides";
  if (onlyPublic) line = "onlyPublic";
  else if (onlyPrivate) line = "onlyPrivate";
  find("s-line").textContent = `${platform.brand.name} · ${t(line, { platform: platform.label })}`;
  find("s-public").hidden = onlyPrivate;
  find("s-private").hidden = onlyPublic;
  find("s-switch").hidden = onlyPublic || onlyPrivate;
  find("s-private-title").textContent = look().privateName ?? "";
  find("s-private-line").textContent = t("yourScreen", { name: person()?.name ?? "" });
  find("s-public-title").textContent = platform.brand.name;
  find("s-public-line").textContent = platform.brand.username ? ` · @${platform.brand.username}` : "";
}

function drawAll(toEnd = { public: true, private: true }) {
  drawHead();
  drawComposers();
  drawPanes(toEnd);
  drawPeople(choosePerson);
  drawDrawer();
}

function choosePerson(id) {
  const platform = here();
  platform.customer = id;
  platform.unread.delete(id);
  notice("");
  drawHead();
  drawComposers();
  drawPanes({ private: true });
  drawPeople(choosePerson);
  drawRail();
}

function choosePost(id) {
  here().post = id;
  drawPanes({ public: true });
}

/** Read what happened since the page last looked. */
async function catchUp(platform) {
  for (;;) {
    const { items, seq } = await api.feed(platform.name, platform.seq);
    for (const item of items) remember(platform, item);
    platform.seq = Math.max(platform.seq, seq);
    if (items.length < PAGE) break;
  }
  platform.loaded = true;
}

/** After the line was down: who came in, and what was said. */
async function lookAround() {
  const { platforms } = await api.platforms();
  for (const described of platforms) {
    if (!(described.name in PLATFORMS)) continue;
    // The sandbox was started anew: nothing of what the page knows is true any more.
    if (described.seq < (social.platforms.get(described.name)?.seq ?? 0)) location.reload();
    await catchUp(settle(described));
  }
}

async function refreshState(platform = here()) {
  if (!platform) return;
  try {
    platform.state = await api.state(platform.name);
  } catch {
    return;
  }
  platform.violations = platform.state.violation_count;
  platform.owners = platform.state.owners;
  drawRail();
  if (platform === here()) drawState();
}

/** Show a platform. */
export async function show(name) {
  const platform = social.platforms.get(name);
  social.current = name;
  closeDrawer();
  notice("");
  find("s-search").value = "";
  platform.unread.delete(platform.customer);
  drawAll();
  find("s-panes").scrollTop = 0;
  find("s-people").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const shown = () => social.current === name;
  await attempt(async () => {
    platform.dials = await api.dials(name);
    if (shown()) drawDrawer();
  });
  await refreshState(platform);
}

/** No platform of this page is shown any more. */
export function hide() {
  social.current = null;
  closeDrawer();
}

export const redraw = () => { if (here()) drawAll({}); };

/** What waits to be looked at on a platform: { unread, violations }. */
export function marks(name) {
  const platform = social.platforms.get(name);
  const unread = [...platform.unread.values()].reduce((sum, count) => sum + count, 0);
  return { unread, violations: platform.violations ?? 0 };
}

function of(handle) {
  return (data) => {
    const platform = social.platforms.get(data.platform);
    if (platform) handle(platform, data);
  };
}

const handlers = {
  item: of((platform, item) => {
    remember(platform, item);
    // Without a gap the page is up to date; with one, the next look around starts where it was.
    if (item.seq === platform.seq + 1) platform.seq = item.seq;
    schedule();
  }),
  typing: of((platform, { customer, seconds = 6 }) => {
    platform.typing.set(customer, performance.now() + seconds * 1000);
    schedule();
    setTimeout(schedule, seconds * 1000 + 50);
  }),
  person: of((platform, { platform: _, ...told }) => {
    platform.people.set(told.id, { ...platform.people.get(told.id), ...told });
    schedule();
  }),
  control: of((platform, { customer, to }) => {
    platform.owners = { ...platform.owners, [customer]: to };
    schedule();
  }),
  dials: of((platform, { dials }) => {
    platform.dials = dials;
    if (platform === here()) showDials();
  }),
  violation: of((platform, { count }) => {
    platform.violations = count;
    refreshState(platform);
  }),
};

function wireActs() {
  const name = () => here().name;
  Object.assign(acts, {
    reply: (entry) => composers[entry.surface].begin("reply", entry),
    quote: (entry) => composers.public.begin("quote", entry),
    byHand: (entry) => composers[entry.surface].begin("reply", entry, true),
    edit: (entry) => composers[entry.surface].begin("edit", entry),
    remove: (entry) => attempt(() => api.remove(name(), { id: entry.id })),
    react: (entry, emoji) => attempt(() => api.react(name(), { id: entry.id, emoji })),
    async tap(entry, key, node) {
      node.setAttribute("aria-busy", "true");
      await attempt(() => api.tap(name(), { customer: here().customer, entry: entry.id, key }));
      node.removeAttribute("aria-busy");
    },
  });
}

function wireControl() {
  for (const node of find("s-control").querySelectorAll("button")) {
    node.addEventListener("click", () => attempt(async () => {
      const platform = here();
      const { customer } = platform;
      await api.control(platform.name, { customer, to: node.dataset.to });
      platform.owners = { ...platform.owners, [customer]: node.dataset.to };
      notice(t("chargeGiven", { who: node.textContent, name: person(platform).name }));
      drawPrivate();
    }));
  }
}

function wireNewPerson() {
  const dialog = find("s-person-dialog");
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".error");
  find("s-new-person").addEventListener("click", () => {
    form.reset();
    problem.textContent = "";
    form.elements.username.closest("label").hidden = !hasSurface(here(), "public");
    for (const name of ["followers", "verified"]) form.elements[name].closest("label").hidden = !here().reach;
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const platform = here();
    try {
      const username = form.elements.username.value.trim().replace(/^@/, "");
      const made = await api.join(platform.name, {
        name: form.elements.name.value,
        ...(username && { username }),
        followers: Number(form.elements.followers.value),
        verified: form.elements.verified.checked,
      });
      platform.people.set(made.id, made);
      dialog.close();
      choosePerson(made.id);
    } catch (error) {
      problem.textContent = t("failed", { why: error.message });
    }
  });
}

/** On a narrow screen the panes stand one below the other; these buttons go from one to the other. */
function wireSwitch() {
  const buttons = [...find("s-switch").children];
  for (const node of buttons) {
    node.addEventListener("click", () => find("s-panes").scrollTo({ top: find(node.dataset.pane).offsetTop - find("s-panes").offsetTop }));
  }
  const watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const node = buttons.find((one) => one.dataset.pane === target.id);
      node.setAttribute("aria-pressed", `${isIntersecting}`);
    }
  }, { root: find("s-panes"), threshold: 0.6 });
  for (const { dataset } of buttons) watch.observe(find(dataset.pane));
}

/** Ask who is there and follow what happens. `railChanged` is called when a platform's marks may have changed. */
export async function start(railChanged) {
  drawRail = railChanged;
  for (const described of (await api.platforms()).platforms) {
    if (!(described.name in PLATFORMS)) continue;
    settle(described).label = PLATFORMS[described.name].label;
  }
  const wrote = (surface) => { if (here()) drawPanes({ [surface]: true }); };
  for (const surface of ["public", "private"]) composers[surface] = makeComposer(surface, { attempt, wrote });
  wireActs();
  wireControl();
  wireNewPerson();
  wireSwitch();
  wireDrawer(() => refreshState());
  find("s-whose").addEventListener("change", (event) => {
    here().onlyMine = event.target.value === "mine";
    drawPanes({ public: true });
  });
  find("s-search").addEventListener("input", () => drawPeople(choosePerson));
  setInterval(() => { if (!document.hidden) refreshState(); }, STATE_EVERY_MS);
  follow();
}

/** Follow what happens while the page can be seen; a browser allows only a few lines to one server. */
function follow() {
  let source = null;
  const connected = async (yes) => {
    find("s-lost").hidden = yes;
    if (!yes) return;
    await attempt(lookAround);
    schedule();
    if (here()) drawPanes({ public: true, private: true });
  };
  const open = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else source ??= api.listen(handlers, connected);
  };
  document.addEventListener("visibilitychange", open);
  open();
}
