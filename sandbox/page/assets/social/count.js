// How long a text is by each platform's own counting.

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const EMOJI = /\p{Emoji_Presentation}|\p{Regional_Indicator}|\ufe0f|\u20e3/u;
// With a scheme, or a bare name under an ending that people use; X knows them all, this page does not.
const ADDRESS = /https?:\/\/[^\s]+|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:com|org|net|id|co|io|info|me|gov|uk)(?![\w-])(?:\/[^\s]*)?/giu;
const ADDRESS_WEIGHT = 23;
// Code points that weigh one; all others weigh two (twitter-text, configuration 3).
const LIGHT = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];

function weigh(text) {
  let weight = 0;
  for (const { segment } of segmenter.segment(text)) {
    if (EMOJI.test(segment)) {
      weight += 2;
      continue;
    }
    for (const character of segment) {
      const point = character.codePointAt(0);
      weight += LIGHT.some(([first, last]) => point >= first && point <= last) ? 1 : 2;
    }
  }
  return weight;
}

/** X's counting, nearly: an address is 23, an emoji 2, Chinese, Japanese and Korean 2 a character. */
function weighted(text) {
  const plain = text.normalize("NFC");
  const addresses = plain.match(ADDRESS)?.length ?? 0;
  return weigh(plain.replace(ADDRESS, "")) + addresses * ADDRESS_WEIGHT;
}

export const COUNTING = {
  characters: (text) => [...text].length,
  bytes: (text) => new TextEncoder().encode(text).length,
  weighted,
};
