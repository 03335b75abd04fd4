"""What a replay needs of the customers on a platform."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict

import msgspec

from bot.settings import Settings
from channels.messages import Surface

GIVE_UP_S = 120.0  # how long a customer keeps trying to get one message through


class Seen(msgspec.Struct, frozen=True):
    """Something that the brand said, as the customer's own screen shows it."""

    text: str
    at: float  # time.monotonic()
    surface: Surface = Surface.PRIVATE
    addressed: str = ""  # what of it is only the customer's name in front

    @property
    def words(self) -> str:
        return self.text.removeprefix(self.addressed)


class NotDelivered(Exception):
    """The door did not take the message, however often it was tried."""


class Customers(ABC):
    """All customers of a replay on one platform. `seen[key]`: what each one's screen shows, in order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        self.news = asyncio.Condition()

    @abstractmethod
    async def arrive(self, number: int) -> str:
        """A new customer; the key of their conversation."""

    @abstractmethod
    async def write(self, key: str, text: str) -> str:
        """The text as the platform carries it, once it has it for good. Raises NotDelivered."""

    async def leave(self, key: str) -> None:
        """The customer puts the phone away."""

    async def violations(self) -> int:
        """Calls that broke a rule of the platform since the first customer came."""
        return 0

    @abstractmethod
    async def close(self) -> None: ...

    async def show(self, key: str, seen: Seen) -> None:
        async with self.news:
            self.seen[key].append(seen)
            self.news.notify_all()
