"""A running sandbox with its social platforms, and a receiver for their webhooks."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty, text

from sandbox.app import create_app
from sandbox.serve import running
from sandbox.social.platform import Platform

Sanic.test_mode = True

APP = "900100"
VERIFY = "sandbox-verify"
ACCOUNTS = {
    "facebook": ("page", "100200300", "100200300", "sandbox-facebook-secret", "sandbox-page-token"),
    "instagram": (
        "instagram",
        "17841400000000001",
        "17841400000000001",
        "sandbox-instagram-secret",
        "sandbox-instagram-token",
    ),
    "whatsapp": (
        "whatsapp_business_account",
        "555000111",
        "555000999",
        "sandbox-whatsapp-secret",
        "sandbox-whatsapp-token",
    ),
}
FIELDS = (
    "messages,message_echoes,messaging_postbacks,message_deliveries,message_reads,message_reactions,message_edits,"
    "messaging_handovers,messaging_handover,standby,feed,comments,mentions,message_edit,messaging_seen,"
    "smb_message_echoes"
)


@dataclass
class Hook:
    """Takes webhook calls; `answers` says with which status, 200 when it is empty."""

    secret: str
    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    refuse: Callable[[bytes], bool] = lambda body: False
    challenge: Callable[[str], str] = lambda challenge: challenge

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = Sanic(f"hook_{token_hex(4)}", configure_logging=False)
        app.config.update(MOTD=False, AUTO_EXTEND=False, ACCESS_LOG=False)
        app.add_route(self._take, "/hook", methods=["POST"])
        app.add_route(self._prove, "/hook", methods=["GET"], name="prove")
        async with running(app, port=self.port) as port:
            self.port = port
            yield

    async def _prove(self, request: Request) -> HTTPResponse:
        if request.args.get("hub.verify_token") != VERIFY:
            return empty(403)
        return text(self.challenge(request.args["hub.challenge"][0]))

    async def _take(self, request: Request) -> HTTPResponse:
        status = self.answers.pop(0) if self.answers else 200
        if self.refuse(request.body):
            status = 500
        if status == 200:
            proof = hmac.new(self.secret.encode(), request.body, hashlib.sha256).hexdigest()
            assert request.headers["x-hub-signature-256"] == f"sha256={proof}"
            self.raw.append(request.body)
            self.headers.append(dict(request.headers))
            self.bodies.append(json.loads(request.body))
        return empty(status)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every messaging item, standby item (under `standby`) and change of all the bodies, in order."""
        found: list[dict[str, Any]] = []
        for body in self.bodies:
            for entry in body["entry"]:
                found += entry.get("messaging", [])
                found += [{"standby": item} for item in entry.get("standby", [])]
                found += entry.get("changes", [])
        return found

    async def got(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """The events, once there are so many."""
        async with asyncio.timeout(seconds):
            while len(self.events) < count:
                await asyncio.sleep(0.01)
        return self.events

    async def first(self, wanted: Callable[[dict[str, Any]], Any], seconds: float = 10) -> dict[str, Any]:
        """The first event for which `wanted` finds something."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                await asyncio.sleep(0.01)


@dataclass
class World:
    """Both sides of a running sandbox: the customers', and the Graph API with a token."""

    http: httpx.AsyncClient
    platforms: dict[str, Platform]

    async def act(self, platform: str, verb: str, status: int | None = None, **body: object) -> dict[str, Any]:
        response = await self.http.post(f"/sandbox/api/social/{platform}/{verb}", json=body)
        assert response.status_code in ((status,) if status else (200, 201)), response.text
        return response.json()

    async def feed(self, platform: str, **query: object) -> list[dict[str, Any]]:
        response = await self.http.get(f"/sandbox/api/social/{platform}/feed", params=query)
        assert response.status_code == 200, response.text
        return response.json()["items"]

    async def state(self, platform: str) -> dict[str, Any]:
        return (await self.http.get(f"/sandbox/api/social/{platform}/state")).json()

    async def graph(self, platform: str, method: str, path: str, **body: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {ACCOUNTS[platform][4]}"}
        if method == "GET":
            return await self.http.get(f"/graph/v26.0/{path}", params=body, headers=headers)
        return await self.http.request(method, f"/graph/v26.0/{path}", json=body, headers=headers)

    async def send(self, platform: str, **body: Any) -> httpx.Response:
        if platform == "whatsapp":
            body = {"messaging_product": "whatsapp", **body}
        return await self.graph(platform, "POST", f"{ACCOUNTS[platform][1]}/messages", **body)

    async def subscribe(self, platform: str, hook: Hook) -> httpx.Response:
        kind, _, owner, secret, _ = ACCOUNTS[platform]
        asked = {
            "object": kind,
            "callback_url": hook.url,
            "fields": FIELDS,
            "verify_token": VERIFY,
            "access_token": f"{APP}|{secret}",
        }
        response = await self.http.post(f"/graph/v26.0/{APP}/subscriptions", data=asked)
        if response.status_code == 200:
            account = await self.graph(platform, "POST", f"{owner}/subscribed_apps", subscribed_fields=FIELDS)
            assert account.json() == {"success": True}
        return response

    @contextlib.asynccontextmanager
    async def hooked(self, platform: str) -> AsyncIterator[Hook]:
        """A receiver that is subscribed to this platform."""
        hook = Hook(ACCOUNTS[platform][3])
        async with hook.up():
            response = await self.subscribe(platform, hook)
            assert response.json() == {"success": True}, response.text
            yield hook
            await self.platforms[platform].close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    app = create_app()
    async with running(app) as port:
        origin = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=origin, timeout=30, trust_env=False, verify=False) as http:
            yield World(http, app.ctx.social)
