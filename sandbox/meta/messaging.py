"""Private messages of a Page or an Instagram account: the Messenger platform's webhook payloads.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
"""

from __future__ import annotations

from typing import Any, ClassVar

from sandbox.meta.accounts import APP_ID
from sandbox.meta.platform import MetaPlatform, Told, digits
from sandbox.social.model import PRIVATE, Entry

_REACTIONS = {"❤": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry", "👍": "like", "👎": "dislike"}


class MessagingPlatform(MetaPlatform):
    """Direct messages, with a thread that the program or the brand's inbox controls."""

    has_control = True
    inbox_app: ClassVar[str]
    # Whether the echo of a message that a person wrote in the inbox says so.
    inbox_is_named: ClassVar[bool] = True
    # Fields that have another name here than at Messenger.
    field_names: ClassVar[dict[str, str]] = {}
    # Longest text of a private message, and whether it is counted in bytes.
    text_limit: ClassVar[int]
    text_in_bytes: ClassVar[bool] = False

    def new_person_id(self) -> str:
        return f"24{digits(15)}"

    def event_message(self, entry: Entry) -> list[Told]:
        if entry.surface != PRIVATE:
            return self.comment_told(entry)
        return [self._from_customer(entry.customer, "messages", {"message": self._message(entry)}, entry.at)]

    def event_edit(self, entry: Entry) -> list[Told]:
        if entry.surface != PRIVATE:
            return self.comment_edited(entry)
        edited = {"mid": entry.id, "text": entry.text, "num_edit": entry.edited}
        return [self._from_customer(entry.customer, "message_edits", {"message_edit": edited})]

    def event_delete(self, entry: Entry) -> list[Told]:
        return self.message_removed(entry) if entry.surface == PRIVATE else self.comment_removed(entry)

    def event_tap(self, entry: Entry, tapped: Entry, button: dict[str, Any]) -> list[Told]:
        # Other apps' buttons are none of a bystander's business: in standby a tap has no payload.
        payload = {} if self.owners.get(entry.customer) == "inbox" else {"payload": button["key"]}
        if button.get("postback"):
            tap = {"mid": entry.id, "title": button["title"], **payload}
            return [self._from_customer(entry.customer, "messaging_postbacks", {"postback": tap}, entry.at)]
        message = {"mid": entry.id, "text": entry.text, "quick_reply": payload}
        return [self._from_customer(entry.customer, "messages", {"message": message}, entry.at)]

    def event_reaction(self, entry: Entry, emoji: str) -> list[Told]:
        if entry.surface != PRIVATE:
            return self.comment_liked(entry, emoji)
        reaction: dict[str, Any] = {"mid": entry.id, "action": "react" if emoji else "unreact"}
        if emoji:
            reaction |= {"reaction": _REACTIONS.get(emoji.rstrip("\ufe0f"), "other"), "emoji": emoji}
        return [self._from_customer(entry.customer, "message_reactions", {"reaction": reaction})]

    def event_own(self, entry: Entry, by_app: bool) -> list[Told]:
        if entry.surface != PRIVATE:
            return self.comment_told(entry)
        message = {"is_echo": True, **self._message(entry)}
        if by_app:
            message["app_id"] = int(APP_ID)
            if entry.mark:
                message["metadata"] = entry.mark
        elif self.inbox_is_named:
            message["app_id"] = int(self.inbox_app)
        return [self._told("message_echoes", entry.customer, {"message": message}, entry.at, own=True)]

    def event_control(self, customer: str, to: str) -> list[Told]:
        verb = "pass_thread_control" if to == "us" else "take_thread_control"
        previous, new = (self.inbox_app, APP_ID) if to == "us" else (APP_ID, self.inbox_app)
        change = {verb: {"previous_owner_app_id": previous, "new_owner_app_id": new, "metadata": ""}}
        return [self._told("messaging_handovers", customer, change, self.now_ms(), always=True)]

    # For Messenger and Instagram to say

    def comment_told(self, entry: Entry) -> list[Told]:
        """Somebody commented."""
        raise NotImplementedError

    def comment_edited(self, entry: Entry) -> list[Told]:
        """A customer edited a comment."""
        return []

    def comment_removed(self, entry: Entry) -> list[Told]:
        """A customer took a comment back."""
        return []

    def comment_liked(self, entry: Entry, emoji: str) -> list[Told]:
        """A customer reacted to a comment."""
        return []

    def message_removed(self, entry: Entry) -> list[Told]:
        """A customer unsent a message."""
        return []

    # Payloads

    def _message(self, entry: Entry) -> dict[str, Any]:
        message: dict[str, Any] = {"mid": entry.id}
        if entry.text:
            message["text"] = entry.text
        if entry.attachments:
            message["attachments"] = [
                {"type": attachment["kind"], "payload": {"url": attachment["url"]}} for attachment in entry.attachments
            ]
        if entry.reply_to:
            message["reply_to"] = {"mid": entry.reply_to, "is_self_reply": False}
        return message

    def _from_customer(self, customer: str, field: str, what: dict[str, Any], at: int = 0) -> Told:
        return self._told(field, customer, what, at or self.now_ms())

    def _told(
        self, field: str, customer: str, what: dict[str, Any], at: int, *, own: bool = False, always: bool = False
    ) -> Told:
        here, there = {"id": self.account_id}, {"id": self.address(customer)}
        value = {"sender": here if own else there, "recipient": there if own else here, "timestamp": at, **what}
        # Who does not hold the thread only listens.
        if not always and self.owners.get(customer) == "inbox":
            return Told("standby", "standby", value)
        return Told(self.field_names.get(field, field), "messaging", value)
