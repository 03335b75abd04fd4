"""Empties what has been kept for as long as data/retention.yml allows, every hour."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bot.core.archive_ports import ArchiveUnavailable
from bot.core.customer_ports import AlreadyErasing, KeptCustomers, LiveCustomers
from bot.core.forgetting import Keep
from bot.core.ports import Clock, StoreUnavailable

log = structlog.get_logger(__name__)

EVERY_S = 3600.0
AGAIN_S = 60.0  # after an outage


class Forget:
    """Live store first: what the recorder has not archived yet reaches the archive emptied."""

    def __init__(
        self, live: LiveCustomers, archive: KeptCustomers, retention: Mapping[str, Keep], clock: Clock
    ) -> None:
        self._live = live
        self._archive = archive
        self._retention = retention
        self._clock = clock

    async def once(self) -> int:
        """How many pieces were emptied. Raises StoreUnavailable, ArchiveUnavailable, AlreadyErasing."""
        now, live, kept = self._clock.now(), 0, 0
        for channel, keep in self._retention.items():
            moments = keep.moments(now)
            live += await self._live.forget(channel, moments)
            kept += await asyncio.to_thread(self._archive.forget, channel, moments)
        if live:
            await self._live.settle()  # off the server's own files, too
        return live + kept

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                pieces = await self.once()
            except (StoreUnavailable, ArchiveUnavailable, AlreadyErasing) as error:
                log.warning("old contents could not be emptied", why=type(error).__name__, again_in_s=AGAIN_S)
                await asyncio.sleep(AGAIN_S)
                continue
            if pieces:
                log.info("old contents emptied", pieces=pieces)
            await asyncio.sleep(EVERY_S)
