"""The customers' side over HTTP, for the page, for tests and for replaying recorded conversations."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from sandbox.feed import Log
from sandbox.http import ApiProblem, answer, body_of, number_arg
from sandbox.telegram.customers import Customers
from sandbox.telegram.delivery import webhook_info
from sandbox.telegram.model import Chat, User
from sandbox.telegram.world import World

_MOST_ENTRIES = 1_000
_MOST_CHATS = 200
# The longest that a reader is kept waiting, in seconds; it asks again.
_LONGEST_WAIT_S = 50

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    text: str = ""
    name: Name | None = None
    username: str | None = None
    language_code: str | None = None
    # In a group: which member writes.
    user_id: int | None = None
    attachment: str | None = None
    reply_to: int | None = None


class _Edit(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class _Tap(msgspec.Struct, forbid_unknown_fields=True):
    message_id: int
    callback_data: str
    user_id: int | None = None


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    blocked: bool


class _NewChat(msgspec.Struct, forbid_unknown_fields=True):
    # A customer …
    name: Name | None = None
    language_code: str = "en"
    # … or a group of known customers.
    title: Name | None = None
    members: list[int] = []


_S = TypeVar("_S", bound=msgspec.Struct)


def customer_api(world: World, customers: Customers) -> Blueprint:
    """The routes under /sandbox/api/telegram."""
    blueprint = Blueprint("sandbox_telegram", url_prefix="/sandbox/api/telegram")

    @blueprint.get("/chats")
    async def chats(_: Request) -> HTTPResponse:
        found = [describe(world, chat) for chat in world.recent_chats(_MOST_CHATS)]
        return answer({"chats": found, "total": len(world.chats)})

    @blueprint.post("/chats")
    async def new_chat(request: Request) -> HTTPResponse:
        wanted = _read(request, _NewChat)
        if wanted.title is not None:
            chat = customers.new_group(wanted.title, wanted.members)
        else:
            chat = customers.new_customer(wanted.name or "", wanted.language_code)
        world.feed.announce("chat", describe(world, chat))
        return answer(describe(world, chat), HTTPStatus.CREATED)

    @blueprint.get("/messages")
    async def all_messages(request: Request) -> HTTPResponse:
        return await _entries(request, world.feed.everything)

    @blueprint.get("/chats/<chat_id:int>/messages")
    async def messages(request: Request, chat_id: int) -> HTTPResponse:
        customers.chat(chat_id)
        return await _entries(request, world.feed.chat(chat_id))

    @blueprint.post("/chats/<chat_id:int>/messages")
    async def write(request: Request, chat_id: int) -> HTTPResponse:
        wanted = _read(request, _Write)
        message, update_id = customers.write(
            _chat_for(customers, world, chat_id, wanted),
            wanted.text,
            user_id=wanted.user_id,
            attachment=wanted.attachment,
            reply_to=wanted.reply_to,
        )
        return answer({"message_id": message.message_id, "update_id": update_id}, HTTPStatus.CREATED)

    @blueprint.patch("/chats/<chat_id:int>/messages/<message_id:int>")
    async def edit(request: Request, chat_id: int, message_id: int) -> HTTPResponse:
        message, update_id = customers.edit(customers.chat(chat_id), message_id, _read(request, _Edit).text)
        return answer({"message_id": message.message_id, "update_id": update_id})

    @blueprint.delete("/chats/<chat_id:int>/messages/<message_id:int>")
    async def delete(_: Request, chat_id: int, message_id: int) -> HTTPResponse:
        customers.delete(customers.chat(chat_id), message_id)
        return answer({"message_id": message_id})

    @blueprint.post("/chats/<chat_id:int>/taps")
    async def tap(request: Request, chat_id: int) -> HTTPResponse:
        wanted = _read(request, _Tap)
        callback_id, update_id = customers.tap(
            customers.chat(chat_id), wanted.message_id, wanted.callback_data, wanted.user_id
        )
        return answer({"callback_query_id": callback_id, "update_id": update_id}, HTTPStatus.CREATED)

    @blueprint.post("/chats/<chat_id:int>/block")
    async def block(request: Request, chat_id: int) -> HTTPResponse:
        chat = customers.chat(chat_id)
        update_id = customers.block(chat, _read(request, _Block).blocked)
        world.feed.announce("chat", describe(world, chat))
        return answer({"blocked": chat.blocked, "update_id": update_id})

    @blueprint.get("/pending")
    async def pending(_: Request) -> HTTPResponse:
        return answer({"pending": len(world.updates.pending)})

    @blueprint.get("/webhook")
    async def webhook(_: Request) -> HTTPResponse:
        return answer(webhook_info(world.delivery, world.updates))

    @blueprint.get("/files/<file_id>")
    async def file(_: Request, file_id: str) -> HTTPResponse:
        stored = world.files.by_id(file_id)
        if stored is None:
            raise ApiProblem(HTTPStatus.NOT_FOUND, "there is no such file")
        # Only pictures and sound are shown in place; the rest is saved, never run as a page.
        shown = stored.mime_type in ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/ogg")
        headers = {"content-security-policy": "sandbox"}
        if not shown:
            headers["content-disposition"] = "attachment"
        return HTTPResponse(stored.body, 200, headers, stored.mime_type)

    return blueprint


def describe(world: World, chat: Chat) -> dict[str, Any]:
    """A chat as the list shows it."""
    return {
        "chat_id": chat.id,
        "title": chat.title,
        "group": chat.is_group,
        "language_code": chat.owner.language_code,
        "username": chat.owner.username,
        "members": [{"id": user.id, "name": user.first_name} for user in chat.members.values()],
        "started": chat.started,
        "blocked": chat.blocked,
        "typing": chat.typing_until > world.clock(),
        "active_at": int(chat.active_at * 1000),
        "last": world.newest(chat),
    }


def _chat_for(customers: Customers, world: World, chat_id: int, wanted: _Write) -> Chat:
    """The chat to write in; a new customer is made on the way. Details that are given replace known ones."""
    known = world.chats.get(chat_id)
    if chat_id < 0 or (known is not None and wanted.name is None):
        return customers.chat(chat_id)
    before = known.owner if known is not None else User(chat_id, "Customer")
    user = User(
        chat_id,
        before.first_name if wanted.name is None else wanted.name,
        before.username if wanted.username is None else wanted.username,
        before.language_code if wanted.language_code is None else wanted.language_code,
    )
    return customers.join(user)


async def _entries(request: Request, log: Log) -> HTTPResponse:
    after = int(number_arg(request, "after", 0, 2**53))
    limit = int(number_arg(request, "limit", _MOST_ENTRIES, _MOST_ENTRIES))
    found = await log.wait_after(after, limit, number_arg(request, "wait", 0, _LONGEST_WAIT_S))
    return answer({"messages": found, "last_seq": found[-1]["seq"] if found else after})


def _read(request: Request, shape: type[_S]) -> _S:
    try:
        return msgspec.convert(body_of(request), shape)
    except msgspec.ValidationError as error:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, str(error)) from None
