"""How far the organization's notifications have been read, as one line of text.

The cursor is `NEWEST|id id …`: the time of the newest notification in milliseconds, and which ones were seen in the
minutes before it. Those minutes are asked for again each time, because a notification may appear a little later than
one that is newer than it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from channels.linkedin import urns
from channels.linkedin.inbound import ACTIONS

PAGE = 100
OVERLAP_MS = 10 * 60_000
# LinkedIn keeps notifications for 60 days, less an hour in which our clock may be wrong.
_KEPT = timedelta(days=60) - timedelta(hours=1)


class Seen(NamedTuple):
    """What has been read: `newest` in milliseconds, and the ids in the overlap before it."""

    newest: int
    ids: frozenset[str]

    @property
    def start(self) -> int:
        return max(self.newest - OVERLAP_MS, 0)

    def line(self) -> str:
        return f"{self.newest}|{' '.join(sorted(self.ids))}"


def seen_until(cursor: str, back: timedelta, now: datetime) -> Seen:
    """Read a cursor; without one (or with one that is not ours), begin `back` before now."""
    newest, _, ids = cursor.partition("|")
    oldest = int((now - _KEPT).timestamp() * 1000)
    if not newest.isdecimal() or not newest.isascii() or len(newest) > 15:
        return Seen(max(int((now - back).timestamp() * 1000) + OVERLAP_MS, oldest), frozenset())
    return Seen(max(int(newest), oldest + OVERLAP_MS), frozenset(ids.split()))


def page_path(organization: str, since: int, first: int) -> str:
    """The question, whole: Rest.li 2.0 wants the signs of its lists unescaped, which no query encoder leaves so.

    https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
    """
    return (
        f"rest/organizationalEntityNotifications?q=criteria&actions=List({','.join(ACTIONS)})"
        f"&organizationalEntity={urns.encoded(organization)}&timeRange=(start:{since})&start={first}&count={PAGE}"
    )


class Notice(NamedTuple):
    """One element of a page, as far as the cursor needs it."""

    id: str
    at: int
    raw: bytes


def notice(element: Any) -> Notice:
    """Never raises: what has no id is known by all of its text, what has no time is taken for old."""
    raw = msgspec.json.encode(element, order="sorted")
    fields = element if isinstance(element, Mapping) else {}
    given, at = fields.get("notificationId"), fields.get("lastModifiedAt")
    known = "".join(str(given).split()) if isinstance(given, int | str) else ""
    return Notice(known or _digest(raw), at if isinstance(at, int) and at > 0 else 0, raw)


def advance(seen: Seen, notices: Sequence[Notice], now: datetime) -> Seen:
    """What has been read when these, all that were answered, are stored.

    A time in the future counts as now, because it would hide all that comes until then.
    """
    latest = int(now.timestamp() * 1000)
    newest = max([seen.newest, *(min(item.at, latest) for item in notices)])
    return Seen(newest, frozenset(item.id for item in notices if item.at >= newest - OVERLAP_MS or not item.at))


def _digest(raw: bytes) -> str:
    return f"unread.{hashlib.sha256(raw).hexdigest()[:32]}"
