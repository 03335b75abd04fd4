"""How many calls X takes. https://docs.x.com/x-api/fundamentals/rate-limits"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec

from sandbox.social.dials import SocialDials
from sandbox.x.errors import too_many_requests

_QUARTER_S = 15 * 60
_DAY_S = 24 * 3600

# Calls and seconds. Those of posts, direct messages, webhooks and subscriptions are X's own numbers; the others are
# from memory, X's page was not at hand.
QUOTAS: dict[str, tuple[tuple[int, int], ...]] = {
    "post": ((100, _QUARTER_S), (10_000, _DAY_S)),
    "dm": ((15, _QUARTER_S), (1_440, _DAY_S)),
    "read_dm": ((15, _QUARTER_S),),
    "subscriptions": ((500, _QUARTER_S),),
    "webhooks": ((450, _QUARTER_S),),
    "me": ((75, _QUARTER_S),),
    "posts": ((900, _QUARTER_S),),
    "mentions": ((300, _QUARTER_S),),
    "hide": ((50, _QUARTER_S),),
    "delete": ((50, _QUARTER_S),),
}
_SENDS = ("post", "dm", "hide")


class _Window(msgspec.Struct):
    ends: float
    used: int = 0


class Quotas:
    """Counts the calls of each endpoint in fixed windows of time.

    The dial `limit_per_second` takes the place of X's numbers for what customers see; the door counts it. `clock`
    tells epoch seconds: the caller compares the reset time with its own clock, so the platform's is not used.
    """

    def __init__(self, dials: SocialDials, clock: Callable[[], float] = time.time) -> None:
        self._dials = dials
        self._clock = clock
        self._windows: dict[tuple[str, int], _Window] = {}
        self._closed_until = 0.0

    def spend(self, endpoint: str) -> None:
        """Count one call. Raises X's 429 when a window is full; then nothing is counted."""
        if self._dialled(endpoint):
            return
        windows = [(count, self._window(endpoint, seconds)) for count, seconds in QUOTAS[endpoint]]
        if any(window.used >= count for count, window in windows):
            raise too_many_requests()
        for _, window in windows:
            window.used += 1

    def close_for(self, seconds: float) -> None:
        """The dial's limit is reached: no more sends for so long."""
        self._closed_until = self._clock() + seconds

    def headers(self, endpoint: str) -> dict[str, str]:
        """`x-rate-limit-*`, of the window with the fewest calls left."""
        if self._dialled(endpoint):
            count = left = max(1, int(self._dials.limit_per_second))
            ends = self._clock() + 1
            if self._closed_until > self._clock():
                left, ends = 0, self._closed_until
        else:
            left, count, ends = min(
                (count - window.used, count, window.ends)
                for count, window in ((count, self._window(endpoint, seconds)) for count, seconds in QUOTAS[endpoint])
            )
        return {
            "x-rate-limit-limit": str(count),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(math.ceil(ends)),
        }

    def _dialled(self, endpoint: str) -> bool:
        return self._dials.limit_per_second > 0 and endpoint in _SENDS

    def _window(self, endpoint: str, seconds: int) -> _Window:
        now = self._clock()
        window = self._windows.get((endpoint, seconds))
        if window is None or window.ends <= now:
            window = self._windows[endpoint, seconds] = _Window(now + seconds)
        return window
