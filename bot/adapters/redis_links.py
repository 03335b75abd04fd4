"""Links between conversations on Redis/Valkey: `links:KEY` is a hash, other conversation → who linked it."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching

# ARGV: prefix, key, other, who. Everybody of both sides gets to know everybody.
LINK = """
local p = ARGV[1] .. 'links:'
local all = {}
for _, start in ipairs({ ARGV[2], ARGV[3] }) do
  all[start] = true
  local known = redis.call('HGETALL', p .. start)
  for i = 1, #known, 2 do all[known[i]] = true end
end
for one in pairs(all) do
  for other in pairs(all) do
    if one ~= other then redis.call('HSETNX', p .. one, other, ARGV[4]) end
  end
end
return 'ok'
"""
# ARGV: prefix, key, other: the other one leaves, if it is linked to this one.
UNLINK = """
local p = ARGV[1] .. 'links:'
if ARGV[2] ~= ARGV[3] and redis.call('HEXISTS', p .. ARGV[2], ARGV[3]) == 1 then
  for _, one in ipairs(redis.call('HKEYS', p .. ARGV[3])) do redis.call('HDEL', p .. one, ARGV[3]) end
  redis.call('DEL', p .. ARGV[3])
end
return 'ok'
"""


class RedisLinks:
    """Implements ports.Links. Every method raises StoreUnavailable when the server can't be reached."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._prefix = prefix
        self._link = redis.register_script(LINK)
        self._unlink = redis.register_script(UNLINK)

    async def of(self, key: str) -> Sequence[str]:
        with reaching():
            return sorted(other.decode() for other in await self._redis.hkeys(f"{self._prefix}links:{key}"))

    async def link(self, key: str, other: str, by: str) -> None:
        with reaching():
            await self._link(args=[self._prefix, key, other, by])

    async def unlink(self, key: str, other: str) -> None:
        with reaching():
            await self._unlink(args=[self._prefix, key, other])
