"""The audit trail on Redis/Valkey: notes go into the event stream, the head of the log is kept beside it."""

from __future__ import annotations

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching
from bot.core.events import Audited
from bot.core.ports import Clock


class RedisAuditTrail:
    """Implements ports.AuditTrail. Raises StoreUnavailable: what cannot be noted must not be done."""

    def __init__(self, redis: Redis[bytes], clock: Clock, *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._clock = clock
        self._stream = f"{prefix}events"

    async def note(self, actor: str, action: str, conversation: str = "", **detail: str | int | bool) -> None:
        event = Audited(conversation=conversation, at=self._clock.now(), actor=actor, action=action, detail=detail)
        with reaching():
            await self._redis.xadd(self._stream, {"e": msgspec.json.encode(event)})


class RedisAuditHead:
    """Implements ports.AuditHead."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._key = f"{prefix}audit_head"

    async def keep(self, head: tuple[int, str]) -> None:
        with reaching():
            await self._redis.set(self._key, f"{head[0]} {head[1]}")

    async def read(self) -> tuple[int, str] | None:
        with reaching():
            raw = await self._redis.get(self._key)
        if not raw:
            return None
        seq, _, seal = raw.decode().partition(" ")
        return int(seq), seal
