"""A gateway with web chat alone, on a free port, for tests."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import websockets
from sanic import Sanic

from bot.adapters.memory_channels import MemoryChannelStates, MemoryThreads
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemorySendLog, MemoryStore
from bot.adapters.memory_visitor_feed import MemoryVisitorFeed
from bot.adapters.visitor_feed_transport import FeedTransport
from bot.core.ports import Mailbox, VisitorFeed
from bot.services.receive import Receive
from bot.webchat.door import SANIC_CONFIG, WebchatDoor
from bot.webchat.routes import blueprint
from channels.messages import Button, Customer, OutboundMessage, Sender
from channels.webchat.channel import WebchatChannel

SECRET = "a-secret-that-is-only-used-in-the-tests-0123456789"
_numbers = itertools.count()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Gateway:
    """What a test needs to talk to the gateway and to look behind it."""

    address: str
    channel: WebchatChannel
    inbound: Mailbox
    feed: VisitorFeed
    server: Any
    app: Sanic

    @property
    def origin(self) -> str:
        return f"http://{self.address}"

    async def session(self, token: str = "", *, origin: str | None = None) -> tuple[int, dict[str, Any]]:
        return await asyncio.to_thread(self._session, token, self.origin if origin is None else origin)

    def _session(self, token: str, origin: str) -> tuple[int, dict[str, Any]]:
        request = Request(f"{self.origin}/webchat/session", data=json.dumps({"token": token}).encode(), method="POST")
        if origin:
            request.add_header("origin", origin)
        try:
            with urlopen(request, timeout=5) as response:
                return response.status, json.loads(response.read())
        except OSError as error:
            return error.code, json.loads(error.read() or b"{}")  # type: ignore[attr-defined]

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        def fetch() -> tuple[int, dict[str, str], str]:
            request = Request(
                self.origin + path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            try:
                with urlopen(request, timeout=5) as response:
                    return (
                        response.status,
                        {k.lower(): v for k, v in response.headers.items()},
                        response.read().decode(),
                    )
            except OSError as error:
                return error.code, {}, ""  # type: ignore[attr-defined]

        return await asyncio.to_thread(fetch)

    def connect(self, *, origin: str | None = None) -> Any:
        return websockets.connect(
            f"ws://{self.address}/webchat/socket",
            origin=self.origin if origin is None else origin,
            max_size=2**20,
        )

    @asynccontextmanager
    async def page(self, token: str = "", last_seq: int = 0) -> AsyncIterator[Page]:
        """An open page that has been welcomed."""
        if not token:
            _, session = await self.session()
            token = session["token"]
        async with self.connect() as socket:
            page = Page(socket, token)
            await page.send({"t": "hello", "token": token, "last_seq": last_seq})
            page.welcome = await page.frame()
            assert page.welcome["t"] == "welcome", page.welcome
            yield page

    async def say(self, visitor: str, text: str, message_id: str = "", **fields: Any) -> None:
        """The brand says something, the way the courier does it."""
        message = OutboundMessage(
            message_id=message_id or str(uuid.uuid4()),
            channel="webchat",
            thread_id=visitor,
            customer=Customer(external_id=visitor),
            created_at=datetime.now(UTC),
            text=text,
            **fields,
        )
        await self.channel.send(message)

    async def close(self) -> None:
        await self.server.before_stop()
        self.server.close()
        await self.server.after_stop()


@dataclass
class Page:
    """The page's end of a socket."""

    socket: Any
    token: str
    welcome: dict[str, Any] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def visitor(self) -> str:
        return str(self.welcome["visitor"])

    async def send(self, frame: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(frame))

    async def frame(self, within: float = 5.0) -> dict[str, Any]:
        data = await asyncio.wait_for(self.socket.recv(), within)
        frame: dict[str, Any] = json.loads(data)
        if frame["t"] == "item":
            self.items.append(frame)
        return frame

    async def until(self, kind: str, within: float = 5.0, **fields: Any) -> dict[str, Any]:
        """The next frame of a kind with these fields; items on the way are kept in `items`."""
        async with asyncio.timeout(within):
            while True:
                frame = await self.frame(within)
                if frame["t"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                    return frame

    async def read_items(self, count: int, within: float = 5.0) -> list[dict[str, Any]]:
        async with asyncio.timeout(within):
            while len(self.items) < count:
                await self.frame(within)
        return self.items

    async def write(self, text: str, client_msg_id: str = "") -> dict[str, Any]:
        """Send a message and wait for what the server says about it."""
        client_msg_id = client_msg_id or str(uuid.uuid4())
        await self.send({"t": "message", "client_msg_id": client_msg_id, "text": text})
        while True:
            frame = await self.frame()
            if frame["t"] in ("ack", "error") and frame.get("client_msg_id") == client_msg_id:
                return frame


BUTTONS = (Button(key="b1", title="Track my order"), Button(key="b2", title="Talk to a person"))
AGENT = Sender.AGENT


def intake(inbound: Mailbox) -> Receive:
    dead = MemoryDeadLetters()
    store = MemoryStore(MemoryMailbox("unused", dead), dead)
    return Receive(inbound, MemoryThreads(store), MemorySendLog(store), dead, MemoryChannelStates())


@asynccontextmanager
async def gateway(
    *, inbound: Mailbox | None = None, feed: Any = None, port: int = 0, **settings: Any
) -> AsyncIterator[Gateway]:
    """Serve web chat until the block ends. Settings are those of the channel, over generous limits."""
    feed = feed or MemoryVisitorFeed()
    inbound = inbound or MemoryMailbox("inbound", MemoryDeadLetters())
    values = {"secret": SECRET, "messages_per_second": 1000, "burst": 1000} | settings
    channel = WebchatChannel.from_mapping(values, FeedTransport(feed))
    assert isinstance(channel, WebchatChannel)
    Sanic.test_mode = True
    app = Sanic(f"webchat_{next(_numbers)}", configure_logging=False)
    app.config.update(SANIC_CONFIG | {"ACCESS_LOG": False})
    app.blueprint(blueprint(WebchatDoor(channel=channel, receive=intake(inbound), feed=feed, clock=SystemClock())))
    server = await app.create_server("127.0.0.1", port or free_port(), return_asyncio_server=True)
    assert server is not None
    await server.startup()
    await server.before_start()
    await server.after_start()
    host, bound = server.server.sockets[0].getsockname()
    running = Gateway(f"{host}:{bound}", channel, inbound, feed, server, app)
    try:
        yield running
    finally:
        await running.close()


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def stored(inbound: Mailbox) -> list[dict[str, Any]]:
    """Takes everything out of the mailbox, in order."""
    events: list[dict[str, Any]] = []
    lease = await inbound.lease("test", 0.01)
    while lease is not None:
        events.append(json.loads(lease.body))
        lease = await inbound.ack(lease) or await inbound.lease("test", 0.01)
    return events
