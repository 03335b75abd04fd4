"""Users, chats and messages, and how the Bot API writes them (https://core.telegram.org/bots/api#message)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class User:
    """A person, or the bot."""

    id: int
    first_name: str
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    def to_api(self) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#user"""
        api: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            api["username"] = self.username
        if self.language_code:
            api["language_code"] = self.language_code
        return api


@dataclass
class Media:
    """A photo, a voice message or a document; `url` when the bot named an address instead of a file."""

    kind: str
    file_id: str
    name: str
    mime_type: str
    size: int
    url: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0

    def to_api(self) -> dict[str, Any]:
        """The field of a message that holds it."""
        file: dict[str, Any] = {
            "file_id": self.file_id,
            "file_unique_id": self.file_id[-12:],
            "file_size": self.size,
        }
        if self.kind == "photo":
            large = {**file, "width": self.width, "height": self.height}
            small = {
                **large,
                "file_unique_id": f"{self.file_id[-12:]}s",
                "width": max(1, self.width // 4),
                "height": max(1, self.height // 4),
            }
            return {"photo": [small, large]}
        file["mime_type"] = self.mime_type
        if self.kind == "voice":
            return {"voice": {**file, "duration": self.duration}}
        return {"document": {**file, "file_name": self.name}}


@dataclass
class Message:
    """One message of a chat; `sender` is the bot or a customer. Times are epoch seconds."""

    message_id: int
    sender: User
    date: int
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    media: Media | None = None
    markup: dict[str, Any] | None = None
    reply_to: Message | None = None
    edited: int | None = None

    def to_api(self, chat: Chat, *, with_reply: bool = True) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#message"""
        api: dict[str, Any] = {
            "message_id": self.message_id,
            "from": self.sender.to_api(),
            "chat": chat.to_api(),
            "date": self.date,
        }
        text, entities = ("text", "entities") if self.media is None else ("caption", "caption_entities")
        if self.media is not None:
            api.update(self.media.to_api())
        if self.text:
            api[text] = self.text
        if self.entities:
            api[entities] = self.entities
        if self.edited is not None:
            api["edit_date"] = self.edited
        if self.markup is not None and "inline_keyboard" in self.markup:
            api["reply_markup"] = self.markup
        if self.reply_to is not None and with_reply:
            # The Bot API never nests a second one.
            api["reply_to_message"] = self.reply_to.to_api(chat, with_reply=False)
        return api

    def callback_data(self) -> set[str]:
        """What its buttons send."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return {button["callback_data"] for row in rows for button in row if "callback_data" in button}


@dataclass
class Chat:
    """A private chat (its id is the customer's) or a group (a negative id)."""

    id: int
    title: str
    members: dict[int, User] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    # A bot can't write first: nobody has written yet, so for the bot the chat does not exist.
    started: bool = False
    blocked: bool = False
    # Epoch seconds; the bot's "typing…" is shown until then.
    typing_until: float = 0.0
    active_at: float = 0.0

    @property
    def is_group(self) -> bool:
        """Groups have negative ids."""
        return self.id < 0

    @property
    def owner(self) -> User:
        """The customer of a private chat, the first member of a group."""
        return next(iter(self.members.values()))

    def to_api(self) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#chat"""
        if self.is_group:
            rights = {"all_members_are_administrators": True}
            return {"id": self.id, "title": self.title, "type": "group", **rights}
        api: dict[str, Any] = {"id": self.id, "first_name": self.owner.first_name, "type": "private"}
        if self.owner.username:
            api["username"] = self.owner.username
        return api
