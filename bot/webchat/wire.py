"""A WebSocket of Sanic 21.12, made dependable.

Its own `recv` hands a coroutine to `asyncio.wait`, which Python 3.11 refuses, and a reader may sleep on after
the connection is gone. This reads the same frames and always wakes up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from sanic.exceptions import SanicException
from sanic.server.websockets.impl import WebsocketImplProtocol
from websockets.connection import State
from websockets.exceptions import ConnectionClosed

LONGEST_REASON = 123  # bytes; https://www.rfc-editor.org/rfc/rfc6455#section-5.5


class Gone(Exception):
    """The other side left, or we closed."""


class Wire:
    """One visitor's connection. Frames out of `recv` are bytes whatever the page sent."""

    def __init__(self, ws: WebsocketImplProtocol) -> None:
        self._ws: Any = ws  # Sanic's annotations do not cover what is needed here

    async def recv(self) -> bytes:
        """The next frame. Raises Gone."""
        if self._ws.connection.state is not State.OPEN or self._ws.connection_lost_waiter.done():
            raise Gone
        closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ws.recv_cancel = closing  # Sanic cancels it when the page says good-bye
        frame = asyncio.ensure_future(self._ws.assembler.get())
        try:
            await asyncio.wait({frame, closing, self._ws.connection_lost_waiter}, return_when=asyncio.FIRST_COMPLETED)
            if not frame.done():
                raise Gone
            data = frame.result()
        finally:
            self._ws.recv_cancel = None
            frame.cancel()
        return data.encode() if isinstance(data, str) else bytes(data)

    async def send(self, data: bytes) -> None:
        """Send a text frame; waits while the visitor's line is full. Raises Gone."""
        try:
            await self._ws.send(data.decode())
        except (SanicException, ConnectionClosed):
            raise Gone from None
        except asyncio.CancelledError:
            # Sanic also says "cancelled" when the transport is closing; only a real cancellation goes on.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise Gone from None

    async def close(self, code: int, reason: str = "") -> None:
        """Say good-bye with a code; the connection ends when the page has answered, or after a time-out."""
        try:
            await self._ws.close(code, reason[:LONGEST_REASON])
        except (SanicException, ConnectionClosed, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
