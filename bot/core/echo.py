"""Recognises our own words when a platform shows them to us without saying who wrote them."""

from __future__ import annotations

import unicodedata

import regex

_MENTIONS_IN_FRONT = regex.compile(r"^(?:@\w[\w.]*[,:]?\s+)+")
_LINKS = regex.compile(r"https?://\S+")


def plain(text: str) -> str:
    """The words as every platform keeps them: links are shortened, mentions put in front, spaces folded."""
    normal = unicodedata.normalize("NFC", text)
    return " ".join(_LINKS.sub("URL", _MENTIONS_IN_FRONT.sub("", normal)).casefold().split())


def under_root(channel: str, root: str) -> str:
    """The place where words under a public message are looked for: several customers' cases may share it."""
    return f"{channel}:root:{root}"
