"""Looking for a message of ours on X, when nobody knows whether it arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from channels.base import Transport
from channels.errors import Unavailable
from channels.messages import ApiCall, OutboundMessage, Surface
from channels.x import answers, wire
from channels.x.settings import XSettings
from channels.x.text import comparable, plain

# Beyond these nobody can say that it is not there.
_MOST_PAGES = 5

T = TypeVar("T")


async def find(
    transport: Transport,
    settings: XSettings,
    message: OutboundMessage,
    text: str,
    since: datetime,
    besides: frozenset[str],
) -> str | None:
    """The id of the post or direct message with these words, or None when there is none since then.

    Raises a SendError when X does not tell.
    """
    wanted = comparable(text)
    if message.surface is Surface.PUBLIC:
        return await _reply(transport, settings.user_id, message.reply_to, wanted, since, besides)
    return await _direct(transport, settings.user_id, message.to, wanted, since, besides)


async def _reply(
    transport: Transport, us: str, parent: str, wanted: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """https://docs.x.com/x-api/users/get-posts"""
    query = {
        "start_time": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tweet.fields": "author_id,created_at,entities,note_tweet,referenced_tweets",
        "max_results": "100",
    }
    async for post in _items(transport, f"/2/users/{us}/tweets", query, wire.Post):
        if str(post.id) in besides:
            continue
        whole = post.note_tweet if post.note_tweet and post.note_tweet.text else post
        if post.parent == parent and comparable(plain(whole.text, whole.entities.urls)) == wanted:
            return str(post.id)
    return None


async def _direct(
    transport: Transport, us: str, participant: str, wanted: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """Newest first: https://docs.x.com/x-api/direct-messages/lookup/introduction"""
    query = {
        "dm_event.fields": "id,event_type,sender_id,text,created_at,entities",
        "event_types": "MessageCreate",
        "max_results": "100",
    }
    path = f"/2/dm_conversations/with/{participant}/dm_events"
    async for direct in _items(transport, path, query, wire.PolledDirect):
        if direct.created_at is not None and direct.created_at.tzinfo and direct.created_at < since:
            return None
        if str(direct.id) in besides:
            continue
        if str(direct.sender_id) == us and comparable(plain(direct.text, direct.entities.urls)) == wanted:
            return str(direct.id)
    return None


async def _items(transport: Transport, path: str, query: dict[str, str], shape: type[T]) -> AsyncIterator[T]:
    """Each thing of the list. Raises Unavailable behind the last page that is looked at, if there are more."""
    for _ in range(_MOST_PAGES):
        page = await ask(transport, path, query)
        for item in page.data:
            try:
                yield msgspec.convert(item, shape)
            except msgspec.ValidationError as error:
                raise Unavailable(f"X lists something that cannot be read: {error}") from None
        if not page.meta.next_token:
            return
        query = query | {"pagination_token": page.meta.next_token}
    raise Unavailable("too much was written since then to look through it")


async def ask(transport: Transport, path: str, query: dict[str, Any]) -> wire.Page:
    """One page of a list. Raises a SendError."""
    response = await transport.call(ApiCall(method="GET", path=path, query=query), idempotency_key="ask")
    return answers.read(response, wire.Page)
