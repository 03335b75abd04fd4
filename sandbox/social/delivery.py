"""Signed webhook delivery: in parallel, in batches, at least once, again and again until the receiver takes it.

No vendor says how fast it tries again; here it is 0.2 s, doubling to 5 s, so that a test need not wait for minutes.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import httpx

from sandbox.feed import Signal
from sandbox.social.dials import SocialDials

_FIRST_RETRY_S = 0.2
_SLOWEST_RETRY_S = 5.0
# Meta waits 5 s for its 200, X 10 s; a receiver that answers later meets the same event again.
_ANSWER_WITHIN_S = 10.0
_AT_ONCE = 40
# How long an event that is to be overtaken stays behind.
_OVERTAKEN_S = 0.4

Pack = Callable[[list[Any]], bytes]
Sign = Callable[[bytes], dict[str, str]]


class Event:
    """One thing to tell; `taken` is set when the receiver has it."""

    __slots__ = ("content", "lane", "taken")

    def __init__(self, lane: str, content: Any) -> None:
        self.lane = lane
        self.content = content
        self.taken = asyncio.Event()


class Outlet:
    """Takes events to `url`, those of one lane (a customer) one after the other.

    `pack` makes one body of several events, `most` at a time; `sign` gives the headers for a body. Without a url
    events are lost, as they are on a platform whose webhook nobody registered.
    """

    def __init__(self, dials: SocialDials, chance: random.Random, pack: Pack, sign: Sign, most: int = 1) -> None:
        self._dials, self._chance = dials, chance
        self._pack, self._sign, self._most = pack, sign, most
        self.url = ""
        self.waiting = 0
        self.taken = 0
        self.lost = 0
        self.last_error = ""
        self._lanes: dict[str, deque[Event]] = {}
        # Lanes that have something to deliver and nothing under way.
        self._ready: deque[str] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._loose = count()
        self._wake = Signal()
        self._client: httpx.AsyncClient | None = None

    def point_to(self, url: str) -> None:
        """Deliver to `url` from now on; what waits goes there at once. "" stops and forgets what waits."""
        self.url = url
        if not url:
            self._forget()
        self._wake.fire()

    def send(self, lane: str, content: Any) -> Event:
        """Deliver this one, soon. Returns the event, whose `taken` is set when the receiver has it."""
        event = Event(lane, content)
        if not self.url:
            self.lost += 1
            return event
        self.waiting += 1
        if self._chance.random() < self._dials.reorder_share:
            self._later(_OVERTAKEN_S, event)
        else:
            self._push(event)
        return event

    def send_later(self, seconds: float, lane: str, content: Any) -> None:
        """Deliver this one after so many seconds."""
        if not self.url:
            self.lost += 1
            return
        self.waiting += 1
        self._later(seconds, Event(lane, content))

    def send_together(self, events: Iterable[tuple[str, Any]]) -> None:
        """Deliver `(lane, content)` pairs in as few calls as the platform allows, whatever the batch dial says.

        Made for events of different lanes: they do not wait for what their lanes still hold.
        """
        told = [Event(lane, content) for lane, content in events]
        if not self.url:
            self.lost += len(told)
            return
        self.waiting += len(told)
        for start in range(0, len(told), self._most):
            self._start(self._deliver(told[start : start + self._most]))

    async def close(self) -> None:
        """Stop and let go of the connections."""
        self.point_to("")
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _forget(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for task in self._workers:
            task.cancel()
        self._timers.clear()
        self._lanes.clear()
        self._ready.clear()
        self.lost += self.waiting
        self.waiting = 0

    def _later(self, seconds: float, event: Event) -> None:
        def push() -> None:
            self._timers.discard(timer)
            self._push(event)

        timer = asyncio.get_running_loop().call_later(seconds, push)
        self._timers.add(timer)

    def _push(self, event: Event) -> None:
        # A lane for each event means that nothing holds a customer's events in order.
        lane = event.lane if self._dials.in_order else f"\0{next(self._loose)}"
        if (queue := self._lanes.get(lane)) is not None:
            queue.append(event)
            return
        self._lanes[lane] = deque([event])
        self._ready.append(lane)
        if len(self._workers) < _AT_ONCE:
            self._start(self._work())

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._workers.add(task)
        task.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._ready:
            batch, lanes = self._next_batch()
            await self._deliver(batch)
            for lane in lanes:
                if self._lanes.get(lane):
                    self._ready.append(lane)
                else:
                    self._lanes.pop(lane, None)

    def _next_batch(self) -> tuple[list[Event], list[str]]:
        most = min(self._most, self._dials.batch_max)
        batch: list[Event] = []
        lanes: list[str] = []
        while self._ready and len(batch) < most:
            lane = self._ready.popleft()
            lanes.append(lane)
            queue = self._lanes[lane]
            while queue and len(batch) < most:
                batch.append(queue.popleft())
        return batch, lanes

    async def _deliver(self, batch: list[Event]) -> None:
        body = self._pack([event.content for event in batch])
        headers = {"content-type": "application/json", **self._sign(body)}
        refused = 0
        while not await self._post(body, headers):
            longest = min(_SLOWEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(refused, 10))
            # Random, so that many lanes do not march in step.
            await self._wake.wait(longest * self._chance.uniform(0.8, 1.0))
            refused += 1
        self.waiting -= len(batch)
        self.taken += len(batch)
        for event in batch:
            event.taken.set()
        if self._chance.random() < self._dials.duplicate_share:
            await self._post(body, headers)

    async def _post(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            response = await self._http().post(self.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.last_error = type(error).__name__
            return False
        self.last_error = "" if response.is_success else f"HTTP {response.status_code}"
        return response.is_success

    async def ask(self, url: str, query: dict[str, str]) -> httpx.Response | None:
        """GET a challenge from a receiver. None when it can't be reached."""
        try:
            return await self._http().get(url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.last_error = type(error).__name__
            return None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # A proxy from the environment must not come between two processes of one machine. Idle connections are
            # dropped before a server's usual keep-alive of five seconds ends, so that none breaks under a request.
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(_ANSWER_WITHIN_S, connect=3.0, pool=None),
                limits=httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=3.0),
                trust_env=False,
            )
        return self._client
