"""Updates → events: https://core.telegram.org/bots/api#update"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from channels.errors import PayloadError
from channels.messages import (
    Attachment,
    ButtonTapped,
    Customer,
    InboundEvent,
    MessageEdited,
    MessageReceived,
    OwnEcho,
    Reachability,
    Reacted,
    Surface,
    Unsupported,
)
from channels.telegram import wire

CHANNEL = "telegram"

# https://core.telegram.org/bots/features#deep-linking
_DEEP_LINK = re.compile(r"/start ([A-Za-z0-9_-]{1,64})")
# What a group's id and a member's id are joined with into a thread id; safe in a URL, and in neither of them.
_MEMBER = "_"
# Fields that say how a message came about, not what it holds.
_ENVELOPE = frozenset(
    {"message_id", "message_thread_id", "from", "sender_chat", "sender_boost_count", "sender_business_bot"}
    | {"sender_tag", "date", "chat", "is_topic_message", "is_automatic_forward", "reply_to_message"}
    | {"external_reply", "quote", "reply_to_story", "via_bot", "edit_date", "forward_origin"}
    | {"has_protected_content", "media_group_id", "author_signature", "entities", "caption_entities"}
    | {"link_preview_options", "effect_id", "reply_markup", "is_from_offline"}
)

T = TypeVar("T")


class Bot(NamedTuple):
    """Who we are, which decides what in a group is meant for us. `username` is "" until Telegram told it."""

    id: int
    username: str


class Source(NamedTuple):
    """One update, opened as far as its kind."""

    update_id: int
    kind: str
    value: msgspec.Raw
    received_at: datetime

    def event_id(self, *content: object) -> str:
        """Update ids may start anew at a random number after a quiet week, so the content's id is part of
        ours:
        https://core.telegram.org/bots/api#update"""
        return ".".join(str(part) for part in (self.update_id, *content))

    def read(self, shape: type[T]) -> T:
        return _decode(self.value, shape, f"{self.kind} of an update")


def open_update(body: bytes, received_at: datetime) -> Source:
    """Read the update's id and kind. Raises PayloadError."""
    fields = _decode(body, dict[str, msgspec.Raw], "update")
    if "update_id" not in fields:
        raise PayloadError("the update has no update_id")
    update_id = _decode(fields.pop("update_id"), int, "update_id")
    known = [kind for kind in fields if kind in _READERS]
    kind = (known or list(fields) or [""])[0]
    return Source(update_id, kind, fields.get(kind, msgspec.Raw(b"{}")), received_at)


def read_update(source: Source, bot: Bot) -> InboundEvent:
    """The event that an update is. Raises PayloadError."""
    return _READERS.get(source.kind, _unknown)(source, bot)


def thread_of(chat: wire.Chat, user: wire.User) -> str:
    """A private chat is a conversation; in a group, each member's exchange with the bot is one."""
    return str(chat.id) if chat.type == "private" else f"{chat.id}{_MEMBER}{user.id}"


def chat_of(thread_id: str) -> str:
    """The chat to send to; the inverse of `thread_of`."""
    return thread_id.partition(_MEMBER)[0]


def is_group(thread_id: str) -> bool:
    return _MEMBER in thread_id


# ---- kinds of update ---------------------------------------------------------------------------------


def _message(source: Source, bot: Bot) -> InboundEvent:
    message = source.read(wire.Message)
    base = _base(source, message.chat, message.from_, message.date, message.chat.id, message.message_id)
    if message.from_ is None:
        return Unsupported(**base, kind="message without a sender")
    if message.from_.id == bot.id:
        return OwnEcho(**base, external_id=str(message.message_id), text=message.text or message.caption)
    if message.from_.is_bot:
        return Unsupported(**base, kind="message from a bot")
    text, addressed = _spoken(message, bot)
    attachments = tuple(_attachments(message))
    if not attachments and not (message.text or message.caption).strip():
        return Unsupported(**base, kind=_content_kind(source))
    if not addressed:
        return Unsupported(**base, kind="group message not addressed to the bot")
    if not attachments and not text:
        text = "/start"  # nothing but our name, called into a group: a greeting
    link = _DEEP_LINK.fullmatch(text)
    return MessageReceived(
        **base,
        external_id=str(message.message_id),
        text="/start" if link else text,
        referral=link.group(1) if link else "",
        attachments=attachments,
        reply_to=str(message.reply_to_message.message_id) if message.reply_to_message else "",
    )


def _edited(source: Source, bot: Bot) -> InboundEvent:
    message = source.read(wire.Message)
    at = message.edit_date or message.date
    base = _base(source, message.chat, message.from_, at, message.chat.id, message.message_id, "edit")
    if message.from_ is None or message.from_.is_bot:
        return Unsupported(**base, kind="edit without a person")
    text, addressed = _spoken(message, bot)
    if not addressed:
        return Unsupported(**base, kind="group message not addressed to the bot")
    return MessageEdited(**base, external_id=str(message.message_id), text=text)


def _tap(source: Source, bot: Bot) -> InboundEvent:
    query = source.read(wire.CallbackQuery)
    if query.message is None:
        # Sent through inline mode into a chat that we are not part of; the person can only be met in private.
        chat, external_id, titles = wire.Chat(id=query.from_.id), query.inline_message_id, {}
    else:
        chat, external_id = query.message.chat, str(query.message.message_id)
        rows = query.message.reply_markup.inline_keyboard if query.message.reply_markup else ()
        titles = {button.callback_data: button.text for row in rows for button in row}
    # A callback query carries no time of its own: the time of arrival is the nearest to it.
    base = _base(source, chat, query.from_, 0, "tap", query.id)
    if not query.data:
        return Unsupported(**base, kind="callback query without data")
    return ButtonTapped(
        **base,
        external_id=external_id,
        button=query.data,
        title=titles.get(query.data, ""),
        acknowledge=query.id,
    )


def _membership(source: Source, bot: Bot) -> InboundEvent:
    change = source.read(wire.ChatMemberUpdated)
    status = change.new_chat_member.status
    base = _base(source, change.chat, change.from_, change.date, "membership", change.chat.id)
    if change.chat.type != "private":
        return Unsupported(**base, kind="the bot's place in a group changed")
    return Reachability(**base, reachable=status not in {"kicked", "left"})


def _reaction(source: Source, bot: Bot) -> InboundEvent:
    change = source.read(wire.MessageReaction)
    base = _base(source, change.chat, change.user, change.date, "reaction", change.chat.id, change.message_id)
    if change.user is None:
        return Unsupported(**base, kind="anonymous reaction")
    emoji = ""
    for reaction in change.new_reaction:
        emoji = reaction.emoji or reaction.custom_emoji_id or reaction.type
    return Reacted(**base, external_id=str(change.message_id), emoji=emoji)


def _unknown(source: Source, bot: Bot) -> InboundEvent:
    try:
        located = source.read(wire.Located)
    except PayloadError:
        located = wire.Located()  # nothing is asked of a kind that we don't know
    chat, user = located.chat, located.from_
    if chat is None:
        chat = wire.Chat(id=user.id if user else 0)
    return Unsupported(**_base(source, chat, user, 0, source.kind), kind=source.kind or "empty update")


_READERS: Mapping[str, Callable[[Source, Bot], InboundEvent]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _tap,
    "my_chat_member": _membership,
    "message_reaction": _reaction,
}

# What to ask for: reactions are off unless listed. https://core.telegram.org/bots/api#setwebhook
ALLOWED_UPDATES = tuple(_READERS)


# ---- pieces ------------------------------------------------------------------------------------------


def _decode(body: bytes | msgspec.Raw, shape: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        # msgspec names the place and the expected type, never the value.
        raise PayloadError(f"unreadable {what}: {error}") from None


def _base(source: Source, chat: wire.Chat, user: wire.User | None, date: int, *content: object) -> dict[str, Any]:
    user = user or wire.User(id=chat.id)
    return {
        "channel": CHANNEL,
        "event_id": source.event_id(*content),
        "thread_id": thread_of(chat, user),
        "at": datetime.fromtimestamp(date, UTC) if date else source.received_at,
        "customer": Customer(
            external_id=str(user.id),
            name=f"{user.first_name} {user.last_name}".strip(),
            username=user.username,
            locale=user.language_code,
        ),
        "surface": Surface.PRIVATE if chat.type == "private" else Surface.PUBLIC,
    }


def _spoken(message: wire.Message, bot: Bot) -> tuple[str, bool]:
    """The text without our own name in it, and whether the message is meant for us."""
    text = message.text or message.caption
    entities = message.entities if message.text else message.caption_entities
    if message.chat.type == "private":
        return text, True
    answered = message.reply_to_message.from_ if message.reply_to_message else None
    addressed = answered is not None and answered.id == bot.id
    # Offsets count UTF-16 code units, so the cutting is done in UTF-16, last entity first.
    units = text.encode("utf-16-le")
    for entity in sorted(entities, key=lambda entity: entity.offset, reverse=True):
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        if not 0 <= start < end <= len(units):
            continue
        keep = _without_our_name(entity, units[start:end].decode("utf-16-le", "replace"), bot)
        if keep is not None:
            addressed = True
            units = units[:start] + keep.encode("utf-16-le") + units[end:]
    spoken = units.decode("utf-16-le", "replace")
    return (re.sub(r"[ \t]{2,}", " ", spoken).strip() if addressed else text), addressed


def _without_our_name(entity: wire.Entity, marked: str, bot: Bot) -> str | None:
    """What to keep of an entity that addresses us; None when it does not."""
    if entity.type == "text_mention":
        return "" if entity.user is not None and entity.user.id == bot.id else None
    command, at, name = marked.partition("@")
    if not at or not bot.username or name.casefold() != bot.username.casefold():
        return None
    if entity.type == "mention" and not command:
        return ""
    return command if entity.type == "bot_command" else None


def _attachments(message: wire.Message) -> Iterator[Attachment]:
    if message.photo:
        # The same picture in several sizes: the largest is the one.
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size))
        yield _file("image", largest)
    files = (
        ("voice", message.voice),
        ("audio", message.audio),
        ("video", message.video or message.video_note),
        ("video", message.animation),
        # An animation comes as a document too, for clients that don't know animations.
        ("file", None if message.animation else message.document),
        ("sticker", message.sticker),
    )
    yield from (_file(kind, file) for kind, file in files if file is not None)
    if message.location is not None:
        place = message.location
        yield Attachment(kind="location", url=f"geo:{place.latitude},{place.longitude}")  # RFC 5870
    if message.contact is not None:
        person = message.contact
        yield Attachment(
            kind="contact",
            url=f"tel:{person.phone_number}",
            name=f"{person.first_name} {person.last_name}".strip(),
        )


def _file(kind: str, file: wire.File) -> Attachment:
    return Attachment(
        kind=kind,
        external_id=file.file_id,
        name=file.file_name or file.emoji,
        mime_type=file.mime_type,
        size=file.file_size,
    )


def _content_kind(source: Source) -> str:
    """What a message without anything readable holds: "poll", "migrate_to_chat_id", "new_chat_members" …"""
    names = [name for name in source.read(dict[str, msgspec.Raw]) if name not in _ENVELOPE]
    return next((name for name in names if name not in {"text", "caption"}), "empty message")
