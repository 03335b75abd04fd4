"""Messages → calls:
https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from channels import fit
from channels.base import idempotency_key
from channels.capabilities import Capabilities, Limit, Rules
from channels.errors import Rejected
from channels.messages import ApiCall, Attachment, Button, OutboundMessage, Sender, Surface
from channels.whatsapp.batch import digits
from channels.whatsapp.settings import WhatsappSettings

_DOCS = "https://developers.facebook.com/documentation/business-messaging/whatsapp"

TEXT_LIMIT = 4096
# What stands above buttons or a list, and (Meta does not say otherwise) under an image.
BODY_LIMIT = 1024
MOST_BUTTONS, BUTTON_TITLE_LIMIT = 3, 20
MOST_ROWS, ROW_TITLE_LIMIT = 10, 24

# Meta says "characters" and no more. Counted in UTF-16 units a text is never shorter than by either way to count.
measure = fit.utf16_length

SURFACES: Mapping[Surface, Capabilities] = {
    Surface.PRIVATE: Capabilities(
        text_limit=TEXT_LIMIT,
        measure=measure,
        unit="UTF-16 units",
        buttons=MOST_ROWS,
        button_title_limit=ROW_TITLE_LIMIT,
        typing=True,
        edits=True,
        deletions=True,
        echoes=True,  # as statuses, which bring our tag back
        by_phone=True,
        rules=Rules(
            window=timedelta(hours=24),
            window_source=f"{_DOCS}/support/error-codes",
            templates=True,
            templates_source=f"{_DOCS}/support/error-codes",
        ),
    )
}

# Our kinds of attachment → WhatsApp's, and whether it takes a caption. Anything else goes as a link in the text.
_MEDIA: Mapping[str, tuple[str, bool]] = {
    "image": ("image", True),
    "video": ("video", True),
    "audio": ("audio", False),
    "voice": ("audio", False),
    "file": ("document", True),
}


def limits(message: OutboundMessage, *, coexistence: bool) -> tuple[Limit, ...]:
    """80 messages a second for a number, 20 while it is used in the app too; to one customer one in six seconds in
    the long run, several at once in between: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
    """
    number = Limit(scope="number", count=20 if coexistence else 80, window_s=1.0)
    if message.kind != "message":
        return (number,)
    return (number, Limit(scope=f"pair:{message.thread_id}", count=10, window_s=60.0))


def render(message: OutboundMessage, settings: WhatsappSettings) -> list[ApiCall]:
    """The calls that say this message, in order. No calls when there is nothing to say.

    Raises Rejected when there is nobody to send it to, or nobody who may use the tag.
    """
    if message.tag and message.sender is not Sender.AGENT:
        raise Rejected("a tag for people, on a message that no person wrote", code="tag")
    if message.surface is not Surface.PRIVATE:
        raise Rejected("WhatsApp has no public conversations", code="surface")
    path = f"{settings.phone_number_id}/messages"
    if message.kind == "typing":
        return [ApiCall(method="POST", path=path, json=_typing(message.reply_to))] if message.reply_to else []
    if message.kind != "message":
        return []  # a tap needs no answer of its own
    target = _target(message.to)
    bodies = [_template(message)] if message.template else _bodies(message, settings.list_label)
    return [
        ApiCall(
            method="POST",
            path=path,
            json={
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **target,
                **body,
                "biz_opaque_callback_data": idempotency_key(message, index),
            },
        )
        for index, body in enumerate(bodies)
    ]


def _target(to: str) -> dict[str, str]:
    """A phone number has digits only; a business-scoped user id begins with a country's letters."""
    if not to:
        raise Rejected("the customer's phone number or user id is not known", code="address")
    number = digits(to)
    return {"to": number} if number.isdecimal() else {"recipient": to}


def _typing(external_id: str) -> dict[str, Any]:
    """Shown for up to 25 s or until the answer; marks what the customer wrote as read.
    https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
    """
    return {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": external_id,
        "typing_indicator": {"type": "text"},
    }


def _template(message: OutboundMessage) -> dict[str, Any]:
    """WhatsApp refuses line breaks in a parameter."""
    assert message.template is not None
    values = [{"type": "text", "text": " ".join(value.split())} for value in message.template.parameters]
    return {
        "type": "template",
        "template": {
            "name": message.template.name,
            "language": {"code": message.template.language},
            "components": [{"type": "body", "parameters": values}] if values else [],
        },
    }


def _bodies(message: OutboundMessage, list_label: str) -> list[dict[str, Any]]:
    """Media first, then the text, so that buttons stand at the very end; one piece of media carries the text below
    itself, where it can."""
    media = [item for item in message.attachments if _sendable(item)]
    others = [item.url or item.name for item in message.attachments if not _sendable(item)]
    text, choices = message.text, [button for button in message.buttons if not button.url]
    if _fit(choices) and (text.strip() or not choices):
        others += [f"{button.title or button.key}: {button.url}" for button in message.buttons if button.url]
    else:
        # All of them, links too, so that the numbers are those that were offered.
        text, choices = fit.numbered(text, message.buttons), []
    text = "\n\n".join(block for block in (text, *others) if block)

    captioned = len(media) == 1 and not choices and _MEDIA[media[0].kind][1] and 0 < measure(text.strip()) <= BODY_LIMIT
    shown = [_media(item, caption=text if captioned else "") for item in media]
    if captioned:
        return shown
    if not choices:
        return [*shown, *(_text(part) for part in fit.split(text, TEXT_LIMIT, measure))]
    # Under buttons there is room for less: what comes before the last piece goes ahead as plain text.
    text = text.strip()
    last = fit.split(text, BODY_LIMIT, measure)[-1]
    before = text.removesuffix(last).rstrip()
    ahead = [_text(part) for part in fit.split(before, TEXT_LIMIT, measure)]
    return [*shown, *ahead, _choices(last, choices, list_label)]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _media(item: Attachment, caption: str) -> dict[str, Any]:
    kind, _ = _MEDIA[item.kind]
    content = {"link": item.url} if item.url else {"id": item.external_id}
    if caption:
        content["caption"] = caption
    if kind == "document" and item.name:
        content["filename"] = item.name
    return {"type": kind, kind: content}


def _sendable(item: Attachment) -> bool:
    if item.kind not in _MEDIA:
        return False
    return urlsplit(item.url).scheme in {"http", "https"} if item.url else bool(item.external_id)


def _fit(choices: Sequence[Button]) -> bool:
    """Whether WhatsApp can show them; it refuses two of the same title."""
    titles = {button.title or button.key for button in choices}
    return len(titles) == len(choices) <= MOST_ROWS and all(measure(title) <= ROW_TITLE_LIMIT for title in titles)


def _choices(body: str, choices: Sequence[Button], list_label: str) -> dict[str, Any]:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-reply-buttons-messages
    and …/interactive-list-messages"""
    shown = [{"id": button.key, "title": button.title or button.key} for button in choices]
    if len(shown) <= MOST_BUTTONS and all(measure(item["title"]) <= BUTTON_TITLE_LIMIT for item in shown):
        kind = "button"
        action: dict[str, Any] = {"buttons": [{"type": "reply", "reply": item} for item in shown]}
    else:
        kind = "list"
        action = {"button": list_label.strip(), "sections": [{"rows": shown}]}
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}
