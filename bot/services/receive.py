"""Store what platforms tell us. Nothing is acknowledged before this has returned."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.core.ports import Letter, Mailbox
from channels.messages import InboundEvent, Unsupported


async def accept(inbound: Mailbox, events: Sequence[InboundEvent]) -> int:
    """Append every event to its conversation's mailbox, in order; how many were new.

    Kinds that the adapter does not know carry nothing that anybody could answer; they end here.
    Raises StoreUnavailable: then the caller must not acknowledge, so that the platform tells us again.
    """
    letters = [
        Letter(
            key=event.conversation_key,
            dedupe_id=f"{event.channel}:{event.event_id}",
            body=msgspec.json.encode(event),
        )
        for event in events
        if not isinstance(event, Unsupported)
    ]
    return await inbound.append(letters) if letters else 0
