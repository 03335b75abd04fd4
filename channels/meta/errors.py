"""Graph API answers → decisions.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from channels.errors import (
    Ambiguous,
    AuthFailed,
    Duplicate,
    OwnedElsewhere,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    Unavailable,
    WindowClosed,
)
from channels.messages import ApiResponse
from channels.meta.usage import usage

# Makes the error from (detail, code=…): the classes themselves do.
Decision = Callable[..., SendError]
# (code, subcode), (code, None) for a code without a subcode, or a code whatever its subcode.
Table = Mapping[tuple[int, int | None] | int, Decision]

# When the headers do not tell how long to wait.
WAIT_S = 60.0
# Meta warns of abuse: not documented how long; long enough for a person to look.
ABUSE_WAIT_S = 600.0

_EXACT: Table = {
    (-1, 2018012): Unavailable,
    (613, 1893016): Rejected,  # the customer has not opted in to what this is
    (10, 2018278): WindowClosed,
    (10, 2534022): WindowClosed,
    (10, 2018065): WindowClosed,
    (10, 2018108): RecipientGone,
    (200, 1545041): RecipientGone,
    (100, 2018001): RecipientGone,
    (100, 2534014): RecipientGone,
    (10, 1893063): AuthFailed,  # the Page or the app is restricted
    (100, 2534029): AuthFailed,
    (100, 2534037): OwnedElsewhere,
}
_SUBCODES: Mapping[int, Decision] = {2018300: OwnedElsewhere, 2018321: OwnedElsewhere}
_CODES: Mapping[int, Decision] = {
    -1: Unavailable,
    1: Unavailable,
    2: Unavailable,
    3: AuthFailed,
    10: AuthFailed,
    100: Rejected,
    102: AuthFailed,
    190: AuthFailed,
    200: AuthFailed,
    368: AuthFailed,  # blocked for policy reasons: every further call makes it worse
    506: Duplicate,
    551: RecipientGone,
    10900: Duplicate,  # the comment has its private reply; not in Meta's tables, but what its API says
    2022: AuthFailed,
    1609005: Rejected,
}
# Limits of the app, the user, the Page or the use case: they hold for every conversation.
_LIMITS = frozenset({4, 17, 32, 341, 613, 80001, 80002, 80006})
_ABUSE = (613, 2018338)

_WORDS: Mapping[type[SendError], str] = {
    Unavailable: "Meta has a temporary problem",
    WindowClosed: "outside the reply window",
    RecipientGone: "the customer cannot be reached",
    AuthFailed: "the token, a permission or the account is refused",
    OwnedElsewhere: "another app holds the conversation",
    Duplicate: "Meta has exactly this already",
    RateLimited: "a limit is reached",
}
_TYPE = re.compile(r"[A-Za-z]{1,40}")


class GraphError(NamedTuple):
    """An error as Meta words it, without its text: that may quote what was sent."""

    code: int | None
    subcode: int | None
    type: str
    transient: bool
    unwilling: bool  # says that the person's own settings forbid it, whatever the code

    @property
    def name(self) -> str:
        return f"{self.code}/{self.subcode}" if self.subcode else str(self.code)


def raise_for(response: ApiResponse, extra: Table | None = None) -> Mapping[str, Any]:
    """The body of a success; otherwise raises the SendError that says what to do.

    `extra` is asked before the common table: (code, subcode) first in both, then the code alone.
    """
    error = error_of(response.body)
    if error is None:
        if 200 <= response.status < 300:
            return response.body
        raise _without_words(response)
    raise _decide(error, response, extra or {})


def error_of(body: Mapping[str, Any]) -> GraphError | None:
    """The error in a body, None when there is none. Never raises."""
    error = body.get("error")
    if error is None:
        return None
    if not isinstance(error, Mapping):
        return GraphError(None, None, "", False, False)
    kind, message = error.get("type"), error.get("message")
    return GraphError(
        code=_integer(error.get("code")),
        subcode=_integer(error.get("error_subcode")),
        type=kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else "",
        transient=error.get("is_transient") is True,
        unwilling=isinstance(message, str) and "settings don't allow" in message,
    )


def wait_of(response: ApiResponse) -> float:
    """Seconds to wait after a limit: what the headers say, or a minute."""
    return max((item.wait_s for item in usage(response)), default=0.0) or WAIT_S


def _decide(error: GraphError, response: ApiResponse, extra: Table) -> SendError:
    detail = f"{error.name} {error.type}".strip()
    exact = (error.code, error.subcode)
    if error.code is None:
        # An answer that is not Graph's: the status is all that we know.
        return _without_words(response)
    found = extra.get((error.code, error.subcode)) or _EXACT.get((error.code, error.subcode))
    found = found or _SUBCODES.get(error.subcode or 0) or extra.get(error.code)
    if found is None and error.unwilling:
        found = Rejected
    if found is None and error.code in _LIMITS:
        wait = max(wait_of(response), ABUSE_WAIT_S) if exact == _ABUSE else wait_of(response)
        words = "Meta warns of abuse" if exact == _ABUSE else _WORDS[RateLimited]
        return RateLimited(f"{words} ({detail})", retry_after=wait, code=error.name, whole_channel=True)
    if found is None and error.transient:
        found = Unavailable
    if found is None:
        found = _CODES.get(error.code)
    if found is None and 200 < error.code < 300:
        found = AuthFailed  # the range of missing permissions
    if found is None:
        found = Unavailable if response.status >= 500 else Rejected
    words = _WORDS.get(found, "Meta refuses this") if isinstance(found, type) else "Meta refuses this"
    return found(f"{words} ({detail})", code=error.name)


def _without_words(response: ApiResponse) -> SendError:
    """The decision when only the status speaks. A 504 comes from in front of the API, which may have taken it."""
    status = response.status
    detail = code = f"HTTP {status}"
    if status == 429:
        return RateLimited(detail, retry_after=wait_of(response), code=code, whole_channel=True)
    if status == 504 or status < 300:
        return Ambiguous(detail, code=code)
    if status >= 500:
        return Unavailable(detail, code=code)
    # A redirect: not the Graph API at all.
    return AuthFailed(detail, code=code) if status in {401, 403} or status < 400 else Rejected(detail, code=code)


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,12}", value):
        return int(value)
    return value if isinstance(value, int) else None
