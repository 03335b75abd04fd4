"""The Bot API's methods that write to chats. https://core.telegram.org/bots/api#available-methods"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.telegram.entities import Entity, find_entities, parse_text, strip_with_entities, utf16_length
from sandbox.telegram.errors import BotApiError, bad_request
from sandbox.telegram.markup import check_inline_markup, check_markup
from sandbox.telegram.model import Chat, Media, Message
from sandbox.telegram.params import Params
from sandbox.telegram.world import World

_LONGEST_TEXT = 4096
_LONGEST_CAPTION = 1024
_LARGEST_UPLOAD = {"photo": 10 * 1024 * 1024, "document": 50 * 1024 * 1024}
# "A message can only be deleted if it was sent less than 48 hours ago."
_DELETABLE_SECONDS = 48 * 3600

Method = Callable[[Params], Any]


class ChatMethods:
    """sendMessage, sendPhoto, sendDocument, sendChatAction, the edits and answerCallbackQuery."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.table: dict[str, Method] = {
            "sendmessage": self.send_message,
            "sendphoto": lambda params: self._send_media(params, "photo"),
            "senddocument": lambda params: self._send_media(params, "document"),
            "sendchataction": self.send_chat_action,
            "answercallbackquery": self.answer_callback_query,
            "editmessagetext": self.edit_message_text,
            "editmessagereplymarkup": self.edit_message_reply_markup,
            "deletemessage": self.delete_message,
        }

    def send_message(self, params: Params) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#sendmessage"""
        chat = self._chat(params)
        text, entities = _formatted(params, "text", "entities", _LONGEST_TEXT, "message is too long")
        if not text:
            raise bad_request("message text is empty")
        return self._post(chat, params, text, entities, None)

    def _send_media(self, params: Params, kind: str) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#sendphoto, #senddocument"""
        chat = self._chat(params)
        text, entities = _formatted(
            params, "caption", "caption_entities", _LONGEST_CAPTION, "message caption is too long"
        )
        return self._post(chat, params, text, entities, self._media(params, kind))

    def send_chat_action(self, params: Params) -> bool:
        """https://core.telegram.org/bots/api#sendchataction"""
        chat = self._chat(params)
        if not params.text("action"):
            raise bad_request("wrong parameter action in request")
        self._world.type(chat)
        return True

    def answer_callback_query(self, params: Params) -> bool:
        """https://core.telegram.org/bots/api#answercallbackquery"""
        text = params.text("text")
        if utf16_length(text) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        chat_id = self._world.close_callback(params.text("callback_query_id"))
        if chat_id is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        notice = {"chat_id": chat_id, "text": text, "alert": params.flag("show_alert")}
        self._world.feed.announce("answered", notice)
        return True

    def edit_message_text(self, params: Params) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#editmessagetext"""
        chat, message = self._own_message(params)
        if message.media is not None:
            raise bad_request("there is no text in the message to edit")
        text, entities = _formatted(params, "text", "entities", _LONGEST_TEXT, "message is too long")
        if not text:
            raise bad_request("message text is empty")
        return self._edit(chat, message, text, entities, check_inline_markup(params.json("reply_markup")))

    def edit_message_reply_markup(self, params: Params) -> dict[str, Any]:
        """https://core.telegram.org/bots/api#editmessagereplymarkup"""
        chat, message = self._own_message(params)
        markup = check_inline_markup(params.json("reply_markup"))
        return self._edit(chat, message, message.text, message.entities, markup)

    def delete_message(self, params: Params) -> bool:
        """https://core.telegram.org/bots/api#deletemessage"""
        chat = self._chat(params)
        message = chat.messages.get(params.integer("message_id", 0))
        if message is None:
            raise bad_request("message to delete not found")
        foreign = chat.is_group and not message.sender.is_bot
        if foreign or self._world.clock() - message.date > _DELETABLE_SECONDS:
            raise bad_request("message can't be deleted")
        self._world.remove(chat, message)
        return True

    def _post(
        self, chat: Chat, params: Params, text: str, entities: list[Entity], media: Media | None
    ) -> dict[str, Any]:
        markup = check_markup(params.json("reply_markup"))
        reply_to = self._reply_to(chat, params)
        self._world.flood.spend(chat.id, group=chat.is_group)
        message = self._world.post(
            chat, self._world.bot, text, entities=entities, media=media, markup=markup, reply_to=reply_to
        )
        return message.to_api(chat)

    def _edit(
        self, chat: Chat, message: Message, text: str, entities: list[Entity], markup: dict[str, Any] | None
    ) -> dict[str, Any]:
        if (text, entities, markup) == (message.text, message.entities, message.markup):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        # Taking a keyboard away is not shown as "edited".
        if (text, entities) != (message.text, message.entities):
            message.edited = int(self._world.clock())
        message.text, message.entities, message.markup = text, entities, markup
        self._world.show(chat, message)
        return message.to_api(chat)

    def _chat(self, params: Params) -> Chat:
        raw = params.text("chat_id")
        if not raw:
            raise bad_request("chat_id is empty")
        chat = self._world.chats.get(params.integer("chat_id", 0)) if raw.lstrip("-").isdigit() else None
        if chat is None or not chat.started:
            raise bad_request("chat not found")
        if chat.blocked:
            raise BotApiError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _own_message(self, params: Params) -> tuple[Chat, Message]:
        chat = self._chat(params)
        message = chat.messages.get(params.integer("message_id", 0))
        if message is None:
            raise bad_request("message to edit not found")
        if not message.sender.is_bot:
            raise bad_request("message can't be edited")
        return chat, message

    @staticmethod
    def _reply_to(chat: Chat, params: Params) -> Message | None:
        reply = params.json("reply_parameters")
        if reply is None:
            return None
        if not isinstance(reply, dict) or not isinstance(reply.get("message_id"), int):
            raise bad_request("can't parse reply parameters JSON object")
        message = chat.messages.get(reply["message_id"])
        if message is None and not reply.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return message

    def _media(self, params: Params, kind: str) -> Media:
        files, value, upload = self._world.files, params.text(kind), params.upload(kind)
        if upload is not None:
            if not upload.body:
                raise bad_request("file must be non-empty")
            if len(upload.body) > _LARGEST_UPLOAD[kind]:
                raise BotApiError(413, "Request Entity Too Large")
            return files.add(kind, upload.name, upload.mime_type, upload.body)
        if value.startswith(("https://", "http://")):
            return files.linked(kind, value)
        if not value:
            raise bad_request(f"there is no {kind} in the request")
        media = files.media(value)
        if media is None or media.kind != kind:
            raise bad_request("wrong remote file identifier specified: wrong string length")
        return media


def _formatted(
    params: Params, text_name: str, entities_name: str, longest: int, too_long: str
) -> tuple[str, list[Entity]]:
    """The text after entity parsing, within its limit. Raises a 400."""
    given = params.json(entities_name)
    if given:
        if not isinstance(given, list) or not all(
            isinstance(entity, dict)
            and isinstance(entity.get("type"), str)
            and isinstance(entity.get("offset"), int)
            and isinstance(entity.get("length"), int)
            for entity in given
        ):
            raise bad_request("can't parse entities: wrong MessageEntity")
        text, entities = params.text(text_name), [dict(entity) for entity in given]
    else:
        text, entities = parse_text(params.text(text_name), params.text("parse_mode"))
    text, entities = strip_with_entities(text, entities)
    if utf16_length(text) > longest:
        raise bad_request(too_long)
    return text, entities or find_entities(text)
