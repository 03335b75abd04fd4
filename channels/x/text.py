"""Words as X counts, decorates and shortens them: https://docs.x.com/fundamentals/counting-characters"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from channels.x import wire

# One name at the very front or end. X puts those of the people answered in front of a reply by itself.
_NAME_IN_FRONT = re.compile(r"\s*@([A-Za-z0-9_]{1,20})(?:[,:;]?\s+|$)")
_NAME_AT_END = re.compile(r"(?:^|\s+)@([A-Za-z0-9_]{1,20})\s*$")
# What X appends for a picture: a link to the post's (or message's) own media.
_OWN_MEDIA = re.compile(r"/status/\d+/(?:photo|video)/\d+$|/messages/media/\d+$")
# What is a link for whoever reads, though X may not take it for one (an unknown top-level domain).
_LINK = re.compile(r"https?://\S*[^\s.,;:!?)\]]")
_CACHED = 64  # characters; long texts are measured once or twice, single characters again and again


def weight(text: str) -> int:
    """Length of a post: 280 is the most. A link counts 23, Chinese and emoji 2, most else 1.

    Mentions that X itself puts in front of a reply are not in the text yet, and not counted by X either.
    """
    if text.isascii() and "." not in text and "\r" not in text:
        return len(text)  # a link has a dot; without one, every ASCII character counts 1
    return _weight_of_short(text) if len(text) <= _CACHED else _weight(text)


def _weight(text: str) -> int:
    return int(_library().parse_tweet(text).weightedLength)


@cache
def _library() -> Any:
    """Takes half a second to load, which the gateway, that measures nothing, need not wait for at its start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses a part of setuptools that is on its way out
        import twitter_text  # noqa: PLC0415

    return twitter_text


_weight_of_short = lru_cache(maxsize=4096)(_weight)


def plain(text: str, urls: Iterable[wire.Url], without: Iterable[str] = ()) -> str:
    """The text as its author wrote it: t.co links written out, three characters unescaped.

    Links to the text's own media are dropped, and those that end in one of `without` (the quoted post).
    """
    endings = tuple(f"/status/{post_id}" for post_id in without)
    for url in urls:
        if not url.url:
            continue
        target = url.unwound_url or url.expanded_url or url.url
        own = bool(url.media_key or _OWN_MEDIA.search(target) or (endings and target.endswith(endings)))
        text = text.replace(url.url, "" if own else target)
    # The API writes these three as HTML does; & last, so that nothing is unescaped twice.
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def names_in_front(text: str) -> int:
    """Where the words begin after the mentions in front."""
    end = 0
    while found := _NAME_IN_FRONT.match(text, end):
        end = found.end()
    return end


def spoken(text: str, username: str, *, reply: bool) -> str:
    """The words without the brand's name in front and at the end; of a reply, without any mention in front."""
    ours = username.casefold()
    if reply:
        text = text[names_in_front(text) :]
    while (found := _NAME_IN_FRONT.match(text)) and found[1].casefold() == ours:
        text = text[found.end() :]
    while (found := _NAME_AT_END.search(text)) and found[1].casefold() == ours:
        text = text[: found.start()]
    return text.strip()


def comparable(text: str) -> str:
    """What stays the same of a text of ours when X shows it again: for looking up what was sent."""
    words = unicodedata.normalize("NFC", text)
    words = words[names_in_front(words) :]
    for link in reversed(_library().extract_urls_with_indices(words)):
        start, end = link["indices"]
        words = f"{words[:start]}URL{words[end:]}"
    return " ".join(_LINK.sub("URL", words).split())
