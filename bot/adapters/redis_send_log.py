"""The courier's memory of what left, and the gate that a person's takeover shuts."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.core.echo import plain, same_words
from bot.core.ports import PartState
from channels.messages import OutboundMessage, Sender

RECORD_S = 7 * 86_400  # as long as the outbox remembers message ids
IN_FLIGHT_MS = 16_000  # longer than a platform call may take; a dead courier's mark must not stay
ECHO_S = 600.0  # so long after a send its words are still taken for ours when they come back under another id


class RedisSendLog:
    """Implements ports.SendLog. Every method raises StoreUnavailable when the server can't be reached.

    Beside a record for each message there is a hash for each conversation, `words:KEY`: what is on its way (its
    words, and until when they count) and the ids of what arrived, by which echoes are told from a person's words.
    """

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._begin = script(redis, "begin_send")

    async def begin(self, message: OutboundMessage, part: int, attempt: str) -> PartState:
        automated = "0" if message.sender is Sender.AGENT else "1"
        key = message.conversation_key
        keys = [f"{self._prefix}conv:{key}", self._record(message.message_id), self._in_flight(key), self._words(key)]
        words = f"|{plain(message.text)}"
        with reaching():
            verdict, external_id = await self._begin(
                keys=keys,
                args=[part, attempt, automated, message.epoch, message.message_id, RECORD_S, IN_FLIGHT_MS, words],
            )
        return PartState(verdict=verdict.decode(), external_id=external_id.decode())

    async def finish(self, message: OutboundMessage, part: int, external_id: str) -> None:
        key, call = message.conversation_key, f"{message.message_id}/{part}"
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._record(message.message_id), f"done:{part}", external_id)
            pipe.hdel(self._record(message.message_id), f"attempt:{part}")
            pipe.delete(self._in_flight(key))
            if external_id:
                pipe.hset(self._words(key), f"id:{external_id}", call)
            pipe.hset(self._words(key), f"words:{call}", f"{time.time() + ECHO_S}|{plain(message.text)}")
            await pipe.execute()

    async def abort(self, message: OutboundMessage, part: int) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hdel(self._record(message.message_id), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            pipe.hdel(self._words(message.conversation_key), f"words:{message.message_id}/{part}")
            await pipe.execute()

    async def give_up(self, message: OutboundMessage, part: int) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hdel(self._record(message.message_id), f"attempt:{part}")
            pipe.delete(self._in_flight(message.conversation_key))
            await pipe.execute()

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

    async def whose(self, key: str, external_id: str, text: str) -> str:
        with reaching():
            known = await self._redis.hgetall(self._words(key))
        by_id = known.get(f"id:{external_id}".encode())
        if by_id or not text:
            return by_id.decode() if by_id else ""
        echo, now = plain(text), time.time()
        for name, value in known.items():
            kind, _, call = name.decode().partition(":")
            until, _, words = value.decode().partition("|")
            if kind == "words" and (not until or float(until) > now) and same_words(echo, words):
                return call
        return ""

    async def asked(self, message: OutboundMessage, part: int) -> int:
        with reaching():
            return int(await self._redis.hincrby(self._record(message.message_id), f"asked:{part}", 1))

    def _record(self, message_id: str) -> str:
        return f"{self._prefix}send:{message_id}"

    def _in_flight(self, key: str) -> str:
        return f"{self._prefix}inflight:{key}"

    def _words(self, key: str) -> str:
        return f"{self._prefix}words:{key}"
