"""Looks for what belonged to one customer in anything, byte by byte, in every spelling that a store may give it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

SHORTEST_ID = 6  # characters; a shorter one is found in every number
SHORTEST_WORDS = 8
SHORTEST_NAME = 3
MOST_WORDS = 200  # texts of one customer that are searched for, the longest first


class Needles(msgspec.Struct, frozen=True):
    """What to look for. `ids` are one person's alone. `messages` (ids of what was said) may stand with somebody who
    answered it, and `words` (names, texts) others may use too."""

    ids: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[str], messages: Iterable[str], names: Iterable[str], texts: Iterable[str]) -> Needles:
        """Those that are long enough to mean something."""
        said = sorted({text.strip() for text in texts}, key=lambda text: (-len(text), text))
        return cls(
            ids=tuple(sorted({text for text in ids if len(text) >= SHORTEST_ID})),
            messages=tuple(sorted({text for text in {*messages} - {*ids} if len(text) >= SHORTEST_ID})),
            words=(
                *sorted({name for name in names if len(name) >= SHORTEST_NAME}),
                *[text for text in said if len(text) >= SHORTEST_WORDS][:MOST_WORDS],
            ),
        )


class Trace(msgspec.Struct, frozen=True, order=True):
    """Something that was found: where, what of the needles it is, and whose it is there (another conversation's key, or
    the desk's people), "" when nothing says."""

    place: str
    needle: str
    of: str = ""


class Search:
    """`Search(needles)(data)` is the needles that are in the data. Words count as whole words, ids anywhere."""

    def __init__(self, needles: Needles) -> None:
        self._ids = _spellings((*needles.ids, *needles.messages))
        self._words = _spellings(needles.words)
        self.longest = max(map(len, (*self._ids, *self._words)), default=1)

    def __call__(self, data: bytes) -> set[str]:
        low = data.lower()
        found = {needle for form, needle in self._ids.items() if form in low}
        return found | {needle for form, needle in self._words.items() if _as_words(form, low)}


def _spellings(needles: Iterable[str]) -> dict[bytes, str]:
    """As it is, as JSON writes it, and as the send log keeps it: small letters, spaces folded."""
    found: dict[bytes, str] = {}
    for needle in needles:
        folded = " ".join(needle.casefold().split())
        for text in (needle, json.dumps(needle)[1:-1], json.dumps(needle, ensure_ascii=False)[1:-1], folded):
            found[text.encode().lower()] = needle
    return found


def _as_words(form: bytes, data: bytes) -> bool:
    at = data.find(form)
    while at >= 0:
        if not (_in_word(data, at - 1) or _in_word(data, at + len(form))):
            return True
        at = data.find(form, at + 1)
    return False


def _in_word(data: bytes, at: int) -> bool:
    return 0 <= at < len(data) and data[at : at + 1].isalnum()
