"""The stand-in's state: the bot, its customers and groups, and what everyone in a chat sees.

All of it is in memory and is gone when the sandbox stops.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.dials import Dials
from sandbox.feed import Feed
from sandbox.telegram.delivery import Delivery
from sandbox.telegram.entities import Entity
from sandbox.telegram.limits import FloodControl
from sandbox.telegram.model import Chat, Media, Message, User
from sandbox.telegram.samples import Files
from sandbox.telegram.updates import Updates

TYPING_SECONDS = 5.0
# The client shows a progress bar until the bot answers; after about a quarter of an hour it is too late.
_CALLBACK_SECONDS = 15 * 60


class World:
    """Everything that the Bot API and the customers' side share. `clock` tells epoch seconds."""

    def __init__(
        self,
        *,
        token: str,
        bot_name: str,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self.token = token
        self.clock = clock
        self.chance = chance or random.Random()
        handle = re.sub(r"[^a-z0-9]+", "_", bot_name.lower()).strip("_") or "demo"
        self.bot = User(int(token.partition(":")[0]), bot_name, f"{handle}_bot", is_bot=True)
        self.dials = Dials()
        self.feed = Feed(clock)
        self.updates = Updates(clock)
        self.delivery = Delivery(self.updates, self.dials, clock, self.chance)
        self.flood = FloodControl(self.dials, clock)
        self.files = Files()
        self.chats: dict[int, Chat] = {}
        self._callbacks: dict[str, tuple[int, float]] = {}
        # Like update ids: a sandbox that starts again must not meet the ids of the last one.
        self._next_message_id = 1_000 + secrets.randbelow(1_000_000_000)

    # Chats

    def private_chat(self, user: User) -> Chat:
        """The chat with this customer, made when it is new; a known one's details are brought up to date."""
        chat = self.chats.get(user.id)
        if chat is None:
            chat = self.chats[user.id] = Chat(user.id, user.first_name, active_at=self.clock())
        chat.members[user.id] = user
        chat.title = user.first_name
        return chat

    def group_chat(self, chat_id: int, title: str, members: Iterable[User]) -> Chat:
        """A new group in which the bot is a member."""
        chat = Chat(chat_id, title, {user.id: user for user in members}, started=True, active_at=self.clock())
        self.chats[chat_id] = chat
        return chat

    def recent_chats(self, limit: int) -> list[Chat]:
        """The chats in which something happened last, newest first."""
        return sorted(self.chats.values(), key=lambda chat: chat.active_at, reverse=True)[:limit]

    # Messages

    def post(
        self,
        chat: Chat,
        sender: User,
        text: str,
        *,
        entities: list[Entity] | None = None,
        media: Media | None = None,
        markup: dict[str, Any] | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """Put a message into the chat and show it."""
        message = Message(
            self._next_message_id, sender, int(self.clock()), text, entities or [], media, markup, reply_to
        )
        self._next_message_id += 1
        chat.messages[message.message_id] = message
        chat.active_at = self.clock()
        if sender.is_bot:
            self.stop_typing(chat)
        else:
            chat.started = True
        self.show(chat, message)
        return message

    def show(self, chat: Chat, message: Message) -> None:
        """Tell everyone in the chat how the message looks now."""
        self.feed.append(chat.id, _seen(chat, message))

    def newest(self, chat: Chat) -> dict[str, Any] | None:
        """How the newest message of the chat looks, with its time (`at`, epoch milliseconds)."""
        if not chat.messages:
            return None
        message = next(reversed(chat.messages.values()))
        return {**_seen(chat, message), "at": message.date * 1000}

    def remove(self, chat: Chat, message: Message) -> None:
        """Delete the message for everyone."""
        del chat.messages[message.message_id]
        self.feed.append(chat.id, {**_seen(chat, message), **_NOTHING, "deleted": True})

    def type(self, chat: Chat) -> None:
        """Show that the bot is typing, for five seconds."""
        chat.typing_until = self.clock() + TYPING_SECONDS
        self.feed.announce("typing", {"chat_id": chat.id, "seconds": TYPING_SECONDS})

    def stop_typing(self, chat: Chat) -> None:
        """A message ends the typing."""
        if chat.typing_until > self.clock():
            self.feed.announce("typing", {"chat_id": chat.id, "seconds": 0})
        chat.typing_until = 0.0

    # Taps

    def open_callback(self, chat: Chat) -> str:
        """A new callback query that the bot has to answer; its id."""
        now = self.clock()
        for callback_id, (_, opened) in list(self._callbacks.items()):
            # Oldest first, so this ends at the first that is still open.
            if now - opened <= _CALLBACK_SECONDS:
                break
            del self._callbacks[callback_id]
        callback_id = str(secrets.randbits(62))
        self._callbacks[callback_id] = (chat.id, now)
        return callback_id

    def close_callback(self, callback_id: str) -> int | None:
        """The chat of an open callback query, which is closed by this; None when it is unknown or too old."""
        chat_id, opened = self._callbacks.pop(callback_id, (None, 0.0))
        return chat_id if self.clock() - opened <= _CALLBACK_SECONDS else None


_SEEN_OF_A_BUTTON = ("text", "callback_data", "url")
_NOTHING: dict[str, Any] = {"text": "", "entities": [], "buttons": [], "keyboard": [], "media": None}


def _seen(chat: Chat, message: Message) -> dict[str, Any]:
    """A message as the people in the chat see it."""
    markup = message.markup or {}
    keyboard = [[button["text"] for button in row] for row in markup.get("keyboard", [])]
    entry: dict[str, Any] = {
        "from": "brand" if message.sender.is_bot else "customer",
        "name": message.sender.first_name,
        "message_id": message.message_id,
        "text": message.text,
        "entities": message.entities,
        "buttons": [
            [{key: button[key] for key in _SEEN_OF_A_BUTTON if key in button} for button in row]
            for row in markup.get("inline_keyboard", [])
        ],
        "keyboard": keyboard,
        "reply_to": message.reply_to.message_id if message.reply_to else None,
        "media": _seen_media(message.media) if message.media else None,
        "edited": message.edited is not None,
        "deleted": False,
    }
    if chat.is_group:
        entry["user_id"] = message.sender.id
    return entry


def _seen_media(media: Media) -> dict[str, Any]:
    return {
        "kind": media.kind,
        "file_id": media.file_id,
        "name": media.name,
        "size": media.size,
        "duration": media.duration,
        "url": media.url,
    }
