"""The courier's memory of what left, and the gate that a person's takeover shuts."""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.core.echo import places, plain
from bot.core.ports import PartState
from channels.messages import OutboundMessage, Sender

RECORD_S = 7 * 86_400  # as long as the outbox remembers message ids
IN_FLIGHT_MS = 16_000  # longer than a platform call may take; a dead courier's mark must not stay
ECHO_S = 600.0  # so long after a send its words are still taken for ours when they come back under another id
MOST_FIELDS = 200  # ids and words of a thread, before the older half is let go


class RedisSendLog:
    """Implements ports.SendLog. Every method raises StoreUnavailable when the server can't be reached.

    `send:ID` is a message's record. `words:PLACE` is what is on its way in a conversation or under a public message
    (its words, and until when they count) and the ids of what arrived, by which echoes are told from a person's words.
    """

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._begin = script(redis, "begin_send")

    async def begin(self, message: OutboundMessage, part: int, attempt: str, words: str | None = None) -> PartState:
        automated = "0" if message.sender is Sender.AGENT else "1"
        key = message.conversation_key
        keys = [f"{self._prefix}conv:{key}", self._record(message.message_id), self._in_flight(key)]
        said = plain(message.text if words is None else words)
        with reaching():
            verdict, external_id = await self._begin(
                keys=[*keys, *self._places(message)],
                args=[
                    part, attempt, automated, message.epoch, message.message_id, RECORD_S, IN_FLIGHT_MS, f"|{said}",
                    MOST_FIELDS, key,
                ],
            )  # fmt: skip
        return PartState(verdict=verdict.decode(), external_id=external_id.decode())

    async def finish(self, message: OutboundMessage, part: int, external_id: str, words: str | None = None) -> None:
        call = f"{message.message_id}/{part}"
        said = plain(message.text if words is None else words)
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._record(message.message_id), f"done:{part}", external_id)
            pipe.hdel(self._record(message.message_id), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            for place in self._places(message):
                if external_id:
                    pipe.hset(place, f"id:{external_id}", call)
                pipe.hset(place, f"words:{call}", f"{time.time() + ECHO_S}|{said}")
            await pipe.execute()

    async def abort(self, message: OutboundMessage, part: int) -> None:
        await self._end(message, part, forget=True)

    async def give_up(self, message: OutboundMessage, part: int) -> None:
        await self._end(message, part, forget=False)

    async def in_flight(self, key: str) -> bool:
        with reaching():
            return bool(await self._redis.exists(self._in_flight(key)))

    async def confirm(self, key: str, call: str, external_id: str) -> bool:
        message_id, _, part = call.rpartition("/")
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hsetnx(self._record(message_id), f"done:{part}", external_id)
            pipe.expire(self._record(message_id), RECORD_S)
            pipe.hset(self._words(key), f"id:{external_id}", call)
            pipe.expire(self._words(key), RECORD_S)
            news, *_ = await pipe.execute()
        return bool(news)

    async def whose(self, key: str, external_id: str, text: str | None = None) -> str:
        known = await self._known(key)
        by_id = known.get(f"id:{external_id}")
        if by_id or text is None:
            return by_id or ""
        echo, now = plain(text), time.time()
        for name, value in known.items():
            kind, _, call = name.partition(":")
            until, _, words = value.partition("|")
            if kind == "words" and (not until or float(until) > now) and echo == words:
                return call
        return ""

    async def others(self, message: OutboundMessage, part: int) -> frozenset[str]:
        call = f"{message.message_id}/{part}"
        found: set[str] = set()
        for place in places(message):
            known = await self._known(place)
            found |= {name[3:] for name, value in known.items() if name.startswith("id:") and value != call}
        return frozenset(found)

    async def conversation_of(self, call: str) -> str:
        with reaching():
            value = await self._redis.hget(self._record(call.rpartition("/")[0]), "of")
        return value.decode() if value else ""

    async def arrived(self, message: OutboundMessage) -> Sequence[str] | None:
        with reaching():
            record = await self._redis.hgetall(self._record(message.message_id))
        parts: dict[str, dict[int, str]] = {"attempt": {}, "done": {}}
        for name, value in record.items():
            kind, _, part = name.decode().partition(":")
            if kind in parts:
                parts[kind][int(part)] = value.decode()
        if parts["attempt"].keys() - parts["done"].keys():
            return None
        return [external_id for _, external_id in sorted(parts["done"].items())]

    async def asked(self, message: OutboundMessage, part: int, what: str = "looked") -> int:
        with reaching():
            return int(await self._redis.hincrby(self._record(message.message_id), f"{what}:{part}", 1))

    async def _end(self, message: OutboundMessage, part: int, *, forget: bool) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hdel(self._record(message.message_id), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            if forget:
                for place in self._places(message):
                    for generation in (place, f"{place}:older"):
                        pipe.hdel(generation, f"words:{message.message_id}/{part}")
            await pipe.execute()

    async def _known(self, key: str) -> dict[str, str]:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hgetall(f"{self._words(key)}:older")
            pipe.hgetall(self._words(key))
            older, newer = await pipe.execute()
        return {name.decode(): value.decode() for name, value in {**older, **newer}.items()}

    def _places(self, message: OutboundMessage) -> list[str]:
        return [self._words(key) for key in places(message)]

    def _record(self, message_id: str) -> str:
        return f"{self._prefix}send:{message_id}"

    def _in_flight(self, key: str) -> str:
        return f"{self._prefix}inflight:{key}"

    def _words(self, key: str) -> str:
        return f"{self._prefix}words:{key}"
