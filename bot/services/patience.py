"""How often and how long the courier tries again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.core.ports import StoreUnavailable

MOST_ATTEMPTS = 10  # with the back-off below that is about four minutes of an unreachable platform
BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 60.0
AUTH_PAUSE_S = 60.0  # how long a channel with dead credentials waits before it looks again
REFUSALS_BEFORE_BLAME = 3

T = TypeVar("T")


def back_off(attempt: int) -> float:
    """Seconds before the next attempt: doubling, capped, with jitter so that many do not return at once."""
    return min(LONGEST_BACK_OFF_S, BACK_OFF_S * 2.0 ** (attempt - 1)) * random.uniform(0.8, 1.2)


async def until_stored(write: Callable[[], Awaitable[T]]) -> T:
    """Write what must not be forgotten, however long the store is away: the platform already has the message.

    The second write of the same thing changes nothing, so one that was done and not confirmed may be repeated;
    LeaseLost then means that it was done, or that another courier goes on from the send log.
    """
    delay = 0.05
    while True:
        try:
            return await write()
        except StoreUnavailable:
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)
