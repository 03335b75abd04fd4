"""Direct messages → events, whichever way they come."""

from __future__ import annotations

from datetime import datetime

from channels.messages import (
    Attachment,
    Customer,
    HumanEcho,
    InboundEvent,
    MessageReceived,
    Receipt,
    Surface,
    Unsupported,
)
from channels.x import reading, text, wire
from channels.x.reading import Account, Around

_CREATED = "MessageCreate"  # the other kinds tell who joined and left


def read_direct(direct: wire.Direct, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """A message that a webhook brought. Raises PayloadError."""
    at = reading.moment_of_ms(direct.created_timestamp, received_at)
    event_id = f"dm:{reading.identity(direct.id, 'the direct message')}"
    content = direct.message_create
    if content is None:
        return reading.aside("direct message event", b"", account, at, event_id=event_id)
    data = content.message_data
    media = data.attachment.media if data.attachment else None
    said = text.plain(data.text, data.entities.urls)
    if media is not None and media.url:
        said = said.replace(media.url, "").strip()
    return _message(
        str(direct.id),
        str(content.sender_id),
        str(content.target.recipient_id),
        said,
        (_medium(media),) if media is not None else (),
        account,
        around,
        at,
    )


def read_polled(direct: wire.PolledDirect, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """A message of GET /2/dm_events. Raises PayloadError."""
    direct_id = reading.identity(direct.id, "the direct message")
    at = reading.moment(direct.created_at, received_at)
    if direct.event_type != _CREATED:
        return reading.aside("direct message event", b"", account, at, event_id=f"dm:{direct_id}")
    sender = str(direct.sender_id)
    # "ID-ID" for two people; a group's is a single number.
    people = [*map(str, direct.participant_ids), *direct.dm_conversation_id.split("-")]
    other = next((person for person in people if person and person != sender), "")
    attachments = tuple(
        around.media.get(key, Attachment(kind="file", external_id=key)) for key in direct.attachments.media_keys
    )
    said = text.plain(direct.text, direct.entities.urls)
    recipient = other if sender == account.id else account.id
    return _message(direct_id, sender, recipient, said, attachments, account, around, at)


def read_receipt(read: wire.Read, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """Everything up to the named message was read. Raises PayloadError."""
    reader = reading.identity(read.sender_id, "the reader")
    last = reading.identity(read.last_read_event_id, "the message read")
    at = reading.moment_of_ms(read.created_timestamp, received_at)
    event_id = f"read:{reader}:{last}"
    if reader == account.id:
        return reading.aside("read by the brand", b"", account, at, event_id=event_id)
    fields = reading.base(event_id, reader, at, around.customer(reader), Surface.PRIVATE)
    return Receipt(**fields, status="read", external_ids=(last,))


def read_typing(typing: wire.Typing, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """Somebody types. Raises PayloadError."""
    who = reading.identity(typing.sender_id, "who types")
    at = reading.moment_of_ms(typing.created_timestamp, received_at)
    event_id = f"typing:{who}:{int(at.timestamp() * 1000)}"
    fields = reading.base(event_id, who, at, around.customer(who), Surface.PRIVATE)
    return Unsupported(**fields, kind="dm.indicate_typing")


def _message(
    direct_id: str,
    sender: str,
    recipient: str,
    said: str,
    attachments: tuple[Attachment, ...],
    account: Account,
    around: Around,
    at: datetime,
) -> InboundEvent:
    event_id = f"dm:{direct_id}"
    sender = reading.identity(sender, "the sender")
    if sender == account.id:
        if recipient in {"", account.id}:
            fields = reading.base(event_id, account.id, at, Customer(external_id=account.id), Surface.PRIVATE)
            return Unsupported(**fields, kind="own message")
        fields = reading.base(event_id, recipient, at, around.customer(recipient), Surface.PRIVATE)
        return HumanEcho(**fields, external_id=direct_id, text=said, maybe_ours=True)
    fields = reading.base(event_id, sender, at, around.customer(sender), Surface.PRIVATE)
    if recipient not in {"", account.id}:
        return Unsupported(**fields, kind="message to another account")
    if not said and not attachments:
        return Unsupported(**fields, kind="empty message")
    return MessageReceived(**fields, external_id=direct_id, text=said, attachments=attachments)


def _medium(media: wire.DirectMedia) -> Attachment:
    return Attachment(
        kind=reading.MEDIA_KINDS.get(media.type, "file"),
        external_id=media.id_str or str(media.id),
        url=media.media_url_https,
    )
