"""The parts of a messaging item that we read, typed. Fields that we don't read may hold anything.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
"""

from __future__ import annotations

from typing import Any

import msgspec

from channels.messages import Attachment
from channels.meta.envelope import Id, Time

FRAME_FIELDS = frozenset({"sender", "recipient", "timestamp"})

# Meta's kinds of attachment → ours; the rest are files to look at (a shared post, a link, a mention in a story).
_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "reel": "video",
    "ig_reel": "video",
    "location": "location",
}


class Party(msgspec.Struct, frozen=True):
    id: Id = ""


class Frame(msgspec.Struct, frozen=True):
    """Who, to whom and when."""

    sender: Party | None = None
    recipient: Party | None = None
    timestamp: Time = None

    @property
    def from_id(self) -> str:
        return str(self.sender.id) if self.sender else ""

    @property
    def to_id(self) -> str:
        return str(self.recipient.id) if self.recipient else ""


class QuickReply(msgspec.Struct, frozen=True):
    payload: str | None = None


class Story(msgspec.Struct, frozen=True):
    id: Id = ""
    url: str | None = None


class ReplyTo(msgspec.Struct, frozen=True):
    mid: Id | None = None
    story: Story | None = None


class Referral(msgspec.Struct, frozen=True):
    """Where somebody came from: an m.me link's `ref`, or an advertisement."""

    ref: str | None = None
    ad_id: Id | None = None

    @property
    def value(self) -> str:
        return self.ref or str(self.ad_id or "")


class Coordinates(msgspec.Struct, frozen=True):
    lat: float
    long: float


class Payload(msgspec.Struct, frozen=True):
    url: str | None = None
    title: str | None = None
    sticker_id: Id | None = None
    coordinates: Coordinates | None = None


class Item(msgspec.Struct, frozen=True):
    type: str = ""
    title: str | None = None
    url: str | None = None
    payload: Payload | None = None


class Message(msgspec.Struct, frozen=True):
    mid: Id = ""
    text: str | None = None
    attachments: tuple[Item, ...] | None = None
    quick_reply: QuickReply | None = None
    reply_to: ReplyTo | None = None
    referral: Referral | None = None
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False
    app_id: Id = ""
    metadata: str | None = None


class Postback(msgspec.Struct, frozen=True):
    mid: Id = ""
    title: str | None = None
    payload: str | None = None
    referral: Referral | None = None


class Edit(msgspec.Struct, frozen=True):
    mid: Id = ""
    text: str | None = None
    num_edit: Id = 0


class Reaction(msgspec.Struct, frozen=True):
    mid: Id = ""
    action: str = "react"
    reaction: str | None = None
    emoji: str | None = None


class Read(msgspec.Struct, frozen=True):
    watermark: Id | None = None
    mid: Id | None = None


class Delivery(msgspec.Struct, frozen=True):
    watermark: Id | None = None
    mids: tuple[Id, ...] | None = None


class Control(msgspec.Struct, frozen=True):
    new_owner_app_id: Id | None = None
    metadata: Any = None


def attachments_of(message: Message) -> tuple[Attachment, ...]:
    return tuple(_attachment(item) for item in message.attachments or ())


def _attachment(item: Item) -> Attachment:
    payload = item.payload or Payload()
    if payload.coordinates is not None:
        place = payload.coordinates
        return Attachment(kind="location", url=f"geo:{place.lat},{place.long}")  # RFC 5870
    url, sticker = payload.url or item.url or "", str(payload.sticker_id or "")
    kind = "sticker" if sticker else _KINDS.get(item.type, "file")
    # For what is none of ours, Meta's own word says more than "file".
    name = payload.title or item.title or ("" if item.type in _KINDS else item.type)
    return Attachment(kind=kind, external_id=sticker, url=url, name=name)
