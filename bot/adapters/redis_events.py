"""The event stream, the dead letters and the fleeting signals on Redis/Valkey."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.adapters.redis_mailbox import mailbox_prefix
from bot.core.events import AnyEvent
from bot.core.ports import DeadLetter
from channels.messages import OutboundMessage

READ_AT_ONCE = 500
BLOCK_MS = 5_000  # below the client's socket timeout

_DEAD_ID = re.compile(r"\d{1,19}-\d{1,19}")  # whatever else a person types is nobody's id, not the server's error

_events = msgspec.json.Decoder(AnyEvent)
_signals = msgspec.json.Decoder(OutboundMessage)


class RedisEventStream:
    """Implements ports.EventStream. Raises StoreUnavailable when the server goes away; the reader begins again."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._stream = f"{prefix}events"

    async def follow(self, after: str = "$") -> AsyncIterator[tuple[str, AnyEvent]]:
        position = await self.last() if after == "$" else after
        while True:
            for entry_id, event in await self.read(position, block_ms=BLOCK_MS):
                yield entry_id, event
                position = entry_id

    async def read(self, after: str, *, block_ms: int) -> list[tuple[str, AnyEvent]]:
        """The next events after a position; waits up to `block_ms` for the first."""
        with reaching():
            answer = await self._redis.xread({self._stream: after}, count=READ_AT_ONCE, block=block_ms)
        return [
            (entry_id.decode(), _events.decode(fields[b"e"])) for _, entries in answer for entry_id, fields in entries
        ]

    async def last(self) -> str:
        """The position of the newest event; "0" when there is none."""
        with reaching():
            newest = await self._redis.xrevrange(self._stream, count=1)
        return newest[0][0].decode() if newest else "0"

    async def trim(self, before: str) -> None:
        with reaching():
            await self._redis.xtrim(self._stream, minid=before, approximate=True)


class RedisDeadLetters:
    """Implements ports.DeadLetters."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._stream = f"{prefix}dead"
        self._append = script(redis, "append")

    async def keep(self, mailbox: str, key: str, body: bytes, error: str) -> str:
        with reaching():
            now_ms = int(datetime.now(UTC).timestamp() * 1000)
            dead_id = await self._redis.xadd(
                self._stream,
                {"mailbox": mailbox, "key": key, "error": error, "attempts": 1, "at": now_ms, "b": body},
            )
        return bytes(dead_id).decode()

    async def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        with reaching():
            return [self._letter(*entry) for entry in await self._redis.xrevrange(self._stream, count=limit)]

    async def get(self, dead_id: str) -> DeadLetter | None:
        if not _DEAD_ID.fullmatch(dead_id):
            return None
        with reaching():
            found = await self._redis.xrange(self._stream, dead_id, dead_id)
        return self._letter(*found[0]) if found else None

    async def retry(self, dead_id: str) -> bool:
        letter = await self.get(dead_id)
        if letter is None:
            return False
        with reaching():
            # No dedupe id: its mark was spent by the first delivery, and a person asks for this one.
            await self._append(args=[mailbox_prefix(letter.mailbox, self._prefix), letter.key, "", letter.body])
            await self._redis.xdel(self._stream, dead_id)
        return True

    async def drop(self, dead_id: str) -> bool:
        if not _DEAD_ID.fullmatch(dead_id):
            return False
        with reaching():
            return bool(await self._redis.xdel(self._stream, dead_id))

    async def count(self) -> int:
        with reaching():
            return int(await self._redis.xlen(self._stream))

    @staticmethod
    def _letter(dead_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
        return DeadLetter(
            dead_id=dead_id.decode(),
            mailbox=fields[b"mailbox"].decode(),
            key=fields[b"key"].decode(),
            error=fields[b"error"].decode(),
            attempts=int(fields[b"attempts"]),
            at=datetime.fromtimestamp(int(fields[b"at"]) / 1000, UTC),
            body=fields[b"b"],
        )


class RedisSignals:
    """Implements ports.Signals over publish/subscribe: a lost "is typing" is no loss."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._channel = f"{prefix}signals"

    async def publish(self, signal: OutboundMessage) -> None:
        with reaching():
            await self._redis.publish(self._channel, msgspec.json.encode(signal))

    async def listen(self) -> AsyncIterator[OutboundMessage]:
        with reaching():
            async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(self._channel)
                while True:
                    message = await pubsub.get_message(timeout=BLOCK_MS / 1000)
                    if message is not None:
                        yield _signals.decode(message["data"])
