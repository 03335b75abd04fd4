"""A sandbox over real HTTP, a real python-telegram-bot client, and a small receiver for its webhook."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from secrets import token_hex

import httpx
import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty
from telegram import Bot
from telegram.request import HTTPXRequest

from sandbox.app import create_app
from sandbox.serve import running
from sandbox.telegram.world import World

TOKEN = "123456:sandbox"
# Sanic rewrites its own methods when an app starts; only in this mode may a second app start in a process.
Sanic.test_mode = True


@dataclass
class Sandbox:
    """The customers' side of a running sandbox."""

    origin: str
    world: World
    http: httpx.AsyncClient

    async def write(self, chat_id: int, text: str, **more: object) -> dict:
        path = f"/sandbox/api/telegram/chats/{chat_id}/messages"
        response = await self.http.post(path, json={"text": text, **more})
        assert response.status_code == 201, response.text
        return response.json()

    async def seen(self, chat_id: int, after: int = 0, wait: float = 0) -> list[dict]:
        path = f"/sandbox/api/telegram/chats/{chat_id}/messages"
        response = await self.http.get(path, params={"after": after, "wait": wait})
        assert response.status_code == 200, response.text
        return response.json()["messages"]

    async def turn(self, **dials: object) -> None:
        response = await self.http.post("/sandbox/api/dials", json=dials)
        assert response.status_code == 200, response.text

    async def pending(self) -> int:
        return (await self.http.get("/sandbox/api/telegram/pending")).json()["pending"]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    app = create_app()
    async with running(app) as port:
        origin = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=origin, timeout=30, trust_env=False, verify=False) as http:
            yield Sandbox(origin, app.ctx.telegram, http)


def make_bot(sandbox: Sandbox, token: str = TOKEN, read_timeout: float = 10) -> Bot:
    def request() -> HTTPXRequest:
        return HTTPXRequest(20, read_timeout=read_timeout, httpx_kwargs={"trust_env": False, "verify": False})

    return Bot(
        token,
        base_url=f"{sandbox.origin}/telegram/bot",
        base_file_url=f"{sandbox.origin}/telegram/file/bot",
        request=request(),
        get_updates_request=request(),
    )


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[Bot]:
    async with make_bot(sandbox) as bot:
        yield bot


@dataclass
class Receiver:
    """Takes webhook calls; `answers` says with which status, 200 when it is empty."""

    port: int = 0
    updates: list[dict] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    delay: float = 0.0
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Listen; the port stays the same when it goes down and comes up again."""
        app = Sanic(f"receiver_{token_hex(4)}", configure_logging=False)
        app.config.update(MOTD=False, AUTO_EXTEND=False, ACCESS_LOG=False)
        app.add_route(self._take, "/hook", methods=["POST"])
        async with running(app, port=self.port) as port:
            self.port = port
            yield

    async def _take(self, request: Request) -> HTTPResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay)
        self.at_once -= 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
            self.updates.append(request.json)
        return empty(status)

    async def got(self, count: int, seconds: float = 10) -> list[dict]:
        """The updates, once there are `count` of them."""
        async with asyncio.timeout(seconds):
            while len(self.updates) < count:
                await asyncio.sleep(0.01)
        return self.updates


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()
