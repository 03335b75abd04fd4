"""Threads, limits and channel states in memory, for tests: same contracts as the Redis ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from bot.adapters.memory_store import MemoryStore
from bot.adapters.redis_limits import pause_after
from bot.core.channel_ports import ChannelState
from channels.capabilities import Limit, Usage
from channels.messages import Health


class MemoryThreads:
    """Implements ports.Threads."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._known: dict[tuple[str, str], str] = {}

    async def find(self, channel: str, names: Sequence[str], others: Sequence[str] = ()) -> Mapping[str, str]:
        found = {name: self._known[channel, name] for name in names if (channel, name) in self._known}
        for other in others:
            if (await self._store.load(f"{channel}:{other}")).conversation is not None:
                found.setdefault(other, other)
        return found

    async def learn(self, channel: str, names: Mapping[str, str]) -> None:
        for name, thread_id in names.items():
            self._known.setdefault((channel, name), thread_id)

    async def replace(self, channel: str, names: Mapping[str, str]) -> None:
        self._known.update({(channel, name): thread_id for name, thread_id in names.items()})


class MemoryLimits:
    """Implements ports.Limits."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._calls: dict[tuple[str, str], list[float]] = {}
        self._stops: dict[tuple[str, str], float] = {}
        self._limits: dict[str, dict[str, Limit]] = {}

    async def take(self, channel: str, limits: Sequence[Limit]) -> float:
        now = self._seconds()
        wait = 0.0
        for limit in limits:
            spot = (channel, limit.scope)
            self._limits.setdefault(channel, {})[limit.scope] = limit
            calls = self._calls[spot] = [at for at in self._calls.get(spot, []) if at > now - limit.window_s]
            wait = max(wait, self._stops.get(spot, now) - now)
            if len(calls) >= limit.count:
                wait = max(wait, calls[0] + limit.window_s - now, 0.001)
        if wait > 0:
            return wait
        for limit in limits:
            self._calls[channel, limit.scope].append(now)
        return 0.0

    async def note(self, channel: str, usages: Sequence[Usage]) -> None:
        for usage in usages:
            pause = pause_after(usage)
            if pause > 0:
                spot = (channel, usage.scope)
                self._stops[spot] = max(self._stops.get(spot, 0.0), self._seconds() + pause)

    async def used(self, channel: str) -> Mapping[str, tuple[int, int, float]]:
        now = self._seconds()
        return {
            scope: (
                sum(at > now - limit.window_s for at in self._calls.get((channel, scope), [])),
                limit.count,
                limit.window_s,
            )
            for scope, limit in self._limits.get(channel, {}).items()
            if not scope.startswith(("pair:", "chat:"))
        }


class MemoryChannelStates:
    """Implements ports.ChannelStates."""

    def __init__(self) -> None:
        self._states: dict[str, ChannelState] = {}
        self._days: Counter[tuple[str, str, bool]] = Counter()

    async def heard(self, channel: str, at: datetime) -> None:
        self._states[channel] = replace(self._state(channel), last_event_at=at)

    async def sent(self, channel: str, at: datetime, *, failed: bool = False) -> None:
        self._days[channel, f"{at:%Y-%m-%d}", failed] += 1
        if not failed:
            self._states[channel] = replace(self._state(channel), last_sent_at=at, stopped="")

    async def checked(self, channel: str, health: Health, at: datetime) -> None:
        self._states[channel] = replace(self._state(channel), checked_at=at, health=health)

    async def stop(self, channel: str, why: str) -> None:
        self._states[channel] = replace(self._state(channel), stopped=why)

    async def read(self, channel: str, at: datetime) -> ChannelState:
        day = f"{at:%Y-%m-%d}"
        return replace(
            self._state(channel), failures=self._days[channel, day, True], sent=self._days[channel, day, False]
        )

    def _state(self, channel: str) -> ChannelState:
        return self._states.get(channel, ChannelState())
