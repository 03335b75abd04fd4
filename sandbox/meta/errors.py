"""The Graph API's errors, as it spells them.

https://developers.facebook.com/docs/graph-api/guides/error-handling,
https://developers.facebook.com/documentation/business-messaging/messenger-platform/error-codes,
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.social.door import Refusal

# Subcode → code, for those that stand for themselves in a table of errors.
_CODES = {
    2018278: 10,
    2534022: 10,
    2018065: 10,
    2018300: 10,
    2018108: 10,
    1893063: 10,
    2018001: 100,
    2534014: 100,
    2534025: 100,
    2534029: 100,
    2534037: 100,
    2018008: 100,
    2018047: 100,
    2018109: 100,
    2018294: 100,
    1545041: 551,
    2018028: 200,
    2534041: 200,
    2534040: 613,
    2018338: 613,
    1893016: 613,
    2018012: -1,
}
_MESSAGES = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    3: "Application does not have the capability to make this API call.",
    4: "(#4) Application request limit reached",
    10: "(#10) Application does not have permission for this action",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    100: "(#100) Invalid parameter",
    190: "Error validating access token: The user has not authorized application.",
    200: "(#200) Permissions error",
    368: "The action attempted has been deemed abusive or is otherwise disallowed",
    506: "(#506) Duplicate status message",
    551: "(#551) This person isn't available right now.",
    613: "(#613) Calls to this api have exceeded the rate limit.",
    10900: "(#10900) Activity already replied to",
    2018278: "(#10) This message is sent outside of allowed window.",
    2534022: "(#10) This message is sent outside of allowed window.",
    2018300: "(#10) Message failed to send because another app is controlling this thread now.",
    2018001: "(#100) No matching user found",
    2534014: "(#100) No matching user found",
    2534025: "(#100) The comment is invalid for a private reply",
    2534037: "(#100) Another app is controlling this thread now.",
    130429: "(#130429) Rate limit hit",
    131000: "(#131000) Something went wrong",
    131009: "(#131009) Parameter value is not valid",
    131026: "(#131026) Message undeliverable",
    131047: "(#131047) Re-engagement message",
    131056: "(#131056) (Business Account, Consumer Account) pair rate limit hit",
    132000: "(#132000) Number of parameters does not match the expected number of params",
    132001: "(#132001) Template name does not exist in the translation",
}
_STATUS = {1: 500, 2: 500, -1: 500, 131000: 500, 131016: 500, 190: 401, 130429: 429, 131056: 429, 80007: 429}
_TRANSIENT = {1, 2, -1}


def graph_error(
    code: int,
    subcode: int | None = None,
    message: str = "",
    *,
    kind: str = "OAuthException",
    details: str = "",
    headers: dict[str, str] | None = None,
) -> Refusal:
    """The answer with this error; `details` is WhatsApp's `error_data.details`."""
    words = message or _MESSAGES.get(subcode or code) or _MESSAGES.get(code) or f"(#{code}) Error"
    error: dict[str, Any] = {"message": words, "type": kind, "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    if code in _TRANSIENT:
        error["is_transient"] = True
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return Refusal(_STATUS.get(code, 400), {"error": error}, headers)


def error_numbered(number: int) -> Refusal:
    """The answer for a code, or for a subcode that says which code it belongs to."""
    return graph_error(_CODES[number], number) if number in _CODES else graph_error(number)


def unavailable() -> Refusal:
    """A call that broke before it did anything."""
    return graph_error(2)


def missing(object_id: str) -> Refusal:
    """No such object, or none that this token may see."""
    return graph_error(
        100,
        33,
        f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        kind="GraphMethodException",
    )


def bad_parameter(words: str) -> Refusal:
    """Error 100 for a parameter that is wrong or too long."""
    return graph_error(100, message=f"(#100) {words}")


def too_many(wait_s: float, object_id: str, *, whatsapp: bool = False) -> Refusal:
    """The send limit is reached. The minutes to wait are in a header; while throttled they are at least one."""
    kind = "whatsapp" if whatsapp else "messenger"
    minutes = max(1, -(-int(wait_s) // 60))
    usage = (
        f'{{"{object_id}":[{{"type":"{kind}","call_count":100,"total_cputime":25,"total_time":25,'
        f'"estimated_time_to_regain_access":{minutes}}}]}}'
    )
    headers = {"x-business-use-case-usage": usage}
    return graph_error(130429 if whatsapp else 613, headers=headers)
