"""Where web chat lives: /chat, /webchat/embed.js, /webchat/static/…, /webchat/session, /webchat/socket."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from sanic import Blueprint, Request, Sanic
from sanic.response import HTTPResponse, empty, html, json, raw

from bot.webchat import pages
from bot.webchat.door import WebchatDoor
from bot.webchat.hub import Hub
from bot.webchat.limits import Open, Pace, is_local
from bot.webchat.visit import BAD_ORIGIN, FAILED, RESTART, TOO_FAST, Visit
from bot.webchat.wire import Wire
from channels.errors import SignatureError
from channels.webchat.frames import LONGEST_TEXT
from channels.webchat.tokens import new_visitor

log = structlog.get_logger(__name__)

TOO_MANY_SOCKETS_RETRY_S = 30
LARGEST_SESSION_REQUEST = 4096  # bytes


class SessionRequest(msgspec.Struct):
    token: str = ""


_session_request = msgspec.json.Decoder(SessionRequest)


def blueprint(door: WebchatDoor) -> Blueprint:
    """Web chat's routes. Update the app's config with `door.SANIC_CONFIG` before it serves."""
    routes = _Routes(door)
    bp = Blueprint("webchat")
    bp.listener("after_server_start")(routes.start)
    bp.listener("before_server_stop")(routes.stop)
    bp.add_route(_function(routes.chat), "/chat", methods=["GET"])
    bp.add_route(_function(routes.embed), "/webchat/embed.js", methods=["GET"])
    bp.add_route(_function(routes.static), "/webchat/static/<name:str>", methods=["GET"])
    bp.add_route(_function(routes.session), "/webchat/session", methods=["POST"])
    bp.add_websocket_route(_function(routes.socket), "/webchat/socket")
    return bp


def _function(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Sanic writes attributes onto handlers, which a bound method does not take."""

    @wraps(method)
    async def handler(*args: Any, **kwargs: Any) -> Any:
        return await method(*args, **kwargs)

    return handler


class _Routes:
    """The handlers, and what they share for as long as the gateway runs."""

    def __init__(self, door: WebchatDoor) -> None:
        settings = door.channel.settings
        self._door = door
        self._settings = settings
        self._hub = Hub(door.feed)
        self._messages = Pace(settings.messages_per_second, settings.burst)
        self._sessions = Pace(settings.sessions_per_minute / 60, settings.sessions_per_minute)
        self._sockets = Open(settings.sockets_per_address)
        self._page_headers = pages.page_headers(settings.allowed_origins)
        self._listening: asyncio.Task[None] | None = None

    async def start(self, app: Sanic, loop: Any) -> None:
        self._listening = asyncio.ensure_future(self._hub.run())

    async def stop(self, app: Sanic, loop: Any) -> None:
        await self._hub.close_all(RESTART)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None

    async def chat(self, request: Request) -> HTTPResponse:
        accepted = request.headers.get("accept-language", "")
        page = pages.chat_page(
            brand=self._settings.brand,
            language=pages.choose_language(request.args.get("lang", ""), accepted),
            embedded=request.args.get("embedded") == "1",
            longest=LONGEST_TEXT,
        )
        return html(page, headers=self._page_headers)

    async def embed(self, request: Request) -> HTTPResponse:
        return _file(request, "embed.js")

    async def static(self, request: Request, name: str) -> HTTPResponse:
        return _file(request, name)

    async def session(self, request: Request) -> HTTPResponse:
        """A token for the visitor that the given one names, live or lately ended, or else for a new one."""
        if not self._origin_allowed(request):
            return json({"error": "origin"}, status=403)
        address = _address(request)
        if not is_local(address) and (wait_s := self._sessions.wait_s(address)):
            seconds = math.ceil(wait_s)
            headers = {"retry-after": str(seconds)}
            return json({"error": "rate", "retry_after": seconds}, status=429, headers=headers)
        try:
            given = _session_request.decode(request.body[:LARGEST_SESSION_REQUEST] or b"{}").token
        except (msgspec.DecodeError, UnicodeDecodeError):
            return json({"error": "bad_request"}, status=400)
        tokens = self._door.channel.tokens
        try:
            visitor, known = tokens.refreshable(given), True
        except SignatureError:
            visitor, known = new_visitor(), False
        answer = {
            "token": tokens.issue(visitor, self._door.clock.now()),
            "visitor": visitor,
            "known": known,
            "expires_in": int(tokens.lifetime.total_seconds()),
        }
        return json(answer, headers={"cache-control": "no-store", **pages.COMMON_HEADERS})

    async def socket(self, request: Request, ws: Any) -> None:
        wire = Wire(ws)
        if not self._origin_allowed(request):
            await wire.close(BAD_ORIGIN, "origin is not allowed")
            return
        address = _address(request)
        if not self._sockets.enter(address):
            await wire.close(TOO_FAST, f"retry_after={TOO_MANY_SOCKETS_RETRY_S}")
            return
        try:
            origin = request.headers.get("origin", "")
            await Visit(wire, self._door, self._hub, self._messages, origin).run()
        except Exception as error:
            # The type only: the text of an unforeseen error may quote what the visitor wrote.
            log.error("webchat.visit_failed", error=type(error).__name__)
            await wire.close(FAILED)
        finally:
            self._sockets.leave(address)

    def _origin_allowed(self, request: Request) -> bool:
        """Our own page or a listed site. A browser always says which; no origin at all is refused."""
        origin = request.headers.get("origin", "").lower()
        if origin in self._settings.allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        own = request.host.lower()
        return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc == own


def _file(request: Request, name: str) -> HTTPResponse:
    asset = pages.assets().get(name)
    if asset is None:
        return empty(status=404)
    headers = {
        "etag": asset.etag,
        "cache-control": "no-cache",
        # The embed script is for other sites to load; nothing here is secret.
        "cross-origin-resource-policy": "cross-origin",
        **pages.COMMON_HEADERS,
    }
    if request.headers.get("if-none-match") == asset.etag:
        return empty(status=304, headers=headers)
    return raw(asset.body, content_type=asset.content_type, headers=headers)


def _address(request: Request) -> str:
    """The visitor's address: what Sanic's proxy settings vouch for, or else the connection's."""
    return str(request.remote_addr or request.ip)
