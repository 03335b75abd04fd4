"""Recognises our own words when a platform shows them to us without saying who wrote them."""

from __future__ import annotations

import unicodedata

import regex

SHORTEST_PART = 8  # characters; below this only the whole text counts, or "ok" would be found in everything

_MENTIONS_IN_FRONT = regex.compile(r"^(?:@\w+\s+)+")
_LINKS = regex.compile(r"https?://\S+")


def plain(text: str) -> str:
    """The words as every platform keeps them: links are shortened, mentions put in front, spaces folded."""
    normal = unicodedata.normalize("NFC", text)
    return " ".join(_LINKS.sub("URL", _MENTIONS_IN_FRONT.sub("", normal)).casefold().split())


def same_words(echo: str, ours: str) -> bool:
    """Whether an echo may be what we sent: the same, or one part of it. Both as `plain` gives them."""
    if echo == ours:
        return True
    shorter, longer = sorted((echo, ours), key=len)
    return len(shorter) >= SHORTEST_PART and shorter in longer
