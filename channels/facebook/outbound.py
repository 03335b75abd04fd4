"""Messages → calls, and answers → decisions.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
https://developers.facebook.com/docs/graph-api/reference/object/comments
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from channels import fit
from channels.base import idempotency_key
from channels.capabilities import Capabilities, Hiding, Limit, PrivateReply, Rules
from channels.errors import Ambiguous, Rejected
from channels.facebook.settings import FacebookSettings
from channels.messages import ApiCall, ApiResponse, Attachment, Button, OutboundMessage, Surface
from channels.meta import sending
from channels.meta.errors import raise_for

_DEFAULTS = FacebookSettings()

SURFACES: Mapping[Surface, Capabilities] = {
    Surface.PRIVATE: Capabilities(
        text_limit=_DEFAULTS.text_limit,
        measure=len,
        buttons=sending.QUICK_REPLIES,
        button_title_limit=sending.TITLE,
        typing=True,
        edits=True,
        echoes=True,
        lookup=True,
        rules=Rules(
            window=sending.WINDOW,
            window_source=sending.POLICY,
            human_window=sending.HUMAN_WINDOW,
            human_tag=sending.HUMAN_AGENT,
            human_source=sending.POLICY,
            # "Very responsive to messages": 90 % within fifteen minutes, over seven days.
            badge=timedelta(minutes=15),
            badge_source="https://www.facebook.com/help/475643069256244",
        ),
    ),
    Surface.PUBLIC: Capabilities(
        text_limit=_DEFAULTS.comment_limit,
        measure=len,
        edits=True,
        deletions=True,
        echoes=True,
        lookup=True,
        media=False,
        hiding=Hiding(source="https://developers.facebook.com/docs/graph-api/reference/comment"),
        rules=Rules(
            private_reply=PrivateReply(within=sending.PRIVATE_REPLY_WITHIN, source=sending.PRIVATE_REPLIES),
        ),
    ),
}

# Which of our limits a use case of X-Business-Use-Case-Usage is about.
USE_CASES: Mapping[str, str] = {"messenger": "page:send", "pages": "page:comments"}
_SLOW_MEDIA = frozenset({"audio", "video", "voice"})


def capabilities(surface: Surface, settings: FacebookSettings) -> Capabilities:
    """What the settings make of the declared ones. Raises KeyError: no such surface."""
    declared = SURFACES[surface]
    if surface is Surface.PUBLIC:
        return msgspec.structs.replace(declared, text_limit=settings.comment_limit)
    unit = "UTF-16 units" if settings.text_unit == "utf16" else settings.text_unit
    return msgspec.structs.replace(declared, text_limit=settings.text_limit, measure=settings.measure, unit=unit)


def limits(message: OutboundMessage, settings: FacebookSettings) -> tuple[Limit, ...]:
    """https://developers.facebook.com/docs/graph-api/overview/rate-limiting"""
    if message.surface is Surface.PUBLIC:
        return (Limit(scope="page:comments", count=settings.comments_per_minute, window_s=60.0),)
    found = [Limit(scope="page:send", count=300, window_s=1.0)]
    if any(item.kind in _SLOW_MEDIA for item in message.attachments):
        found.append(Limit(scope="page:media", count=10, window_s=1.0))
    if message.entry:
        found.append(Limit(scope="page:private_replies", count=750, window_s=3600.0))
    return tuple(found)


def render(message: OutboundMessage, settings: FacebookSettings) -> list[ApiCall]:
    """The calls that say this message, in order. No calls when there is nothing to say. Raises Rejected."""
    sending.check_tag(message)
    if message.kind == "typing":
        return _typing(message, settings)
    if message.kind == "hide" and message.surface is Surface.PUBLIC:
        return [_hide(message, settings)]
    if message.kind != "message":
        return []
    return _public(message, settings) if message.surface is Surface.PUBLIC else _private(message, settings)


def classify(response: ApiResponse) -> str:
    """The id of the message or the comment ("" for a signal), or raises the SendError that says what to do."""
    body = raise_for(response)
    for name in ("message_id", "id"):
        found = body.get(name)
        if isinstance(found, str) and found:
            return found
    if private_address(response) or sending.done(body):
        return ""  # what a sender action is answered with, and hiding
    raise Ambiguous("an answer without an id", code=f"HTTP {response.status}")


def private_address(response: ApiResponse) -> str:
    """The PSID that a private reply went to."""
    found = response.body.get("recipient_id")
    return found if isinstance(found, str) else ""


# ---- private -----------------------------------------------------------------------------------------


def _typing(message: OutboundMessage, settings: FacebookSettings) -> list[ApiCall]:
    body = sending.typing(message) if message.surface is Surface.PRIVATE else None
    return [_send(body, settings)] if body else []


def _private(message: OutboundMessage, settings: FacebookSettings) -> list[ApiCall]:
    """Text, then media; with buttons the other way round, because choices vanish when something follows them."""
    to = sending.address(message)
    if message.entry.startswith(f"{settings.page_id}_"):
        to = {"recipient": {"post_id": message.entry}}  # a visitor's post: posts carry the Page's id in front
    # A private reply is a single message, so that only text can be sure of its place in it.
    media = [] if message.entry else [item for item in message.attachments if sending.sendable(item)]
    text = _with_links(message.text, [item for item in message.attachments if item not in media])
    spoken = _texts(text, message.buttons, settings)
    shown = [sending.media(item) for item in media]
    contents = [*shown, *spoken] if message.buttons else [*spoken, *shown]
    if message.entry and len(contents) > 1:
        raise Rejected("too long for a private reply, which is a single message", code="length")
    return [
        _send(sending.message_body(to, content, metadata=idempotency_key(message, index)), settings)
        for index, content in enumerate(contents)
    ]


def _texts(text: str, buttons: Sequence[Button], settings: FacebookSettings) -> list[dict[str, Any]]:
    """The text in parts, the choices under the last: as a template when one is a link, else as quick replies.

    Where they do not fit, all of them become numbered lines, so that none is lost and none is cut.
    """
    links = [button for button in buttons if button.url]
    if links and sending.fit_template(text, buttons):
        return [sending.button_template(text, buttons)]
    keys = [button for button in buttons if not button.url]
    if keys and text.strip() and sending.fit_quick_replies(keys):
        text = "\n\n".join([text, *(f"{button.title or button.key}: {button.url}" for button in links)])
    else:
        text, keys = fit.numbered(text, buttons) if buttons else text, []
    parts = fit.split(text, settings.text_limit, settings.measure)
    return [*map(sending.text, parts[:-1]), *(sending.text(part, keys) for part in parts[-1:])]


def _send(body: Mapping[str, Any], settings: FacebookSettings) -> ApiCall:
    return ApiCall(method="POST", path=f"{settings.page_id}/messages", json=body)


# ---- public ------------------------------------------------------------------------------------------


def _public(message: OutboundMessage, settings: FacebookSettings) -> list[ApiCall]:
    """Comments under the thread's first one: the API knows two levels. Who is meant is said by name then."""
    if not message.reply_to:
        raise Rejected("a comment needs the comment that it answers", code="address")
    root = message.root or message.reply_to
    text = _with_links(message.text, message.attachments)
    if message.buttons:
        text = fit.numbered(text, message.buttons)
    name = first_name(message.customer.name)
    if name and text.strip() and root != message.reply_to:
        text = f"{name}, {text}"
    parts = fit.split(text, settings.comment_limit)
    return [ApiCall(method="POST", path=f"{root}/comments", json={"message": part}) for part in parts]


def _hide(message: OutboundMessage, settings: FacebookSettings) -> ApiCall:
    """Of posts, Meta's pages do not say that they can be hidden."""
    if message.reply_to.startswith(f"{settings.page_id}_"):
        raise Rejected("a visitor's post cannot be hidden", code="address")
    return sending.hiding(message, "is_hidden")


def first_name(name: str) -> str:
    """How a person is addressed where no mention is possible; "" when there is no name."""
    return (name.split() or [""])[0][:40]


def _with_links(text: str, attachments: Sequence[Attachment]) -> str:
    links = [item.url or item.name for item in attachments]
    return "\n\n".join(block for block in (text, *links) if block)
