"""What a customer does in a chat, and the update that the bot gets for it."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any

from sandbox.http import ApiProblem
from sandbox.telegram.entities import find_entities, utf16_length
from sandbox.telegram.model import Chat, Message, User
from sandbox.telegram.world import World

# Clients cut what people type at this length.
_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_ATTACHMENTS = ("photo", "voice", "document")


class Customers:
    """Acts for the customers. What can't be done raises ApiProblem with the reason."""

    def __init__(self, world: World) -> None:
        self._world = world

    def chat(self, chat_id: int) -> Chat:
        """The chat with this id; 404 when there is none."""
        chat = self._world.chats.get(chat_id)
        if chat is None:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no chat {chat_id}")
        return chat

    def join(self, user: User) -> Chat:
        """A customer who has not written yet, or a known one with new details."""
        if user.id <= 0:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "a customer's id must be greater than 0")
        return self._world.private_chat(user)

    def new_customer(self, name: str, language_code: str) -> Chat:
        """A customer with an id of their own."""
        if not name.strip():
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "a customer needs a name")
        handle = "".join(filter(str.isalnum, name.lower())) or "customer"
        user_id = 0
        while user_id == 0 or user_id in self._world.chats:
            user_id = 10_000 + secrets.randbelow(2_000_000_000)
        return self.join(User(user_id, name.strip()[:64], f"{handle[:24]}{user_id % 1000}", language_code))

    def new_group(self, title: str, member_ids: list[int]) -> Chat:
        """A group of known customers and the bot."""
        members = [self.chat(user_id).owner for user_id in member_ids if user_id > 0]
        if not title.strip() or not members:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "a group needs a title and at least one member")
        return self._world.group_chat(-1 - secrets.randbelow(2_000_000_000), title.strip()[:128], members)

    def write(
        self,
        chat: Chat,
        text: str,
        *,
        user_id: int | None = None,
        attachment: str | None = None,
        reply_to: int | None = None,
    ) -> tuple[Message, int]:
        """Send a message, or a file with `text` as its caption. Returns the message and the update's id."""
        self._open(chat)
        sender = self._member(chat, user_id)
        if attachment is not None and attachment not in _ATTACHMENTS:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"attachment must be one of {', '.join(_ATTACHMENTS)}")
        answered = self._message(chat, reply_to) if reply_to is not None else None
        text = self._text(text, needed=attachment is None)
        message = self._world.post(
            chat,
            sender,
            text,
            entities=find_entities(text),
            media=self._world.files.sample(attachment) if attachment else None,
            reply_to=answered,
        )
        return message, self._world.updates.add("message", chat.id, message.to_api(chat))

    def edit(self, chat: Chat, message_id: int, text: str) -> tuple[Message, int]:
        """Change the text (or caption) of a customer's own message."""
        self._open(chat)
        message = self._own(chat, message_id)
        message.text = self._text(text, needed=message.media is None)
        message.entities = find_entities(message.text)
        message.edited = int(self._world.clock())
        self._world.show(chat, message)
        return message, self._world.updates.add("edited_message", chat.id, message.to_api(chat))

    def delete(self, chat: Chat, message_id: int) -> None:
        """Take a customer's own message back. A bot isn't told of it."""
        self._world.remove(chat, self._own(chat, message_id))

    def tap(self, chat: Chat, message_id: int, callback_data: str, user_id: int | None = None) -> tuple[str, int]:
        """Tap a button. Returns the callback query's id and the update's id."""
        self._open(chat)
        message = self._message(chat, message_id)
        if callback_data not in message.callback_data():
            raise ApiProblem(HTTPStatus.CONFLICT, "that message has no such button any more")
        callback_id = self._world.open_callback(chat)
        query = {
            "id": callback_id,
            "from": self._member(chat, user_id).to_api(),
            "message": message.to_api(chat),
            "chat_instance": str(chat.id * 1_000_003),
            "data": callback_data,
        }
        return callback_id, self._world.updates.add("callback_query", chat.id, query)

    def block(self, chat: Chat, blocked: bool) -> int:
        """Block or unblock the bot. Returns the update's id, 0 when nothing changed."""
        if chat.is_group:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "a bot is blocked in a private chat, not in a group")
        if chat.blocked == blocked:
            return 0
        chat.blocked = blocked
        bot = self._world.bot.to_api()
        member, kicked = {"user": bot, "status": "member"}, {"user": bot, "status": "kicked", "until_date": 0}
        changed: dict[str, Any] = {
            "chat": chat.to_api(),
            "from": chat.owner.to_api(),
            "date": int(self._world.clock()),
            "old_chat_member": member if blocked else kicked,
            "new_chat_member": kicked if blocked else member,
        }
        return self._world.updates.add("my_chat_member", chat.id, changed)

    @staticmethod
    def _open(chat: Chat) -> None:
        if chat.blocked:
            raise ApiProblem(HTTPStatus.CONFLICT, "the customer has blocked the bot; unblock it first")

    @staticmethod
    def _text(text: str, *, needed: bool) -> str:
        text = text.strip()
        if needed and not text:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "the text is empty")
        if utf16_length(text) > (_LONGEST_TEXT if needed else _LONGEST_CAPTION):
            raise ApiProblem(HTTPStatus.BAD_REQUEST, "the text is too long for one message")
        return text

    @staticmethod
    def _member(chat: Chat, user_id: int | None) -> User:
        if user_id is None:
            return chat.owner
        if user_id not in chat.members:
            raise ApiProblem(HTTPStatus.BAD_REQUEST, f"{user_id} is not in this chat")
        return chat.members[user_id]

    @staticmethod
    def _message(chat: Chat, message_id: int) -> Message:
        message = chat.messages.get(message_id)
        if message is None:
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"there is no message {message_id} in this chat")
        return message

    def _own(self, chat: Chat, message_id: int) -> Message:
        message = self._message(chat, message_id)
        if message.sender.is_bot:
            raise ApiProblem(HTTPStatus.FORBIDDEN, "that message is the bot's")
        return message
