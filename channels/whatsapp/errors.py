"""WhatsApp's error codes → decisions, for refusals at once and for messages that failed later.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from __future__ import annotations

from channels.errors import (
    Ambiguous,
    AuthFailed,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    Unavailable,
    WindowClosed,
)
from channels.messages import ApiResponse
from channels.meta.errors import ABUSE_WAIT_S, WAIT_S, Decision, Table, raise_for

# One message in six seconds to one customer is what WhatsApp allows in the long run.
PAIR_WAIT_S = 6.0
# The number's limit is counted by the second.
NUMBER_WAIT_S = 5.0


def _saying(kind: type[SendError], words: str) -> Decision:
    return lambda detail, *, code: kind(f"{words} ({code})", code=code)


def _waiting(words: str, seconds: float, *, whole_channel: bool) -> Decision:
    return lambda detail, *, code: RateLimited(
        f"{words} ({code})", retry_after=seconds, code=code, whole_channel=whole_channel
    )


_TEMPLATE = _saying(Rejected, "the template is refused: compare its name, language, state and number of parameters")
_HELD_BACK = _saying(Rejected, "WhatsApp held this back for the customer's sake, do not send it again now")

TABLE: Table = {
    0: AuthFailed,
    80007: _waiting("the account's limit is reached", WAIT_S, whole_channel=True),
    130429: _waiting("the number's limit is reached", NUMBER_WAIT_S, whole_channel=True),
    130472: _HELD_BACK,
    130497: _saying(Rejected, "the account may not write to customers in this country"),
    131000: Unavailable,
    131008: Rejected,
    131009: Rejected,
    131016: Unavailable,
    131026: RecipientGone,  # WhatsApp never says why
    131030: _saying(RecipientGone, "the number is not on the list that a test account may write to"),
    131031: _saying(AuthFailed, "the account is locked"),
    131042: _saying(AuthFailed, "the account's payment method does not work"),
    131047: WindowClosed,
    131048: _waiting("too many people marked this number as spam", ABUSE_WAIT_S, whole_channel=True),
    131049: _HELD_BACK,
    131050: _saying(RecipientGone, "the customer does not want marketing messages"),
    131051: Rejected,
    131052: _saying(Rejected, "WhatsApp could not fetch the media"),
    131053: _saying(Rejected, "WhatsApp does not take this media"),
    131056: _waiting("too many messages to this customer", PAIR_WAIT_S, whole_channel=False),
    131057: Unavailable,
    131062: _saying(Rejected, "this kind of message needs the customer's phone number"),
    133016: Unavailable,
    135000: Unavailable,
    **dict.fromkeys((132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016), _TEMPLATE),
}


def classify(response: ApiResponse) -> str:
    """The id of the message that was sent ("" for a signal), or raises the SendError that says what to do."""
    body = raise_for(response, TABLE)
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    sent = first.get("id") if isinstance(first, dict) else None
    if isinstance(sent, str) and sent:
        return sent
    if body.get("success") is True:
        return ""
    raise Ambiguous("a success without the message's id", code=f"HTTP {response.status}")


def failure(code: int | None) -> SendError:
    """What a code amounts to that came later, in a status: the same as if it had come at once."""
    if code is None:
        return Rejected("WhatsApp gave no reason")
    try:
        raise_for(ApiResponse(status=400, body={"error": {"code": code}}), TABLE)
    except SendError as error:
        return error
    raise AssertionError("an error is never a success")
