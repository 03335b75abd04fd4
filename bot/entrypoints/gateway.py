"""The gateway: takes webhooks in, serves web chat and desk. Imports no Rasa and stays quick however busy that is."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json, redirect, text

from bot.bootstrap import System
from bot.core.ports import WEBHOOK, StoreUnavailable
from bot.demo import DEMO_LOGINS
from bot.desk import routes as desk_routes
from bot.desk.door import DeskDoor
from bot.entrypoints import health, process
from bot.entrypoints.process import Life
from bot.services.poll import poll_once
from bot.services.watch import Watch
from bot.settings import Settings
from bot.webchat import routes as webchat_routes
from bot.webchat.door import SANIC_CONFIG, WebchatDoor
from channels.base import Channel, PollingChannel
from channels.errors import ChannelError, SettingsError
from channels.messages import Health, RawRequest, RawResponse
from channels.webchat.channel import WebchatChannel
from channels.webhook import Handshake, Received, Refused, Unreadable, receive

log = structlog.get_logger(__name__)

BODY_MAX = 4 * 1024 * 1024  # bytes; Meta's batches of a thousand events stay below
KEEP_ALIVE_S = 75  # platforms and proxies reuse connections; Sanic's own 5 s would have most of them start anew
NOT_FOUND = 404
LOOK_AT_SANDBOX_S = 60.0  # a restarted sandbox has forgotten its webhooks
START_AGAIN_S = 3.0  # how long between attempts to poll

_NEVER = datetime.fromtimestamp(0, UTC)
_heard: dict[str, datetime] = {}  # when each channel's last event was noted
_chores: set[asyncio.Task[None]] = set()


def run(settings: Settings) -> None:
    process.run("gateway", settings, serve)


async def serve(life: Life, system: System) -> None:
    """Serve until asked to stop. Raises SettingsError when the port is taken."""
    listening = listen(system.settings.host, system.settings.port)
    app = create_app(system)
    server = await app.create_server(sock=listening, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    await server.before_start()
    await server.after_start()
    await server.start_serving()
    log.info("listening", url=system.settings.base_url)
    channels = system.channels.values()
    chores = [asyncio.create_task(_keep_in_touch(life, system, channel)) for channel in channels]
    chores += [
        asyncio.create_task(_poll(life, system, channel))
        for channel in channels
        if isinstance(channel, PollingChannel) and channel.polls
    ]
    life.ready = True
    await life.stopping.wait()
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)
    await server.before_stop()
    server.close()
    await server.wait_closed()
    await server.after_stop()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises SettingsError that names the key when it can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError("SIGAP_PORT", f"port {port} is in use", "Stop what uses it or choose another") from None
        if error.errno == errno.EACCES:
            raise SettingsError("SIGAP_PORT", f"port {port} needs more rights", "Choose one above 1023") from None
        raise SettingsError("SIGAP_HOST", f"{host} cannot be listened on", "Use an address of this machine") from None
    listening.setblocking(False)
    return listening


def create_app(system: System) -> Sanic:
    """The gateway's app over a connected System. Raises SettingsError."""
    app = Sanic(f"sigap-gateway-{id(system):x}", configure_logging=False)
    app.config.update(SANIC_CONFIG)
    app.config.update(
        {
            "REQUEST_MAX_SIZE": BODY_MAX,
            "ACCESS_LOG": False,
            "FALLBACK_ERROR_FORMAT": "json",
            "KEEP_ALIVE_TIMEOUT": KEEP_ALIVE_S,
            "PROXIES_COUNT": system.settings.proxies or None,
        }
    )
    settings = system.settings

    app.blueprint(health.blueprint(system))
    webchat = next((c for c in system.channels.values() if isinstance(c, WebchatChannel)), None)
    if webchat is not None:
        app.blueprint(webchat_routes.blueprint(WebchatDoor(webchat, system.receive, system.feed, system.clock)))
    app.blueprint(
        desk_routes.blueprint(
            DeskDoor(
                desk=system.desk,
                store=system.store,
                events=system.events,
                people=system.people,
                archive=system.archive,
                clock=system.clock,
                approvals=system.approvals,
                floor=system.floor,
                trail=system.trail,
                links=system.links,
                knowledge=system.knowledge,
                ill=system.ill_channels,
                demo_logins=DEMO_LOGINS if settings.demo else (),
                secure_cookies=settings.public_url.startswith("https"),
            )
        )
    )

    @app.route("/webhooks/<name:str>", methods=["GET", "POST"])
    async def webhook(request: Request, name: str) -> HTTPResponse:
        channel = system.channels.get(name)
        # Channels that are our own platform (web chat) have their own door, with its origin and rate checks.
        if channel is None or channel.delivery == "feed":
            return text("no such channel", status=404)
        return await _webhook(system, channel, request)

    @app.get("/")
    async def front(request: Request) -> HTTPResponse:
        return redirect("/chat" if webchat is not None else "/desk")

    if settings.demo:

        @app.get("/sandbox")
        async def sandbox(request: Request) -> HTTPResponse:
            return redirect(f"http://{request.host.rsplit(':', 1)[0]}:{settings.sandbox_port}/sandbox")

    @app.exception(Exception)
    async def failed(request: Request, error: Exception) -> HTTPResponse:
        """Never a traceback to anybody outside; the log names the kind and the place, not what was sent."""
        if isinstance(error, StoreUnavailable):
            return json({"error": "unavailable"}, status=503)
        status = NOT_FOUND if isinstance(error, IsADirectoryError) else getattr(error, "status_code", 500)
        if status >= 500:
            log.error("request failed", path=request.path, error=type(error).__name__)
        kind = "not found" if status == NOT_FOUND else "bad request" if status < 500 else "internal error"
        return json({"error": kind}, status=status)

    return app


async def _webhook(system: System, channel: Channel[Any], request: Request) -> HTTPResponse:
    """One request of a platform: proven, stored, then acknowledged."""
    loop = asyncio.get_running_loop()
    arrived = loop.time()
    raw = RawRequest(
        method=request.method,
        path=request.path,
        query={key: values[0] for key, values in request.args.items()},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=request.body,
    )
    try:
        match receive(channel, raw):
            case Handshake(response):
                return _answer(response)
            case Refused(reason, response):
                log.warning("webhook refused", channel=channel.name, why=reason)
                system.meter.count("events_refused", channel=channel.name, why="signature")
                return _answer(response)
            case Unreadable(kept, reason, response):
                log.error("webhook unreadable, kept aside", channel=channel.name, why=reason)
                system.meter.count("events_refused", channel=channel.name, why="unreadable")
                await system.dead.keep(WEBHOOK, channel.name, kept.body, reason)
                return _answer(response)
            case Received(events, response):
                new = await system.receive.accept(events)
                system.meter.count("events_in", new, channel=channel.name)
                system.meter.observe("acknowledge", loop.time() - arrived, channel=channel.name)
                chore = loop.create_task(_note_heard(system, channel.name))
                _chores.add(chore)
                chore.add_done_callback(_chores.discard)
                return _answer(response)
    except StoreUnavailable:
        # Not acknowledged, because not stored: the platform tells us again.
        system.meter.count("events_refused", channel=channel.name, why="store")
        return text("try again", status=503, headers={"Retry-After": "1"})


def _answer(response: RawResponse) -> HTTPResponse:
    return HTTPResponse(response.body, status=response.status, content_type=response.content_type)


async def _keep_in_touch(life: Life, system: System, channel: Channel[Any]) -> None:
    def alarm(name: str, health: Health) -> None:
        log.error("channel is not well", channel=name, why=health.detail, fix=health.fix)

    every_s = LOOK_AT_SANDBOX_S if system.settings.demo else channel.check_every_s
    address = system.webhook_address(channel.name)
    await Watch(channel, address, system.states, system.clock, system.meter, alarm, every_s).keep(life.stopping)


async def _note_heard(system: System, name: str) -> None:
    """For people to read, so it never delays an acknowledgement, and once a second is enough."""
    now = system.clock.now()
    if (now - _heard.get(name, _NEVER)).total_seconds() >= 1:
        _heard[name] = now
        with suppress(StoreUnavailable):
            await system.states.heard(name, now)


async def _poll(life: Life, system: System, channel: PollingChannel[Any]) -> None:
    """Ask the platform for news, one gateway of the deployment at a time."""
    log.info("polling", channel=channel.name)
    try:
        while not life.stopping.is_set():
            try:
                new = await poll_once(channel, system.receive, system.polls, life.owner)
            except Exception as error:
                why = str(error) if isinstance(error, ChannelError) else type(error).__name__
                log.warning("poll failed", channel=channel.name, why=why)
                await asyncio.sleep(START_AGAIN_S)
                continue
            if new is None:
                await asyncio.sleep(START_AGAIN_S)  # another gateway polls; take over when it stops
            elif new:
                system.meter.count("events_in", new, channel=channel.name)
                await _note_heard(system, channel.name)
    finally:
        with suppress(StoreUnavailable):
            await system.polls.give_turn(channel.name, life.owner)
