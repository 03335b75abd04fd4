"""Store what platforms tell us. Nothing is acknowledged before this has returned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from bot.core.channel_ports import ChannelStates, Threads
from bot.core.ports import WEBHOOK, DeadLetters, Letter, Mailbox
from channels.messages import (
    POST_THREAD,
    AccessRevoked,
    Event,
    InboundEvent,
    MessageDeleted,
    MessageReceived,
    Surface,
    Unsupported,
    post_thread,
)

_GONE = "gone:"  # marks a public message whose deletion came before it

E = TypeVar("E", bound=Event)


class Receive:
    """Finds each event's case, and appends it to that conversation's mailbox."""

    def __init__(self, inbound: Mailbox, threads: Threads, dead: DeadLetters, states: ChannelStates) -> None:
        self._inbound = inbound
        self._threads = threads
        self._dead = dead
        self._states = states

    async def accept(self, events: Sequence[InboundEvent]) -> int:
        """Append every event, in order; how many were new. All are of one channel.

        Kinds that the adapter does not know carry nothing that anybody could answer; they end here, and what could
        not be read is kept aside. Raises StoreUnavailable: then the caller must not acknowledge, so that the
        platform tells us again.
        """
        if not events:
            return 0
        attached = await self._attach(events)
        letters = []
        for event in attached:
            if isinstance(event, AccessRevoked):
                await self._states.stop(event.channel, event.detail or "the account withdrew our access")
            elif not isinstance(event, Unsupported):
                letters.append(
                    Letter(
                        key=event.conversation_key,
                        dedupe_id=f"{event.channel}:{event.event_id}",
                        body=msgspec.json.encode(event),
                    )
                )
            elif event.raw:
                await self._dead.keep(WEBHOOK, event.channel, event.raw.encode(), event.kind)
        return await self._inbound.append(letters) if letters else 0

    async def _attach(self, events: Sequence[InboundEvent]) -> list[InboundEvent]:
        """The events under the cases that they belong to; those that belong to nobody's are left out."""
        channel = events[0].channel
        names: dict[str, None] = {}
        others: dict[str, None] = {}
        for event in events:
            names.update(dict.fromkeys((event.thread_id, *event.also)))
            others.update(dict.fromkeys(event.also))
            if event.surface is Surface.PUBLIC and isinstance(event, MessageReceived):
                names[_GONE + event.external_id] = None
        known = dict(await self._threads.find(channel, list(names), list(others)))
        learned: dict[str, str] = {}
        attached: list[InboundEvent] = []
        for event in events:
            ids = (event.thread_id, *event.also)
            thread = next((known[name] for name in ids if name in known), "")
            if not thread and event.thread_id.startswith(POST_THREAD):
                if isinstance(event, MessageDeleted):
                    learned[_GONE + event.external_id] = "1"
                if isinstance(event, Unsupported):
                    attached.append(event)
                continue
            thread = thread or event.thread_id
            if event.also:
                learned.update(dict.fromkeys(ids, thread))
            case = _under(event, thread)
            if event.surface is Surface.PUBLIC and isinstance(event, MessageReceived):
                learned[post_thread(event.external_id)] = thread
                if _GONE + event.external_id in known or _GONE + event.external_id in learned:
                    attached.append(_deletion(case))
            known.update(learned)
            attached.append(case)
        await self._threads.learn(channel, learned)
        return attached


def _under(event: E, thread_id: str) -> E:
    return event if event.thread_id == thread_id else replace(event, thread_id=thread_id)


def _deletion(message: Event) -> MessageDeleted:
    assert isinstance(message, MessageReceived)
    return MessageDeleted(
        channel=message.channel,
        event_id=f"{message.event_id}.gone",
        thread_id=message.thread_id,
        at=message.at,
        customer=message.customer,
        surface=message.surface,
        external_id=message.external_id,
    )
