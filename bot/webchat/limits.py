"""How fast and how many. Counted in this process: of several gateways, each counts for itself.

A visitor's sockets normally stay on one gateway, and what is limited here is nuisance, not safety, so a count
shared through Redis would cost every message a round trip for little.
"""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Callable

PRUNE_ABOVE = 10_000  # keys; refilled buckets are forgotten beyond this


class Pace:
    """Token buckets by key: `rate` a second, `burst` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # key → (tokens left, when)

    def wait_s(self, key: str) -> float:
        """Takes a token and returns 0, or takes none and returns the seconds until there is one."""
        now = self._clock()
        left, at = self._buckets.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        allowed = left >= 1.0
        self._buckets[key] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > PRUNE_ABOVE:
            self._prune(now)
        return 0.0 if allowed else (1.0 - left) / self._rate

    def _prune(self, now: float) -> None:
        full_after = self._burst / self._rate
        self._buckets = {key: state for key, state in self._buckets.items() if now - state[1] < full_after}


class Open:
    """How many of something each address holds open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        if self._held[address] >= self._most and not is_local(address):
            return False
        self._held[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._held[address] -= 1
        if self._held[address] <= 0:
            del self._held[address]


def is_local(address: str) -> bool:
    """This very machine: a developer, or a proxy that does not say for whom it asks. Says nothing."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True  # a unix socket has no address
