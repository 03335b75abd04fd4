"""Projects the event stream into the archive, from where it stopped, however long the archive was away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog

from bot.core.archive_ports import Archive, ArchiveUnavailable, AuditHead
from bot.core.events import AnyEvent
from bot.core.ports import EventStream

T = TypeVar("T")
log = structlog.get_logger(__name__)

KEPT_LIVE_S = 3600  # archived events stay in the stream this long, for desks that come back from a break
TRIM_EVERY_S = 60
BATCH = 500
LINGER_S = 0.2  # a batch is written when it is full or this old


class Record:
    """Follows the stream and writes batches. An event is trimmed only after the archive has it."""

    def __init__(self, stream: EventStream, archive: Archive, heads: AuditHead) -> None:
        self._heads = heads
        self._stream = stream
        self._archive = archive
        self._trimmed_at = 0.0
        self._head: tuple[int, str] | None = None
        self._cut_off = False

    async def run(self) -> None:
        """Until cancelled, or StoreUnavailable from the stream: the caller begins again."""
        position = await self._with_patience(self._archive.position)
        batch: list[tuple[str, AnyEvent]] = []
        events = self._stream.follow(position or "0").__aiter__()
        following = asyncio.ensure_future(anext(events))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=LINGER_S if batch else None)
                if done:
                    batch.append(following.result())
                    following = asyncio.ensure_future(anext(events))
                if batch and (not done or len(batch) >= BATCH):
                    full, batch = batch, []
                    whole = await self._whole()
                    await self._with_patience(partial(self._archive.write, full))
                    if whole:
                        await self._keep_head()
                    await self._trim(full[-1][0])
        finally:
            following.cancel()

    async def _whole(self) -> bool:
        """Whether the audit log still has the last entry that was noted apart from it. Once it has not, the note stays
        as it is, so that `sigap audit verify` goes on saying so however much is written behind the gap."""
        if self._cut_off:
            return False
        noted = self._head or await self._heads.read()
        if noted is None or await self._with_patience(partial(self._archive.audit_seal, noted[0])) == noted[1]:
            return True
        log.error("the end of the audit log is missing: see `sigap audit verify`", noted_entry=noted[0])
        self._cut_off = True
        return False

    async def _keep_head(self) -> None:
        head = await self._with_patience(self._archive.audit_head)
        if head is not None and head != self._head:
            await self._heads.keep(head)
            self._head = head

    async def _with_patience(self, work: Callable[[], T]) -> T:
        """Do the archive's (blocking) work in a thread, again and again until its database is there."""
        delay = 1.0
        while True:
            try:
                return await asyncio.to_thread(work)
            except ArchiveUnavailable as error:
                log.warning("archive unavailable", error=str(error), again_in_s=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 30.0)

    async def _trim(self, written: str) -> None:
        """Positions begin with milliseconds: never trim past what the archive has."""
        if time.monotonic() - self._trimmed_at > TRIM_EVERY_S:
            self._trimmed_at = time.monotonic()
            oldest_kept_ms = min(int((time.time() - KEPT_LIVE_S) * 1000), int(written.split("-", maxsplit=1)[0]))
            await self._stream.trim(f"{oldest_kept_ms}-0")
