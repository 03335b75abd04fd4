"""Who polls a platform, and from where: one gateway of a deployment at a time, with a cursor that outlives it."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching

# Telegram may number updates anew after a week without any: an older cursor would then confirm them unseen.
CURSOR_S = 6 * 86_400
TURN_MS = 90_000  # longer than a long poll takes


class RedisPolls:
    """A turn to poll, and the cursor of what was stored. Raises StoreUnavailable."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix

    async def take_turn(self, channel: str, process: str) -> bool:
        """Whether this process polls now; keeps the turn when it has it already."""
        key = f"{self._prefix}poll:{channel}"
        with reaching():
            if await self._redis.set(key, process, nx=True, px=TURN_MS):
                return True
            if await self._redis.get(key) != process.encode():
                return False
            await self._redis.pexpire(key, TURN_MS)
            return True

    async def give_turn(self, channel: str, process: str) -> None:
        """Let another process poll at once."""
        key = f"{self._prefix}poll:{channel}"
        with reaching():
            if await self._redis.get(key) == process.encode():
                await self._redis.delete(key)

    async def cursor(self, channel: str) -> str:
        with reaching():
            value = await self._redis.get(f"{self._prefix}cursor:{channel}")
        return value.decode() if value else ""

    async def advance(self, channel: str, cursor: str) -> None:
        with reaching():
            await self._redis.set(f"{self._prefix}cursor:{channel}", cursor, ex=CURSOR_S)
