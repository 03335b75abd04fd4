"""Messages → calls, and answers → decisions: https://core.telegram.org/bots/api#sendmessage"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from channels import fit
from channels.capabilities import Capabilities, Limit
from channels.errors import (
    Ambiguous,
    AuthFailed,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    Unavailable,
)
from channels.messages import ApiCall, ApiResponse, Attachment, Button, OutboundMessage, Surface
from channels.telegram.inbound import chat_of, is_group
from channels.telegram.wire import Answer

# Both "after entities parsing"; we send plain text, so that is the text itself.
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

CAPABILITIES = Capabilities(
    text_limit=TEXT_LIMIT,
    measure=fit.utf16_length,
    unit="UTF-16 units",
    buttons=100,  # not documented; what python-telegram-bot's authors observed
    button_title_limit=64,  # not documented; apps shorten what is longer
    typing=True,
    edits=True,
)
# A group is read by all of its members; what can be sent there is the same.
SURFACES: Mapping[Surface, Capabilities] = {Surface.PRIVATE: CAPABILITIES, Surface.PUBLIC: CAPABILITIES}


def limits(message: OutboundMessage) -> tuple[Limit, ...]:
    """https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: "over time no more than one
    message a second", so an answer in three bubbles does not wait; twenty a minute in a group."""
    chat = chat_of(message.thread_id)
    return (
        Limit(scope="bot", count=30, window_s=1.0),
        Limit(scope=f"chat:{chat}", count=20, window_s=60.0)
        if is_group(message.thread_id)
        else Limit(scope=f"chat:{chat}", count=3, window_s=3.0),
    )


# Our kinds of attachment → method, its parameter, whether it takes a caption.
_MEDIA: Mapping[str, tuple[str, str, bool]] = {
    "image": ("sendPhoto", "photo", True),
    "video": ("sendVideo", "video", True),
    "audio": ("sendAudio", "audio", True),
    "voice": ("sendVoice", "voice", True),
    "file": ("sendDocument", "document", True),
    "sticker": ("sendSticker", "sticker", False),
}
# https://core.telegram.org/bots/api#sending-files: a document by URL works for these only.
_DOCUMENTS_BY_URL = (".pdf", ".zip", ".gif")


def render(message: OutboundMessage) -> list[ApiCall]:
    """The calls that say this message, in order. No calls when there is nothing to say.

    Buttons go under the last call. When they do not fit (too many, a title too long, no text to hang them
    under), all of them become numbered lines of the text, so that none is lost.
    """
    if message.kind == "acknowledge":
        query = {"callback_query_id": message.acknowledge}
        return [_call("answerCallbackQuery", query)] if message.acknowledge else []
    if message.kind == "hide":
        return []  # a bot can only delete, if it is an administrator, and nobody could take that back
    target = _target(message)
    if message.kind == "typing":
        return [_call("sendChatAction", {"chat_id": target["chat_id"], "action": "typing"})]

    media = [item for item in message.attachments if _sendable(item)]
    links = [item.url or item.name for item in message.attachments if not _sendable(item)]
    text = "\n\n".join(block for block in (message.text, *links) if block)
    buttons = message.buttons
    if buttons and not (text and _fit_keyboard(buttons)):
        text, buttons = fit.numbered(text, buttons), ()

    calls: list[tuple[str, dict[str, Any]]] = []
    captioned = len(media) == 1 and _MEDIA[media[0].kind][2] and 0 < fit.utf16_length(text) <= CAPTION_LIMIT
    if not captioned:
        calls += [
            ("sendMessage", {"text": part, "link_preview_options": {"is_disabled": True}})
            for part in fit.split(text, TEXT_LIMIT, fit.utf16_length)
        ]
    for item in media:
        method, parameter, _ = _MEDIA[item.kind]
        calls.append((method, {parameter: item.external_id or item.url} | ({"caption": text} if captioned else {})))
    if buttons:
        calls[-1][1]["reply_markup"] = {"inline_keyboard": [[_button(button)] for button in buttons]}
    return [_call(method, target | parameters) for method, parameters in calls]


def classify(response: ApiResponse) -> str:
    """The id of the message that was sent ("" for a signal), or raises the SendError that says what to do.

    Decisions that the API leaves to us:
    - 429 does not say which of its limits was hit. Pacing keeps below the overall one, so it is taken as the
      chat's own (20 a minute in groups is the one met in practice): other conversations go on.
    - 504 comes from in front of the API: the message may be out. Other 5xx did not take it.
    - A group that became a supergroup has a new id, and with it new conversations. What was meant for the old
      one is Rejected with the code "migrated".
    """
    answer = answer_of(response)
    if answer.ok:
        sent = answer.result
        return str(sent.get("message_id", "")) if isinstance(sent, Mapping) else ""
    status, code = response.status, str(response.status)
    detail = answer.description[:200] or f"HTTP {status}"
    if status == 400 and _harmless(detail):
        return ""
    if status == 429:
        wait = answer.parameters.get("retry_after")
        seconds = float(wait) if isinstance(wait, int | float) and wait > 0 else 1.0
        raise RateLimited(detail, retry_after=seconds, code=code)
    if "migrate_to_chat_id" in answer.parameters:
        raise Rejected(detail, code="migrated")
    if status == 400 and "chat not found" in detail.casefold():
        raise RecipientGone(detail, code=code)
    raise _decision(status)(detail, code=code)


def answer_of(response: ApiResponse) -> Answer:
    """The envelope; an empty one when the answer has another shape."""
    try:
        return msgspec.convert(dict(response.body), Answer)
    except msgspec.ValidationError:
        return Answer()


_DECISIONS: Mapping[int, Callable[..., SendError]] = {
    401: AuthFailed,  # the token is not valid (any more)
    404: AuthFailed,  # the token is malformed
    409: AuthFailed,  # another consumer of the same bot: nothing works until a person decides
    403: RecipientGone,  # blocked, kicked, deactivated or never started
    504: Ambiguous,
}


def _decision(status: int) -> Callable[..., SendError]:
    if status in _DECISIONS:
        return _DECISIONS[status]
    if status >= 500:
        return Unavailable
    if status >= 400:
        return Rejected
    # A success whose body says otherwise, or nothing: it may well be out. A redirect: not the Bot API at all.
    return Ambiguous if 200 <= status < 300 else AuthFailed


def _harmless(detail: str) -> bool:
    """Errors after which everything is as we wanted it: a tap confirmed too late, an edit without a
    difference.
    """
    text = detail.casefold()
    return "query is too old" in text or "message is not modified" in text


def _call(method: str, parameters: Mapping[str, Any]) -> ApiCall:
    return ApiCall(method="POST", path=method, json=parameters)


def _target(message: OutboundMessage) -> dict[str, Any]:
    """Where to. In a group, the answer hangs under the question, so that everybody sees who is meant."""
    try:
        target: dict[str, Any] = {"chat_id": int(chat_of(message.thread_id))}
        if is_group(message.thread_id) and message.reply_to:
            target["reply_parameters"] = {
                "message_id": int(message.reply_to),
                "allow_sending_without_reply": True,
            }
    except ValueError:
        raise Rejected("the conversation's id is not one of Telegram's", code="address") from None
    return target


def _sendable(item: Attachment) -> bool:
    """Whether Telegram can show it as media; the rest goes out as a link in the text."""
    if item.kind not in _MEDIA:
        return False
    if item.external_id:
        return True
    url = urlsplit(item.url)
    by_url = item.kind != "file" or url.path.lower().endswith(_DOCUMENTS_BY_URL)
    return url.scheme in {"http", "https"} and by_url


def _fit_keyboard(buttons: Sequence[Button]) -> bool:
    return len(buttons) <= CAPABILITIES.buttons and all(
        fit.utf16_length(button.title) <= CAPABILITIES.button_title_limit for button in buttons
    )


def _button(button: Button) -> dict[str, str]:
    shown = {"text": button.title or button.key}
    return shown | ({"url": button.url} if button.url else {"callback_data": button.key})
