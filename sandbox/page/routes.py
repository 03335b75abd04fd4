"""Serves the page, its live stream and the dials."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import file, redirect

from sandbox.http import ApiProblem, answer, body_of, number_arg
from sandbox.telegram.delivery import webhook_info
from sandbox.telegram.world import World

_HERE = Path(__file__).parent
_MOST_BACKLOG = 1_000
# How soon the page hears that the webhook's state changed, and how often the line is kept warm (seconds).
_STATUS_EVERY_S = 1.0
_HEARTBEAT_EVERY = 15
# A bot that has not asked for updates for this long has stopped polling.
_POLLS_WITHIN_S = 75


def page(world: World) -> Blueprint:
    """The routes of the page."""
    blueprint = Blueprint("sandbox_page")
    blueprint.static("/sandbox/assets", _HERE / "assets")

    @blueprint.get("/")
    async def root(_: Request) -> HTTPResponse:
        return redirect("/sandbox")

    @blueprint.get("/sandbox")
    async def index(_: Request) -> HTTPResponse:
        return await file(_HERE / "index.html", mime_type="text/html; charset=utf-8")

    @blueprint.get("/health")
    async def health(_: Request) -> HTTPResponse:
        return answer({"status": "ok", "pending": len(world.updates.pending)})

    @blueprint.get("/sandbox/api/state")
    async def state(_: Request) -> HTTPResponse:
        return answer(
            {
                "bot": {"name": world.bot.first_name, "username": world.bot.username},
                "dials": msgspec.to_builtins(world.dials),
                "status": _status(world),
                "last_seq": world.feed.everything.last_seq,
            }
        )

    @blueprint.get("/sandbox/api/dials")
    async def dials(_: Request) -> HTTPResponse:
        return answer(msgspec.to_builtins(world.dials))

    @blueprint.post("/sandbox/api/dials")
    async def turn(request: Request) -> HTTPResponse:
        try:
            world.dials.turn(body_of(request))
        except msgspec.ValidationError as error:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, str(error)) from None
        world.feed.announce("dials", msgspec.to_builtins(world.dials))
        return answer(msgspec.to_builtins(world.dials))

    @blueprint.get("/sandbox/api/stream")
    async def stream(request: Request) -> None:
        last_id = request.headers.get("last-event-id", "")
        after = int(last_id) if last_id.isdigit() else int(number_arg(request, "after", 0, 2**53))
        response = await request.respond(content_type="text/event-stream")
        async for chunk in _events(world, after):
            await response.send(chunk)
        await response.eof()

    return blueprint


async def _events(world: World, after: int) -> AsyncIterator[str]:
    """Server-sent events: what follows `after`, then everything as it happens."""
    with world.feed.subscribe() as queue:
        missed = world.feed.everything.after(after, _MOST_BACKLOG)
        if len(missed) == _MOST_BACKLOG:
            # Too far behind to catch up line by line.
            yield _event("reload", {})
            return
        seen = missed[-1]["seq"] if missed else after
        # An empty comment opens the stream, so that the page knows that it is connected.
        yield ":\n\n" + "".join(_event("entry", entry) for entry in missed)
        status: dict[str, Any] = {}
        quiet = 0
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), _STATUS_EVERY_S)
            except TimeoutError:
                quiet += 1
                now = _status(world)
                if now != status:
                    status = now
                    yield _event("status", status)
                elif quiet % _HEARTBEAT_EVERY == 0:
                    yield ":\n\n"
                continue
            if item is None:
                return
            name, data = item
            if name != "entry" or data["seq"] > seen:
                yield _event(name, data)


def _status(world: World) -> dict[str, Any]:
    """How the bot gets its updates, and whether it does."""
    polling = world.clock() - world.updates.polled_at < _POLLS_WITHIN_S
    return {**webhook_info(world.delivery, world.updates), "polling": polling}


def _event(name: str, data: dict[str, Any]) -> str:
    mark = f"id: {data['seq']}\n" if name == "entry" else ""
    return f"{mark}event: {name}\ndata: {json.dumps(data)}\n\n"
