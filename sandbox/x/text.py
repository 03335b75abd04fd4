"""What X makes of a text: its length, its mentions and its short links."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

with warnings.catch_warnings():
    # It loads its emoji through pkg_resources, which complains on every start.
    warnings.simplefilter("ignore")
    from twitter_text import extract_urls_with_indices, parse_tweet

LONGEST_POST = 280
LONGEST_DM = 10_000
# https://help.x.com/en/managing-your-account/x-username-rules
_MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")


def weight(text: str) -> int:
    """The length as X counts it. https://docs.x.com/fundamentals/counting-characters"""
    return int(parse_tweet(text).weightedLength)


def body_start(text: str, automatic: Iterable[str]) -> int:
    """Where a reply's own words begin: after the leading mentions of `automatic` (usernames), which X itself adds."""
    known = {name.lower() for name in automatic}
    start = 0
    for found in re.finditer(r"@([A-Za-z0-9_]{1,15})\s+", text):
        if found.start() != start or found[1].lower() not in known:
            break
        start = found.end()
    return start


def mentioned(text: str, start: int = 0) -> list[str]:
    """The usernames mentioned from `start` on, without @, in order."""
    return [found[1] for found in _MENTION.finditer(text, start)]


def entities(text: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """The mentions and links in `text`. `ids`: people's ids by lower-case username."""
    mentions = [
        {"start": found.start(), "end": found.end(), "username": found[1], "id": ids[found[1].lower()]}
        for found in _MENTION.finditer(text)
        if found[1].lower() in ids
    ]
    return {"mentions": mentions} if mentions else {}


def with_short_links(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text with every link as X shows it in its API (https://t.co/…), and the `entities.urls` to it."""
    parts, urls, done, length = [], [], 0, 0
    for found in extract_urls_with_indices(text):
        first, last = found["indices"]
        url = str(found["url"])
        short = "https://t.co/" + hashlib.sha256(url.encode()).hexdigest()[:10]
        parts += [text[done:first], short]
        length += first - done
        urls.append(
            {
                "start": length,
                "end": length + len(short),
                "url": short,
                "expanded_url": url if "://" in url else f"http://{url}",
                "display_url": re.sub(r"^https?://(www\.)?", "", url)[:30],
            }
        )
        length += len(short)
        done = last
    return "".join([*parts, text[done:]]), urls


def has_link(text: str) -> bool:
    """Whether X would shorten something in it."""
    return bool(extract_urls_with_indices(text))
