"""Store what platforms tell us. Nothing is acknowledged before this has returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from bot.core.channel_ports import ChannelStates, Threads
from bot.core.ports import WEBHOOK, DeadLetters, Letter, Mailbox, SendLog
from channels.messages import (
    POST_THREAD,
    AccessRevoked,
    Event,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageReceived,
    OwnEcho,
    Receipt,
    Surface,
    Unsupported,
    post_thread,
)

_GONE = "gone:"  # marks a public message whose deletion came before it
_LAST = "last:"  # who wrote last under a public message
_USER = "user:"  # the scoped id behind a case that began with a mere number

E = TypeVar("E", bound=Event)


class Receive:
    """Finds each event's case, and appends it to that conversation's mailbox."""

    def __init__(
        self, inbound: Mailbox, threads: Threads, sends: SendLog, dead: DeadLetters, states: ChannelStates
    ) -> None:
        self._inbound = inbound
        self._threads = threads
        self._sends = sends
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
        letters = []
        for event in await self._attach(events):
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
        known = dict(await self._threads.find(channel, *_asked(events)))
        learned: dict[str, str] = {}
        changed: dict[str, str] = {}
        attached: list[InboundEvent] = []
        for event in events:
            thread = _case(event, known) or await self._by_our_call(event)
            if not thread and event.thread_id.startswith(POST_THREAD):
                if isinstance(event, MessageDeleted):
                    learned[_GONE + event.external_id] = "1"
                if isinstance(event, Unsupported):
                    attached.append(event)
                continue
            thread = thread or event.thread_id
            if event.also:
                changed |= {**dict.fromkeys((event.thread_id, *event.also), thread), _USER + thread: event.thread_id}
            elif thread != event.thread_id and not event.thread_id.startswith(POST_THREAD):
                learned[event.thread_id] = thread
            case = _under(event, thread)
            if event.surface is Surface.PUBLIC and isinstance(event, MessageReceived):
                learned[post_thread(event.external_id)] = thread
                changed[_LAST + (event.root or event.external_id)] = thread
                if _GONE + event.external_id in known or _GONE + event.external_id in learned:
                    attached.append(_deletion(case))
            known |= learned | changed
            attached.append(case)
        await self._threads.learn(channel, learned)
        await self._threads.replace(channel, changed)
        return attached

    async def _by_our_call(self, event: Event) -> str:
        """An echo that carries our own tag tells whose case its address belongs to: a private reply's, at last."""
        if isinstance(event, OwnEcho | Receipt) and event.message_id:
            key = await self._sends.conversation_of(event.message_id)
            return key.partition(":")[2]
        return ""


def _asked(events: Sequence[InboundEvent]) -> tuple[list[str], list[str]]:
    """The names to look up, and those for which a conversation of that id counts as well."""
    names: dict[str, None] = {}
    others: dict[str, None] = {}
    for event in events:
        names.update(dict.fromkeys((event.thread_id, *event.also)))
        names.update(dict.fromkeys(_USER + other for other in event.also))
        others.update(dict.fromkeys(event.also))
        if event.surface is Surface.PUBLIC and isinstance(event, MessageReceived):
            names[_GONE + event.external_id] = None
        if isinstance(event, HumanEcho) and event.thread_id.startswith(POST_THREAD):
            names[_LAST + event.thread_id.removeprefix(POST_THREAD)] = None
    return list(names), list(others)


def _case(event: Event, known: Mapping[str, str]) -> str:
    """The thread id of the case that an event belongs to, "" when nothing says so."""
    if isinstance(event, HumanEcho) and event.thread_id.startswith(POST_THREAD):
        # Several customers may write under one message: a person answers the latest of them.
        latest = known.get(_LAST + event.thread_id.removeprefix(POST_THREAD))
        if latest:
            return latest
    if event.thread_id in known:
        return known[event.thread_id]
    for other in event.also:
        thread = known.get(other, "")
        # A telephone number changes hands: it leads only to a case that began with it and has no other user since.
        own = thread == other and known.get(_USER + other, event.thread_id) == event.thread_id
        if thread and (own or isinstance(event, Unsupported)):
            return thread
    return ""


def _under(event: E, thread_id: str) -> E:
    if isinstance(event, HumanEcho) and event.thread_id.startswith(POST_THREAD):
        return replace(event, thread_id=thread_id, root=event.thread_id.removeprefix(POST_THREAD))
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
