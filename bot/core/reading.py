"""A text as it would be read: full-width digits, other dashes and spaces, and invisible characters hide nothing.

`Reading` remembers where each character came from, so that what is found in the plain text can be pointed at in the
text as it was written.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import regex

# Nothing to see: format characters, what Unicode lets fonts ignore, control characters, enclosing marks (a keycap).
_UNSEEN = regex.compile(r"[\p{Cf}\p{DI}\p{Me}\p{Cc}--[\t\n\r\f\v]]", regex.V1)
_DASHES = regex.compile(r"[\p{Pd}\u2212\u2043\u02d7]")
_SPACES = regex.compile(r"[\p{Zs}\u2800]")
_DIGITS = regex.compile(r"\p{Nd}")
_PLAIN = regex.compile(r"[\t\n\r\f\v -~]*")


@dataclass(frozen=True)
class Reading:
    """`text` is plain; the character at `i` was written at `places[i]`. No places: nothing was changed."""

    text: str
    written: str
    places: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text as written the plain text from `start` to `end` (exclusive, not empty) stands."""
        if self.places is None:
            return start, end
        last = self.places[end - 1] + 1
        while last < len(self.written) and unicodedata.category(self.written[last]) in ("Mn", "Me"):
            last += 1  # the keycap around the last digit
        return self.places[start], last


def read(text: str) -> Reading:
    if _PLAIN.fullmatch(text):
        return Reading(text, text)
    seen: list[str] = []
    places: list[int] = []
    for index, written in enumerate(text):
        for character in unicodedata.normalize("NFKC", written):
            if not _UNSEEN.match(character):
                seen.append(_plain(character))
                places.append(index)
    return Reading("".join(seen), text, tuple(places))


def normal(text: str) -> str:
    """The plain text alone."""
    return read(text).text


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if _DIGITS.match(character):
        return str(unicodedata.decimal(character))
    if _DASHES.match(character):
        return "-"
    return " " if _SPACES.match(character) else character
