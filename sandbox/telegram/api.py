"""The Bot API over HTTP: /telegram/bot<TOKEN>/<method> and /telegram/file/bot<TOKEN>/<path>.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import asyncio
import hmac
import re
from typing import Any
from urllib.parse import unquote

from sanic import Blueprint, HTTPResponse, Request

from sandbox.http import answer
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.methods import ChatMethods
from sandbox.telegram.params import Params, read_params
from sandbox.telegram.setup import SetupMethods
from sandbox.telegram.world import World


def bot_api(world: World) -> Blueprint:
    """The routes of one bot."""
    blueprint = Blueprint("telegram", url_prefix="/telegram")
    setup, chats = SetupMethods(world), ChatMethods(world)

    async def call(method: str, params: Params) -> tuple[Any, str]:
        if method in setup.table:
            return await setup.table[method](params)
        if method not in chats.table:
            raise BotApiError(404, "Not Found: method not found")
        dials, chance = world.dials, world.chance
        await asyncio.sleep(dials.latency_s)
        if chance.random() < dials.error_share:
            raise BotApiError(502, "Bad Gateway")
        result = chats.table[method](params)
        if chance.random() < dials.timeout_after_send_share:
            await asyncio.sleep(dials.hang_s)
            raise _Silence
        return result, ""

    @blueprint.route("/<bot>/<method>", methods=["GET", "POST"])
    async def method_call(request: Request, bot: str, method: str) -> HTTPResponse | None:
        try:
            _check_token(world, bot)
            # Method names are case-insensitive.
            result, description = await call(method.lower(), read_params(request))
        except BotApiError as error:
            return answer(error.body(), error.code)
        except _Silence:
            await _hang_up(request)
            return None
        body: dict[str, Any] = {"ok": True, "result": result}
        if description:
            body["description"] = description
        return answer(body)

    @blueprint.get("/file/<bot>/<path:path>")
    async def file(_: Request, bot: str, path: str) -> HTTPResponse:
        try:
            _check_token(world, bot)
        except BotApiError as error:
            return answer(error.body(), error.code)
        stored = world.files.by_path(path)
        if stored is None:
            return answer(BotApiError(404, "Not Found").body(), 404)
        # Whatever the bot uploaded, a browser must not run it as a page of ours.
        headers = {"content-disposition": "attachment", "content-security-policy": "sandbox"}
        return HTTPResponse(stored.body, 200, headers, stored.mime_type)

    return blueprint


class _Silence(Exception):
    """The call was carried out and the answer gets lost on its way."""


async def _hang_up(request: Request) -> None:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    # Sanic cancels the handler when it learns that the connection is gone; returning would make it answer.
    await asyncio.sleep(60)


def _check_token(world: World, bot: str) -> None:
    name = unquote(bot)
    token = name.removeprefix("bot")
    if token == name or not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
        raise BotApiError(404, "Not Found")
    if not hmac.compare_digest(token.encode(), world.token.encode()):
        raise BotApiError(401, "Unauthorized")
