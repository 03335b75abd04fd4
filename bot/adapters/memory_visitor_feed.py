"""Visitors' feeds in one process' memory, for tests and for running without a server."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

ITEMS_KEPT = 500  # lines that a page gets back after a reload
SEEN_KEPT = 2000  # dedupe ids; more than items, because a resend may come late

Rung = tuple[str, Mapping[str, Any]]
MISSED: Rung = ("", {})  # "something may have been missed: read again"


class _Feed:
    def __init__(self) -> None:
        # Starts where the Redis feed does: above every number given before this process began.
        self.seq = int(time.time() * 1000) - 1
        self.items: list[Mapping[str, Any]] = []
        self.seen: OrderedDict[str, int] = OrderedDict()


class MemoryVisitorFeed:
    """Implements ports.VisitorFeed; held to the same tests as the Redis one."""

    def __init__(self) -> None:
        self._feeds: dict[str, _Feed] = {}
        self._listeners: set[asyncio.Queue[Rung]] = set()

    async def append(self, key: str, dedupe_id: str, item: Mapping[str, Any]) -> int:
        feed = self._feeds.setdefault(key, _Feed())
        if dedupe_id in feed.seen:
            return feed.seen[dedupe_id]
        feed.seq += 1
        feed.seen[dedupe_id] = feed.seq
        numbered = {"seq": feed.seq, **item}
        feed.items.append(numbered)
        del feed.items[:-ITEMS_KEPT]
        while len(feed.seen) > SEEN_KEPT:
            feed.seen.popitem(last=False)
        await self.ring(key, numbered)
        return feed.seq

    async def after(self, key: str, seq: int) -> Sequence[Mapping[str, Any]]:
        feed = self._feeds.get(key)
        return [item for item in feed.items if item["seq"] > seq] if feed else []

    async def ring(self, key: str, item: Mapping[str, Any]) -> None:
        """Tell open pages something that is not kept."""
        for listener in self._listeners:
            listener.put_nowait((key, item))

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Rung]]:
        listener: asyncio.Queue[Rung] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield _each(listener)
        finally:
            self._listeners.discard(listener)


async def _each(listener: asyncio.Queue[Rung]) -> AsyncIterator[Rung]:
    yield MISSED
    while True:
        yield await listener.get()
