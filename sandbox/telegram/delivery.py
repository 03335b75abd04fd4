"""Webhook delivery: in parallel, at least once, again and again until the bot takes it.

https://core.telegram.org/bots/api#setwebhook. Telegram does not say how often and how fast it tries again,
nor how long it waits for an answer; the numbers here are ours.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from sandbox.dials import Dials
from sandbox.feed import Signal
from sandbox.telegram.updates import Update, Updates

_FIRST_RETRY_S = 0.2
_SLOWEST_RETRY_S = 5.0
_ANSWER_WITHIN_S = 10.0
# How long an update that is to be overtaken waits for one that can overtake it.
_OVERTAKE_WITHIN_S = 0.5


@dataclass
class Webhook:
    """What setWebhook was told and how delivery goes. Times are epoch seconds."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    last_error_date: int | None = None
    last_error_message: str = ""

    def failed(self, now: float, message: str) -> None:
        """Remember what getWebhookInfo will report."""
        self.last_error_date = int(now)
        self.last_error_message = message


@dataclass
class _Lane:
    """Updates that must go one after the other: those of one chat."""

    waiting: deque[Update] = field(default_factory=deque)
    grew: Signal = field(default_factory=Signal)


class Delivery:
    """Takes new updates to the webhook while one is set."""

    def __init__(self, updates: Updates, dials: Dials, clock: Callable[[], float], chance: random.Random) -> None:
        self._updates = updates
        self._dials = dials
        self._clock = clock
        self._chance = chance
        self.webhook = Webhook()
        self._lanes: dict[int, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(self.webhook.max_connections)
        self._wake = Signal()
        # While the receiver can't be reached, everyone waits until this moment (loop time) and then a few
        # try again, instead of each chat knocking on its own.
        self._unreachable_until = 0.0
        self._unreachable_times = 0
        self._client: httpx.AsyncClient | None = None
        updates.on_new = self._enqueue

    def set_webhook(self, url: str, secret_token: str, max_connections: int) -> None:
        """Deliver to `url` from now on; what is pending goes there at once."""
        was_set = bool(self.webhook.url)
        if url != self.webhook.url:
            self.webhook = Webhook(url)
        self.webhook.secret_token = secret_token
        if max_connections != self.webhook.max_connections:
            self._slots = asyncio.Semaphore(max_connections)
        self.webhook.max_connections = max_connections
        self._unreachable_until, self._unreachable_times = 0.0, 0
        self._wake.fire()
        if not was_set:
            for update in list(self._updates.pending.values()):
                self._enqueue(update)

    def delete_webhook(self) -> None:
        """Stop delivering; what is pending waits for getUpdates or the next webhook."""
        self.webhook = Webhook()
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()

    async def close(self) -> None:
        """Stop and let go of the connections."""
        tasks = list(self._tasks)
        self.delete_webhook()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _enqueue(self, update: Update) -> None:
        if not self.webhook.url:
            return
        # A lane for each update means that nothing holds the updates of a chat in order.
        key = update.chat_id if self._dials.in_order else update.update_id
        lane = self._lanes.get(key)
        if lane is not None:
            lane.waiting.append(update)
            lane.grew.fire()
            return
        lane = self._lanes[key] = _Lane(deque([update]))
        task = asyncio.create_task(self._run(key, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, key: int, lane: _Lane) -> None:
        while lane.waiting:
            update = lane.waiting.popleft()
            if self._chance.random() < self._dials.reorder_share:
                if not lane.waiting:
                    await lane.grew.wait(_OVERTAKE_WITHIN_S)
                if lane.waiting:
                    update, lane.waiting[0] = lane.waiting[0], update
            await self._deliver(update)
        if self._lanes.get(key) is lane:
            del self._lanes[key]

    async def _deliver(self, update: Update) -> None:
        content = json.dumps(update.body).encode()
        refused = 0
        while update.update_id in self._updates.pending:
            if self._updates.expired(update):
                self._updates.done(update.update_id)
                return
            await self._reachable()
            async with self._slots:
                if self._loop_time() < self._unreachable_until:
                    continue
                taken = await self._post(content)
                if taken:
                    self._updates.done(update.update_id)
                    if self._chance.random() < self._dials.duplicate_share:
                        await self._post(content)
                    return
            if taken is False:
                await self._wake.wait(self._pause(refused))
                refused += 1

    async def _post(self, content: bytes) -> bool | None:
        """Hand it over once. True: taken; False: the receiver refused; None: it could not be reached."""
        headers = {"content-type": "application/json"}
        if self.webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook.secret_token
        try:
            response = await self._http().post(self.webhook.url, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.webhook.failed(self._clock(), _words_for(error))
            if self._loop_time() >= self._unreachable_until:
                self._unreachable_until = self._loop_time() + self._pause(self._unreachable_times)
                self._unreachable_times += 1
            return None
        self._unreachable_until, self._unreachable_times = 0.0, 0
        if response.is_success:
            return True
        phrase = HTTPStatus(response.status_code).phrase if response.status_code in set(HTTPStatus) else ""
        self.webhook.failed(self._clock(), f"Wrong response from the webhook: {response.status_code} {phrase}".rstrip())
        return False

    async def _reachable(self) -> None:
        while (left := self._unreachable_until - self._loop_time()) > 0:
            await self._wake.wait(left)

    def _pause(self, times: int) -> float:
        """Seconds before the next attempt, after `times` earlier ones; random, so as not to march in step."""
        longest = min(_SLOWEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(times, 10))
        return longest * self._chance.uniform(0.8, 1.0)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            # A proxy from the environment must not come between two processes of one machine. Idle
            # connections are dropped before a server's usual keep-alive of five seconds ends, so that none
            # breaks under a request.
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(_ANSWER_WITHIN_S, connect=3.0, pool=None),
                limits=httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=3.0),
                trust_env=False,
            )
        return self._client

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()


def _words_for(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return "Connection refused"
    if isinstance(error, httpx.ConnectTimeout):
        return "Connection timed out"
    if isinstance(error, httpx.TimeoutException):
        return "Read timeout expired"
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return "Wrong webhook URL"
    return "Connection closed"


def webhook_info(delivery: Delivery, updates: Updates) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#webhookinfo"""
    webhook = delivery.webhook
    info: dict[str, Any] = {
        "url": webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(updates.pending),
    }
    if webhook.url:
        info["max_connections"] = webhook.max_connections
    if webhook.last_error_date is not None:
        info["last_error_date"] = webhook.last_error_date
        info["last_error_message"] = webhook.last_error_message
    if updates.allowed:
        info["allowed_updates"] = updates.allowed
    return info
