"""Conversations on Redis/Valkey: state by compare-and-set, with its events, replies and timers in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
import structlog
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.adapters.redis_mailbox import lease_of, mailbox_prefix
from bot.core.conversation import Conversation, Owner
from bot.core.events import AnyEvent
from bot.core.ports import Commit, Lease, LeaseLost, Loaded, VersionConflict
from bot.core.sla import WAITS_KEPT, QueueState
from channels.messages import OutboundMessage

log = structlog.get_logger(__name__)

T = TypeVar("T")

LOG_MAX = 1000  # events of a conversation kept live; the archive keeps them all

_events = msgspec.json.Decoder(AnyEvent)
_conversations = msgspec.json.Decoder(Conversation)


class RedisStore:
    """Implements ports.ConversationStore. Every method raises StoreUnavailable when the server can't be reached."""

    def __init__(self, redis: Redis[bytes], *, inbound: str = "in", prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._inbound = mailbox_prefix(inbound, prefix)
        self._commit = script(redis, "commit")

    async def load(self, key: str) -> Loaded:
        with reaching():
            state, tracker = await self._redis.hmget(f"{self._prefix}conv:{key}", "state", "tracker")
        return Loaded(conversation=_conversations.decode(state) if state else None, tracker=tracker or b"")

    async def commit(self, commit: Commit) -> Lease | None:
        conversation = msgspec.structs.replace(commit.conversation, version=commit.expected_version + 1)
        since = conversation.handoff.opened_at if conversation.handoff else conversation.opened_at
        return await self._run(
            conversation.key,
            commit.events,
            commit.ack,
            expected=str(commit.expected_version),
            version=str(conversation.version),
            taken_epoch=str(conversation.taken_epoch),
            owner=conversation.owner,
            since=since.timestamp(),
            state=msgspec.json.encode(conversation).decode(),
            tracker=commit.tracker.decode() if commit.tracker is not None else None,
            outbox=[self._letter(message) for message in commit.outbox],
            cancels=list(commit.cancel_timers),
            timers=[
                {
                    "id": timer.timer_id,
                    "key": timer.key,
                    "due": str(int(timer.due_at.timestamp() * 1000)),
                    "b": timer.body.decode(),
                }
                for timer in commit.timers
            ],
        )

    async def record(self, key: str, events: Sequence[AnyEvent], ack: Lease | None = None) -> Lease | None:
        return await self._run(key, events, ack)

    async def log(self, key: str, limit: int = LOG_MAX) -> Sequence[AnyEvent]:
        with reaching():
            raw = await self._redis.lrange(f"{self._prefix}log:{key}", -limit, -1)
        return _events_of(raw)

    async def logs(self, keys: Sequence[str], limit: int) -> Sequence[Sequence[AnyEvent]]:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            for key in keys:
                pipe.lrange(f"{self._prefix}log:{key}", -limit, -1)
            raw = await pipe.execute()
        return [_events_of(each) for each in raw]

    async def owned(self, owner: str) -> Sequence[str]:
        with reaching():
            keys = await self._redis.zrange(f"{self._prefix}owned:{owner}", 0, -1)
        return [key.decode() for key in keys]

    async def states(self, keys: Sequence[str]) -> Sequence[Conversation]:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            for key in keys:
                pipe.hget(f"{self._prefix}conv:{key}", "state")
            raw = await pipe.execute()
        return [state for each in raw if each and (state := _readable(each, _conversations, "state")) is not None]

    async def queue(self) -> QueueState:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.zcard(f"{self._prefix}owned:{Owner.WAITING}")
            pipe.lrange(f"{self._prefix}waits", -WAITS_KEPT, -1)
            pipe.time()
            waiting, waits, (seconds, _) = await pipe.execute()
            # Presence is written by Sessions.seen: agent → until when they count as present.
            present = await self._redis.zcount(f"{self._prefix}present", seconds, "+inf")
        return QueueState(ahead=waiting, agents_present=present, recent_waits_s=[float(w) for w in waits])

    async def note_wait(self, seconds: float) -> None:
        with reaching():
            pipe = self._redis.pipeline()
            pipe.rpush(f"{self._prefix}waits", f"{seconds:.1f}")
            pipe.ltrim(f"{self._prefix}waits", -WAITS_KEPT, -1)
            await pipe.execute()

    def _letter(self, message: OutboundMessage) -> dict[str, str]:
        return {
            "p": mailbox_prefix(f"out.{message.channel}", self._prefix),
            "id": message.message_id,
            "b": msgspec.json.encode(message).decode(),
        }

    async def _run(self, key: str, events: Sequence[AnyEvent], ack: Lease | None, **rest: object) -> Lease | None:
        document = {
            "prefix": self._prefix,
            "inbound": self._inbound,
            "key": key,
            "log_max": LOG_MAX,
            "events": [msgspec.json.encode(event).decode() for event in events],
            "outbox": [],
            "timers": [],
            "cancels": [],
            **{name: value for name, value in rest.items() if value is not None},
        }
        if ack is not None:
            document["ack"] = {
                "p": mailbox_prefix(ack.mailbox, self._prefix),
                "key": ack.key,
                "token": str(ack.token),
                "entry": ack.entry_id,
            }
        with reaching():
            answer = await self._commit(args=[json.dumps(document, ensure_ascii=False)])
        if answer == b"lost":
            raise LeaseLost(key)
        if answer == b"conflict":
            raise VersionConflict(key)
        if ack is not None and isinstance(answer, list):
            return lease_of(ack.mailbox, ack.owner, answer)
        return None


def _events_of(raw: Iterable[bytes]) -> list[AnyEvent]:
    return [event for each in raw if (event := _readable(each, _events, "event")) is not None]


def _readable(raw: bytes, decoder: msgspec.json.Decoder[T], what: str) -> T | None:
    """One case that can't be read must not hide the others, from those who wait nor from the desk's board."""
    try:
        return decoder.decode(raw)
    except msgspec.DecodeError:
        log.error("part of a conversation cannot be read", part=what)
        return None
