"""The parts of the Bot API's objects that we read, typed: https://core.telegram.org/bots/api#available-types

msgspec checks every field's type while decoding, so that a malformed update is one error at the border and
never a surprise further in. Fields that we don't read may hold anything.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

# Seconds; the upper end is the last second of the year 9999, beyond which there is no datetime.
UnixTime = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


class User(msgspec.Struct, frozen=True):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class Chat(msgspec.Struct, frozen=True):
    id: int
    type: str = "private"


class Entity(msgspec.Struct, frozen=True):
    """A marked stretch of the text; offset and length in UTF-16 code units."""

    type: str
    offset: int
    length: int
    user: User | None = None


class File(msgspec.Struct, frozen=True):
    """What photo sizes, voice notes, documents, videos, audio and stickers have in common."""

    file_id: str
    file_size: int = 0
    file_name: str = ""
    mime_type: str = ""
    width: int = 0
    height: int = 0
    emoji: str = ""


class Location(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float


class Contact(msgspec.Struct, frozen=True):
    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Button(msgspec.Struct, frozen=True):
    text: str = ""
    callback_data: str = ""


class Keyboard(msgspec.Struct, frozen=True):
    inline_keyboard: tuple[tuple[Button, ...], ...] = ()


class RepliedTo(msgspec.Struct, frozen=True):
    message_id: int
    from_: User | None = msgspec.field(name="from", default=None)


class Message(msgspec.Struct, frozen=True):
    message_id: int
    chat: Chat
    date: UnixTime = 0  # 0 for an InaccessibleMessage
    edit_date: UnixTime = 0
    from_: User | None = msgspec.field(name="from", default=None)
    text: str = ""
    caption: str = ""
    entities: tuple[Entity, ...] = ()
    caption_entities: tuple[Entity, ...] = ()
    reply_to_message: RepliedTo | None = None
    photo: tuple[File, ...] = ()
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Location | None = None
    contact: Contact | None = None
    reply_markup: Keyboard | None = None


class CallbackQuery(msgspec.Struct, frozen=True):
    id: str
    from_: User = msgspec.field(name="from")
    data: str = ""
    message: Message | None = None
    inline_message_id: str = ""


class ChatMember(msgspec.Struct, frozen=True):
    status: str


class ChatMemberUpdated(msgspec.Struct, frozen=True):
    chat: Chat
    from_: User = msgspec.field(name="from")
    date: UnixTime
    new_chat_member: ChatMember


class Reaction(msgspec.Struct, frozen=True):
    type: str
    emoji: str = ""
    custom_emoji_id: str = ""


class MessageReaction(msgspec.Struct, frozen=True):
    chat: Chat
    message_id: int
    date: UnixTime
    user: User | None = None
    new_reaction: tuple[Reaction, ...] = ()


class Located(msgspec.Struct, frozen=True):
    """Where an update of a kind unknown to us belongs, as far as it says."""

    chat: Chat | None = None
    from_: User | None = msgspec.field(name="from", default=None)


class Answer(msgspec.Struct, frozen=True):
    """The envelope of every answer: https://core.telegram.org/bots/api#making-requests"""

    ok: bool = False
    result: Any = None
    description: str = ""
    parameters: dict[str, Any] = {}
