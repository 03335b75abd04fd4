"""Webhooks → events: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview

Each message, status and echo is read on its own, so that one that cannot be read costs no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from channels.errors import PayloadError
from channels.messages import HumanEcho, InboundEvent, RawRequest, Receipt, Unsupported
from channels.meta.envelope import Change, Entry, digest, open_body, read, unreadable
from channels.whatsapp import content, wire
from channels.whatsapp.batch import CHANNEL, Batch
from channels.whatsapp.errors import failure
from channels.whatsapp.said import read_message

OBJECT = "whatsapp_business_account"

# Our idempotency key, as it comes back: `message_id/part`. Other senders on the number put what they like there.
_OUR_KEY = re.compile(r"[^/\s]+/\d+")
_STATUSES: Mapping[str, str] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",  # a voice note, listened to
    "failed": "failed",
}
# What a person does to a message of theirs in the app, which says nothing to the customer.
_NOT_SAID = frozenset({"edit", "revoke", "reaction", "system"})


def read_webhook(request: RawRequest, phone_number_id: str) -> list[InboundEvent]:
    """Every event, in order. Raises PayloadError when it is not WhatsApp's envelope at all."""
    body = open_body(request.body)
    if body.object != OBJECT:
        raise PayloadError("the webhook body is not about a WhatsApp account")
    events: list[InboundEvent] = []
    for raw in body.entry:
        entry = read(raw, Entry)
        if entry is None:
            events.append(_unreadable(raw, phone_number_id, request.received_at, "entry"))
            continue
        for change in entry.changes:
            events += _change(change, phone_number_id, request.received_at)
    return events


def _change(raw: msgspec.Raw, phone_number_id: str, received_at: datetime) -> Iterator[InboundEvent]:
    change = read(raw, Change)
    value = read(change.value, wire.Value) if change else None
    if change is None or value is None:
        yield _unreadable(raw, phone_number_id, received_at, "change")
        return
    metadata = read(value.metadata, wire.Metadata) or wire.Metadata()
    number = str(metadata.phone_number_id) or phone_number_id
    observed = read(value.standby, wire.Value)
    lists = [(name, getattr(observed or value, name)) for name in _READERS]
    present = [(name, read(items, tuple[msgspec.Raw, ...])) for name, items in lists if bytes(items) != b"null"]
    batch = Batch(
        phone_number_id=number,
        display_phone_number=str(metadata.display_phone_number),
        contacts=_contacts(value.contacts) or _contacts(observed.contacts if observed else wire.NOTHING),
        items=sum(len(items or ()) for _, items in present),
        standby=observed is not None,
        received_at=received_at,
        digest=digest(bytes(raw)),
    )
    if number != phone_number_id:
        # An account may have several numbers, and this channel speaks for one of them. (Meta's "Test" button
        # makes up a number as well.)
        yield Unsupported(**batch.about_nobody("other"), kind="another phone number")
        return
    if not present:
        yield Unsupported(**batch.about_nobody(change.field[:60]), kind=change.field[:60] or "empty change")
    for name, items in present:
        if items is None:
            yield _unreadable(raw, phone_number_id, received_at, name)
            continue
        for item in items:
            yield _READERS[name](item, batch) or _unreadable(item, phone_number_id, received_at, name)


def _contacts(raw: msgspec.Raw) -> tuple[wire.Contact, ...]:
    found = (read(item, wire.Contact) for item in read(raw, tuple[msgspec.Raw, ...]) or ())
    return tuple(contact for contact in found if contact is not None)


def _unreadable(raw: msgspec.Raw, phone_number_id: str, at: datetime, what: str) -> Unsupported:
    return unreadable(raw, channel=CHANNEL, account_id=phone_number_id, at=at, kind=f"unreadable {what}")


# ---- what may be in a change; None: it cannot be read -------------------------------------------------


def _echo(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    """Somebody at the brand wrote in the WhatsApp Business app (or, observed, Meta's own agent did). What goes
    through the API is never echoed; its statuses tell of it."""
    message = read(raw, wire.Message)
    fields = read(raw, dict[str, msgspec.Raw])
    base = message and batch.base(f"echo.{message.id}", message.to, message.to_user_id, message.timestamp)
    if not message or fields is None or not base:
        return None
    if batch.standby or message.type in _NOT_SAID or message.group_id:
        return Unsupported(**base, kind=f"echo of {message.type[:40]}")
    found = content.Spoken("")
    if message.type in content.SPOKEN:
        found = content.spoken(message.type, fields.get(message.type, wire.NOTHING)) or found
    # Unreadable or not, a person spoke to the customer: the assistant has to be silent now.
    return HumanEcho(**base, external_id=message.id, text=found.text or f"[{message.type[:40]}]")


def _status(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    status = read(raw, wire.Status)
    if status is None or not status.id:
        return None
    event_id = f"{status.id}.{status.status[:20]}"
    base = batch.base(event_id, status.recipient_id, status.recipient_user_id, status.timestamp)
    if not base:
        return None
    if status.status not in _STATUSES:
        return Unsupported(**base, kind=f"status {status.status[:40]}")
    tag = status.biz_opaque_callback_data or ""
    receipt = Receipt(
        **base,
        status=_STATUSES[status.status],
        external_ids=(status.id,),
        message_id=tag if _OUR_KEY.fullmatch(tag) else "",
    )
    return _failed(receipt, status) if receipt.status == "failed" else receipt


def _failed(receipt: Receipt, status: wire.Status) -> Receipt:
    errors = [read(item, wire.Failure) for item in read(status.errors, tuple[msgspec.Raw, ...]) or ()]
    found = next((error for error in errors if error and error.code is not None), wire.Failure())
    error = failure(found.code)
    return msgspec.structs.replace(
        receipt, error=type(error).__name__, code=error.code, detail=(found.title or error.detail)[:200]
    )


def _preference(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    """The customer turned marketing messages off or on, which service messages are not."""
    found = read(raw, wire.Preference)
    base = found and batch.base(f"preference.{digest(bytes(raw))}", found.wa_id, found.user_id, found.timestamp)
    return Unsupported(**base, kind="user_preferences") if base else None


def _id_update(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    found = read(raw, wire.IdUpdate)
    if found is None:
        return None
    new, old = str(found.user_id.current or ""), str(found.user_id.previous or "")
    return batch.renamed(f"ids.{digest(bytes(raw))}", new, found.wa_id, (old,), found.timestamp)


def _error(raw: msgspec.Raw, batch: Batch) -> InboundEvent | None:
    """About the account or the webhook, not about a message of ours."""
    found = read(raw, wire.Failure)
    if found is None:
        return None
    return Unsupported(**batch.about_nobody(f"error.{digest(bytes(raw))}"), kind=f"error {found.code}")


_READERS: Mapping[str, Callable[[msgspec.Raw, Batch], InboundEvent | None]] = {
    "messages": read_message,
    "message_echoes": _echo,
    "statuses": _status,
    "user_preferences": _preference,
    "user_id_update": _id_update,
    "errors": _error,
}
