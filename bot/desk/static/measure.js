// How long a text is in each platform's own counting. The server counts again, exactly; this is for who is typing.

const LINK_WEIGHT = 23; // https://docs.x.com/fundamentals/counting-characters
const LINK =
  /(?<![\p{L}\p{N}@#$_])(?:https?:\/\/[^\s/?#]+\.[^\s]+|(?:[\p{L}\p{N}-]+\.)+(?:com|net|org|co|id|io|me|info|app|dev|ly|gov|edu)\b(?:[/?#][^\s]*)?)/giu;
const ENDS_NO_LINK = /[.,!?;:'")\]…]+$/u;
const EMOJI = /\p{Extended_Pictographic}|\p{Emoji_Presentation}|\p{Regional_Indicator}|\ufe0f|\u20e3/u;
const LIGHT = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]]; // code points that weigh one; all others two

const bytes = new TextEncoder();
const clusters = globalThis.Intl?.Segmenter ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** `unit` as the server names it; one that is not known here is counted in characters (code points). */
export function measure(text, unit) {
  if (unit === "bytes") return bytes.encode(text).length;
  if (unit === "UTF-16 units") return text.length;
  return unit === "weighted characters" ? weight(text) : [...text].length;
}

function weight(text) {
  let links = 0;
  const rest = text.normalize("NFC").replace(LINK, (found) => {
    links += LINK_WEIGHT;
    return ENDS_NO_LINK.exec(found)?.[0] ?? "";
  });
  const parts = clusters ? [...clusters.segment(rest)].map((part) => part.segment) : [...rest];
  return parts.reduce((sum, part) => sum + (EMOJI.test(part) ? 2 : [...part].reduce((total, one) => total + heft(one), 0)), links);
}

function heft(character) {
  const point = character.codePointAt(0);
  return LIGHT.some(([from, to]) => from <= point && point <= to) ? 1 : 2;
}
