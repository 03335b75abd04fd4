"""Answers → decisions: https://docs.x.com/x-api/fundamentals/response-codes-and-errors"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from channels.capabilities import Usage
from channels.errors import Ambiguous, AuthFailed, Duplicate, RateLimited, RecipientGone, Rejected, Unavailable
from channels.messages import ApiResponse
from channels.x.outbound import DIRECTS, HIDES, POSTS

# What follows `…/problems/` in a problem's type, or a legacy code.
_NOT_ALLOWED = {"client-forbidden", "oauth1-permissions", "unsupported-authentication"}
_ONE_RESOURCE = {"not-authorized-for-resource"}
_LOCKED = {"64", "326"}  # an account: ours, or the one that the answer names
_DUPLICATE = {"187"}
_CLOSED_TO_US = {"349", "150"}  # not verified for v2, so the words are looked at too
_CAPPED = "usage-capped"
# When a 429 does not say until when: the shortest wait in X's own sample.
_WAIT_S = 60.0
_QUOTED = re.compile(r"\[[^\]]*\]")  # values that the caller sent
# POST /2/tweets allows 100, direct messages 15, hiding 50: what tells their refusals apart.
_SCOPES = {100: POSTS, 15: DIRECTS, 50: HIDES}

T = TypeVar("T")


class Problem(NamedTuple):
    """All that an answer says about what went wrong."""

    codes: frozenset[str]
    words: str
    one_resource: bool  # it names the post or the person that it is about

    def says(self, *phrases: str) -> bool:
        return any(phrase in self.words.casefold() for phrase in phrases)


def classify(response: ApiResponse) -> str:
    """The id of what was sent ("" for something hidden), or raises the SendError that says what to do.

    - 5xx may have been carried out, X says, so they are Ambiguous: looked up before anything is sent again.
    - 401 is final: an OAuth 1.0a token cannot be renewed.
    - "not been mentioned": Rejected with the code "not_summoned". (It can come in the first seconds after a mention,
      while X's own index does not have it yet; that is not told apart.)
    """
    require_success(response)
    data = response.body.get("data")
    data = data if isinstance(data, Mapping) else {}
    sent = data.get("dm_event_id") or data.get("id")
    if isinstance(sent, str | int) and not isinstance(sent, bool):
        return str(sent)
    if isinstance(data.get("hidden"), bool):
        if data["hidden"]:
            return ""
        raise Rejected("X says that it is not hidden", code="hidden")
    _require_data(response)
    raise Ambiguous("X accepted it without saying its id", code=str(response.status))


def require_success(response: ApiResponse) -> None:
    """Raises the SendError of an answer that is none of 2xx."""
    status = response.status
    if 200 <= status < 300:
        return
    found = problem(response.body)
    detail, code = _detail(response, found), _code(response, found)
    if status == 401:
        raise AuthFailed(detail, code=code)
    if _CAPPED in found.codes or status == 402:
        raise AuthFailed(f"{_CAPPED}: raise the spending limit in X's console, or wait for the next cycle", code=code)
    if status == 429:
        raise RateLimited(detail, retry_after=_until_reset(response.headers) or _WAIT_S, code=code)
    if status == 403:
        _refuse(found, detail, code)
    if status >= 500:
        raise Ambiguous(detail, code=code)
    if status >= 400:
        raise Rejected(detail, code=code)
    raise AuthFailed(f"{detail}: this is not X's API", code=code)


def usage(response: ApiResponse) -> tuple[Usage, ...]:
    """What the headers tell: https://docs.x.com/x-api/fundamentals/rate-limits"""
    limit, remaining = (_number(response.headers, f"x-rate-limit-{name}") for name in ("limit", "remaining"))
    scope = _scope(response.body, limit)
    if not scope or limit is None or remaining is None or limit <= 0:
        return ()
    used = 1 - min(max(remaining, 0), limit) / limit
    return (Usage(scope=scope, used=used, wait_s=0.0 if remaining > 0 else _until_reset(response.headers)),)


def read(response: ApiResponse, shape: type[T]) -> T:
    """A question's answer. Raises the SendError of a refusal, Unavailable when it is nothing that can be read."""
    require_success(response)
    _require_data(response)
    try:
        return msgspec.convert(dict(response.body), shape)
    except msgspec.ValidationError as error:
        raise Unavailable(f"X answered something unforeseen: {error}") from None


def _require_data(response: ApiResponse) -> None:
    """A success may hold nothing but errors. Raises Rejected."""
    if response.body.get("errors") and not response.body.get("data"):
        found = problem(response.body)
        raise Rejected(_detail(response, found), code=_code(response, found))


def clock_skew_s(response: ApiResponse) -> float | None:
    """X's clock less ours, in seconds; None when the answer has no date."""
    try:
        return parsedate_to_datetime(response.headers["date"]).timestamp() - time.time()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def problem(body: Mapping[str, Any]) -> Problem:
    """Both forms, {"title", "detail", "type"} and {"errors": [{"code", "message"}]}, and one within the other."""
    codes: set[str] = set()
    words: list[str] = []
    one_resource = False
    for part in _parts(body):
        one_resource |= any(part.get(key) for key in ("resource_id", "resource_type"))
        kind = part.get("type")
        if isinstance(kind, str):
            codes.add(kind.rstrip("/").rsplit("/", 1)[-1][:60])
        if isinstance(part.get("code"), int):
            codes.add(str(part["code"])[:20])
        words += [value for key in ("title", "detail", "message") if isinstance(value := part.get(key), str)]
    return Problem(frozenset(codes), ": ".join(dict.fromkeys(words)), one_resource or bool(codes & _ONE_RESOURCE))


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield body
    errors = body.get("errors")
    yield from (error for error in (errors if isinstance(errors, list) else ()) if isinstance(error, Mapping))


def _refuse(found: Problem, detail: str, code: str) -> None:
    """What a 403 is, when it is more than Rejected."""
    if found.codes & _DUPLICATE or found.says("duplicate content"):
        raise Duplicate(detail, code=code)
    if found.says("not been mentioned or otherwise engaged"):
        raise Rejected(detail, code="not_summoned")
    if found.codes & _NOT_ALLOWED or (found.codes & _LOCKED and not found.one_resource):
        raise AuthFailed(detail, code=code)
    if found.codes & _CLOSED_TO_US or found.says("permission to dm", "send messages to this user", "direct message"):
        raise RecipientGone(detail, code=code)


def _detail(response: ApiResponse, found: Problem) -> str:
    return _QUOTED.sub("[…]", found.words)[:200] or f"HTTP {response.status}"


def _code(response: ApiResponse, found: Problem) -> str:
    return min(found.codes - {"about:blank", "blank"}, default=str(response.status))


def _scope(body: Mapping[str, Any], limit: int | None) -> str:
    data = body.get("data")
    if isinstance(data, Mapping):
        if "dm_event_id" in data or "dm_conversation_id" in data:
            return DIRECTS
        if "id" in data and "text" in data:
            return POSTS
        if "hidden" in data:
            return HIDES
    return _SCOPES.get(limit or 0, "")


def _until_reset(headers: Mapping[str, str]) -> float:
    """Seconds until the window begins anew, at least 1; 0 when the headers do not say."""
    reset = _number(headers, "x-rate-limit-reset")
    return max(1.0, reset - time.time()) if reset is not None else 0.0


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else None
