"""Small things that go out or ring by themselves: a typing sign, a handoff's timer."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import msgspec

from bot.core.conversation import Conversation
from bot.core.ports import Timer, TimerFired
from channels.messages import Event, OutboundMessage, Sender

HANDOFF_TIMER = "handoff_due"


def typing_sign(
    where: Conversation | Event, now: datetime, sender: Sender = Sender.BOT, agent_name: str = ""
) -> OutboundMessage:
    """The signal that somebody is writing in this conversation. Kept nowhere: it goes through ports.Signals."""
    if isinstance(where, Event):
        to, reply_to = where.customer.address or where.customer.external_id, getattr(where, "external_id", "")
    else:
        to, reply_to = where.private_to, where.last_inbound_id
    return OutboundMessage(
        message_id=uuid4().hex,
        kind="typing",
        channel=where.channel,
        thread_id=where.thread_id,
        customer=where.customer,
        surface=where.surface,
        created_at=now,
        sender=sender,
        agent_name=agent_name,
        to=to,
        reply_to=reply_to,
    )


def handoff_timer(conversation: Conversation, now: datetime, after: timedelta) -> Timer:
    """Rings in the conversation's own mailbox when nobody has taken the handoff in time."""
    fired = TimerFired(
        channel=conversation.channel,
        event_id=f"{HANDOFF_TIMER}:{conversation.epoch}",
        thread_id=conversation.thread_id,
        at=now + after,
        customer=conversation.customer,
        name=HANDOFF_TIMER,
        epoch=conversation.epoch,
    )
    return Timer(
        timer_id=handoff_timer_id(conversation.key),
        key=conversation.key,
        due_at=now + after,
        body=msgspec.json.encode(fired),
    )


def handoff_timer_id(key: str) -> str:
    return f"{HANDOFF_TIMER}:{key}"
