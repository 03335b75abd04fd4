"""WhatsApp's Cloud API: messages, receipts asked for, and media.

https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/message-api
"""

from __future__ import annotations

import re
from typing import Any

from sanic import HTTPResponse

from sandbox.http import answer
from sandbox.meta.accounts import TEMPLATES
from sandbox.meta.calls import Call, Handler
from sandbox.meta.errors import bad_parameter, graph_error, missing
from sandbox.meta.whatsapp import Whatsapp
from sandbox.social.door import Refusal
from sandbox.social.model import BRAND, PRIVATE, Entry, Person

_WINDOW_H = 24
_TEXT, _BODY, _MOST_BUTTONS, _BUTTON_TITLE = 4_096, 1_024, 3, 20
_MOST_ROWS, _ROW_TITLE, _ROW_DESCRIPTION, _LIST_BUTTON = 10, 24, 72, 20
_MEDIA = ("image", "video", "audio", "document", "sticker")


class Cloud:
    """Sends as one number."""

    def __init__(self, platform: Whatsapp) -> None:
        self._platform = platform
        self.sends: dict[tuple[str, str], Handler] = {("POST", "messages"): self.message}

    def message(self, call: Call) -> HTTPResponse:
        """`POST /{phone-number-id}/messages`"""
        if call.text("messaging_product") != "whatsapp":
            raise bad_parameter("The parameter messaging_product is required.")
        if call.text("status"):
            return self._mark_read(call)
        platform = self._platform
        address = call.text("to") or call.text("recipient")
        if not address:
            raise bad_parameter("The parameter to is required.")
        person = platform.person_at(address)
        kind = call.text("type") or "text"
        if kind == "reaction":
            return self._react(call, address, person)
        entry = Entry(platform.new_id(PRIVATE), PRIVATE, BRAND, person.id if person else "")
        entry.mark = call.text("biz_opaque_callback_data")
        context = str(call.mapping("context").get("message_id", ""))
        entry.reply_to = context if context in platform.entries else ""
        _fill(entry, kind, call)
        if person is None:
            # A number that is not on WhatsApp is only found out afterwards.
            stranger = Person("", "", phone=address)
            self._fail_later(stranger, entry, graph_error(131026, details="Message Undeliverable."))
            return _accepted(address, stranger, entry.id)
        hours = platform.hours_since_wrote(person.id)
        if kind != "template" and hours > _WINDOW_H:
            closed = graph_error(131047, details="More than 24 hours have passed since the customer last replied.")
            if platform.violate("outside the 24-hour window without a template", customer=person.id):
                if platform.chance.random() >= platform.dials.late_failure_share:
                    raise closed
                self._fail_later(person, entry, closed)
                return _accepted(address, person, entry.id)
        platform.say(entry)
        return _accepted(address, person, entry.id)

    def media(self, media_id: str) -> HTTPResponse:
        """`GET /{media-id}`: where to fetch it from."""
        link = self._platform.media.get(media_id)
        if link is None:
            raise missing(media_id)
        return answer({"messaging_product": "whatsapp", "url": link, "mime_type": "image/jpeg", "id": media_id})

    def _mark_read(self, call: Call) -> HTTPResponse:
        entry = self._platform.entries.get(call.text("message_id"))
        if call.text("status") != "read" or entry is None or not entry.by_customer:
            raise graph_error(131009, details="The message to mark as read was not found.")
        if entry.status != "read":
            entry.status = "read"
            self._platform.show(entry, "status")
        if call.params.get("typing_indicator"):
            self._platform.type(entry.customer)
        return answer({"success": True})

    def _react(self, call: Call, address: str, person: Person | None) -> HTTPResponse:
        about = call.mapping("reaction")
        entry = self._platform.entries.get(str(about.get("message_id", "")))
        if entry is None or person is None or entry.customer != person.id:
            raise graph_error(131009, details="The message to react to was not found.")
        self._platform.show(entry, "reaction", emoji=str(about.get("emoji", "")), by=BRAND)
        return _accepted(address, person, self._platform.new_id(PRIVATE))

    def _fail_later(self, person: Person, entry: Entry, failure: Refusal) -> None:
        body: Any = failure.body
        error = body["error"]
        told = {
            "code": error["code"],
            "title": error["message"],
            "message": error["message"],
            "error_data": {"details": error["error_data"]["details"]},
        }
        platform = self._platform
        failed = platform.status_told(person, entry.id, "failed", entry.mark, told)
        platform.echoes += [(person.id or person.phone, one) for one in failed if platform.wants(one)]


def _accepted(address: str, person: Person, wamid: str) -> HTTPResponse:
    contact = {"input": address, **({"wa_id": person.phone} if person.phone else {"user_id": person.id})}
    return answer({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]})


def _fill(entry: Entry, kind: str, call: Call) -> None:
    """Put what is sent into the entry. Raises Refusal when it is not allowed."""
    what = call.mapping(kind)
    if kind == "text":
        entry.text = _limited(what.get("body"), _TEXT, "text['body']")
    elif kind == "interactive":
        _interactive(entry, what)
    elif kind == "template":
        _template(entry, what)
    elif kind in _MEDIA:
        link = str(what.get("link", ""))
        if not link.startswith(("https://", "http://")):
            raise graph_error(131009, details=f"{kind}['link'] is not a valid link.")
        entry.attachments = [{"kind": kind, "url": link}]
        entry.text = str(what.get("caption", ""))[:_BODY]
    else:
        raise graph_error(131009, details="This type of message is not supported here.")


def _interactive(entry: Entry, what: dict[str, Any]) -> None:
    action = what.get("action") or {}
    entry.text = _limited((what.get("body") or {}).get("text"), _BODY, "interactive['body']['text']")
    if what.get("type") == "button":
        replies = [button.get("reply") or {} for button in action.get("buttons") or []]
        entry.buttons = [_choice(reply, _BUTTON_TITLE, 256) for reply in replies]
        most = _MOST_BUTTONS
    elif what.get("type") == "list":
        _limited(action.get("button"), _LIST_BUTTON, "interactive['action']['button']")
        rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
        if any(len(str(row.get("description", ""))) > _ROW_DESCRIPTION for row in rows):
            raise graph_error(131009, details=f"A row's description has more than {_ROW_DESCRIPTION} characters.")
        entry.buttons = [{**_choice(row, _ROW_TITLE, 200), "row": True} for row in rows]
        most = _MOST_ROWS
    else:
        raise graph_error(131009, details="interactive['type'] is not supported here.")
    keys = {button["key"] for button in entry.buttons}
    titles = {button["title"] for button in entry.buttons}
    if not 1 <= len(entry.buttons) <= most or len(keys) < len(entry.buttons) or len(titles) < len(entry.buttons):
        raise graph_error(131009, details=f"There must be 1 to {most} choices with ids and titles of their own.")


def _choice(given: dict[str, Any], longest_title: int, longest_id: int) -> dict[str, Any]:
    return {
        "key": _limited(given.get("id"), longest_id, "id"),
        "title": _limited(given.get("title"), longest_title, "title"),
    }


def _template(entry: Entry, what: dict[str, Any]) -> None:
    name, language = str(what.get("name", "")), str((what.get("language") or {}).get("code", ""))
    known = next((one for one in TEMPLATES if (one.name, one.language) == (name, language)), None)
    if known is None:
        raise graph_error(132001, details=f"template name ({name[:60]}) does not exist in {language[:10]}")
    given: list[str] = []
    for component in what.get("components") or []:
        if str(component.get("type", "")).lower() == "body":
            given += [str(parameter.get("text", "")) for parameter in component.get("parameters") or []]
    wanted = set(re.findall(r"\{\{(\d+)\}\}", known.text))
    if len(given) != len(wanted):
        raise graph_error(
            132000, details=f"number of localizable_params ({len(given)}) does not match the expected ({len(wanted)})"
        )
    entry.template = name
    entry.text = re.sub(r"\{\{(\d+)\}\}", lambda found: given[int(found[1]) - 1], known.text)


def _limited(value: object, longest: int, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise graph_error(131009, details=f"Param {name} is missing or empty.")
    if len(value) > longest:
        raise graph_error(131009, details=f"Param {name} must be at most {longest} characters long.")
    return value
