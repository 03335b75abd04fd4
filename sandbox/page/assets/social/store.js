// What the page knows of the public platforms: who is there, what was written, and what is looked at.

export const social = {
  // name → platform, see `settle`
  platforms: new Map(),
  // name of the platform that is looked at, or null
  current: null,
};

export const here = () => social.platforms.get(social.current);

/** Take in how the sandbox describes a platform, and keep what the page knows already. */
export function settle(described) {
  const known = social.platforms.get(described.name);
  const { people, posts, seq: _, ...rest } = described;
  const platform = Object.assign(known ?? {
    entries: new Map(),
    // Everything up to here has been read.
    seq: 0,
    loaded: false,
    unread: new Map(),
    typing: new Map(),
    state: null,
    dials: {},
    customer: null,
    post: null,
    onlyMine: false,
  }, rest, { posts, people: new Map(people.map((person) => [person.id, person])) });
  platform.customer ??= people[0]?.id ?? null;
  platform.post ??= posts[0]?.id ?? "";
  social.platforms.set(described.name, platform);
  return platform;
}

export const person = (platform = here()) => platform.people.get(platform.customer);
export const hasSurface = (platform, surface) => platform.surfaces.includes(surface);

/** Keep how an entry looks now. Returns false for news that is older than what is known. */
export function remember(platform, item) {
  const known = platform.entries.get(item.id);
  if (known && known.seq >= item.seq) return false;
  // `first` is its place among the others: a change does not move it.
  platform.entries.set(item.id, { ...item, first: Math.min(known?.first ?? item.seq, item.seq) });
  if (item.author !== "customer") {
    platform.typing.delete(item.customer);
    const seen = social.current === platform.name && platform.customer === item.customer;
    if (platform.loaded && item.change === "new" && !seen) {
      platform.unread.set(item.customer, (platform.unread.get(item.customer) ?? 0) + 1);
    }
  }
  return true;
}

const inOrder = (entries) => entries.sort((one, other) => one.first - other.first);

/** The private chat of the chosen customer, oldest first. */
export function chatOf(platform) {
  return inOrder([...platform.entries.values()].filter(
    (entry) => entry.surface === "private" && entry.customer === platform.customer,
  ));
}

/** What hangs on the chosen post ("": on none; all of it where there is one timeline): threads, oldest first, each a list of entries. */
export function threadsOf(platform, timeline) {
  const posts = new Set(platform.posts.map((post) => post.id));
  const threads = new Map();
  for (const entry of inOrder([...platform.entries.values()])) {
    if (entry.surface !== "public") continue;
    if (!timeline && (posts.has(entry.post) ? entry.post : "") !== platform.post) continue;
    const root = entry.root || entry.id;
    if (!threads.has(root)) threads.set(root, []);
    threads.get(root).push(entry);
  }
  const all = [...threads.entries()].map(([root, entries]) => ({ root, entries }));
  if (!platform.onlyMine) return all;
  return all.filter(({ entries }) => entries.some((entry) => entry.customer === platform.customer));
}

/** When each customer last wrote or was answered, for the order of the list. */
export function lastOf(platform) {
  const last = new Map();
  for (const entry of platform.entries.values()) {
    const known = last.get(entry.customer);
    if (!known || entry.first > known.first) last.set(entry.customer, entry);
  }
  return last;
}

export const isTyping = (platform) => (platform.typing.get(platform.customer) ?? 0) > performance.now();
