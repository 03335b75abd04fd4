"""The live feed: one reader of the event stream in this process, fanned out to every open desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import structlog

from bot.core.conversation import Owner
from bot.core.events import AnyEvent, Audited, OwnerChanged
from bot.core.ports import Clock, ConversationStore, EventStream
from bot.core.transcript import fold
from bot.desk.views import View, card

log = structlog.get_logger(__name__)

BEHIND = 300  # frames that a slow desk may lag before it gets the whole board again
ON_THE_BOARD = frozenset({Owner.WAITING, Owner.HUMAN})
AT_ONCE = 100  # cases that are read in one round trip
RECENT = 60  # events of a conversation that its row in the queue is made from
RESYNC_S = 20.0  # the whole board is read again this often, whatever was missed
RETRY_S = 1.0


def frame(name: str, data: Mapping[str, Any]) -> bytes:
    """One server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


class OpenDesk:
    """One agent's open page. `watching`: the key of the conversation on it, whoever owns that."""

    def __init__(self, watching: str) -> None:
        self.watching = watching
        self.frames: asyncio.Queue[bytes] = asyncio.Queue(BEHIND)


class Feed:
    """Keeps the board (all that waits or is with a person) and tells the open desks what changes.

    It reads only while a desk is open. When the store can't be reached it tells the desks and tries again.
    """

    def __init__(self, store: ConversationStore, events: EventStream, clock: Clock) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._board: dict[str, View] = {}
        self._desks: set[OpenDesk] = set()
        self._reading: asyncio.Task[None] | None = None
        self._loaded = False

    @asynccontextmanager
    async def open(self, watching: str = "") -> AsyncIterator[OpenDesk]:
        desk = OpenDesk(watching)
        self._desks.add(desk)
        if self._loaded:
            desk.frames.put_nowait(self._snapshot())
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(), name="desk-feed")
        try:
            yield desk
        finally:
            self._desks.discard(desk)
            if not self._desks and self._reading is not None:
                self._reading.cancel()
                self._reading, self._loaded = None, False

    async def _read(self) -> None:
        position = "$"
        while True:
            stream = self._events.follow(position)
            step = asyncio.ensure_future(anext(stream))  # a place in the stream, then the board: no gap
            try:
                due = 0.0
                while True:
                    now = asyncio.get_running_loop().time()
                    if now >= due:
                        await self._load()
                        due = now + RESYNC_S
                    done, _ = await asyncio.wait({step}, timeout=due - now)
                    if done:
                        position, event = step.result()
                        step = asyncio.ensure_future(anext(stream))
                        await self._take(event)
            except Exception as error:  # whatever it was, an open desk must come back to life by itself
                log.warning("desk_feed_interrupted", error=type(error).__name__)
                self._loaded = False
                self._tell(frame("trouble", {}))
                await asyncio.sleep(RETRY_S)
            finally:
                step.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await step

    async def _load(self) -> None:
        keys = [*await self._store.owned(Owner.WAITING), *await self._store.owned(Owner.HUMAN)]
        board: dict[str, View] = {}
        for first in range(0, len(keys), AT_ONCE):
            board |= await self._cards(keys[first : first + AT_ONCE])
        self._board = board
        self._loaded = True
        self._tell(self._snapshot())

    async def _take(self, event: AnyEvent) -> None:
        key = event.conversation
        if isinstance(event, Audited):
            return  # that somebody looked changes nothing to look at
        if key in self._board or isinstance(event, OwnerChanged):
            view = (await self._cards([key])).get(key)
            if view:
                self._board[key] = view
                self._tell(frame("card", view))
            elif self._board.pop(key, None):
                self._tell(frame("gone", {"key": key}))
        for desk in [desk for desk in self._desks if desk.watching == key]:
            self._put(desk, frame("changed", {"key": key, "type": type(event).__struct_config__.tag}))

    async def _cards(self, keys: Sequence[str]) -> dict[str, View]:
        """Of those that are on the board, by key."""
        cases = [one for one in await self._store.states(keys) if one.owner in ON_THE_BOARD]
        logs = await self._store.logs([one.key for one in cases], RECENT)
        return {one.key: card(one, fold(log)) for one, log in zip(cases, logs, strict=True)}

    def _snapshot(self) -> bytes:
        return frame("board", {"cards": list(self._board.values()), "now": self._clock.now()})

    def _tell(self, message: bytes) -> None:
        for desk in self._desks:
            self._put(desk, message)

    def _put(self, desk: OpenDesk, message: bytes) -> None:
        if desk.frames.full():  # too slow: what it missed is in the board
            while not desk.frames.empty():
                desk.frames.get_nowait()
            desk.frames.put_nowait(self._snapshot())
            desk.frames.put_nowait(frame("changed", {"key": desk.watching, "type": "missed"}))
        desk.frames.put_nowait(message)
