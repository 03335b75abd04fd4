"""What the services need to know about the channels themselves: names of cases, rate limits, how each is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from channels.capabilities import Limit, Usage
from channels.messages import Health


class Threads(Protocol):
    """Which case a platform's names belong to: public messages, other ids of the same customer."""

    async def find(self, channel: str, names: Sequence[str], others: Sequence[str] = ()) -> Mapping[str, str]:
        """The thread id of each name that is known. `others` count as known, too, when a conversation has that id."""

    async def learn(self, channel: str, names: Mapping[str, str]) -> None:
        """Remember names and their thread ids, for ninety days after they were last asked for; a name that is known
        already stays what it is."""

    async def replace(self, channel: str, names: Mapping[str, str]) -> None:
        """As `learn`, but what was known before is forgotten."""


class Limits(Protocol):
    """The platforms' rate limits, counted over all couriers."""

    async def take(self, channel: str, limits: Sequence[Limit]) -> float:
        """Count one call against all of them, or against none: 0.0, or the seconds to wait before asking again."""

    async def note(self, channel: str, usages: Sequence[Usage]) -> None:
        """What the platform's own headers say: close to a limit everybody slows down, at it everybody waits."""

    async def used(self, channel: str) -> Mapping[str, tuple[int, int, float]]:
        """For people to read: scope → calls in the window, the most allowed, the window in seconds."""


class ChannelState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a channel is doing. `stopped`: why nothing is sent until a person mends it, "" when it runs."""

    last_event_at: datetime | None = None
    last_sent_at: datetime | None = None
    checked_at: datetime | None = None
    health: Health | None = None
    stopped: str = ""
    failures: int = 0  # sends that failed today (UTC)
    sent: int = 0  # sends that went out today


class ChannelStates(Protocol):
    async def heard(self, channel: str, at: datetime) -> None: ...

    async def sent(self, channel: str, at: datetime, *, failed: bool = False) -> None: ...

    async def checked(self, channel: str, health: Health, at: datetime) -> None: ...

    async def stop(self, channel: str, why: str) -> None:
        """ "" lets it go on."""

    async def read(self, channel: str, at: datetime) -> ChannelState: ...
