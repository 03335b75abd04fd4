"""Who may sit at the desk: add, list and disable agents; log in with a brake on guessing; log out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from bot.core.conversation import LANGUAGES
from bot.core.ports import Agent, AgentDirectory, Sessions

ROLES = ("agent", "supervisor")
PASSWORD_MIN, PASSWORD_MAX = 10, 256  # characters; the upper end keeps hashing cheap
NAME_MAX = 60
CAPACITY_MAX = 100
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")

# Failures within fifteen minutes before a log-in is refused unseen. The pair is what one person mistypes; the
# address stops one guesser with many names; the name stops many guessers, and is high so that they can't lock
# its owner out easily.
PAIR_MAX, ADDRESS_MAX, NAME_FAILURES_MAX = 5, 30, 60


class BadAgent(ValueError):
    """These details can't make an agent; the text says which and why."""


class NoSuchAgent(LookupError):
    """Nobody has this login name."""


class WrongLogin(Exception):
    """The login name or the password is wrong, or the agent is disabled. It never says which."""


class TooManyAttempts(Exception):
    """Too many wrong passwords lately. Nothing was checked."""


class Passwords(Protocol):
    async def hash(self, password: str) -> str: ...

    async def matches(self, password_hash: str, password: str) -> bool:
        """An empty hash matches nothing, in the usual time."""


class People:
    def __init__(
        self, agents: AgentDirectory, sessions: Sessions, passwords: Passwords, skills: frozenset[str] = frozenset()
    ) -> None:
        self._skills = skills | set(LANGUAGES)
        self._agents = agents
        self._sessions = sessions
        self._passwords = passwords

    async def add(
        self, login: str, name: str, password: str, role: str = "agent", *, skills: Sequence[str] = (),
        capacity: int = 0, replacing: bool = False,
    ) -> Agent:  # fmt: skip
        """A new agent. Raises BadAgent. `capacity`: conversations at a time, 0 for the desk's usual number.

        `replacing` gives one who exists a new password, name and role, and ends their sessions.
        """
        login, name = login.strip().lower(), " ".join(name.split())
        if not _LOGIN.fullmatch(login):
            raise BadAgent("a login name is 2 to 64 of: a-z 0-9 . _ @ - and begins with a letter or digit")
        if not 0 < len(name) <= NAME_MAX:
            raise BadAgent(f"the name that customers see has 1 to {NAME_MAX} characters")
        if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
            raise BadAgent(f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")
        if role not in ROLES:
            raise BadAgent(f"a role is one of: {', '.join(ROLES)}")
        self._check_skills(skills, capacity)
        if not replacing and await self._agents.get(login) is not None:
            raise BadAgent(f"{login} exists already")
        agent = Agent(
            agent_id=login, name=name, role=role, password_hash=await self._passwords.hash(password),
            skills=tuple(dict.fromkeys(skills)), capacity=capacity,
        )  # fmt: skip
        await self._agents.put(agent)
        await self._sessions.end_all(login)
        return agent

    async def certify(self, login: str, skills: Sequence[str], capacity: int | None = None) -> Agent:
        """Give an agent these skills instead of theirs. Raises NoSuchAgent, BadAgent."""
        agent = await self._agents.get(login.strip().lower())
        if agent is None:
            raise NoSuchAgent(login)
        self._check_skills(skills, capacity or 0)
        certified = replace(
            agent, skills=tuple(dict.fromkeys(skills)), capacity=agent.capacity if capacity is None else capacity
        )
        await self._agents.put(certified)
        return certified

    def _check_skills(self, skills: Sequence[str], capacity: int) -> None:
        for skill in skills:
            if skill not in self._skills:
                raise BadAgent(f"{skill} is no skill of data/desk.yml; there are: {', '.join(sorted(self._skills))}")
        if not 0 <= capacity <= CAPACITY_MAX:
            raise BadAgent(f"capacity is from 0 (the desk's usual number) to {CAPACITY_MAX}")

    async def list(self) -> Sequence[Agent]:
        return await self._agents.list()

    async def disable(self, login: str) -> Agent:
        """No more log-ins, and out of every open desk at once. Raises NoSuchAgent."""
        agent = await self._agents.get(login.strip().lower())
        if agent is None:
            raise NoSuchAgent(login)
        disabled = replace(agent, disabled=True)
        await self._agents.put(disabled)
        await self._sessions.end_all(agent.agent_id)
        return disabled

    async def log_in(self, login: str, password: str, address: str) -> str:
        """A session's token for the right password. `address`: where the request came from.

        Raises WrongLogin, TooManyAttempts.
        """
        login = login.strip().lower()
        limits = {
            f"pair:{login}|{address}": PAIR_MAX,
            f"address:{address}": ADDRESS_MAX,
            f"name:{login}": NAME_FAILURES_MAX,
        }
        # Counted before it is checked, so that guesses sent side by side count too; a right one is uncounted.
        counts = [(await self._sessions.failed_logins(who), limit) for who, limit in limits.items()]
        if any(count >= limit for count, limit in counts):
            raise TooManyAttempts
        pair = next(iter(limits))
        if await self._sessions.failed_logins(pair, add=True) > PAIR_MAX:
            raise TooManyAttempts
        agent = await self._agents.get(login) if _LOGIN.fullmatch(login) else None
        usable = agent is not None and not agent.disabled
        known_hash = agent.password_hash if agent is not None and usable else ""
        if not await self._passwords.matches(known_hash, password[: PASSWORD_MAX + 1]):
            for who in list(limits)[1:]:
                await self._sessions.failed_logins(who, add=True)
            raise WrongLogin
        await self._sessions.failed_logins(pair, clear=True)
        return await self._sessions.open(login)

    async def agent_for(self, token: str, *, active: bool = True) -> Agent | None:
        """Who this session's token belongs to, if they may still work. `active` false: see Sessions."""
        agent_id = await self._sessions.agent_of(token, active=active) if token else None
        agent = await self._agents.get(agent_id) if agent_id else None
        return None if agent is None or agent.disabled else agent

    async def log_out(self, token: str) -> None:
        await self._sessions.close(token)

    async def seen(self, agent: Agent) -> None:
        """They have a desk open right now."""
        await self._sessions.seen(agent.agent_id)

    async def present(self) -> Sequence[str]:
        """Ids of the agents who have a desk open."""
        return await self._sessions.present()
