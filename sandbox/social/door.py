"""The network between the brand's program and a platform's API, with everything that goes wrong there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sanic import HTTPResponse, Request

from sandbox.http import answer
from sandbox.social.platform import Platform

# The longest that an answer waits for its echo to be delivered first.
_ECHO_FIRST_S = 2.0
# How long after its answer an echo follows at least.
_ECHO_AFTER_S = 0.02


class Refusal(Exception):
    """The platform's answer to a call that it does not carry out."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def response(self) -> HTTPResponse:
        """The answer."""
        response = answer(self.body, self.status)
        response.headers.update(self.headers)
        return response


class Door:
    """Lets calls through as the platform's dials say.

    `unavailable()`: the vendor's 5xx; `limited(wait_s)`: its answer to too many sends; `failing(code)`: its error
    with this code; `headers(request)`: what the vendor puts on every answer.
    """

    def __init__(
        self,
        platform: Platform,
        *,
        unavailable: Callable[[], Refusal],
        limited: Callable[[float], Refusal],
        failing: Callable[[int], Refusal],
        headers: Callable[[Request], dict[str, str]] | None = None,
    ) -> None:
        self._platform = platform
        self._unavailable, self._limited, self._failing = unavailable, limited, failing
        self._headers = headers
        self._tokens = 1.0
        self._filled_at = 0.0

    @property
    def used(self) -> float:
        """How much of the allowed sends is used up, 0 to 1."""
        most = self._most()
        return 1 - min(1.0, max(0.0, self._tokens / most)) if self._platform.dials.limit_per_second else 0.0

    async def ask(self, request: Request, action: Callable[[], HTTPResponse]) -> HTTPResponse:
        """A call that sends nothing to a customer."""
        try:
            await self._enter()
            response = action()
        except Refusal as refusal:
            response = refusal.response()
        return self._leave(request, response)

    async def send(self, request: Request, action: Callable[[], HTTPResponse]) -> HTTPResponse | None:
        """A call that customers see. `action` says things with `platform.say`; None when the answer got lost."""
        platform, dials = self._platform, self._platform.dials
        try:
            await self._enter()
            if dials.fail_code:
                raise self._failing(dials.fail_code)
            self._spend()
            # No other send comes between this one and its echoes: the action does not wait for anything.
            platform.echoes.clear()
            response = action()
        except Refusal as refusal:
            return self._leave(request, refusal.response())
        await self._echo(list(platform.echoes))
        if platform.chance.random() < dials.timeout_after_send_share:
            await asyncio.sleep(dials.hang_s)
            await _hang_up(request)
            return None
        return self._leave(request, response)

    async def _enter(self) -> None:
        platform = self._platform
        await asyncio.sleep(platform.dials.latency_s)
        if platform.chance.random() < platform.dials.error_share:
            raise self._unavailable()

    def _leave(self, request: Request, response: HTTPResponse) -> HTTPResponse:
        if self._headers is not None:
            response.headers.update(self._headers(request))
        return response

    def _spend(self) -> None:
        rate = self._platform.dials.limit_per_second
        if not rate:
            return
        now = asyncio.get_running_loop().time()
        self._tokens = min(self._most(), self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens < 1:
            self._platform.limited += 1
            raise self._limited((1 - self._tokens) / rate)
        self._tokens -= 1

    def _most(self) -> float:
        dials = self._platform.dials
        return max(1.0, dials.limit_burst or dials.limit_per_second)

    async def _echo(self, echoes: list[tuple[str, Any]]) -> None:
        outlet, dials = self._platform.outlet, self._platform.dials
        if echoes and outlet.url and self._platform.chance.random() < dials.echo_first_share:
            told = [outlet.send(lane, content) for lane, content in echoes]
            try:
                async with asyncio.timeout(_ECHO_FIRST_S):
                    for event in told:
                        await event.taken.wait()
            except TimeoutError:
                pass  # The receiver is down; the answer does not wait for ever.
            return
        for lane, content in echoes:
            outlet.send_later(max(dials.echo_delay_s, _ECHO_AFTER_S), lane, content)


async def _hang_up(request: Request) -> None:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    # Sanic cancels the handler when it learns that the connection is gone; returning would make it answer.
    await asyncio.sleep(60)
