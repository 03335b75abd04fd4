"""Asking X for news, where it cannot call us: mentions and direct messages.

https://docs.x.com/x-api/users/get-mentions
https://docs.x.com/x-api/direct-messages/lookup/introduction
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from channels.base import Transport
from channels.errors import Ambiguous, Unavailable
from channels.messages import InboundEvent
from channels.x import inbound, posts, reading, wire
from channels.x.lookup import ask
from channels.x.reading import Account
from channels.x.settings import XSettings

# X lists at most 800 mentions, and lets direct messages be read 15 times in 15 minutes.
_MENTION_PAGES, _DIRECT_PAGES = 8, 14
_MENTIONS = {
    "max_results": "100",
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities"
    ",in_reply_to_user_id,note_tweet,public_metrics,referenced_tweets",
    "expansions": "author_id,attachments.media_keys,referenced_tweets.id",
    "user.fields": "name,public_metrics,username,verified",
    "media.fields": "type,url,preview_image_url",
}
_DIRECTS = {
    "max_results": "100",
    "event_types": "MessageCreate",
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,participant_ids,sender_id,text",
    "expansions": "sender_id,attachments.media_keys",
    "user.fields": "name,public_metrics,username,verified",
    "media.fields": "type,url,preview_image_url",
}


class Seen(NamedTuple):
    """The newest of each kind that was stored; 0 when none was."""

    mention: int = 0
    direct: int = 0

    @classmethod
    def from_cursor(cls, cursor: str) -> Seen:
        mention, _, direct = cursor.partition(".")
        return cls(_number(mention), _number(direct))

    def cursor(self) -> str:
        return f"{self.mention}.{self.direct}" if any(self) else ""


async def news(
    transport: Transport, settings: XSettings, account: Account, cursor: str, now: datetime
) -> tuple[Sequence[InboundEvent], str]:
    """What came since `cursor`, oldest first of each kind; with "" the last `poll_back_h` hours.

    Raises a SendError; a broken connection is Unavailable, because asking twice changes nothing.
    """
    seen = Seen.from_cursor(cursor)
    since = now - timedelta(hours=settings.poll_back_h)
    try:
        mentions, mention = await _mentions(transport, account, seen.mention, since, now)
        messages, direct = await _directs(transport, account, seen.direct, since, now)
    except Ambiguous as error:
        raise Unavailable(error.detail, code=error.code) from None
    return [*mentions, *messages], Seen(mention, direct).cursor()


async def _mentions(
    transport: Transport, account: Account, seen: int, since: datetime, now: datetime
) -> tuple[list[InboundEvent], int]:
    start = {"since_id": str(seen)} if seen else {"start_time": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    events: list[InboundEvent] = []
    newest, query = seen, _MENTIONS | start
    for _ in range(_MENTION_PAGES):
        page = await ask(transport, f"/2/users/{account.id}/mentions", query)
        around = reading.around(page.includes)
        events += [inbound.read_post(item, posts.MENTION, account, around, now) for item in page.data]
        newest = max([newest, *map(_id, page.data)])
        if not page.meta.next_token:
            break
        query = query | {"pagination_token": page.meta.next_token}
    return events[::-1], newest


async def _directs(
    transport: Transport, account: Account, seen: int, since: datetime, now: datetime
) -> tuple[list[InboundEvent], int]:
    """The list cannot be asked from a point on: newest first, until something known."""
    events: list[InboundEvent] = []
    newest, query = seen, dict(_DIRECTS)
    for _ in range(_DIRECT_PAGES):
        page = await ask(transport, "/2/dm_events", query)
        around = reading.around(page.includes)
        fresh = [item for item in page.data if _is_fresh(item, seen, since)]
        events += [inbound.read_direct(item, account, around, now) for item in fresh]
        newest = max([newest, *map(_id, fresh)])
        if len(fresh) < len(page.data) or not page.meta.next_token:
            break
        query = query | {"pagination_token": page.meta.next_token}
    return events[::-1], newest


def _is_fresh(item: Any, seen: int, since: datetime) -> bool:
    if seen:
        return not 0 < _id(item) <= seen  # ids grow with time; what has none is kept aside
    try:
        written = msgspec.convert(item, wire.Written).created_at
    except msgspec.ValidationError:
        return True
    return reading.moment(written, since) >= since


def _id(item: Any) -> int:
    return _number(str(item.get("id", ""))) if isinstance(item, dict) else 0


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else 0
