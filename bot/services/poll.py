"""Asks a platform for news, for machines without a public address. Stored first, then confirmed by the cursor."""

from __future__ import annotations

from typing import Any, Protocol

from bot.core.ports import DeadLetters, Mailbox
from bot.services.dead import WEBHOOK
from bot.services.receive import accept
from channels.base import PollingChannel
from channels.messages import Unsupported


class Polls(Protocol):
    """Whose turn it is to poll (one process of a deployment), and how far has been stored."""

    async def take_turn(self, channel: str, process: str) -> bool: ...

    async def cursor(self, channel: str) -> str: ...

    async def advance(self, channel: str, cursor: str) -> None: ...


async def poll_once(
    channel: PollingChannel[Any], inbound: Mailbox, polls: Polls, dead: DeadLetters, process: str
) -> int | None:
    """One poll: how many events were new; None when another process has the turn.

    Raises what the channel raises, and StoreUnavailable; nothing is confirmed then.
    """
    if not await polls.take_turn(channel.name, process):
        return None
    before = await polls.cursor(channel.name)
    events, cursor = await channel.poll(before)
    new = await accept(inbound, events)
    for event in events:
        if isinstance(event, Unsupported) and event.raw:
            await dead.keep(WEBHOOK, channel.name, event.raw.encode(), event.kind)
    if cursor != before:
        await polls.advance(channel.name, cursor)
    return new
