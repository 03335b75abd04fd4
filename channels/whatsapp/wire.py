"""The parts of WhatsApp's webhooks that we read:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages

What may be spoiled without harm to the rest (a contact beside a message, a context) stays raw until it is needed.
"""

from __future__ import annotations

import msgspec

from channels.meta.envelope import Id, Time

NOTHING = msgspec.Raw(b"null")


class Value(msgspec.Struct, frozen=True):
    """What changed. `standby` holds the same lists once more, for a number that another sender answers."""

    metadata: msgspec.Raw = NOTHING
    contacts: msgspec.Raw = NOTHING
    messages: msgspec.Raw = NOTHING
    statuses: msgspec.Raw = NOTHING
    message_echoes: msgspec.Raw = NOTHING
    user_preferences: msgspec.Raw = NOTHING
    user_id_update: msgspec.Raw = NOTHING
    errors: msgspec.Raw = NOTHING
    standby: msgspec.Raw = NOTHING


class Metadata(msgspec.Struct, frozen=True):
    display_phone_number: Id = ""
    phone_number_id: Id = ""


class Profile(msgspec.Struct, frozen=True):
    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct, frozen=True):
    """Since usernames exist, `wa_id` (the phone number) may be missing; `user_id` is the business-scoped id."""

    profile: Profile | None = None
    wa_id: Id | None = None
    user_id: Id | None = None


class Message(msgspec.Struct, frozen=True, rename={"sender": "from", "sender_id": "from_user_id"}):
    """A customer's message or an echo of the brand's; its content is in the field that `type` names."""

    id: str
    type: str = ""
    sender: Id | None = None
    sender_id: Id | None = None
    to: Id | None = None  # in echoes
    to_user_id: Id | None = None
    group_id: Id | None = None
    timestamp: Time = None
    context: msgspec.Raw = NOTHING
    referral: msgspec.Raw = NOTHING


class Context(msgspec.Struct, frozen=True):
    """The message answered; without `id` where the message was only forwarded."""

    id: str | None = None


class Referral(msgspec.Struct, frozen=True):
    """The ad or post that led here."""

    source_id: Id | None = None
    source_url: str | None = None


class Text(msgspec.Struct, frozen=True):
    body: str


class Media(msgspec.Struct, frozen=True):
    """`url` is left alone: it lives for minutes and needs our token."""

    id: Id
    mime_type: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool | None = None


class Location(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class PersonName(msgspec.Struct, frozen=True):
    formatted_name: str | None = None


class Phone(msgspec.Struct, frozen=True):
    phone: str | None = None
    wa_id: Id | None = None


class SharedContact(msgspec.Struct, frozen=True):
    name: PersonName | None = None
    phones: tuple[Phone, ...] = ()


class Choice(msgspec.Struct, frozen=True):
    id: str
    title: str | None = None


class Interactive(msgspec.Struct, frozen=True):
    type: str
    button_reply: Choice | None = None
    list_reply: Choice | None = None


class TemplateButton(msgspec.Struct, frozen=True):
    """A quick reply under a template; `payload` is the text itself, where the template set none."""

    text: str | None = None
    payload: str | None = None


class Reaction(msgspec.Struct, frozen=True):
    """Taking it back comes as an empty emoji, or without the key."""

    message_id: str
    emoji: str | None = None


class Inner(msgspec.Struct, frozen=True):
    type: str


class Edit(msgspec.Struct, frozen=True):
    original_message_id: str
    message: msgspec.Raw


class Revoke(msgspec.Struct, frozen=True):
    original_message_id: str


class System(msgspec.Struct, frozen=True):
    """A change of the customer's ids; the old phone number is the message's `from`."""

    type: str = ""
    wa_id: Id | None = None
    user_id: Id | None = None
    previous_user_id: Id | None = None


class Change(msgspec.Struct, frozen=True):
    previous: Id | None = None
    current: Id | None = None


class IdUpdate(msgspec.Struct, frozen=True):
    user_id: Change
    wa_id: Id | None = None
    timestamp: Time = None


class Preference(msgspec.Struct, frozen=True):
    wa_id: Id | None = None
    user_id: Id | None = None
    timestamp: Time = None


class Status(msgspec.Struct, frozen=True):
    id: str
    status: str
    recipient_id: Id | None = None
    recipient_user_id: Id | None = None
    biz_opaque_callback_data: str | None = None
    timestamp: Time = None
    errors: msgspec.Raw = NOTHING


class Failure(msgspec.Struct, frozen=True):
    """`title` is Meta's fixed sentence; what quotes the request stands in fields that are not read."""

    code: int | None = None
    title: str | None = None
