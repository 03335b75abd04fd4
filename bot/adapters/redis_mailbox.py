"""Mailboxes on Redis/Valkey streams. The rules live in `lua/mailbox.lua`; this file carries them to Python.

Every verb is one script, so nothing is half done when a process dies. All keys of a deployment live on one server
(no cluster): a commit touches the conversation, the inbound and the outbound boxes together.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from bot.adapters.redis_link import PREFIX, reaching, script
from bot.core.ports import Depth, Lease, LeaseLost, Letter, Timer

LEASE_S = 15.0  # a dead consumer's boxes are free again after this; live ones extend every third of it
APPEND_BATCH = 200  # letters a script call: a thousand at once would hold the server for milliseconds


def mailbox_prefix(name: str, prefix: str = PREFIX) -> str:
    return f"{prefix}mb:{name}:"


def lease_of(mailbox: str, owner: str, entry: Sequence[Any]) -> Lease:
    """A script's entry as a Lease."""
    key, token, entry_id, body, tries, waited_ms = entry
    return Lease(
        mailbox=mailbox,
        key=key.decode(),
        owner=owner,
        token=int(token),
        entry_id=entry_id.decode(),
        body=body,
        attempts=int(tries),
        waited_s=max(0.0, float(waited_ms) / 1000),
    )


class RedisMailbox:
    """Implements ports.Mailbox. Every method raises StoreUnavailable when the server cannot be reached."""

    def __init__(self, redis: Redis[bytes], name: str, *, prefix: str = PREFIX, lease_s: float = LEASE_S) -> None:
        self.name = name
        self._redis = redis
        self._p = mailbox_prefix(name, prefix)
        self._dead = f"{prefix}dead"
        self._lease_ms = int(lease_s * 1000)
        self._scripts = {verb: script(redis, verb) for verb in ("append", "lease", "settle", "reclaim", "timer")}

    async def append(self, letters: Sequence[Letter]) -> int:
        new = 0
        for start in range(0, len(letters), APPEND_BATCH):
            batch = letters[start : start + APPEND_BATCH]
            new += int(await self._run("append", *(part for x in batch for part in (x.key, x.dedupe_id, x.body))))
        return new

    async def lease(self, owner: str, wait_s: float) -> Lease | None:
        deadline = time.monotonic() + wait_s
        while True:
            answer = await self._run("lease", owner, self._lease_ms)
            if isinstance(answer, list):
                return lease_of(self.name, owner, answer)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            until_due = answer / 1000 if answer >= 0 else left
            # Redis takes 0 as "for ever", and the bell may have been rung for somebody else: never wait long.
            await self._ring(min(max(until_due, 0.005), left, 1.0))

    async def _ring(self, timeout_s: float) -> None:
        with reaching():
            await self._redis.blpop([self._p + "wake"], timeout=timeout_s)

    async def extend(self, lease: Lease) -> None:
        await self._settle(lease, "extend", self._lease_ms)

    async def ack(self, lease: Lease) -> Lease | None:
        return await self._settle(lease, "ack")

    async def release(self, lease: Lease) -> None:
        await self.fail(lease, 0.0, counts=False)

    async def fail(self, lease: Lease, delay_s: float, *, counts: bool = True) -> None:
        await self._settle(lease, "fail", int(delay_s * 1000), "1" if counts else "0")

    async def bury(self, lease: Lease, error: str) -> Lease | None:
        return await self._settle(lease, "bury", error, self._dead, self.name)

    async def reclaim(self, owner: str) -> int:
        return int(await self._run("reclaim", owner))

    async def schedule(self, timer: Timer) -> None:
        due_ms = int(timer.due_at.timestamp() * 1000)
        await self._run("timer", "set", timer.timer_id, timer.key, due_ms, timer.body)

    async def cancel(self, timer_id: str) -> None:
        await self._run("timer", "cancel", timer_id)

    async def depth(self) -> Depth:
        with reaching():
            pipe = self._redis.pipeline(transaction=False)
            pipe.get(self._p + "count")
            pipe.zcard(self._p + "ready")
            pipe.zcard(self._p + "leases")
            pipe.zcard(self._p + "delay")
            pipe.zrange(self._p + "ready", 0, 0, withscores=True)
            count, ready, leased, delayed, first = await pipe.execute()
        oldest = max(0.0, time.time() - first[0][1] / 1000) if first else 0.0
        return Depth(
            messages=int(count or 0),
            conversations=ready + leased,
            leased=leased,
            delayed=delayed,
            oldest_s=oldest,
        )

    async def _settle(self, lease: Lease, verb: str, *args: str | float) -> Lease | None:
        answer = await self._run("settle", lease.key, lease.token, verb, lease.entry_id, *args)
        if answer == b"lost":
            raise LeaseLost(lease.key)
        return lease_of(self.name, lease.owner, answer) if isinstance(answer, list) else None

    async def _run(self, name: str, *args: str | bytes | float) -> Any:
        with reaching():
            return await self._scripts[name](args=[self._p, *args])
