"""Where web chat lives: GET /chat, GET /webchat/embed.js, GET /webchat/static/…, POST /webchat/session, and the
WebSocket /webchat/socket."""

from __future__ import annotations

import asyncio
import math
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
from bot.webchat.visit import BAD_ORIGIN, RESTART, TOO_FAST, Visit
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
    settings = door.channel.settings
    bp = Blueprint("webchat")
    hub = Hub(door.feed)
    messages = Pace(settings.messages_per_second, settings.burst)
    sessions = Pace(settings.sessions_per_minute / 60, settings.sessions_per_minute)
    sockets = Open(settings.sockets_per_address)
    page_headers = pages.page_headers(settings.allowed_origins)
    listening: set[asyncio.Task[None]] = set()

    async def start(app: Sanic, loop: Any) -> None:
        listening.add(asyncio.ensure_future(hub.run()))

    async def stop(app: Sanic, loop: Any) -> None:
        await hub.close_all(RESTART)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        listening.clear()

    async def chat(request: Request) -> HTTPResponse:
        page = pages.chat_page(
            brand=settings.brand,
            language=pages.choose_language(
                request.args.get("lang", ""), request.headers.get("accept-language", "")
            ),
            embedded=request.args.get("embedded") == "1",
            longest=LONGEST_TEXT,
        )
        return html(page, headers=page_headers)

    async def embed(request: Request) -> HTTPResponse:
        return _file(request, "embed.js")

    async def static(request: Request, name: str) -> HTTPResponse:
        return _file(request, name)

    async def session(request: Request) -> HTTPResponse:
        if not _origin_allowed(request, settings.allowed_origins):
            return json({"error": "origin"}, status=403)
        address = _address(request)
        if not is_local(address) and (wait_s := sessions.wait_s(address)):
            headers = {"retry-after": str(math.ceil(wait_s))}
            return json({"error": "rate", "retry_after": math.ceil(wait_s)}, status=429, headers=headers)
        if len(request.body) > LARGEST_SESSION_REQUEST:
            return json({"error": "too_large"}, status=413)
        try:
            given = _session_request.decode(request.body or b"{}").token
        except (msgspec.DecodeError, UnicodeDecodeError):
            return json({"error": "bad_request"}, status=400)
        try:
            visitor = door.channel.tokens.refreshable(given)
            known = True
        except SignatureError:
            visitor = new_visitor()
            known = False
        answer = {
            "token": door.channel.tokens.issue(visitor, door.clock.now()),
            "visitor": visitor,
            "known": known,
            "expires_in": int(door.channel.tokens.lifetime.total_seconds()),
        }
        return json(answer, headers={"cache-control": "no-store", **pages.COMMON_HEADERS})

    async def socket(request: Request, ws: Any) -> None:
        wire = Wire(ws)
        if not _origin_allowed(request, settings.allowed_origins):
            await wire.close(BAD_ORIGIN, "origin is not allowed")
            return
        address = _address(request)
        if not sockets.enter(address):
            await wire.close(TOO_FAST, f"retry_after={TOO_MANY_SOCKETS_RETRY_S}")
            return
        try:
            await Visit(wire, door, hub, messages, request.headers.get("origin", "")).run()
        except Exception as error:
            # The type only: the text of an unforeseen error may quote what the visitor wrote.
            log.error("webchat.visit_failed", error=type(error).__name__)
            await wire.close(1011)
        finally:
            sockets.leave(address)

    bp.listener(start, "after_server_start")
    bp.listener(stop, "before_server_stop")
    bp.add_route(chat, "/chat", methods=["GET"])
    bp.add_route(embed, "/webchat/embed.js", methods=["GET"])
    bp.add_route(static, "/webchat/static/<name:str>", methods=["GET"])
    bp.add_route(session, "/webchat/session", methods=["POST"])
    bp.add_websocket_route(socket, "/webchat/socket")
    return bp


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


def _origin_allowed(request: Request, allowed: tuple[str, ...]) -> bool:
    """Our own page or a listed site. A browser always says where a page comes from; no origin at all is refused."""
    origin = request.headers.get("origin", "").lower()
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc == request.host.lower()


def _address(request: Request) -> str:
    """The visitor's address: what Sanic's proxy settings vouch for, or else the connection's."""
    return str(request.remote_addr or request.ip)
