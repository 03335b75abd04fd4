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
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            for name in names:
                pipe.getex(self._key(channel, name), ex=REMEMBERED_S)
            for other in others:
                pipe.exists(f"{self._prefix}conv:{channel}:{other}")
            answers = await pipe.execute() if names or others else []
        found: dict[str, str] = {}
        if names:
            values, answers = answers[: len(names)], answers[len(names) :]
            found = {name: value.decode() for name, value in zip(names, values, strict=True) if value}
        for other, there in zip(others, answers, strict=True):
            if there:
                found.setdefault(other, other)
        return found

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
