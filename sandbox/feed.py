"""What happened, in order: an append-only log that can be read from any point, waited on and streamed."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

Entry = dict[str, Any]

# A subscriber that falls this far behind is cut off; it reconnects and reads the log instead.
_SUBSCRIBER_BACKLOG = 2_000


class Signal:
    """Wakes everyone who waits. Waiting costs nothing while nothing happens."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake everyone who is waiting now; later waiters wait for the next one."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`. Returns whether the signal was fired."""
        try:
            await asyncio.wait_for(self._event.wait(), max(0.0, seconds))
        except TimeoutError:
            return False
        return True


class Log:
    """Entries with a growing `seq`, in order. Reading costs what is returned, however long the log is."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._seqs: list[int] = []
        self._changed = Signal()

    def append(self, entry: Entry) -> None:
        """Add an entry; its `seq` must be greater than every earlier one."""
        self._entries.append(entry)
        self._seqs.append(entry["seq"])
        self._changed.fire()

    @property
    def last_seq(self) -> int:
        """The newest `seq`, or 0 when the log is empty."""
        return self._seqs[-1] if self._seqs else 0

    def after(self, seq: int, limit: int) -> list[Entry]:
        """The entries that follow `seq`, oldest first, at most `limit`."""
        start = bisect_right(self._seqs, seq)
        return list(islice(self._entries, start, start + limit))

    async def wait_after(self, seq: int, limit: int, seconds: float) -> list[Entry]:
        """Like `after`, but while there is none, wait up to `seconds` for the first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.last_seq <= seq:
            if not await self._changed.wait(deadline - loop.time()):
                break
        return self.after(seq, limit)


class Feed:
    """One log over all chats, one for each chat, and live subscribers (the page)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seq = 0
        self.everything = Log()
        self._chats: dict[int, Log] = {}
        self._subscribers: set[asyncio.Queue[tuple[str, Entry] | None]] = set()

    def chat(self, chat_id: int) -> Log:
        """The log of one chat."""
        return self._chats.setdefault(chat_id, Log())

    def append(self, chat_id: int, entry: Entry) -> Entry:
        """Give the entry its `seq` and time (`at`, epoch milliseconds), keep it and tell the subscribers."""
        self._seq += 1
        kept = {"seq": self._seq, "chat_id": chat_id, "at": int(self._clock() * 1000), **entry}
        self.everything.append(kept)
        self.chat(chat_id).append(kept)
        self.announce("entry", kept)
        return kept

    def announce(self, event: str, data: Entry) -> None:
        """Tell the subscribers something that is not worth keeping (typing, a notice)."""
        for queue in list(self._subscribers):
            # One place stays free for the mark that ends the stream.
            if queue.qsize() >= _SUBSCRIBER_BACKLOG:
                self._subscribers.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait((event, data))

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[tuple[str, Entry] | None]]:
        """A queue of `(event, data)` from now on; `None`: the reader was too slow and must start again."""
        queue: asyncio.Queue[tuple[str, Entry] | None] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
