"""Customers on a platform, as the replay needs them. One class a channel; `CUSTOMERS` is the list."""

from __future__ import annotations

import asyncio
import json
import random
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import websockets.client
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from bot.settings import Settings

GIVE_UP_S = 120.0  # how long a customer keeps trying to get one message through


class Seen(msgspec.Struct, frozen=True):
    """Something that the brand said, as the customer's own screen shows it."""

    text: str
    at: float  # time.monotonic()


class NotDelivered(Exception):
    """The door did not take the message, however often it was tried."""


class Customers(ABC):
    """All customers of a replay on one platform. `seen[key]`: what each one's screen shows, in order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        self.news = asyncio.Condition()

    @abstractmethod
    async def arrive(self, number: int) -> str:
        """A new customer; the key of their conversation."""

    @abstractmethod
    async def write(self, key: str, text: str) -> None:
        """Returns when the platform has the message for good. Raises NotDelivered."""

    async def leave(self, key: str) -> None:
        """The customer puts the phone away."""

    @abstractmethod
    async def close(self) -> None: ...

    async def show(self, key: str, seen: Seen) -> None:
        async with self.news:
            self.seen[key].append(seen)
            self.news.notify_all()


class TelegramCustomers(Customers):
    """Customers in the sandbox's Telegram. The sandbox delivers to the gateway as Telegram would, with retries."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        base = f"http://127.0.0.1:{settings.sandbox_port}/sandbox/api/telegram"
        self._http = httpx.AsyncClient(base_url=base, timeout=40, trust_env=False)
        self._first_chat = random.randrange(10**8, 9 * 10**8) * 1000
        self._watch: asyncio.Task[None] | None = None

    async def arrive(self, number: int) -> str:
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        return f"telegram:{self._first_chat + number}"

    async def write(self, key: str, text: str) -> None:
        chat = key.partition(":")[2]
        try:
            answer = await self._http.post(f"/chats/{chat}/messages", json={"text": text, "name": f"Replay {chat}"})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotDelivered(type(error).__name__) from error

    async def _look(self) -> None:
        after = 0
        while True:
            try:
                page = await self._get("/messages", after=after, wait=20)
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(0.5)
                continue
            for entry in page["messages"]:
                after = max(after, entry["seq"])
                if entry["from"] == "brand":
                    key = f"telegram:{entry['chat_id']}"
                    await self.show(key, Seen(text=entry["text"], at=time.monotonic()))

    async def _get(self, path: str, **query: int) -> dict[str, Any]:
        answer = await self._http.get(path, params=query)
        answer.raise_for_status()
        return dict(answer.json())

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self._http.aclose()


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

    async def write(self, key: str, text: str) -> None:
        await self._visitors[key].write(text)

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


CUSTOMERS: dict[str, type[Customers]] = {"telegram": TelegramCustomers, "webchat": WebchatCustomers}
