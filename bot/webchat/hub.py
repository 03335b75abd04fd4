"""Passes what the feed rings to the sockets that this gateway holds open."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from bot.core.ports import VisitorFeed

log = structlog.get_logger(__name__)

Item = Mapping[str, Any]


class Listener(Protocol):
    def ring(self, item: Item | None) -> None:
        """Something new; None: something may have been missed. Must not wait."""

    async def leave(self, code: int) -> None:
        """The gateway closes the socket."""


class Hub:
    """Who is here, by visitor. One visitor may have several tabs open."""

    def __init__(self, feed: VisitorFeed) -> None:
        self._feed = feed
        self._here: dict[str, set[Listener]] = defaultdict(set)

    def enter(self, visitor: str, listener: Listener) -> None:
        self._here[visitor].add(listener)

    def leave(self, visitor: str, listener: Listener) -> None:
        self._here[visitor].discard(listener)
        if not self._here[visitor]:
            del self._here[visitor]

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with self._feed.listen() as rings:
                    async for visitor, item in rings:
                        self._pass_on(visitor, item)
            except Exception as error:
                log.error("webchat.listening_failed", error=type(error).__name__)
                await asyncio.sleep(1.0)

    async def close_all(self, code: int) -> None:
        everyone = [listener for listeners in self._here.values() for listener in listeners]
        await asyncio.gather(*(listener.leave(code) for listener in everyone))

    def _pass_on(self, visitor: str, item: Item) -> None:
        if visitor:
            for listener in self._here.get(visitor, ()):
                listener.ring(item)
            return
        for listeners in self._here.values():
            for listener in listeners:
                listener.ring(None)
