"""Visitors of the web chat."""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import suppress
from uuid import uuid4

import httpx
import websockets.client
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from bot.replay.customers.base import GIVE_UP_S, Customers, NotDelivered, Seen
from bot.settings import Settings


class WebchatCustomers(Customers):
    """Visitors of the web chat, each with a socket that comes back after every loss, like the page does."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._base = f"http://127.0.0.1:{settings.port}"
        self._http = httpx.AsyncClient(base_url=self._base, timeout=20, trust_env=False)
        self._visitors: dict[str, _Visitor] = {}

    async def arrive(self, number: int) -> str:
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError, ValueError, KeyError):
                answer = await self._http.post("/webchat/session", json={}, headers={"Origin": self._base})
                if answer.status_code < 400:
                    session = answer.json()
                    visitor = _Visitor(self, session["visitor"], session["token"])
                    self._visitors[visitor.key] = visitor
                    return visitor.key
            await asyncio.sleep(random.uniform(0.3, 1.0))
        raise NotDelivered("no session")

    async def write(self, key: str, text: str) -> str:
        await self._visitors[key].write(text)
        return text

    async def leave(self, key: str) -> None:
        await self._visitors[key].leave()

    async def close(self) -> None:
        for visitor in self._visitors.values():
            await visitor.leave()
        await self._http.aclose()


class _Visitor:
    """One page: unacknowledged messages are sent again, in order, with the same id."""

    def __init__(self, customers: WebchatCustomers, visitor: str, token: str) -> None:
        self.key = f"webchat:{visitor}"
        self._customers = customers
        self._token = token
        self._last_seq = 0
        self._unacked: dict[str, str] = {}
        self._acks: dict[str, asyncio.Future[None]] = {}
        self._socket: websockets.client.WebSocketClientProtocol | None = None
        self._life = asyncio.create_task(self._live())

    async def write(self, text: str) -> None:
        message_id = str(uuid4())
        acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unacked[message_id], self._acks[message_id] = text, acked
        await self._say(message_id)
        try:
            await asyncio.wait_for(acked, GIVE_UP_S)
        except TimeoutError:
            raise NotDelivered("not acknowledged") from None

    async def leave(self) -> None:
        self._life.cancel()
        with suppress(asyncio.CancelledError):
            await self._life

    async def _say(self, message_id: str) -> None:
        if self._socket is not None:
            frame = {"t": "message", "client_msg_id": message_id, "text": self._unacked[message_id]}
            with suppress(WebSocketException, OSError):
                await self._socket.send(json.dumps(frame))

    async def _live(self) -> None:
        port, base = self._customers.settings.port, f"http://127.0.0.1:{self._customers.settings.port}"
        while True:
            try:
                async with websockets.client.connect(
                    f"ws://127.0.0.1:{port}/webchat/socket",
                    origin=Origin(base),
                    open_timeout=10,
                ) as socket:
                    await socket.send(json.dumps({"t": "hello", "token": self._token, "last_seq": self._last_seq}))
                    self._socket = socket
                    for message_id in list(self._unacked):
                        await self._say(message_id)
                    async for frame in socket:
                        await self._hear(json.loads(frame))
            except (WebSocketException, OSError, TimeoutError):
                self._socket = None
            await asyncio.sleep(random.uniform(0.1, 0.6))

    async def _hear(self, frame: dict[str, object]) -> None:
        match frame.get("t"):
            case "ack":
                message_id = str(frame["client_msg_id"])
                self._unacked.pop(message_id, None)
                if (acked := self._acks.pop(message_id, None)) and not acked.done():
                    acked.set_result(None)
            case "item" if int(str(frame["seq"])) > self._last_seq:
                self._last_seq = int(str(frame["seq"]))
                if frame["from"] != "visitor":
                    await self._customers.show(self.key, Seen(text=str(frame["text"]), at=time.monotonic()))
            case "error":
                # "unavailable" and "too fast" both mean: the message was not taken, say it again.
                await asyncio.sleep(1.0)
                for message_id in list(self._unacked):
                    await self._say(message_id)
