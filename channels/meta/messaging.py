"""One item of `entry.messaging[]` or `entry.standby[]` → one event: Messenger and Instagram messages.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
https://developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from channels.messages import (
    ButtonTapped,
    ControlPassed,
    Customer,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnEcho,
    Reacted,
    Receipt,
    Unsupported,
)
from channels.meta import wire
from channels.meta.envelope import digest, moment, read, unreadable

# The payload of the button that opens a chat, as Meta's own examples and tools name it.
GET_STARTED = "GET_STARTED"
# What a chat is opened with, here as on every channel: the core takes it for a greeting.
START = "/start"

# Our idempotency key, which travels as `metadata`: `message_id/part`.
_OUR_KEY = re.compile(r"[^/\s]+/\d+")

T = TypeVar("T")


class _Item(NamedTuple):
    """One item, opened as far as its kind, and what is known about the place that it came to."""

    raw: msgspec.Raw
    frame: wire.Frame
    kind: str
    channel: str
    account_id: str
    app_id: str
    standby: bool
    maybe_ours: bool
    received_at: datetime

    @property
    def customer_id(self) -> str:
        """The other side: who it is from, or, when it is the account's own, who it is for."""
        sender, recipient = self.frame.from_id, self.frame.to_id
        return (recipient if not sender or sender == self.account_id else sender) or self.account_id or "0"

    @property
    def own(self) -> bool:
        """Done by the account itself."""
        return bool(self.frame.from_id) and self.frame.from_id == self.account_id

    def base(self, *event_id: object, customer: str = "") -> dict[str, Any]:
        customer = customer or self.customer_id
        return {
            "channel": self.channel,
            "event_id": ".".join(str(part) for part in event_id),
            "thread_id": customer,
            "at": moment(self.frame.timestamp, self.received_at),
            "customer": Customer(external_id=customer),
        }

    def unsupported(self, kind: str) -> Unsupported:
        return Unsupported(**self.base(self.customer_id, kind, digest(bytes(self.raw))), kind=kind)

    def stamp(self) -> str:
        """The time as it was sent, for the ids of what has no id of its own."""
        return str(self.frame.timestamp or digest(bytes(self.raw)))


def read_messaging(
    item: msgspec.Raw,
    *,
    channel: str,
    account_id: str,
    app_id: str,
    standby: bool,
    received_at: datetime,
    maybe_ours: bool = False,
) -> InboundEvent:
    """The event that an item is. Never raises: what cannot be read is Unsupported and kept whole.

    `app_id` is our app: an echo that names it is ours, one that names another is a person's or another program's.
    `maybe_ours`: whether an echo that names no app could be ours too (Instagram names none).
    `standby`: another app holds the thread, so that this is to be read along only.
    """
    frame = read(item, wire.Frame)
    fields = read(item, dict[str, msgspec.Raw])
    if frame is None or fields is None:
        return unreadable(item, channel=channel, account_id=account_id, at=received_at, kind="unreadable item")
    known = [name for name in _READERS if name in fields]
    kind = (known or [name for name in fields if name not in wire.FRAME_FIELDS] or ["empty item"])[0]
    opened = _Item(item, frame, kind, channel, account_id, app_id, standby, maybe_ours, received_at)
    if not known:
        return opened.unsupported(kind)
    shape, reader = _READERS[kind]
    content = read(fields[kind], shape)
    if content is None:
        kind = f"unreadable {kind}"
        return unreadable(item, channel=channel, account_id=account_id, at=received_at, kind=kind)
    return reader(opened, content)


# ---- kinds -------------------------------------------------------------------------------------------


def _message(item: _Item, message: wire.Message) -> InboundEvent:
    mid = str(message.mid)
    if not mid:
        return item.unsupported("message without an id")
    if message.is_echo or item.own:
        return _echo(item, message, mid)
    if message.is_deleted:
        return MessageDeleted(**item.base(mid, "deleted"), external_id=mid)
    if message.quick_reply is not None and message.quick_reply.payload and not item.standby:
        chosen = message.quick_reply.payload
        return ButtonTapped(**item.base(mid), external_id=mid, button=chosen, title=message.text or "")
    return _written(item, message, mid)


def _written(item: _Item, message: wire.Message, mid: str) -> InboundEvent:
    attachments = wire.attachments_of(message)
    text = message.text or ""
    if message.is_unsupported or not (text.strip() or attachments):
        return item.unsupported("message.unsupported" if message.is_unsupported else "empty message")
    answered = message.reply_to or wire.ReplyTo()
    story = answered.story or wire.Story()
    return MessageReceived(
        **item.base(mid),
        external_id=mid,
        text=text,
        attachments=attachments,
        reply_to=str(answered.mid or story.id),
        referral=message.referral.value if message.referral else "",
        link=story.url or "",
        standby=item.standby,
    )


def _echo(item: _Item, message: wire.Message, mid: str) -> InboundEvent:
    if message.is_deleted:
        return item.unsupported("own message deleted")
    # The account wrote it, so that the customer is whom it was for, even when `sender` names another form of its id.
    base = item.base(mid, "echo", customer=item.frame.to_id)
    text, app, tag = message.text or "", str(message.app_id), message.metadata or ""
    if app == item.app_id or (not app and _OUR_KEY.fullmatch(tag)):
        return OwnEcho(**base, external_id=mid, message_id=tag, text=text)
    return HumanEcho(**base, external_id=mid, text=text, maybe_ours=item.maybe_ours and not app)


def _postback(item: _Item, postback: wire.Postback) -> InboundEvent:
    mid = str(postback.mid) or f"{item.customer_id}.{item.stamp()}"
    base = item.base(mid, "postback")
    if item.own:
        return item.unsupported("own postback")
    referral = postback.referral.value if postback.referral else ""
    payload, title = postback.payload or "", postback.title or ""
    if payload == GET_STARTED:
        return MessageReceived(**base, external_id=mid, text=START, referral=referral, standby=item.standby)
    if payload and not item.standby:
        return ButtonTapped(**base, external_id=mid, button=payload, title=title)
    # In standby the payload is kept from us: what the button showed is all that there is to read.
    if not title:
        return item.unsupported("postback without payload")
    return MessageReceived(**base, external_id=mid, text=title, referral=referral, standby=item.standby)


def _referral(item: _Item, referral: wire.Referral) -> InboundEvent:
    if item.own:
        return item.unsupported("own referral")
    external_id = f"{item.customer_id}.referral.{item.stamp()}"
    return MessageReceived(
        **item.base(external_id), external_id=external_id, text=START, referral=referral.value, standby=item.standby
    )


def _edit(item: _Item, edit: wire.Edit) -> InboundEvent:
    mid = str(edit.mid)
    if item.own or not mid or edit.text is None:
        return item.unsupported("message_edit")
    return MessageEdited(**item.base(mid, "edit", edit.num_edit), external_id=mid, text=edit.text)


def _reaction(item: _Item, reaction: wire.Reaction) -> InboundEvent:
    mid = str(reaction.mid)
    if item.own or not mid:
        return item.unsupported("reaction")
    base = item.base(mid, "reaction", item.customer_id, reaction.action, item.stamp())
    emoji = "" if reaction.action == "unreact" else (reaction.emoji or reaction.reaction or "")
    return Reacted(**base, external_id=mid, emoji=emoji)


def _read(item: _Item, seen: wire.Read) -> InboundEvent:
    mark = str(seen.watermark or seen.mid or item.stamp())
    mids = (str(seen.mid),) if seen.mid else ()
    return Receipt(**item.base(item.customer_id, "read", mark), status="read", external_ids=mids)


def _delivery(item: _Item, delivery: wire.Delivery) -> InboundEvent:
    mids = tuple(str(mid) for mid in delivery.mids or ())
    mark = str(delivery.watermark or item.stamp())
    base = item.base(item.customer_id, "delivery", mark, *mids[:1])
    return Receipt(**base, status="delivered", external_ids=mids)


def _control(item: _Item, control: wire.Control) -> InboundEvent:
    """https://developers.facebook.com/documentation/business-messaging/messenger-platform/conversation-routing"""
    owner = str(control.new_owner_app_id or "")
    base = item.base(item.customer_id, item.stamp(), item.kind)
    return ControlPassed(**base, to_us=owner == item.app_id, app=owner)


def _request(item: _Item, control: wire.Control) -> InboundEvent:
    # Another app would like to have the thread. Nothing has changed yet, and nobody here decides about it.
    return item.unsupported(item.kind)


_READERS: Mapping[str, tuple[type[Any], Callable[[_Item, Any], InboundEvent]]] = {
    "message": (wire.Message, _message),
    "postback": (wire.Postback, _postback),
    "message_edit": (wire.Edit, _edit),
    "reaction": (wire.Reaction, _reaction),
    "read": (wire.Read, _read),
    "delivery": (wire.Delivery, _delivery),
    "pass_thread_control": (wire.Control, _control),
    "take_thread_control": (wire.Control, _control),
    "request_thread_control": (wire.Control, _request),
    # Last, because other kinds carry one along.
    "referral": (wire.Referral, _referral),
}
