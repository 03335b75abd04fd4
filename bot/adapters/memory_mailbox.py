"""Mailboxes in memory: the same behaviour as on Redis, for tests and for reading without Lua."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count

import msgspec

from bot.core.ports import DeadLetter, Depth, Lease, LeaseLost, Letter, Timer

LEASE_S = 15.0


class _Entry(msgspec.Struct):
    entry_id: str
    body: bytes
    at: float


class MemoryDeadLetters:
    """Implements ports.DeadLetters."""

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetter] = {}
        self._ids = count(1)
        self.mailboxes: dict[str, MemoryMailbox] = {}

    async def keep(self, mailbox: str, key: str, body: bytes, error: str) -> str:
        return self.put(mailbox, key, body, error, 1)

    def put(self, mailbox: str, key: str, body: bytes, error: str, attempts: int) -> str:
        dead_id = f"{next(self._ids)}-0"
        self._letters[dead_id] = DeadLetter(
            dead_id=dead_id,
            mailbox=mailbox,
            key=key,
            error=error,
            attempts=attempts,
            at=datetime.now(UTC),
            body=body,
        )
        return dead_id

    async def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        return list(reversed(self._letters.values()))[:limit]

    async def get(self, dead_id: str) -> DeadLetter | None:
        return self._letters.get(dead_id)

    async def retry(self, dead_id: str) -> bool:
        letter = self._letters.pop(dead_id, None)
        if letter is None:
            return False
        await self.mailboxes[letter.mailbox].append([Letter(key=letter.key, dedupe_id="", body=letter.body)])
        return True

    async def drop(self, dead_id: str) -> bool:
        return self._letters.pop(dead_id, None) is not None

    async def count(self) -> int:
        return len(self._letters)


class MemoryMailbox:
    """Implements ports.Mailbox. `now` gives seconds; tests pass a clock of their own."""

    def __init__(
        self,
        name: str,
        dead: MemoryDeadLetters,
        *,
        lease_s: float = LEASE_S,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self._dead = dead
        dead.mailboxes[name] = self
        self._lease_s = lease_s
        self._now = now or (lambda: datetime.now(UTC).timestamp())
        self._numbers = count(1)
        self.flush()

    def flush(self) -> None:
        """Forget everything, as FLUSHALL does under a running consumer."""
        self._boxes: dict[str, deque[_Entry]] = {}
        self._seen: set[str] = set()
        self._ready: dict[str, float] = {}  # insertion order is readiness order
        self._leases: dict[str, tuple[int, str, float]] = {}
        self._delay: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._timers: dict[str, Timer] = {}
        self._bell = asyncio.Event()

    async def append(self, letters: Sequence[Letter]) -> int:
        return sum(self.put(letter) for letter in letters)

    def put(self, letter: Letter) -> bool:
        if letter.dedupe_id:
            if letter.dedupe_id in self._seen:
                return False
            self._seen.add(letter.dedupe_id)
        entry = _Entry(str(next(self._numbers)), letter.body, self._now())
        self._boxes.setdefault(letter.key, deque()).append(entry)
        if letter.key not in self._leases and letter.key not in self._delay:
            self._make_ready(letter.key)
        return True

    async def lease(self, owner: str, wait_s: float) -> Lease | None:
        deadline = self._now() + wait_s
        while True:
            self._bring_due()
            while self._ready:
                key = next(iter(self._ready))
                del self._ready[key]
                token = next(self._numbers)
                self._leases[key] = (token, owner, self._now() + self._lease_s)
                if (lease := self._head(key, token, owner)) is not None:
                    return lease
            if self._now() >= deadline:
                return None
            self._bell.clear()
            try:
                await asyncio.wait_for(self._bell.wait(), 0.02)
            except TimeoutError:
                continue

    async def extend(self, lease: Lease) -> None:
        self.check(lease)
        self._leases[lease.key] = (lease.token, lease.owner, self._now() + self._lease_s)

    async def ack(self, lease: Lease) -> Lease | None:
        self.check(lease)
        return self.remove(lease)

    async def release(self, lease: Lease) -> None:
        await self.fail(lease, 0.0, counts=False)

    async def fail(self, lease: Lease, delay_s: float, *, counts: bool = True) -> None:
        self.check(lease)
        del self._leases[lease.key]
        if not counts:
            self._tries[lease.key] -= 1
        if delay_s > 0:
            self._delay[lease.key] = self._now() + delay_s
        else:
            self._make_ready(lease.key)

    async def bury(self, lease: Lease, error: str) -> Lease | None:
        self.check(lease)
        self._dead.put(self.name, lease.key, lease.body, error, self._tries.get(lease.key, 0))
        return self.remove(lease)

    async def reclaim(self, owner: str) -> int:
        mine = [key for key, (_, holder, _) in self._leases.items() if holder == owner]
        for key in mine:
            del self._leases[key]
            self._make_ready(key)
        return len(mine)

    async def schedule(self, timer: Timer) -> None:
        self.set_timer(timer)

    async def cancel(self, timer_id: str) -> None:
        self.drop_timer(timer_id)

    async def depth(self) -> Depth:
        return Depth(
            messages=sum(map(len, self._boxes.values())),
            conversations=len(self._ready) + len(self._leases),
            leased=len(self._leases),
            delayed=len(self._delay) + len(self._timers),
            oldest_s=max((self._now() - at for at in self._ready.values()), default=0.0),
        )

    # ---- what MemoryStore needs to commit in one step ----------------------------------------------

    def check(self, lease: Lease) -> None:
        if self._leases.get(lease.key, (0, "", 0.0))[0] != lease.token:
            raise LeaseLost(lease.key)

    def check_head(self, lease: Lease) -> None:
        """The lease may be ours and the letter gone, when an earlier commit's answer got lost."""
        self.check(lease)
        box = self._boxes.get(lease.key)
        if not box or box[0].entry_id != lease.entry_id:
            raise LeaseLost(lease.key)

    def remove(self, lease: Lease) -> Lease | None:
        box = self._boxes.get(lease.key)
        if box and box[0].entry_id == lease.entry_id:
            box.popleft()
        self._tries.pop(lease.key, None)
        return self._head(lease.key, lease.token, lease.owner)

    def set_timer(self, timer: Timer) -> None:
        self._timers[timer.timer_id] = timer
        self._bell.set()

    def drop_timer(self, timer_id: str) -> None:
        self._timers.pop(timer_id, None)

    def _head(self, key: str, token: int, owner: str) -> Lease | None:
        box = self._boxes.get(key)
        if not box:
            self._leases.pop(key, None)
            self._boxes.pop(key, None)
            return None
        self._tries[key] = self._tries.get(key, 0) + 1
        return Lease(
            mailbox=self.name,
            key=key,
            owner=owner,
            token=token,
            entry_id=box[0].entry_id,
            body=box[0].body,
            attempts=self._tries[key],
            waited_s=max(0.0, self._now() - box[0].at),
        )

    def _make_ready(self, key: str) -> None:
        self._ready.setdefault(key, self._now())
        self._bell.set()

    def _bring_due(self) -> None:
        now = self._now()
        for key in [key for key, (_, _, until) in self._leases.items() if until <= now]:
            del self._leases[key]
            self._make_ready(key)
        for key in [key for key, due in self._delay.items() if due <= now]:
            del self._delay[key]
            self._make_ready(key)
        for timer in [t for t in self._timers.values() if t.due_at.timestamp() <= now]:
            del self._timers[timer.timer_id]
            self.put(Letter(key=timer.key, dedupe_id="", body=timer.body))
