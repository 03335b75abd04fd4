"""Flood control: token buckets for each chat, each group and the whole bot.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.dials import Dials
from sandbox.telegram.errors import too_many_requests


@dataclass
class _Bucket:
    tokens: float
    at: float


class FloodControl:
    """Counts the messages that the bot sends."""

    def __init__(self, dials: Dials, clock: Callable[[], float]) -> None:
        self._dials = dials
        self._clock = clock
        self._chats: dict[int, _Bucket] = {}
        self._overall: dict[int, _Bucket] = {}

    def spend(self, chat_id: int, *, group: bool) -> None:
        """Count one message to this chat.

        Raises a 429 with `retry_after` when a limit is reached; then nothing is counted.
        """
        dials, now = self._dials, self._clock()
        if group:
            rate, burst = dials.per_group_per_minute / 60, max(1.0, dials.per_group_per_minute)
        else:
            rate, burst = dials.per_chat_per_second, float(dials.per_chat_burst)
        wanted = [
            bucket
            for bucket in (
                self._refill(self._chats, chat_id, rate, burst, now),
                self._refill(self._overall, 0, dials.overall_per_second, float(dials.overall_burst), now),
            )
            if bucket is not None
        ]
        wait = max((self._wait(bucket, bucket_rate) for bucket, bucket_rate in wanted), default=0.0)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        for bucket, _ in wanted:
            bucket.tokens -= 1

    @staticmethod
    def _refill(
        buckets: dict[int, _Bucket], key: int, rate: float, burst: float, now: float
    ) -> tuple[_Bucket, float] | None:
        """The bucket as it is now, with its rate; None when the limit is switched off."""
        if rate <= 0:
            return None
        bucket = buckets.setdefault(key, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        return bucket, rate

    @staticmethod
    def _wait(bucket: _Bucket, rate: float) -> float:
        # A hair below one: a client that waited exactly as told must not be refused over a rounding error.
        return 0.0 if bucket.tokens >= 1 - 1e-6 else (1 - bucket.tokens) / rate
