"""A WhatsApp number on the Cloud API.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

from sandbox.meta import accounts
from sandbox.meta.platform import MetaPlatform, Told, digits
from sandbox.social.model import PRIVATE, Brand, Entry, Person


class Whatsapp(MetaPlatform):
    """A person's id is the business-scoped one (BSUID); the phone number is only there when they show it."""

    name = "whatsapp"
    surfaces = (PRIVATE,)
    object_name = "whatsapp_business_account"
    app_secret = accounts.WHATSAPP_SECRET
    token = accounts.WHATSAPP_TOKEN
    account_id = accounts.PHONE_ID
    subscribed_object = accounts.BUSINESS_ID
    seconds = True
    statuses = ("sent", "delivered", "read")
    limits = {"private": {"length": 4_096, "unit": "characters"}}  # noqa: RUF012
    scopes = ("whatsapp_business_management", "whatsapp_business_messaging")

    def __init__(self) -> None:
        people = [
            Person(f"ID.1349120865530{1001 + i}", *known, phone=f"6281200{1001 + i}")
            for i, known in enumerate(accounts.PEOPLE)
        ]
        # She shows her user name instead of her number.
        people[3].phone = ""
        super().__init__(Brand(accounts.PHONE_ID, "Arunika", accounts.PHONE_NUMBER), people=people)
        # Media that customers sent: id → link.
        self.media: dict[str, str] = {}
        # Phone number → person, as far as somebody asked.
        self._numbers: dict[str, str] = {}

    def new_id(self, surface: str, post: str = "") -> str:
        return "wamid." + base64.b64encode(secrets.token_bytes(36)).decode()

    def new_person_id(self) -> str:
        return f"ID.{digits(17)}"

    def welcome(self, person: Person) -> None:
        person.phone = person.phone or f"62812{digits(8)}"
        self._numbers[person.phone] = person.id

    def person_at(self, address: str) -> Person | None:
        if address in self.people:
            return self.people[address]
        number = address.lstrip("+")
        known = self.people.get(self._numbers.get(number, ""))
        if known is None or known.phone != number:
            known = next((person for person in self.people.values() if number and person.phone == number), None)
        if known is not None:
            self._numbers[number] = known.id
        return known

    def event_message(self, entry: Entry) -> list[Told]:
        if not entry.attachments:
            return [self._message(entry, {"type": "text", "text": {"body": entry.text}})]
        link = entry.attachments[0]["url"]
        media_id = digits(15)
        self.media[media_id] = link
        proof = base64.b64encode(hashlib.sha256(link.encode()).digest()).decode()
        image = {"mime_type": "image/jpeg", "sha256": proof, "id": media_id, "url": link}
        if entry.text:
            image["caption"] = entry.text
        return [self._message(entry, {"type": "image", "image": image})]

    def event_edit(self, entry: Entry) -> list[Told]:
        changed = {
            "original_message_id": entry.id,
            "message": {"type": "text", "text": {"body": entry.text}, "context": {"id": entry.id}},
        }
        return [self._about(entry, {"type": "edit", "edit": changed})]

    def event_delete(self, entry: Entry) -> list[Told]:
        return [self._about(entry, {"type": "revoke", "revoke": {"original_message_id": entry.id}})]

    def event_tap(self, entry: Entry, tapped: Entry, button: dict[str, Any]) -> list[Told]:
        chosen = {"id": button["key"], "title": button["title"]}
        if tapped.template:
            what: dict[str, Any] = {
                "type": "button",
                "button": {"payload": button["key"], "text": button["title"]},
            }
        else:
            kind = "list_reply" if button.get("row") else "button_reply"
            what = {"type": "interactive", "interactive": {"type": kind, kind: chosen}}
        return [self._message(entry, what)]

    def event_reaction(self, entry: Entry, emoji: str) -> list[Told]:
        # Taking a reaction back leaves the key out.
        reaction = {"message_id": entry.id, **({"emoji": emoji} if emoji else {})}
        return [self._about(entry, {"type": "reaction", "reaction": reaction})]

    def event_own(self, entry: Entry, by_app: bool) -> list[Told]:
        # The program's own messages come back as receipts; what the owner writes in the app comes as an echo.
        if by_app:
            return []
        person = self.people[entry.customer]
        echo = {
            "from": accounts.PHONE_NUMBER,
            "to": person.phone,
            "to_user_id": person.id,
            "id": entry.id,
            "timestamp": str(entry.at // 1000),
            "type": "text",
            "text": {"body": entry.text},
        }
        if not person.phone:
            del echo["to"]
        value = {**self._value(person), "message_echoes": [echo]}
        return [Told("smb_message_echoes", "changes", value)]

    def event_status(self, entry: Entry, status: str) -> list[Told]:
        return self.status_told(self.people[entry.customer], entry.id, status, entry.mark)

    def status_told(
        self, person: Person, wamid: str, status: str, mark: str = "", error: dict[str, Any] | None = None
    ) -> list[Told]:
        """A receipt; `error` goes with status failed, `mark` is the sender's biz_opaque_callback_data."""
        told: dict[str, Any] = {"id": wamid, "status": status, "timestamp": str(self.now_ms() // 1000)}
        if person.phone:
            told["recipient_id"] = person.phone
        if person.id:
            told["recipient_user_id"] = person.id
        if mark:
            told["biz_opaque_callback_data"] = mark
        if error is not None:
            told["errors"] = [error]
        return [Told("messages", "changes", {**self._value(person), "statuses": [told]})]

    def _message(self, entry: Entry, what: dict[str, Any]) -> Told:
        told = {"id": entry.id, "timestamp": str(entry.at // 1000), **what}
        if entry.reply_to:
            told["context"] = {"from": accounts.PHONE_NUMBER, "id": entry.reply_to}
        return self._tell(self.people[entry.customer], told)

    def _about(self, entry: Entry, what: dict[str, Any]) -> Told:
        """Something about an earlier message, which is a message with an id of its own."""
        told = {"id": self.new_id(PRIVATE), "timestamp": str(self.now_ms() // 1000), **what}
        return self._tell(self.people[entry.customer], told)

    def _tell(self, person: Person, told: dict[str, Any]) -> Told:
        sender = {"from": person.phone} if person.phone else {}
        message = {**sender, "from_user_id": person.id, **told}
        return Told("messages", "changes", {**self._value(person), "messages": [message]})

    def _value(self, person: Person) -> dict[str, Any]:
        contact: dict[str, Any] = {"profile": {"name": person.name}}
        if person.phone:
            contact["wa_id"] = person.phone
        contact["user_id"] = person.id
        return {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": accounts.PHONE_NUMBER, "phone_number_id": accounts.PHONE_ID},
            "contacts": [contact],
        }
