"""Visitors' feeds on Redis/Valkey: a numbered list for each visitor, and a bell over publish/subscribe.

Numbers begin at the clock's milliseconds and grow by one, so that a feed that expired or was lost never gives
a number twice: a page that asks for "what came after n" is never told "nothing" because the count began anew.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bot.adapters.memory_visitor_feed import ITEMS_KEPT, MISSED, SEEN_KEPT, Rung
from bot.adapters.redis_link import PREFIX, reaching
from bot.core.ports import StoreUnavailable

KEPT_S = 30 * 24 * 3600
BACK_OFF_S = (0.05, 3.0)
POLL_S = 5.0  # below the client's socket timeout; also how often the subscription's health is looked at

# KEYS: items, seen, counter.
# ARGV: dedupe id, item, bell's channel, key as JSON, items kept, seen kept, seconds kept.
# Publishing is part of the script, so that an item is never stored without its bell.
APPEND = """
local known = redis.call('ZSCORE', KEYS[2], ARGV[1])
if known then return tonumber(known) end
local seq = redis.call('INCR', KEYS[3])
if seq == 1 then
  local now = redis.call('TIME')
  seq = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
  redis.call('SET', KEYS[3], string.format('%.0f', seq))
end
local number = string.format('%.0f', seq)
local item = '{"seq":' .. number .. ',' .. string.sub(ARGV[2], 2)
redis.call('ZADD', KEYS[1], number, item)
redis.call('ZADD', KEYS[2], number, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[5]) + 1))
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[6]) + 1))
for _, name in ipairs(KEYS) do redis.call('EXPIRE', name, ARGV[7]) end
redis.call('PUBLISH', ARGV[3], '[' .. ARGV[4] .. ',' .. item .. ']')
return seq
"""

_items = msgspec.json.Decoder(dict[str, Any])
_rung = msgspec.json.Decoder(tuple[str, dict[str, Any]])


class RedisVisitorFeed:
    """Implements ports.VisitorFeed. `append`, `after` raise StoreUnavailable; `listen` outlives outages."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._p = f"{prefix}webchat:"
        self._bell = f"{self._p}bell"
        self._append = redis.register_script(APPEND)

    async def append(self, key: str, dedupe_id: str, item: Mapping[str, Any]) -> int:
        with reaching():
            seq = await self._append(
                keys=[self._items(key), f"{self._p}seen:{key}", f"{self._p}seq:{key}"],
                args=[
                    dedupe_id, msgspec.json.encode(item), self._bell, msgspec.json.encode(key),
                    ITEMS_KEPT, SEEN_KEPT, KEPT_S,
                ],
            )  # fmt: skip
        return int(seq)

    async def after(self, key: str, seq: int) -> Sequence[Mapping[str, Any]]:
        with reaching():
            found = await self._redis.zrangebyscore(self._items(key), f"({seq}", "+inf")
        return [_items.decode(item) for item in found]

    async def ring(self, key: str, item: Mapping[str, Any]) -> None:
        """Tell open pages something that is not kept. Raises StoreUnavailable."""
        with reaching():
            await self._redis.publish(self._bell, msgspec.json.encode((key, item)))

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Rung]]:
        """What is appended or rung from now on. After MISSED, read the feed again.

        It comes after every subscription, the first included. While the server is away the iterator waits.
        """
        rings = self._rings()
        try:
            yield rings
        finally:
            await rings.aclose()  # type: ignore[attr-defined]

    async def _rings(self) -> AsyncIterator[Rung]:
        wait_s = BACK_OFF_S[0]
        while True:
            pubsub = self._redis.pubsub()
            try:
                with reaching():
                    await pubsub.subscribe(self._bell)
                    async for rung in self._heard(pubsub):
                        wait_s = BACK_OFF_S[0]
                        yield rung
            except StoreUnavailable:
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(wait_s * 2, BACK_OFF_S[1])
            finally:
                with suppress(RedisError, OSError):
                    await pubsub.close()

    @staticmethod
    async def _heard(pubsub: PubSub) -> AsyncIterator[Rung]:
        while True:
            message = await pubsub.get_message(timeout=POLL_S)
            if message is None:
                continue
            if message["type"] == "message":
                yield _rung.decode(message["data"])
            elif message["type"] == "subscribe":
                # Also when the client subscribed again by itself after a broken connection.
                yield MISSED

    def _items(self, key: str) -> str:
        return f"{self._p}items:{key}"
