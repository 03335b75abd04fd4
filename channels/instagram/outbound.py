"""Messages → calls, and answers → decisions.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
https://developers.facebook.com/docs/instagram-platform/comment-moderation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from channels import fit
from channels.base import idempotency_key
from channels.capabilities import Capabilities, Hiding, Limit, PrivateReply, Rules
from channels.errors import Ambiguous, Rejected
from channels.instagram.mention import mention_of
from channels.instagram.settings import InstagramSettings
from channels.messages import ApiCall, ApiResponse, Attachment, Button, OutboundMessage, Surface
from channels.meta import sending
from channels.meta.errors import raise_for

_DEFAULTS = InstagramSettings()


def octets(text: str) -> int:
    """Length in bytes of UTF-8, as Instagram counts a private message:
    https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api"""
    return len(text.encode("utf-8", "surrogatepass"))


SURFACES: Mapping[Surface, Capabilities] = {
    Surface.PRIVATE: Capabilities(
        text_limit=_DEFAULTS.text_limit,
        measure=octets,
        unit="bytes",
        buttons=sending.QUICK_REPLIES,
        button_title_limit=sending.TITLE,
        typing=True,
        edits=True,
        deletions=True,
        echoes=True,
        lookup=True,
        rules=Rules(
            window=sending.WINDOW,
            window_source=sending.POLICY,
            human_window=sending.HUMAN_WINDOW,
            human_tag=sending.HUMAN_AGENT,
            human_source=sending.POLICY,
        ),
    ),
    Surface.PUBLIC: Capabilities(
        text_limit=_DEFAULTS.comment_limit,
        measure=len,
        echoes=True,
        lookup=True,
        media=False,
        hiding=Hiding(
            source="https://developers.facebook.com/docs/instagram-platform/comment-moderation", answerable=False
        ),
        rules=Rules(
            private_reply=PrivateReply(within=sending.PRIVATE_REPLY_WITHIN, source=sending.PRIVATE_REPLIES),
        ),
    ),
}

# Which of our limits a use case of X-Business-Use-Case-Usage is about.
USE_CASES: Mapping[str, str] = {"messenger": "page:send", "instagram": "page:comments"}


def capabilities(surface: Surface, settings: InstagramSettings) -> Capabilities:
    """What the settings make of the declared ones. Raises KeyError: no such surface."""
    limit = settings.comment_limit if surface is Surface.PUBLIC else settings.text_limit
    return msgspec.structs.replace(SURFACES[surface], text_limit=limit)


def limits(message: OutboundMessage, settings: InstagramSettings) -> tuple[Limit, ...]:
    """https://developers.facebook.com/docs/graph-api/overview/rate-limiting"""
    if message.surface is Surface.PUBLIC:
        return (Limit(scope="page:comments", count=settings.comments_per_minute, window_s=60.0),)
    found = [Limit(scope="page:send", count=100, window_s=1.0)]
    if message.attachments:
        found.append(Limit(scope="page:media", count=10, window_s=1.0))
    if message.entry:
        found.append(Limit(scope="page:private_replies", count=750, window_s=3600.0))
    return tuple(found)


def render(message: OutboundMessage, settings: InstagramSettings) -> list[ApiCall]:
    """The calls that say this message, in order. No calls when there is nothing to say. Raises Rejected."""
    sending.check_tag(message)
    if message.template is not None:
        raise Rejected("Instagram has no approved templates", code="template")
    if message.kind == "typing":
        body = sending.typing(message) if message.surface is Surface.PRIVATE else None
        return [_send(body, settings)] if body else []
    if message.kind == "hide" and message.surface is Surface.PUBLIC:
        return [_hide(message)]
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
    """The customer's IGSID, which the answer to a private reply tells."""
    found = response.body.get("recipient_id")
    return found if isinstance(found, str) else ""


# ---- private -----------------------------------------------------------------------------------------


def _private(message: OutboundMessage, settings: InstagramSettings) -> list[ApiCall]:
    """Text, then media; with choices the other way round, because they vanish when something follows them."""
    if message.entry and mention_of(message.entry):
        raise Rejected("a private reply hangs on a comment under one's own media, not on a mention", code="address")
    to = sending.address(message)
    # A private reply is a single text: only an ordinary message has media and choices to tap for certain.
    media = [] if message.entry else [item for item in message.attachments if _sendable(item)]
    text = _with_links(message.text, [item for item in message.attachments if item not in media])
    text, choices = _spoken(text, message.buttons, tappable=not message.entry)
    parts = fit.split(text, settings.text_limit, octets)
    spoken = [*map(sending.text, parts[:-1]), *(sending.text(part, choices) for part in parts[-1:])]
    shown = [sending.media(item) for item in media]
    contents = [*shown, *spoken] if choices else [*spoken, *shown]
    if message.entry and len(contents) > 1:
        raise Rejected("too long for a private reply, which is a single message", code="length")
    return [
        _send(sending.message_body(to, content, metadata=idempotency_key(message, index)), settings)
        for index, content in enumerate(contents)
    ]


def _spoken(text: str, buttons: Sequence[Button], *, tappable: bool) -> tuple[str, Sequence[Button]]:
    """The text, and the choices to hang under it. Links go into the text; where the choices do not fit, all become
    numbered lines, so that none is lost and none is cut."""
    links = [button for button in buttons if button.url]
    choices = [button for button in buttons if not button.url]
    if choices and not (tappable and text.strip() and sending.fit_quick_replies(choices)):
        return fit.numbered(text, buttons), ()
    lines = "\n".join(f"{button.title or button.key}: {button.url}" for button in links)
    return "\n\n".join(block for block in (text, lines) if block), choices


def _sendable(item: Attachment) -> bool:
    """As a file, Instagram takes PDF only."""
    return sending.sendable(item) and (item.kind != "file" or urlsplit(item.url).path.lower().endswith(".pdf"))


def _send(body: Mapping[str, Any], settings: InstagramSettings) -> ApiCall:
    return ApiCall(method="POST", path=settings.messages_path, json=body)


# ---- public ------------------------------------------------------------------------------------------


def _public(message: OutboundMessage, settings: InstagramSettings) -> list[ApiCall]:
    """Under the thread's first comment, because there are two levels only. Who wrote further down is named."""
    if not message.reply_to:
        raise Rejected("a comment needs the comment that it answers", code="address")
    root = message.root or message.reply_to
    text = _with_links(message.text, message.attachments)
    if message.buttons:
        text, _ = _spoken(text, message.buttons, tappable=False)
    if message.customer.username and text.strip() and root != message.reply_to:
        text = f"@{message.customer.username} {text}"
    return [_comment(root, part, settings) for part in fit.split(text, settings.comment_limit)]


def _comment(root: str, text: str, settings: InstagramSettings) -> ApiCall:
    """https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentions"""
    mention = mention_of(root)
    if mention is None:
        return ApiCall(method="POST", path=f"{root}/replies", json={"message": text})
    where = {"media_id": mention.media_id} | ({"comment_id": mention.comment_id} if mention.comment_id else {})
    return ApiCall(method="POST", path=f"{settings.account_id}/mentions", json=where | {"message": text})


def _hide(message: OutboundMessage) -> ApiCall:
    """https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment"""
    if mention_of(message.reply_to):
        raise Rejected("only comments under one's own media can be hidden", code="address")
    return sending.hiding(message, "hide")


def _with_links(text: str, attachments: Sequence[Attachment]) -> str:
    links = [item.url or item.name for item in attachments]
    return "\n\n".join(block for block in (text, *links) if block)
