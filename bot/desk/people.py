"""Who is asking: the session's cookie, the token that every POST carries, and what a refusal looks like."""

from __future__ import annotations

import hmac
import secrets
import traceback
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, cast

import structlog
from sanic import HTTPResponse, Request, response

from bot.core.handoff import NotAllowed
from bot.core.ports import Agent, StoreUnavailable, VersionConflict
from bot.desk.door import DeskDoor
from bot.desk.pages import Pages
from bot.services.approve import NotEntitled, OutOfDate
from bot.services.change import BadReply, NoSuchConversation, NotPermitted, NotYours
from bot.services.handoff import TakenBy
from bot.services.route import NotRouted

log = structlog.get_logger(__name__)

SESSION_COOKIE = "sigap_desk"
VISIT_COOKIE = "sigap_desk_visit"  # before a log-in there is no session to tie the form's token to
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"

Handler = Callable[..., Awaitable[Any]]


class Refusal(Exception):
    """The request is refused: an HTTP status, and the key of the sentence that says why ("error." + code)."""

    def __init__(self, status: int, code: str, **values: object) -> None:
        super().__init__(code)
        self.status, self.code, self.values = status, code, values
        self.told: dict[str, str] = {}  # more for the page's scripts


class People:
    """Wraps handlers: they run only for a logged-in agent, and every error becomes a sentence."""

    def __init__(self, door: DeskDoor, pages: Pages) -> None:
        self._door = door
        self._pages = pages

    def page(self, handler: Handler) -> Handler:
        """A page for logged-in agents; everybody else is sent to the log-in page."""

        @wraps(handler)
        async def answer(request: Request) -> HTTPResponse:
            try:
                agent = await self._admit(request)
                return cast(HTTPResponse, await handler(request, agent))
            except Exception as error:
                if isinstance(error, Refusal) and error.code == "login":
                    return response.redirect("/desk/login")
                return self.error_page(request, error)

        return answer

    def api(self, handler: Handler) -> Handler:
        """JSON for scripts: what the handler returns, or `{"error": code, "message": sentence}`."""

        @wraps(handler)
        async def answer(request: Request) -> HTTPResponse:
            try:
                agent = await self._admit(request)
                return self._pages.json(await handler(request, agent))
            except Exception as error:
                refusal = refusal_for(error, request)
                message = self._pages.say(request, f"error.{refusal.code}", **refusal.values)
                answered = {"error": refusal.code, "message": message, **refusal.told}
                return self._pages.json(answered, refusal.status)

        return answer

    def anybody(self, handler: Handler) -> Handler:
        """A page that needs no log-in."""

        @wraps(handler)
        async def answer(request: Request) -> HTTPResponse:
            try:
                return cast(HTTPResponse, await handler(request))
            except Exception as error:
                return self.error_page(request, error)

        return answer

    def stream(self, handler: Handler) -> Handler:
        """A stream for logged-in agents. A refusal is a bare status: nobody reads more of it."""

        @wraps(handler)
        async def answer(request: Request) -> HTTPResponse | None:
            try:
                agent = await self._admit(request)
            except Exception as error:
                return HTTPResponse(status=refusal_for(error, request).status)
            return cast(HTTPResponse | None, await handler(request, agent))

        return answer

    async def agent(self, request: Request) -> Agent | None:
        return await self._door.people.agent_for(request.cookies.get(SESSION_COOKIE, ""))

    async def _admit(self, request: Request) -> Agent:
        agent = await self.agent(request)
        if agent is None:
            raise Refusal(401, "login")
        if request.method == "POST":
            self.check_csrf(request, request.cookies.get(SESSION_COOKIE, ""))
        return agent

    def error_page(self, request: Request, error: Exception) -> HTTPResponse:
        refusal = refusal_for(error, request)
        return self._pages.html(
            request, "error.html", refusal.status,
            message=self._pages.say(request, f"error.{refusal.code}", **refusal.values),
            passing=refusal.status == 503,  # the page tries again by itself
        )  # fmt: skip

    def check_csrf(self, request: Request, secret: str) -> None:
        """Raises Refusal unless the request carries the token that belongs to this cookie."""
        given = request.headers.get(CSRF_HEADER) or (request.form or {}).get(CSRF_FIELD) or ""
        if not secret or not hmac.compare_digest(given.encode(errors="replace"), csrf_token(secret).encode()):
            raise Refusal(403, "csrf")

    def set_cookie(self, request: Request, answer: HTTPResponse, name: str, value: str) -> None:
        """A cookie that scripts can't read and other sites can't send; "" removes it."""
        answer.cookies[name] = value
        cookie = answer.cookies[name]
        cookie["path"], cookie["httponly"], cookie["samesite"] = "/desk", True, "Strict"
        cookie["secure"] = self._door.secure_cookies or request.scheme == "https"
        if not value:
            cookie["max-age"] = 0


def csrf_token(secret: str) -> str:
    """Tied to the cookie and useless without it: nothing to store, and nobody else can make one."""
    return hmac.new(secret.encode(), b"sigap desk csrf", "sha256").hexdigest()


def new_visit() -> str:
    return secrets.token_urlsafe(24)


def refusal_for(error: Exception, request: Request) -> Refusal:
    """The one place where an error becomes a status and a sentence."""
    match error:
        case Refusal():
            refusal = error
        case TakenBy() | NotYours() | NotAllowed() if error.agent_name:
            refusal = Refusal(409, "taken", name=error.agent_name)
        case TakenBy() | NotYours() | NotAllowed():
            refusal = Refusal(409, "moved_on")
        case NotRouted():
            missing = ", ".join(error.unfit.missing)
            refusal = Refusal(409, f"not_routed_{error.unfit.why}", missing=missing)
        case NotEntitled():
            refusal = Refusal(403, f"not_entitled_{error.why}")
        case OutOfDate():
            refusal = Refusal(409, "out_of_date")
        case VersionConflict():
            refusal = Refusal(409, "busy")
        case NoSuchConversation():
            refusal = Refusal(404, "not_found")
        case NotPermitted():
            rule = error.refusal
            refusal = Refusal(422, f"rule_{rule.rule}", detail=rule.detail)
            refusal.told = {"next_step": rule.next_step, "source": rule.source, "detail": rule.detail}
        case BadReply():
            refusal = Refusal(400, "empty")
        case StoreUnavailable():
            refusal = Refusal(503, "unavailable")
        case _:
            reference = secrets.token_hex(4)
            refusal = Refusal(500, "unexpected", reference=reference)
            # Without the error's own text: it may hold a customer's words.
            log.error(
                "desk_request_failed", reference=reference, path=request.path, error=type(error).__name__,
                trace="".join(traceback.format_tb(error.__traceback__)),
            )  # fmt: skip
    return refusal
