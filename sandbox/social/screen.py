"""What everyone sees on one platform: a log that can be read from any point, waited on and streamed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.feed import Log

# A subscriber that falls this far behind is cut off; it reconnects and reads the log instead.
_BACKLOG = 5_000

Told = tuple[str, dict[str, Any]]
Subscriber = asyncio.Queue[Told | None]


class Screen:
    """The log of one platform's entries and their changes, and who watches it."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self.log = Log()
        self._subscribers: set[Subscriber] = set()

    def add(self, item: dict[str, Any]) -> dict[str, Any]:
        """Keep the item, with its `seq` and platform, and tell the subscribers."""
        kept = {"seq": self.log.last_seq + 1, "platform": self._platform, **item}
        self.log.append(kept)
        self._tell("item", kept)
        return kept

    def announce(self, event: str, data: dict[str, Any]) -> None:
        """Tell the subscribers something that is not worth keeping (typing, a new customer)."""
        self._tell(event, {"platform": self._platform, **data})

    def _tell(self, event: str, data: dict[str, Any]) -> None:
        for queue in list(self._subscribers):
            # One place stays free for the mark that ends the stream.
            if queue.qsize() >= _BACKLOG:
                self._subscribers.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait((event, data))

    def join(self, queue: Subscriber) -> None:
        """From now on the queue is told everything."""
        self._subscribers.add(queue)

    def leave(self, queue: Subscriber) -> None:
        """No more."""
        self._subscribers.discard(queue)


@contextmanager
def watching(screens: Iterable[Screen]) -> Iterator[Subscriber]:
    """A queue of `(event, data)` of all these screens; `None`: the reader was too slow and must start again."""
    queue: Subscriber = asyncio.Queue()
    watched = list(screens)
    for screen in watched:
        screen.join(queue)
    try:
        yield queue
    finally:
        for screen in watched:
            screen.leave(queue)
