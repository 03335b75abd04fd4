"""What every HTTP answer of the sandbox has in common."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import SanicException
from sanic.log import logger
from sanic.response import text as text_response

# No inline script or style, nothing from elsewhere, and no other site may frame the page.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ApiProblem(Exception):
    """A request to the sandbox's own API that can't be done; `message` tells the caller why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def answer(body: object, status: int = 200) -> HTTPResponse:
    """A JSON answer. Lone surrogates and big integers survive, which some faster encoders refuse."""
    return HTTPResponse(json.dumps(body, separators=(",", ":")), status, content_type="application/json")


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body, {} when there is none.

    Only `application/json` is read: a page of another site can't send that without being asked first (CORS),
    and the sandbox never says yes. Raises ApiProblem.
    """
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise ApiProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body as application/json")
    if not request.body:
        return {}
    try:
        decoded = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "the body is not JSON") from error
    if not isinstance(decoded, dict):
        raise ApiProblem(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    return decoded


def number_arg(request: Request, name: str, default: float, most: float) -> float:
    """A number in the query string between 0 and `most`. Raises ApiProblem when it is not a number."""
    raw = request.args.get(name)
    if raw is None:
        return default
    try:
        value = float(raw)
    except ValueError:
        raise ApiProblem(HTTPStatus.BAD_REQUEST, f"{name} must be a number") from None
    return min(max(value, 0.0), most)


def install(app: Sanic) -> None:
    """Put the security headers on every answer and turn problems into short JSON answers."""

    @app.on_response
    async def secure(_: Request, response: HTTPResponse) -> None:
        # A header that the answer carries already (a file is stricter still) stays.
        for name, value in (
            ("content-security-policy", _CSP),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ):
            response.headers.setdefault(name, value)

    @app.exception(ApiProblem)
    async def problem(_: Request, error: ApiProblem) -> HTTPResponse:
        return answer({"error": error.message}, error.status)

    @app.exception(SanicException)
    async def refused(_: Request, error: SanicException) -> HTTPResponse:
        status = error.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
        return text_response(HTTPStatus(status).phrase, status=status)

    @app.exception(Exception)
    async def broken(request: Request, error: Exception) -> HTTPResponse:
        # The path holds the bot's token and the exception's text may hold what a customer wrote: only the
        # name of the route, the kind of error and where it came from are logged.
        frame = error.__traceback__
        while frame and frame.tb_next:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
        name = request.route.name if request.route else "?"
        logger.error("sandbox: %s in %s at %s", type(error).__name__, name, where)
        return answer({"error": "internal error in the sandbox"}, HTTPStatus.INTERNAL_SERVER_ERROR)
