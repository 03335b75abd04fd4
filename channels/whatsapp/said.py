"""One item of `messages[]` → one event. What a message of a type holds is in the field of that name.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from channels.messages import (
    ButtonTapped,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Reacted,
    Unsupported,
)
from channels.meta.envelope import read
from channels.whatsapp import wire
from channels.whatsapp.batch import Batch, digits
from channels.whatsapp.content import SPOKEN, Spoken, spoken


class _Item(NamedTuple):
    message: wire.Message
    content: msgspec.Raw
    base: dict[str, Any]  # the fields that every event has
    standby: bool


def read_message(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    """None when it cannot be read."""
    message = read(raw, wire.Message)
    fields = read(raw, dict[str, msgspec.Raw])
    if message is None or fields is None or not message.id:
        return None
    content = fields.get(message.type, wire.NOTHING)
    if message.type == "system":
        return _system(message, content, batch)
    base = batch.base(message.id, message.sender, message.sender_id, message.timestamp)
    if base is None:
        return None
    reader = _READERS.get(message.type)
    kind = _not_heard(message, batch)
    if not kind and (reader is None or bytes(content) == b"null"):
        kind = message.type[:60] or "message without a type"
    if kind or reader is None:
        return Unsupported(**base, kind=kind)
    return reader(_Item(message, content, base, batch.standby))


def _not_heard(message: wire.Message, batch: Batch) -> str:
    """Why this is not a customer speaking to us; "" when it is."""
    if message.sender and digits(message.sender) == digits(batch.display_phone_number):
        return "own message"
    return "message in a group" if message.group_id else ""


def _words(item: _Item) -> InboundEvent | None:
    found = spoken(item.message.type, item.content)
    if found is None:
        return None
    if not found.text.strip() and not found.attachments:
        return Unsupported(**item.base, kind="empty message")
    return MessageReceived(
        **item.base,
        external_id=item.message.id,
        text=found.text,
        attachments=found.attachments,
        reply_to=_answered(item.message),
        referral=_referral(item.message),
        standby=item.standby,
    )


def _tap_on_template(item: _Item) -> InboundEvent | None:
    button = read(item.content, wire.TemplateButton)
    key = button and (button.payload or button.text)
    return _tap(item, key, button.text or "") if button and key else None


def _tap_on_choice(item: _Item) -> InboundEvent | None:
    found = read(item.content, wire.Interactive)
    if found is None:
        return None
    choice = found.button_reply or found.list_reply
    if choice is None:
        return Unsupported(**item.base, kind=f"interactive {found.type[:40]}")  # a form (Flow), for one
    return _tap(item, choice.id, choice.title or "")


def _tap(item: _Item, key: str, title: str) -> InboundEvent:
    """The tap is a message of the customer's own: its id, not that of the message with the buttons, is what
    "typing…" hangs on."""
    if item.standby:
        return MessageReceived(**item.base, external_id=item.message.id, text=title or key, standby=True)
    return ButtonTapped(**item.base, external_id=item.message.id, button=key, title=title)


def _reaction(item: _Item) -> InboundEvent | None:
    found = read(item.content, wire.Reaction)
    return Reacted(**item.base, external_id=found.message_id, emoji=found.emoji or "") if found else None


def _edit(item: _Item) -> InboundEvent | None:
    found = read(item.content, wire.Edit)
    inner = read(found.message, wire.Inner) if found else None
    fields = read(found.message, dict[str, msgspec.Raw]) if found else None
    if found is None or inner is None or fields is None:
        return None
    if inner.type not in SPOKEN:
        return Unsupported(**item.base, kind=f"edit of {inner.type[:40]}")
    now: Spoken | None = spoken(inner.type, fields.get(inner.type, wire.NOTHING))
    return MessageEdited(**item.base, external_id=found.original_message_id, text=now.text) if now else None


def _revoke(item: _Item) -> InboundEvent | None:
    found = read(item.content, wire.Revoke)
    return MessageDeleted(**item.base, external_id=found.original_message_id) if found else None


def _system(message: wire.Message, content: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    """A new phone number means a new user id as well, and is told here; the old number is the sender."""
    found = read(content, wire.System)
    if found is None:
        return None
    new, old = str(found.user_id or ""), str(found.previous_user_id or "")
    before = (old, digits(message.sender))
    if new or (found.wa_id and digits(found.wa_id) != digits(message.sender)):
        return batch.renamed(message.id, new, found.wa_id, before, message.timestamp)
    base = batch.base(message.id, message.sender, message.sender_id, message.timestamp)
    return Unsupported(**base, kind=f"system {found.type[:40]}") if base else None


def _answered(message: wire.Message) -> str:
    context = read(message.context, wire.Context)
    return context.id or "" if context else ""


def _referral(message: wire.Message) -> str:
    """The ad or post that led the customer here."""
    found = read(message.referral, wire.Referral)
    return str(found.source_id or found.source_url or "") if found else ""


_READERS: Mapping[str, Callable[[_Item], InboundEvent | None]] = {
    **dict.fromkeys(SPOKEN, _words),
    "interactive": _tap_on_choice,
    "button": _tap_on_template,
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
}
