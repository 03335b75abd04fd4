"""The desk's people in memory: what `bot/adapters/redis_people.py` does, for tests."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from bot.core.ports import Agent


class MemoryAgents:
    """Implements ports.AgentDirectory."""

    def __init__(self, agents: Sequence[Agent] = ()) -> None:
        self._agents = {agent.agent_id: agent for agent in agents}

    async def get(self, agent_id: str) -> Agent | None:
        return self._agents.get(agent_id)

    async def put(self, agent: Agent) -> None:
        self._agents[agent.agent_id] = agent

    async def list(self) -> Sequence[Agent]:
        return [self._agents[agent_id] for agent_id in sorted(self._agents)]


class MemorySessions:
    """Implements ports.Sessions. Times are in seconds of `clock`."""

    def __init__(
        self, *, idle_s: float = 12 * 3600.0, present_s: float = 35.0, window_s: float = 15 * 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._idle_s = idle_s
        self._present_s = present_s
        self._window_s = window_s
        self._clock = clock
        self._sessions: dict[str, tuple[str, float]] = {}  # token → agent, end
        self._present: dict[str, float] = {}  # agent → until
        self._failures: defaultdict[str, list[float]] = defaultdict(list)

    async def open(self, agent_id: str) -> str:
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (agent_id, self._clock() + self._idle_s)
        return token

    async def agent_of(self, token: str, *, active: bool = True) -> str | None:
        agent_id, end = self._sessions.get(token, ("", 0.0))
        if not agent_id or end <= self._clock():
            self._sessions.pop(token, None)
            return None
        if active:
            self._sessions[token] = (agent_id, self._clock() + self._idle_s)
        return agent_id

    async def close(self, token: str) -> None:
        self._sessions.pop(token, None)

    async def end_all(self, agent_id: str) -> None:
        self._sessions = {token: held for token, held in self._sessions.items() if held[0] != agent_id}
        self._present.pop(agent_id, None)

    async def seen(self, agent_id: str) -> None:
        self._present[agent_id] = self._clock() + self._present_s

    async def present(self) -> Sequence[str]:
        return sorted(agent_id for agent_id, until in self._present.items() if until > self._clock())

    async def failed_logins(self, who: str, *, add: bool = False, clear: bool = False) -> int:
        if clear:
            self._failures.pop(who, None)
        if add:
            self._failures[who].append(self._clock())
        recent = [at for at in self._failures[who] if at > self._clock() - self._window_s]
        self._failures[who] = recent
        return len(recent)
