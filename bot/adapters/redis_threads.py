"""Which case a platform's names belong to: `thread:CHANNEL:NAME` → thread id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching

REMEMBERED_S = 90 * 86_400


class RedisThreads:
    """Implements ports.Threads. Every method raises StoreUnavailable when the server can't be reached."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix

    async def find(self, channel: str, names: Sequence[str], others: Sequence[str] = ()) -> Mapping[str, str]:
        if not names and not others:
            return {}
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.mget([self._key(channel, name) for name in names] or [self._key(channel, "")])
            for other in others:
                pipe.exists(f"{self._prefix}conv:{channel}:{other}")
            values, *there = await pipe.execute()
            found = {name: value.decode() for name, value in zip(names, values, strict=bool(names)) if value}
            if found:  # most names are new, and one command for all is what a webhook's answer waits for
                pipe = self._redis.pipeline(transaction=False)
                for name in found:
                    pipe.expire(self._key(channel, name), REMEMBERED_S)
                await pipe.execute()
        return {**{other: other for other, known in zip(others, there, strict=True) if known}, **found}

    async def learn(self, channel: str, names: Mapping[str, str]) -> None:
        await self._remember(channel, names, only_new=True)

    async def replace(self, channel: str, names: Mapping[str, str]) -> None:
        await self._remember(channel, names, only_new=False)

    async def _remember(self, channel: str, names: Mapping[str, str], *, only_new: bool) -> None:
        if not names:
            return
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            for name, thread_id in names.items():
                pipe.set(self._key(channel, name), thread_id, ex=REMEMBERED_S, nx=only_new)
            await pipe.execute()

    def _key(self, channel: str, name: str) -> str:
        return f"{self._prefix}thread:{channel}:{name}"
