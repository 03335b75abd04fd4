"""Bring a dead letter back: into its mailbox, or for a webhook body that no adapter could read, through the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.ports import WEBHOOK, DeadLetters
from bot.services.receive import Receive
from channels.base import Channel
from channels.errors import PayloadError
from channels.messages import RawRequest


class NotReadable(Exception):
    """The adapter still cannot read this body, or its channel is not set up any more."""


async def retry_letter(dead: DeadLetters, receive: Receive, channels: Mapping[str, Channel[Any]], dead_id: str) -> bool:
    """Put the letter back; False when there is none with this id. Raises NotReadable and keeps it then."""
    letter = await dead.get(dead_id)
    if letter is None:
        return False
    if letter.mailbox != WEBHOOK:
        return await dead.retry(dead_id)
    channel = channels.get(letter.key)
    if channel is None:
        raise NotReadable(f"the channel {letter.key} is not set up")
    try:
        # Its signature was checked when it arrived; the headers are not kept, because they hold secrets.
        events = channel.parse(RawRequest(method="POST", path=f"/webhooks/{letter.key}", body=letter.body))
    except PayloadError as error:
        raise NotReadable(str(error)) from error
    await receive.accept(events)
    return await dead.drop(dead_id)
