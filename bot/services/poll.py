"""Asks a platform for news, for machines without a public address. Stored first, then confirmed by the cursor."""

from __future__ import annotations

from typing import Any, Protocol

from bot.services.receive import Receive
from channels.base import PollingChannel


class Polls(Protocol):
    """Whose turn it is to poll (one process of a deployment), and how far has been stored."""

    async def take_turn(self, channel: str, process: str) -> bool: ...

    async def cursor(self, channel: str) -> str: ...

    async def advance(self, channel: str, cursor: str) -> None: ...


async def poll_once(channel: PollingChannel[Any], receive: Receive, polls: Polls, process: str) -> int | None:
    """One poll: how many events were new; None when another process has the turn.

    Raises what the channel raises, and StoreUnavailable; nothing is confirmed then.
    """
    if not await polls.take_turn(channel.name, process):
        return None
    before = await polls.cursor(channel.name)
    events, cursor = await channel.poll(before)
    new = await receive.accept(events)
    if cursor != before:
        await polls.advance(channel.name, cursor)
    return new
