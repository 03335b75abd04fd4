"""Carries web chat's calls to the visitors' feeds: for that channel, we are the platform."""

from __future__ import annotations

import re

from bot.core.ports import StoreUnavailable, VisitorFeed
from channels.messages import ApiCall, ApiResponse

_PATH = re.compile(r"/feed/(?P<visitor>[0-9A-Za-z_-]+)(?P<signal>/signal)?")


class FeedTransport:
    """Implements channels.base.Transport. Repeating a call with the same key appends nothing."""

    def __init__(self, feed: VisitorFeed) -> None:
        self._feed = feed

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        address = _PATH.fullmatch(call.path)
        if address is None:
            return ApiResponse(status=404)
        visitor = address["visitor"]
        try:
            if address["signal"]:
                await self._feed.ring(visitor, call.json)
                return ApiResponse(status=202)
            seq = await self._feed.append(visitor, idempotency_key, call.json)
        except StoreUnavailable:
            return ApiResponse(status=503)
        return ApiResponse(status=200, body={"id": f"{visitor}:{seq}", "seq": seq})

    async def close(self) -> None:
        """The feed's client belongs to whoever made it."""
