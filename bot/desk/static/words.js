// The desk's words and times in the agent's language. The server hands the catalogue over.

let catalogue = {};
let locale = "en";
let ahead = 0; // milliseconds that this machine's clock runs ahead of the server's

export function setWords(language, words) {
  catalogue = words;
  locale = language === "id" ? "id-ID" : "en-GB";
}

export function setServerTime(now) {
  ahead = Date.now() - Date.parse(now);
}

export const serverNow = () => Date.now() - ahead;

export function t(key, values = {}) {
  const text = catalogue[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The catalogue's word for a name out of an open set, or else the name itself, made readable. */
export function named(group, name) {
  return catalogue[`${group}.${name}`] ?? readable(name);
}

export function readable(name) {
  const words = String(name).replace(/^(action|utter)_/, "").replace(/[_/]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Seconds as 4:05, 1:02:09 or, from a day on, days. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 86400) return t("time.days", { days: Math.floor(whole / 86400), hours: Math.floor((whole % 86400) / 3600) });
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const clockTime = (at) => new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));

export const day = (at) =>
  new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(new Date(at));

export const dayAndTime = (at) =>
  new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(at));

export const percent = (share) => new Intl.NumberFormat(locale, { style: "percent" }).format(share);
