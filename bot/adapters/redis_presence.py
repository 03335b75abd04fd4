"""Which processes live: each leaves a heartbeat and its metrics, which fade when it dies."""

from __future__ import annotations

from datetime import datetime

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching

BEAT_S = 3
FADES_S = 12  # four missed beats


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A process' word that it is there. `rss_mb`: resident memory."""

    process: str
    pid: int
    ready: bool
    started_at: datetime
    at: datetime
    rss_mb: int


class RedisPresence:
    """Writes this process' heartbeat, reads everybody's. Raises StoreUnavailable."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._beats = f"{prefix}process:"
        self._metrics = f"{prefix}metrics:"

    async def beat(self, heartbeat: Heartbeat, metrics: str) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.set(self._beats + heartbeat.process, msgspec.json.encode(heartbeat), ex=FADES_S)
            pipe.set(self._metrics + heartbeat.process, metrics, ex=FADES_S)
            await pipe.execute()

    async def leave(self, process: str) -> None:
        with reaching():
            await self._redis.delete(self._beats + process, self._metrics + process)

    async def alive(self) -> list[Heartbeat]:
        values = await self._values(self._beats)
        return sorted((msgspec.json.decode(v, type=Heartbeat) for _, v in values), key=lambda beat: beat.process)

    async def metrics(self) -> list[tuple[str, str]]:
        return sorted((name, value.decode()) for name, value in await self._values(self._metrics))

    async def _values(self, start: str) -> list[tuple[str, bytes]]:
        with reaching():
            keys = [key async for key in self._redis.scan_iter(match=start + "*", count=500)]
            values = await self._redis.mget(keys) if keys else []
        return [(key.decode()[len(start) :], value) for key, value in zip(keys, values, strict=True) if value]
