"""Empties what was said out of what is kept: the case's history, its state and its figures stay, without content.

Works on the stored JSON, so that it needs no knowledge of kinds that later parts bring. The names of fields decide, and
tests/core/test_forgetting.py asks of every field of every event and of the conversation that it is in one of the lists.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

FORGOTTEN = "[…]"  # stands where words stood; empty would look like a mistake

# What somebody said, or what was made of it in words.
CONTENT = frozenset(
    "text texts buttons detail link tagged emoji draft held slots known choices offered url value callback response "
    "packet summary suggestions note".split()
)
MAPPINGS = frozenset({"slots", "known", "detail"})  # of these the fields that hold a dictionary may not be without one
# Who said it, as the platform names them.
PROFILE = frozenset({"customer_name", "username"})
PROFILE_INSIDE = {"customer": frozenset({"name", "username", "locale"}), "attachments": frozenset({"name"})}


def hollow(value: Any, *, content: bool, profile: bool, inside: str = "") -> Any:
    """Stored JSON without what was said (`content`) and without who said it (`profile`)."""
    if isinstance(value, list):
        return [hollow(item, content=content, profile=profile, inside=inside) for item in value]
    if not isinstance(value, dict):
        return value
    emptied = {}
    for name, inner in value.items():
        if name in PROFILE or name in PROFILE_INSIDE.get(inside, ()):
            emptied[name] = _empty(name, inner) if profile else inner
        elif name in CONTENT:
            emptied[name] = _empty(name, inner) if content else inner
        else:
            emptied[name] = hollow(inner, content=content, profile=profile, inside=name)
    return emptied


def hollowed(data: bytes, *, content: bool, profile: bool) -> bytes:
    """The same for JSON as it is stored; the very bytes where nothing is left to empty."""
    value = msgspec.json.decode(data)
    emptied = hollow(value, content=content, profile=profile)
    return data if emptied == value else msgspec.json.encode(emptied)


class Moments(msgspec.Struct, frozen=True):
    """What was said before `content` goes, and before `profile` who said it."""

    now: datetime
    content: datetime
    profile: datetime

    def emptied(self, data: bytes, at: datetime) -> bytes:
        """What is left by now of something that was stored at that time."""
        content, profile = at < self.content, at < self.profile
        return hollowed(data, content=content, profile=profile) if content or profile else data


def _empty(name: str, value: Any) -> Any:
    """As little as the field's type allows."""
    match value:
        case str():
            return FORGOTTEN if name == "text" and value else ""
        case list():
            return []
        case dict():
            return {} if name in MAPPINGS else None
        case _:
            return value


# ---- how long -----------------------------------------------------------------------------------------


class Keep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a channel's contents are kept: "48 hours", "90 days", "2 years". `profile`: who wrote; as the messages
    when it is not given."""

    messages: str
    profile: str = ""

    def moments(self, now: datetime) -> Moments:
        content = span(self.messages)
        return Moments(now, now - content, now - min(span(self.profile or self.messages), content))


_SPAN = re.compile(r"(\d{1,5})\s*(hour|day|week|month|year)s?")
_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24, "year": 365 * 24}
LONGEST = timedelta(days=100 * 365)  # before the calendar's beginning there is nothing


def span(text: str) -> timedelta:
    """Raises ValueError."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found or int(found[1]) == 0:
        raise ValueError(text)
    return min(timedelta(hours=int(found[1]) * _HOURS[found[2]]), LONGEST)
