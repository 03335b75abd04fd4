"""The platforms' rate limits, counted over all couriers: an exact log of the calls in each window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import uuid4

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from channels.capabilities import Limit, Usage

# How long everybody pauses when the platform's own headers say that so much of a limit is used.
SLOW_DOWN: tuple[tuple[float, float], ...] = ((1.0, 30.0), (0.95, 10.0), (0.85, 2.0), (0.75, 0.5))


def pause_after(usage: Usage) -> float:
    """Seconds for which nobody calls, by what the platform says: its own word, else by how much is used."""
    return usage.wait_s or next((pause for share, pause in SLOW_DOWN if usage.used >= share), 0.0)


class RedisLimits:
    """Implements ports.Limits. Every method raises StoreUnavailable when the server can't be reached.

    `limit:CHANNEL:SCOPE` is a sorted set of calls by time, `stop:CHANNEL:SCOPE` a sign that lives as long as the
    platform wants us to wait, `limits:CHANNEL` what each scope allows, for people to read.
    """

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._take = script(redis, "take_limits")
        self._told: set[tuple[str, str]] = set()

    async def take(self, channel: str, limits: Sequence[Limit]) -> float:
        if not limits:
            return 0.0
        keys: list[str] = []
        args: list[str | int] = [uuid4().hex]
        for limit in limits:
            keys += [self._log(channel, limit.scope), self._stop(channel, limit.scope)]
            args += [limit.count, int(limit.window_s * 1000)]
        # A scope of one customer ("pair:…") is nobody's figure to read.
        shared = {
            limit.scope: f"{limit.count}|{limit.window_s}"
            for limit in limits
            if not limit.scope.startswith(("pair:", "chat:")) and (channel, limit.scope) not in self._told
        }
        with reaching():
            if shared:
                await self._redis.hset(f"{self._prefix}limits:{channel}", mapping=shared)  # type: ignore[arg-type]
                self._told |= {(channel, scope) for scope in shared}
            waited = await self._take(keys=keys, args=args)
        return int(waited) / 1000

    async def note(self, channel: str, usages: Sequence[Usage]) -> None:
        for usage in usages:
            pause = pause_after(usage)
            if pause > 0:
                stop, pause_ms = self._stop(channel, usage.scope), max(1, int(pause * 1000))
                with reaching():
                    # An answer that was under way meanwhile knows less: it does not shorten a stop.
                    if await self._redis.pttl(stop) < pause_ms:
                        await self._redis.set(stop, "1", px=pause_ms)

    async def used(self, channel: str) -> Mapping[str, tuple[int, int, float]]:
        with reaching():
            known = await self._redis.hgetall(f"{self._prefix}limits:{channel}")
            scopes = {name.decode(): value.decode().partition("|") for name, value in known.items()}
            seconds, micros = await self._redis.time()
            now_ms = seconds * 1000 + micros // 1000
            pipe = self._redis.pipeline(transaction=False)
            for scope, (_, _, window) in scopes.items():
                pipe.zcount(self._log(channel, scope), f"({now_ms - int(float(window) * 1000)}", "+inf")
            counts = await pipe.execute() if scopes else []
        return {
            scope: (int(count), int(most), float(window))
            for (scope, (most, _, window)), count in zip(scopes.items(), counts, strict=True)
        }

    def _log(self, channel: str, scope: str) -> str:
        return f"{self._prefix}limit:{channel}:{scope}"

    def _stop(self, channel: str, scope: str) -> str:
        return f"{self._prefix}stop:{channel}:{scope}"
