"""Calls to one HTTP service: a connection pool, one time limit for the whole call, one retry, a circuit breaker.

Knows nobody's address and nobody's JSON.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from actions.breaker import Breaker, BreakerOpen

# What the first try may use of the time; the second has the rest, and at least a third.
FIRST_TRY = 2 / 3
# Shorter than servers keep an idle connection, which is 5 s and more, or a request meets a closing one.
_IDLE_S = 4.0

# httpx logs every address that it calls, and ours contain the customer's reference.
logging.getLogger("httpx").setLevel(logging.WARNING)


class CallFailed(Exception):
    """No answer in time, or one that is no answer: 5xx, 429 or not JSON. The text names neither address nor content."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status below 500 with the JSON that came with it."""

    status: int
    body: Any


class Service:
    """One service at an address (`http://host:port/path`). Share it: it has the breaker."""

    def __init__(self, address: str, breaker: Breaker) -> None:
        self._address = address.rstrip("/")
        self._breaker = breaker

    async def read(self, path: str, timeout_s: float) -> Answer:
        """GET. A failure of any kind is tried once more, within `timeout_s` seconds in all. Raises CallFailed."""
        return await self._call(
            lambda: self._send("GET", path), (TimeoutError, httpx.RequestError, CallFailed), timeout_s
        )

    async def write(self, path: str, body: Mapping[str, Any], key: str, timeout_s: float) -> Answer:
        """POST, with an idempotency key. Raises CallFailed, after which the deed may have been done or not.

        Tried once more, with the same key and within `timeout_s` seconds in all, only where no answer came: without a
        connection or in time. What a 5xx did is the service's affair.
        """
        return await self._call(
            lambda: self._send("POST", path, json=body, headers={"Idempotency-Key": key}),
            (TimeoutError, httpx.ConnectError, httpx.TimeoutException),
            timeout_s,
        )

    async def _call(
        self, send: Callable[[], Awaitable[Answer]], again: tuple[type[Exception], ...], timeout_s: float
    ) -> Answer:
        try:
            with self._breaker.call():
                return await _twice(send, again, timeout_s)
        except CallFailed:
            raise
        except (BreakerOpen, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            # Not the cause itself: its text may hold the address, and so the reference.
            raise CallFailed(type(error).__name__) from None

    async def _send(self, method: str, path: str, **arguments: Any) -> Answer:
        response = await _client().request(method, f"{self._address}/{path}", **arguments)
        if response.status_code >= 500 or response.status_code == 429:
            raise CallFailed(f"status {response.status_code}")
        try:
            return Answer(response.status_code, response.json())
        except (ValueError, RecursionError):
            raise CallFailed(f"status {response.status_code} without JSON") from None


async def _twice(send: Callable[[], Awaitable[Answer]], again: tuple[type[Exception], ...], timeout_s: float) -> Answer:
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(began + timeout_s * FIRST_TRY):
            return await send()
    except again:
        async with asyncio.timeout_at(began + timeout_s):
            return await send()


_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


def _client() -> httpx.AsyncClient:
    """The pool of this event loop: connections can't leave the loop that made them."""
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        for gone in [each for each in _clients if each.is_closed()]:
            del _clients[gone]
        client = _clients[loop] = httpx.AsyncClient(
            timeout=None,  # noqa: S113 - asyncio's limit above counts the whole call, httpx's each step of it
            limits=httpx.Limits(keepalive_expiry=_IDLE_S),
            verify=_tls(),
            # The service is inside the company: a proxy from the environment has no business in between.
            trust_env=False,
        )
    return client


async def warm() -> None:
    """Build what a first call waits for: the certificates, the pool, and the way down to a socket. Calls no service."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: who calls is refused at once
        with suppress(httpx.ConnectError):
            await _client().get(f"http://127.0.0.1:{nobody.getsockname()[1]}")


@cache
def _tls() -> ssl.SSLContext:
    # Loading the certificates takes tens of milliseconds: once a process.
    return ssl.create_default_context()
