"""What a message holds → words and attachments, the same for a new message, an edited one and an echo.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from channels.messages import Attachment
from channels.meta.envelope import read
from channels.whatsapp import wire


class Spoken(NamedTuple):
    text: str
    attachments: tuple[Attachment, ...] = ()


def spoken(kind: str, content: msgspec.Raw) -> Spoken | None:
    """The content of a message of this kind (one of SPOKEN); None when it cannot be read."""
    return SPOKEN[kind](kind, content)


def _text(kind: str, content: msgspec.Raw) -> Spoken | None:
    found = read(content, wire.Text)
    return Spoken(found.body) if found else None


def _media(kind: str, content: msgspec.Raw) -> Spoken | None:
    found = read(content, wire.Media)
    if found is None:
        return None
    # Asked for with this id and our token when it is needed: the address in the webhook lives for minutes.
    item = Attachment(
        kind="voice" if kind == "audio" and found.voice else _MEDIA[kind],
        external_id=str(found.id),
        name=found.filename or "",
        mime_type=found.mime_type or "",
    )
    return Spoken(found.caption or "", (item,))


def _location(kind: str, content: msgspec.Raw) -> Spoken | None:
    place = read(content, wire.Location)
    if place is None:
        return None
    name = ", ".join(part for part in (place.name, place.address) if part)
    url = f"geo:{place.latitude},{place.longitude}"  # RFC 5870
    return Spoken("", (Attachment(kind="location", url=url, name=name),))


def _contacts(kind: str, content: msgspec.Raw) -> Spoken | None:
    found = read(content, tuple[wire.SharedContact, ...])
    return Spoken("", tuple(_cards(found))) if found else None


def _cards(contacts: tuple[wire.SharedContact, ...]) -> Iterator[Attachment]:
    for contact in contacts:
        numbers = [f"+{phone.wa_id}" if phone.wa_id else phone.phone or "" for phone in contact.phones]
        number = next((number for number in numbers if number), "")
        name = contact.name.formatted_name if contact.name else None
        yield Attachment(kind="contact", url=f"tel:{''.join(number.split())}" if number else "", name=name or "")


_MEDIA: Mapping[str, str] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "document": "file",
    "sticker": "sticker",
}

SPOKEN: Mapping[str, Callable[[str, msgspec.Raw], Spoken | None]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    **dict.fromkeys(_MEDIA, _media),
}
