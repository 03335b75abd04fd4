"""Recognises our own words when a platform shows them to us without saying who wrote them."""

from __future__ import annotations

import unicodedata

import regex

from channels.messages import OutboundMessage, Surface

_MENTIONS_IN_FRONT = regex.compile(r"^(?:@\w[\w.]*[,:]?\s+)+")
_LINKS = regex.compile(r"https?://\S+")


def plain(text: str) -> str:
    """The words as every platform keeps them: links are shortened, mentions put in front, spaces folded."""
    normal = unicodedata.normalize("NFC", text)
    return " ".join(_LINKS.sub("URL", _MENTIONS_IN_FRONT.sub("", normal)).casefold().split())


def under_root(channel: str, root: str) -> str:
    """The place where words under a public message are looked for: several customers' cases may share it."""
    return f"{channel}:root:{root}"


def places(message: OutboundMessage) -> tuple[str, ...]:
    """Where an echo of this message may be looked for: its conversation, and in public the root that it hangs on."""
    if message.surface is Surface.PUBLIC and message.root:
        return (message.conversation_key, under_root(message.channel, message.root))
    return (message.conversation_key,)
