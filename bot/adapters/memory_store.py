"""Conversations, the send log, events and signals in memory, for tests: same contracts as the Redis ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec

from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.core.conversation import Conversation, Owner
from bot.core.echo import places, plain
from bot.core.events import AnyEvent
from bot.core.ports import Commit, Lease, Letter, Loaded, PartState, VersionConflict
from bot.core.sla import WAITS_KEPT, QueueState
from channels.messages import OutboundMessage, Sender


class MemoryStore:
    """Implements ports.ConversationStore over mailboxes that it makes as channels need them."""

    def __init__(self, inbound: MemoryMailbox, dead: MemoryDeadLetters) -> None:
        self.inbound = inbound
        self.dead = dead
        self.outboxes: dict[str, MemoryMailbox] = {}
        self.stream: list[tuple[str, AnyEvent]] = []
        self.agents_present = 1
        self._conversations: dict[str, Conversation] = {}
        self._trackers: dict[str, bytes] = {}
        self._logs: dict[str, list[AnyEvent]] = {}
        self._waits: list[float] = []
        self.committed = asyncio.Event()

    def outbox(self, channel: str) -> MemoryMailbox:
        if channel not in self.outboxes:
            self.outboxes[channel] = MemoryMailbox(f"out.{channel}", self.dead)
        return self.outboxes[channel]

    async def load(self, key: str) -> Loaded:
        return Loaded(conversation=self._conversations.get(key), tracker=self._trackers.get(key, b""))

    async def commit(self, commit: Commit) -> Lease | None:
        conversation = commit.conversation
        if commit.ack is not None:
            self._box(commit.ack).check_head(commit.ack)
        present = self._conversations.get(conversation.key)
        if (present.version if present else 0) != commit.expected_version:
            raise VersionConflict(conversation.key)
        self._conversations[conversation.key] = msgspec.structs.replace(
            conversation, version=commit.expected_version + 1
        )
        if commit.tracker is not None:
            self._trackers[conversation.key] = commit.tracker
        for message in commit.outbox:
            self.outbox(message.channel).put(
                Letter(key=conversation.key, dedupe_id=message.message_id, body=msgspec.json.encode(message))
            )
        for timer_id in commit.cancel_timers:
            self.inbound.drop_timer(timer_id)
        for timer in commit.timers:
            self.inbound.set_timer(timer)
        return self._append(conversation.key, commit.events, commit.ack)

    async def record(self, key: str, events: Sequence[AnyEvent], ack: Lease | None = None) -> Lease | None:
        if ack is not None:
            self._box(ack).check_head(ack)
        return self._append(key, events, ack)

    async def log(self, key: str, limit: int = 1000) -> Sequence[AnyEvent]:
        return self._logs.get(key, [])[-limit:]

    async def logs(self, keys: Sequence[str], limit: int) -> Sequence[Sequence[AnyEvent]]:
        return [await self.log(key, limit) for key in keys]

    async def owned(self, owner: str) -> Sequence[str]:
        held = [c for c in self._conversations.values() if c.owner == owner]
        held.sort(key=lambda c: c.handoff.opened_at if c.handoff else c.opened_at)
        return [c.key for c in held]

    async def states(self, keys: Sequence[str]) -> Sequence[Conversation]:
        return [self._conversations[key] for key in keys if key in self._conversations]

    async def queue(self) -> QueueState:
        waiting = await self.owned(Owner.WAITING)
        recent = self._waits[-WAITS_KEPT:]
        return QueueState(ahead=len(waiting), agents_present=self.agents_present, recent_waits_s=recent)

    async def note_wait(self, seconds: float) -> None:
        self._waits.append(seconds)

    def _append(self, key: str, events: Sequence[AnyEvent], ack: Lease | None) -> Lease | None:
        for event in events:
            self.stream.append((f"{len(self.stream) + 1}-0", event))
            self._logs.setdefault(key, []).append(event)
        self.committed.set()
        return self._box(ack).remove(ack) if ack is not None else None

    def _box(self, lease: Lease) -> MemoryMailbox:
        return self.inbound if lease.mailbox == self.inbound.name else self.dead.mailboxes[lease.mailbox]


class MemorySendLog:
    """Implements ports.SendLog."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._done: dict[tuple[str, int], str] = {}
        self._begun: dict[tuple[str, int], str] = {}
        self._in_flight: dict[str, str] = {}
        self._of: dict[str, str] = {}
        self._asked: Counter[tuple[str, int, str]] = Counter()
        self._words: dict[str, dict[str, str]] = {}  # conversation → call → words on their way, or just sent
        self._ids: dict[str, dict[str, str]] = {}  # conversation → external id → call

    async def begin(self, message: OutboundMessage, part: int, attempt: str, words: str | None = None) -> PartState:
        spot = (message.message_id, part)
        if spot in self._done:
            return PartState(verdict="done", external_id=self._done[spot])
        if self._begun.get(spot, attempt) != attempt:
            return PartState(verdict="unknown")
        conversation = (await self._store.load(message.conversation_key)).conversation
        if message.sender is not Sender.AGENT and conversation and conversation.taken_epoch > message.epoch:
            return PartState(verdict="stale")
        self._begun[spot] = attempt
        self._of[message.message_id] = message.conversation_key
        self._in_flight[message.conversation_key] = message.message_id
        for place in places(message):
            said = plain(message.text if words is None else words)
            self._words.setdefault(place, {})[f"{message.message_id}/{part}"] = said
        return PartState(verdict="go")

    async def finish(self, message: OutboundMessage, part: int, external_id: str, words: str | None = None) -> None:
        self._done[message.message_id, part] = external_id
        for place in places(message):
            self._ids.setdefault(place, {})[external_id] = f"{message.message_id}/{part}"
        await self.give_up(message, part)

    async def abort(self, message: OutboundMessage, part: int) -> None:
        await self.give_up(message, part)
        for place in places(message):
            self._words.get(place, {}).pop(f"{message.message_id}/{part}", None)

    async def give_up(self, message: OutboundMessage, part: int) -> None:
        self._begun.pop((message.message_id, part), None)
        self._in_flight.pop(message.conversation_key, None)

    async def in_flight(self, key: str) -> bool:
        return key in self._in_flight

    async def confirm(self, key: str, call: str, external_id: str) -> bool:
        message_id, _, part = call.rpartition("/")
        self._ids.setdefault(key, {})[external_id] = call
        news = (message_id, int(part)) not in self._done
        self._done.setdefault((message_id, int(part)), external_id)
        return news

    async def whose(self, key: str, external_id: str, text: str | None = None) -> str:
        by_id = self._ids.get(key, {}).get(external_id, "")
        if by_id or text is None:
            return by_id
        return next((call for call, words in self._words.get(key, {}).items() if plain(text) == words), "")

    async def others(self, message: OutboundMessage, part: int) -> frozenset[str]:
        call = f"{message.message_id}/{part}"
        return frozenset(
            external_id
            for place in places(message)
            for external_id, owner in self._ids.get(place, {}).items()
            if owner != call
        )

    async def conversation_of(self, call: str) -> str:
        return self._of.get(call.rpartition("/")[0], "")

    async def arrived(self, message: OutboundMessage) -> Sequence[str] | None:
        if any(spot[0] == message.message_id for spot in self._begun.keys() - self._done.keys()):
            return None
        return [external_id for spot, external_id in sorted(self._done.items()) if spot[0] == message.message_id]

    async def asked(self, message: OutboundMessage, part: int, what: str = "looked") -> int:
        self._asked[message.message_id, part, what] += 1
        return self._asked[message.message_id, part, what]


class MemoryEventStream:
    """Implements ports.EventStream over a MemoryStore's events."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def follow(self, after: str = "$") -> AsyncIterator[tuple[str, AnyEvent]]:
        position = len(self._store.stream) if after == "$" else int(after.split("-", maxsplit=1)[0])
        while True:
            while position < len(self._store.stream):
                position += 1
                yield self._store.stream[position - 1]
            self._store.committed.clear()
            await self._store.committed.wait()

    async def trim(self, before: str) -> None:
        """Nothing to save in memory."""


class MemorySignals:
    """Implements ports.Signals for one process."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[OutboundMessage]] = set()

    async def publish(self, signal: OutboundMessage) -> None:
        for queue in self._listeners:
            queue.put_nowait(signal)

    async def listen(self) -> AsyncIterator[OutboundMessage]:
        queue: asyncio.Queue[OutboundMessage] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
