"""How the channels are doing, for `sigap channels` and the desk: `channel:NAME` and a day's figures beside it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching
from bot.core.channel_ports import ChannelState
from channels.messages import Health

DAY_KEPT_S = 2 * 86_400


class RedisChannelStates:
    """Implements ports.ChannelStates. Every method raises StoreUnavailable when the server can't be reached."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix

    async def heard(self, channel: str, at: datetime) -> None:
        await self._set(channel, last_event_at=at.isoformat())

    async def sent(self, channel: str, at: datetime, *, failed: bool = False) -> None:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            if not failed:
                pipe.hset(self._key(channel), "last_sent_at", at.isoformat())
                pipe.hdel(self._key(channel), "stopped")  # it works again
            pipe.hincrby(self._day(channel, at), "failures" if failed else "sent", 1)
            pipe.expire(self._day(channel, at), DAY_KEPT_S)
            await pipe.execute()

    async def checked(self, channel: str, health: Health, at: datetime) -> None:
        await self._set(channel, checked_at=at.isoformat(), health=msgspec.json.encode(health).decode())

    async def stop(self, channel: str, why: str) -> None:
        await self._set(channel, stopped=why)

    async def read(self, channel: str, at: datetime) -> ChannelState:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hgetall(self._key(channel))
            pipe.hgetall(self._day(channel, at))
            state, day = await pipe.execute()
        known = {name.decode(): value.decode() for name, value in state.items()}
        figures = {name.decode(): int(value) for name, value in day.items()}
        times = {
            name: datetime.fromisoformat(known[name])
            for name in ("last_event_at", "last_sent_at", "checked_at")
            if name in known
        }
        health = msgspec.json.decode(known["health"], type=Health) if "health" in known else None
        return ChannelState(
            **times,
            health=health,
            stopped=known.get("stopped", ""),
            failures=figures.get("failures", 0),
            sent=figures.get("sent", 0),
        )

    async def _set(self, channel: str, **values: str) -> None:
        with reaching():
            await self._redis.hset(self._key(channel), mapping=values)  # type: ignore[arg-type]

    def _key(self, channel: str) -> str:
        return f"{self._prefix}channel:{channel}"

    def _day(self, channel: str, at: datetime) -> str:
        return f"{self._prefix}channel:{channel}:{at:%Y-%m-%d}"
