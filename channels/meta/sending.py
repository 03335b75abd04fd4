"""Bodies for the Send API of Messenger and Instagram: pure pieces, put together by the channels.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.errors import Rejected
from channels.messages import ApiCall, Attachment, Button, OutboundMessage, Sender

HUMAN_AGENT = "HUMAN_AGENT"
WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
PRIVATE_REPLY_WITHIN = timedelta(days=7)
POLICY = "https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy"
PRIVATE_REPLIES = (
    "https://developers.facebook.com/documentation/business-messaging/messenger-platform/discovery/private-replies"
)

QUICK_REPLIES = 13
TEMPLATE_BUTTONS = 3
TEMPLATE_TEXT = 640  # characters
TITLE = 20  # characters; Meta cuts what is longer

# Our kinds of attachment → Meta's.
_MEDIA: Mapping[str, str] = {"image": "image", "video": "video", "audio": "audio", "voice": "audio", "file": "file"}

# Recipient, message type and tag of one message, by its private address or the public one that it hangs on.
Body = dict[str, Any]


def check_tag(message: OutboundMessage) -> None:
    """Only what a person wrote may carry the tag for people: a program that uses it costs the brand its account.
    Raises Rejected."""
    if message.tag and message.sender is not Sender.AGENT:
        raise Rejected("the tag for people is not for programs", code="tag")


def address(message: OutboundMessage) -> Body:
    """Recipient, kind and tag. Raises Rejected when there is no recipient, or the tag is not allowed."""
    check_tag(message)
    if message.entry:
        # It hangs on the comment, so that no window and no tag is asked for.
        return {"recipient": {"comment_id": message.entry}}
    if not message.to:
        raise Rejected("the customer's private address is not known", code="address")
    to: Body = {"recipient": {"id": message.to}}
    return to | (
        {"messaging_type": "MESSAGE_TAG", "tag": message.tag} if message.tag else {"messaging_type": "RESPONSE"}
    )


def text(words: str, quick_replies: Sequence[Button] = ()) -> Body:
    """A text, with choices under it."""
    content: Body = {"text": words}
    if quick_replies:
        content["quick_replies"] = [
            {"content_type": "text", "title": button.title or button.key, "payload": button.key}
            for button in quick_replies
        ]
    return content


def button_template(words: str, buttons: Sequence[Button]) -> Body:
    """A text with buttons that stay: links and choices."""
    payload = {"template_type": "button", "text": words, "buttons": [_template_button(button) for button in buttons]}
    return {"attachment": {"type": "template", "payload": payload}}


def media(item: Attachment) -> Body:
    """Something to see or hear, fetched by Meta from its URL."""
    return {"attachment": {"type": _MEDIA[item.kind], "payload": {"url": item.url}}}


def message_body(to: Body, content: Mapping[str, Any], *, metadata: str = "") -> Body:
    """The whole body. `metadata` comes back with the echo."""
    return to | {"message": {**content, **({"metadata": metadata} if metadata else {})}}


def typing(message: OutboundMessage) -> Body | None:
    """ "Typing…" for twenty seconds at most; None when nobody could see it."""
    if message.entry or not message.to:
        return None
    return {"recipient": {"id": message.to}, "sender_action": "typing_on"}


def hiding(message: OutboundMessage, parameter: str) -> ApiCall:
    """Takes a comment out of everybody's sight but its author's. `parameter`: what the platform calls that.
    Raises Rejected."""
    if not message.reply_to:
        raise Rejected("hiding needs the comment to hide", code="address")
    return ApiCall(method="POST", path=message.reply_to, json={parameter: True})


def done(body: Mapping[str, Any]) -> bool:
    """Whether this is the answer to something that makes no message, as hiding. Raises Rejected: it was not done."""
    if body.get("success") is False:
        raise Rejected("Meta did not do it", code="success")
    return body.get("success") is True


def sendable(item: Attachment) -> bool:
    """Whether Meta can show it as media; the rest goes out as a link in the text."""
    return item.kind in _MEDIA and urlsplit(item.url).scheme in {"http", "https"}


def fit_quick_replies(buttons: Sequence[Button]) -> bool:
    """Whether all of them can be shown whole: Meta would cut a longer title, and with it its meaning."""
    return len(buttons) <= QUICK_REPLIES and all(_short(button) and not button.url for button in buttons)


def fit_template(words: str, buttons: Sequence[Button], measure: Callable[[str], int] = len) -> bool:
    return 0 < measure(words) <= TEMPLATE_TEXT and len(buttons) <= TEMPLATE_BUTTONS and all(map(_short, buttons))


def _short(button: Button) -> bool:
    return 0 < len(button.title or button.key) <= TITLE


def _template_button(button: Button) -> Body:
    title = button.title or button.key
    if button.url:
        return {"type": "web_url", "url": button.url, "title": title}
    return {"type": "postback", "title": title, "payload": button.key}
