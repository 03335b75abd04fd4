"""The customers' side of all platforms over HTTP, for the page, for tests and for replays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from sandbox.http import ApiProblem, answer, body_of, number_arg
from sandbox.social.customers import Customers
from sandbox.social.model import Entry
from sandbox.social.platform import Platform
from sandbox.social.screen import watching

_MOST_ITEMS = 1_000
# The longest that a reader is kept waiting, in seconds; it asks again.
_LONGEST_WAIT_S = 50
_HEARTBEAT_S = 15

Line = Annotated[str, msgspec.Meta(max_length=128)]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]
People = Annotated[int, msgspec.Meta(ge=0, le=10_000_000_000)]
Link = Annotated[str, msgspec.Meta(max_length=2_000, pattern="^(https?://|$)")]


class _Join(msgspec.Struct, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(max_length=64, pattern="^[A-Za-z0-9_.:-]*$")] = ""
    name: Line = ""
    username: Line = ""
    phone: Annotated[str, msgspec.Meta(max_length=20, pattern="^[0-9]*$")] = ""
    followers: People | None = None
    verified: bool | None = None


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    surface: str
    text: Text = ""
    reply_to: str = ""
    post: str = ""
    tag: list[Line] = []
    image: Link = ""
    engagement: People = 0


class _Many(msgspec.Struct, forbid_unknown_fields=True):
    count: int
    text: Text = ""


class _Edit(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    text: Text


class _Delete(msgspec.Struct, forbid_unknown_fields=True):
    id: str


class _React(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    emoji: Annotated[str, msgspec.Meta(max_length=16)]


class _Tap(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    entry: str
    key: str


class _Brand(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    surface: str
    text: Text
    reply_to: str = ""


class _Control(msgspec.Struct, forbid_unknown_fields=True):
    customer: str
    to: str


class _Revoke(msgspec.Struct, forbid_unknown_fields=True):
    revoked: bool = True


_S = TypeVar("_S", bound=msgspec.Struct)


def social_api(platforms: Mapping[str, Platform]) -> Blueprint:
    """The routes under /sandbox/api/social."""
    blueprint = Blueprint("sandbox_social", url_prefix="/sandbox/api/social")

    def platform_of(name: str) -> Platform:
        if name not in platforms:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no platform {name}")
        return platforms[name]

    @blueprint.get("/")
    async def everything(_: Request) -> HTTPResponse:
        return answer({"platforms": [platform.describe() for platform in platforms.values()]})

    @blueprint.get("/stream")
    async def stream(request: Request) -> None:
        response = await request.respond(content_type="text/event-stream")
        async for chunk in _events(platforms.values()):
            await response.send(chunk)
        await response.eof()

    _add_acts(blueprint, platform_of)
    _add_looks(blueprint, platform_of)
    return blueprint


def _add_acts(blueprint: Blueprint, platform_of: Callable[[str], Platform]) -> None:
    """What people do."""

    def customers(name: str) -> Customers:
        return Customers(platform_of(name))

    @blueprint.post("/<name>/join")
    async def join(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Join)
        person = customers(name).join(
            wanted.id,
            wanted.name,
            wanted.username,
            wanted.phone,
            followers=wanted.followers,
            verified=wanted.verified,
        )
        return answer(msgspec.to_builtins(person), HTTPStatus.CREATED)

    @blueprint.post("/<name>/write")
    async def write(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Write)
        entry = customers(name).write(
            wanted.customer,
            wanted.surface,
            wanted.text,
            reply_to=wanted.reply_to,
            post=wanted.post,
            tags=tuple(wanted.tag),
            image=wanted.image,
            engagement=wanted.engagement,
        )
        return _shown(entry, HTTPStatus.CREATED)

    @blueprint.post("/<name>/many")
    async def many(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Many)
        written = customers(name).many(wanted.count, wanted.text)
        shown = [{"id": entry.id, "customer": entry.customer} for entry in written]
        return answer({"entries": shown}, HTTPStatus.CREATED)

    @blueprint.post("/<name>/edit")
    async def edit(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Edit)
        return _shown(customers(name).edit(wanted.id, wanted.text))

    @blueprint.post("/<name>/delete")
    async def delete(request: Request, name: str) -> HTTPResponse:
        return _shown(customers(name).delete(_read(request, _Delete).id))

    @blueprint.post("/<name>/react")
    async def react(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _React)
        return _shown(customers(name).react(wanted.id, wanted.emoji))

    @blueprint.post("/<name>/tap")
    async def tap(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Tap)
        return _shown(customers(name).tap(wanted.customer, wanted.entry, wanted.key), HTTPStatus.CREATED)

    @blueprint.post("/<name>/brand")
    async def brand(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Brand)
        entry = customers(name).answer_as_brand(wanted.customer, wanted.surface, wanted.text, wanted.reply_to)
        return _shown(entry, HTTPStatus.CREATED)

    @blueprint.post("/<name>/control")
    async def control(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Control)
        customers(name).control(wanted.customer, wanted.to)
        return answer({"customer": wanted.customer, "to": wanted.to})

    @blueprint.post("/<name>/revoke")
    async def revoke(request: Request, name: str) -> HTTPResponse:
        wanted = _read(request, _Revoke)
        customers(name).revoke(wanted.revoked)
        return answer({"revoked": wanted.revoked})

    @blueprint.post("/<name>/unsubscribe")
    async def unsubscribe(request: Request, name: str) -> HTTPResponse:
        body_of(request)
        customers(name).unsubscribe()
        return answer({"webhook": platform_of(name).webhook()})


def _add_looks(blueprint: Blueprint, platform_of: Callable[[str], Platform]) -> None:
    """What stands on the screens, the dials, and how the platform is."""

    @blueprint.get("/<name>/feed")
    async def feed(request: Request, name: str) -> HTTPResponse:
        after = int(number_arg(request, "after", 0, 2**53))
        limit = int(number_arg(request, "limit", 500, _MOST_ITEMS))
        log = platform_of(name).screen.log
        items = await log.wait_after(after, limit, number_arg(request, "wait", 0, _LONGEST_WAIT_S))
        return answer({"items": items, "seq": items[-1]["seq"] if items else after})

    @blueprint.get("/<name>/dials")
    async def dials(_: Request, name: str) -> HTTPResponse:
        return answer(msgspec.to_builtins(platform_of(name).dials))

    @blueprint.post("/<name>/dials")
    async def turn(request: Request, name: str) -> HTTPResponse:
        platform = platform_of(name)
        try:
            platform.dials.turn(body_of(request))
        except msgspec.ValidationError as error:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, str(error)) from None
        turned = msgspec.to_builtins(platform.dials)
        platform.screen.announce("dials", {"dials": turned})
        return answer(turned)

    @blueprint.get("/<name>/state")
    async def state(_: Request, name: str) -> HTTPResponse:
        platform = platform_of(name)
        outlet = platform.outlet
        return answer(
            {
                "violations": platform.violations,
                "violation_count": platform.violation_count,
                "webhook": platform.webhook(),
                "waiting": outlet.waiting,
                "taken": outlet.taken,
                "lost": outlet.lost,
                "limited": platform.limited,
                "owners": platform.owners,
                "revoked": platform.revoked,
                "now": platform.now_ms(),
            }
        )


async def _events(platforms: Iterable[Platform]) -> AsyncIterator[str]:
    """Server-sent events from now on: `item`, and `typing`, `person`, `control`, `dials`, `violation` in between.

    A page reads the feeds after it is connected, and again after it lost the connection.
    """
    with watching(platform.screen for platform in platforms) as queue:
        # An empty comment opens the stream, so that the page knows that it is connected.
        yield ":\n\n"
        while True:
            try:
                told = await asyncio.wait_for(queue.get(), _HEARTBEAT_S)
            except TimeoutError:
                yield ":\n\n"
                continue
            if told is None:
                return
            event, data = told
            yield f"event: {event}\ndata: {json.dumps(data)}\n\n"


def _shown(entry: Entry, status: int = HTTPStatus.OK) -> HTTPResponse:
    seen = msgspec.to_builtins(entry)
    del seen["extra"]
    return answer(seen, status)


def _read(request: Request, shape: type[_S]) -> _S:
    try:
        return msgspec.convert(body_of(request), shape)
    except msgspec.ValidationError as error:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, str(error)) from None
