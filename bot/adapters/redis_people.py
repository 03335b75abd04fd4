"""The desk's people on Redis/Valkey: who may log in, who has, who is present, who guesses passwords."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import sha256

import msgspec
from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching
from bot.core.ports import Agent

SESSION_IDLE_S = 12 * 3600.0  # a shift; a desk that nobody used for longer must log in again
PRESENT_FOR_S = 35.0  # an open desk is heard of every ten seconds; three may get lost
FAILURES_WITHIN_S = 15 * 60.0

_agents = msgspec.json.Decoder(Agent)


class RedisAgents:
    """Implements ports.AgentDirectory. Raises StoreUnavailable."""

    def __init__(self, redis: Redis[bytes], *, prefix: str = PREFIX) -> None:
        self._redis = redis
        self._key = f"{prefix}agents"

    async def get(self, agent_id: str) -> Agent | None:
        with reaching():
            raw = await self._redis.hget(self._key, agent_id)
        return _agents.decode(raw) if raw else None

    async def put(self, agent: Agent) -> None:
        with reaching():
            await self._redis.hset(self._key, agent.agent_id, msgspec.json.encode(agent))

    async def list(self) -> Sequence[Agent]:
        with reaching():
            raw = await self._redis.hvals(self._key)
        return sorted((_agents.decode(item) for item in raw), key=lambda agent: agent.agent_id)


class RedisSessions:
    """Implements ports.Sessions. Raises StoreUnavailable.

    Only hashes of tokens are stored: who reads the database can't log in with it. Times
    are in seconds; presence is kept by the server's own clock, because many gateways write it.
    """

    def __init__(
        self, redis: Redis[bytes], *, prefix: str = PREFIX, idle_s: float = SESSION_IDLE_S,
        present_s: float = PRESENT_FOR_S, window_s: float = FAILURES_WITHIN_S,
    ) -> None:  # fmt: skip
        self._redis = redis
        self._prefix = prefix
        self._idle_ms = int(idle_s * 1000)
        self._present_s = present_s
        self._window_ms = int(window_s * 1000)

    async def open(self, agent_id: str) -> str:
        token = secrets.token_urlsafe(32)
        digest = _digest(token)
        with reaching():
            async with self._redis.pipeline() as pipe:
                pipe.set(self._session(digest), agent_id, px=self._idle_ms)
                pipe.sadd(self._all(agent_id), digest)
                pipe.pexpire(self._all(agent_id), self._idle_ms)
                await pipe.execute()
        return token

    async def agent_of(self, token: str, *, active: bool = True) -> str | None:
        digest = _digest(token)
        with reaching():
            found = await self._redis.get(self._session(digest))
            if found is None:
                return None
            agent_id = found.decode()
            if active:
                async with self._redis.pipeline() as pipe:
                    pipe.pexpire(self._session(digest), self._idle_ms)
                    pipe.pexpire(self._all(agent_id), self._idle_ms)
                    await pipe.execute()
        return agent_id

    async def close(self, token: str) -> None:
        digest = _digest(token)
        with reaching():
            agent_id = await self._redis.getdel(self._session(digest))
            if agent_id:
                await self._redis.srem(self._all(agent_id.decode()), digest)

    async def end_all(self, agent_id: str) -> None:
        with reaching():
            digests = await self._redis.smembers(self._all(agent_id))
            async with self._redis.pipeline() as pipe:
                for digest in digests:
                    pipe.delete(self._session(digest.decode()))
                pipe.delete(self._all(agent_id))
                pipe.zrem(f"{self._prefix}present", agent_id)
                await pipe.execute()

    async def seen(self, agent_id: str) -> None:
        present = f"{self._prefix}present"
        with reaching():
            seconds, micros = await self._redis.time()
            now = seconds + micros / 1e6
            async with self._redis.pipeline() as pipe:
                # The score is the moment until which the agent counts as present; RedisStore.queue reads it.
                pipe.zadd(present, {agent_id: now + self._present_s})
                pipe.zremrangebyscore(present, "-inf", now)
                await pipe.execute()

    async def present(self) -> Sequence[str]:
        with reaching():
            seconds, micros = await self._redis.time()
            found = await self._redis.zrangebyscore(f"{self._prefix}present", seconds + micros / 1e6, "+inf")
        return sorted(agent_id.decode() for agent_id in found)

    async def failed_logins(self, who: str, *, add: bool = False, clear: bool = False) -> int:
        key = f"{self._prefix}failed:{_digest(who)}"  # hashed: a guessed name is as long as its guesser likes
        with reaching():
            seconds, micros = await self._redis.time()
            now_ms = seconds * 1000 + micros // 1000
            async with self._redis.pipeline() as pipe:
                if clear:
                    pipe.delete(key)
                if add:
                    pipe.zadd(key, {secrets.token_hex(8): now_ms})
                    pipe.pexpire(key, self._window_ms)
                pipe.zremrangebyscore(key, "-inf", now_ms - self._window_ms)
                pipe.zcard(key)
                return int((await pipe.execute())[-1])

    def _session(self, digest: str) -> str:
        return f"{self._prefix}session:{digest}"

    def _all(self, agent_id: str) -> str:
        return f"{self._prefix}sessions:{agent_id}"


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
