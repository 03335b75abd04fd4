"""What the intent classifier looks at in a message. The same code in training and at work, so that both see the same.

Words, pairs of words (also with one between), which of the designer's patterns are in it (`regex` in data/nlu: words
that mean the same, in both languages), and every run of two to five characters across the whole message: these catch
typing errors, endings, slang and the order of words, in any language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

SHORTEST_PIECE, LONGEST_PIECE = 2, 5  # characters
LONGEST = 600  # characters: what a customer wants is said by then

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_DIGIT = re.compile(r"\d")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")  # "haloooo"
_ADDRESS = re.compile(r"(?<!\w)@\w+|https?://\S+")
_BLANK = re.compile(r"\s+")


Patterns = Sequence[tuple[str, re.Pattern[str]]]  # several of the same name mean the same


def clean(text: str) -> str:
    """Small letters, one kind of blank, no stretched letters, no addresses: who was mentioned and where a link leads
    tell no intent, and would only make every public post look alike."""
    text = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text[:LONGEST]).lower())
    return _BLANK.sub(" ", _STRETCHED.sub(r"\1\1", text)).strip()


def alike(text: str) -> str:
    """Every digit is 0: which number it is tells no intent."""
    return _DIGIT.sub("0", text)


def compiled(patterns: Iterable[tuple[str, str]]) -> Patterns:
    """Raises ValueError that names the pattern that is none."""
    made: list[tuple[str, re.Pattern[str]]] = []
    for name, pattern in patterns:
        try:
            made.append((name, re.compile(pattern, re.IGNORECASE)))
        except re.error as error:
            raise ValueError(f"data/nlu: the regex {name} has a pattern that is none ({error}): {pattern}") from None
    return tuple(made)


def words(text: str, patterns: Patterns) -> Iterator[str]:
    """Words, pairs and patterns of a clean text; the patterns see its digits."""
    found = _WORD.findall(alike(text))
    yield from found
    framed = ["<", *found, ">"]
    for number in range(len(framed) - 1):
        yield f"{framed[number]} {framed[number + 1]}"
    for number in range(len(framed) - 2):
        yield f"{framed[number]} _ {framed[number + 2]}"
    named = list(dict.fromkeys(name for name, pattern in patterns if pattern.search(text)))
    for number, name in enumerate(named):
        yield f"={name}"
        for other in named[number + 1 :]:
            yield f"={name} & {other}"


def pieces(text: str) -> Iterator[str]:
    """Runs of characters of a clean text."""
    framed = f" {alike(text)} "
    for size in range(SHORTEST_PIECE, LONGEST_PIECE + 1):
        for start in range(len(framed) - size + 1):
            yield framed[start : start + size]
