"""A message as it is meant: disguises undone, with the way back to the characters that the customer typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

LEET = str.maketrans("013457@$!8", "oieastasib")
REPEATS_KEPT = 2
LONGEST = 4_000  # characters that are read at once; a longer message is read page by page
SHORTEST_SPLIT = 3  # letters: "s u e" is one word, "a b" is not
# Several words typed in letters, "s a l d o k u h i l a n g": how many letters they have at least, and one at most.
SHORTEST_CUT, LONGEST_WORD = 5, 18
ALONE = "aiu"  # letters that are words
SCRAP = 3  # words shorter than that, if they are more than half, are none: letters can always be cut into such
GAPS = " .-_*"  # what stands between letters that were split

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}@$!]+(?:'\p{L}+)?|[^\s\p{L}\p{M}\p{N}]")  # "don't" is one word
_SPLIT = regex.compile(r"(?<![\p{L}\p{N}'’])(?:\p{L}[ .\-_*]{1,4}){2,}\p{L}(?![\p{L}\p{N}'’])")
_MIXED = regex.compile(r"(?=.*\p{L}.*\p{L})(?=.*[\d@$!]).*\p{L}.*")
_REFERENCE = regex.compile(r"\p{L}{1,3}\d{2,}|\d+\p{L}{1,5}", regex.IGNORECASE)  # AR20308, 20rb, 24jam, 2fa
_REPEATED = regex.compile(r"(.)\1{2,}")

# What a face or a sign says, in a word that the classifier knows too. Others stand for themselves.
EMOJI = {
    "😡": "angryface", "🤬": "angryface", "😠": "angryface", "👿": "angryface", "💢": "angryface", "🖕": "angryface",
    "😭": "cryface", "😢": "cryface", "😿": "cryface", "💔": "cryface", "😞": "cryface", "😔": "cryface",
    "❤": "loveface", "😍": "loveface", "🥰": "loveface", "😘": "loveface", "💕": "loveface", "👍": "loveface",
    "🙏": "prayface", "👏": "loveface", "🔥": "fire", "💯": "loveface", "🎉": "loveface", "😊": "loveface",
    "😂": "laughface", "🤣": "laughface", "😅": "laughface", "😆": "laughface", "😹": "laughface",
    "🔪": "knife", "💣": "bomb", "🔫": "gun", "💀": "skull", "⚰": "coffin", "🩸": "blood", "👊": "fist",
    "⚖": "court", "👮": "police", "🚓": "police", "🚨": "alarm", "🚑": "ambulance", "🆘": "sos",
    "📺": "tv", "📰": "news",
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """One token of the normalised text: `start` and `end` are offsets in what the customer typed. `last`: a sentence, a
    line or a thought with a face behind it ends here."""

    text: str
    start: int
    end: int
    last: bool = False


Known = Callable[[str], bool]


def words(text: str, known: Known = lambda word: False) -> list[Word]:
    """The tokens of the first LONGEST characters, lower case, with full-width letters, invisible characters, split
    letters and leetspeak undone.

    `known`: whether a word exists. A disguise is only undone when a word comes out, so that references survive.
    """
    plain, offsets = _plain(text)
    found: list[Word] = []
    at = 0
    for split in _SPLIT.finditer(plain):
        letters = [place for place in range(*split.span()) if plain[place] not in GAPS]
        meant = _joined("".join(plain[place] for place in letters), known)
        if meant:
            found += _tokens(plain, at, split.start(), offsets, known)
            for start, end, word in meant:
                found.append(Word(word, offsets[letters[start]], offsets[letters[end - 1]] + 1))
            at = split.end()
    return _ended(text, found + _tokens(plain, at, len(plain), offsets, known))


def _joined(letters: str, known: Known) -> list[tuple[int, int, str]]:
    """The word that the letters make, or, of a whole message in letters, the words; with their places. Nothing where
    none comes out."""
    whole = _squeeze(letters)
    if len(letters) >= SHORTEST_SPLIT and known(whole):
        return [(0, len(letters), whole)]
    if len(letters) < SHORTEST_CUT:
        return []
    # The best cut of each beginning, and where its last word starts: few long words are likelier than many short ones.
    best = [(0, 0)] + [(-1, 0)] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - LONGEST_WORD), end):
            word = letters[start:end]
            if best[start][0] >= 0 and (word in ALONE if len(word) == 1 else known(_squeeze(word))):
                best[end] = max(best[end], (best[start][0] + (end - start) ** 2, start))
    cut: list[tuple[int, int, str]] = []
    end = len(letters) if best[-1][0] >= 0 else 0
    while end:
        start = best[end][1]
        cut.append((start, end, _squeeze(letters[start:end])))
        end = start
    scraps = sum(len(word) < SCRAP for _, _, word in cut)
    return cut[::-1] if 2 * scraps <= len(cut) else []


def _ended(text: str, found: list[Word]) -> list[Word]:
    """ "20.000" holds no end, and "answer!" is one word with its mark."""
    for number, (word, following) in enumerate(pairwise(found)):
        between = text[word.end : following.start]
        mark = text[word.end - 1]
        if (
            "\n" in between
            or unicodedata.category(mark) == "So"
            or (mark in ".!?;…" and any(map(str.isspace, between)))
        ):
            found[number] = replace(word, last=True)
    return found


def _plain(text: str) -> tuple[str, list[int]]:
    """NFKC and lower case, without invisible characters; for each character where it stood."""
    characters: list[str] = []
    offsets: list[int] = []
    for position, character in enumerate(text):
        if len(characters) >= LONGEST:
            break  # one ligature may be eighteen letters
        for made in unicodedata.normalize("NFKC", character).lower():
            if unicodedata.category(made) in ("Cf", "Mn"):
                continue  # zero-width characters, variation selectors, stacked marks
            characters.append(made)
            offsets.append(position)
    return "".join(characters).replace("’", "'"), offsets


def _tokens(plain: str, start: int, end: int, offsets: list[int], known: Known) -> list[Word]:
    made = []
    for match in _TOKEN.finditer(plain, start, end):
        token = match.group()
        text = EMOJI.get(token, "") or _undisguised(token, known)
        if text:
            made.append(Word(text, offsets[match.start()], offsets[match.end() - 1] + 1))
    return made


def _undisguised(token: str, known: Known) -> str:
    squeezed = _squeeze(token)
    if _MIXED.fullmatch(token) and not _REFERENCE.fullmatch(token):
        for candidate in (token, token.rstrip("!"), token.strip("@$!")):
            word = _squeeze(candidate.translate(LEET))
            if known(word):
                return word
    return squeezed.strip("@$!") or squeezed


def _squeeze(word: str) -> str:
    """ "pleeeease" as "pleease": who stretches a word means the same one."""
    return str(_REPEATED.sub(r"\1" * REPEATS_KEPT, word))
