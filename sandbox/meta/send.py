"""Private messages of a Page or an Instagram account: the Send API, thread control and the look-up.

https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
"""

from __future__ import annotations

import re
from typing import Any

from sanic import HTTPResponse

from sandbox.http import answer
from sandbox.meta.calls import Call, Handler, graph_time
from sandbox.meta.errors import bad_parameter, graph_error
from sandbox.meta.facebook import Facebook
from sandbox.meta.messaging import MessagingPlatform
from sandbox.social.model import BRAND, PRIVATE, PUBLIC, Entry

_WINDOW_H = 24
_HUMAN_WINDOW_H = _PRIVATE_REPLY_H = 7 * 24
_MOST_QUICK_REPLIES, _QUICK_REPLY_TITLE, _LONGEST_PAYLOAD = 13, 20, 1_000
_TEMPLATE_TEXT, _MOST_TEMPLATE_BUTTONS = 640, 3
_MEDIA = ("image", "video", "audio", "file")


class Sending:
    """Sends as one account."""

    def __init__(self, platform: MessagingPlatform) -> None:
        self._platform = platform
        self._no_user = 2018001 if isinstance(platform, Facebook) else 2534014
        self.sends: dict[tuple[str, str], Handler] = {("POST", "messages"): self.message}
        self.asks: dict[tuple[str, str], Handler] = {
            ("POST", "pass_thread_control"): self.pass_control,
            ("POST", "take_thread_control"): lambda call: self._control(call, "us"),
            ("POST", "request_thread_control"): self.request_control,
            ("POST", "release_thread_control"): lambda call: self._control(call, "inbox"),
            ("POST", "extend_thread_control"): self.request_control,
            ("GET", "conversations"): self.conversations,
        }

    def message(self, call: Call) -> HTTPResponse:
        """`POST /{account}/messages`: a message, a private reply to a comment, or a sender action."""
        platform, recipient = self._platform, call.mapping("recipient")
        if comment_id := str(recipient.get("comment_id", "")):
            if call.params.get("sender_action"):
                raise bad_parameter("A private reply can't be a sender action.")
            customer = self._private_reply(comment_id)
        else:
            customer = self._customer(call)
            if platform.owners.get(customer) == "inbox":
                platform.violate("another app owns the thread", customer=customer)
                raise graph_error(10, 2018300) if isinstance(platform, Facebook) else graph_error(100, 2534037)
        address = platform.address(customer)
        if action := call.text("sender_action"):
            if call.params.get("message"):
                raise graph_error(100, 2018014, "(#100) A sender action can't be combined with a message.")
            self._act(customer, action, call)
            return answer({"recipient_id": address})
        entry = self._entry(customer, call)
        if not comment_id:
            self._check_window(customer, call)
        # What a private reply hangs on is public, so that it is no message that it could answer.
        entry.post = comment_id
        platform.say(entry)
        return answer({"recipient_id": address, "message_id": entry.id})

    def pass_control(self, call: Call) -> HTTPResponse:
        """`POST /{account}/pass_thread_control`"""
        if call.text("target_app_id") != self._platform.inbox_app:
            raise bad_parameter("The target app is not connected to this account.")
        return self._control(call, "inbox")

    def request_control(self, call: Call) -> HTTPResponse:
        """Asked for; whether it is given is for the people in the inbox to decide."""
        self._customer(call)
        return answer({"success": True})

    def conversations(self, call: Call) -> HTTPResponse:
        """`GET /{account}/conversations?user_id=…`: the thread with one person, newest message first."""
        platform = self._platform
        person = platform.person_at(call.text("user_id"))
        if person is None:
            return answer({"data": []})
        asked = re.search(r"messages(?:\.limit\((\d+)\))?", call.text("fields"))
        most = int(asked[1]) if asked and asked[1] else 25
        # The newest first, and no further back than was asked for.
        found: list[dict[str, Any]] = []
        for entry in reversed(platform.entries.values()):
            if entry.surface == PRIVATE and entry.customer == person.id and not entry.deleted:
                author = person.id if entry.by_customer else platform.account_id
                sender = {"id": platform.address(author) if entry.by_customer else author}
                found.append(
                    {"id": entry.id, "message": entry.text, "from": sender, "created_time": graph_time(entry.at)}
                )
                if len(found) == most:
                    break
        thread: dict[str, Any] = {"id": f"t_{platform.address(person.id)}"}
        if asked:
            thread["messages"] = {"data": found}
        return answer({"data": [thread]})

    def _control(self, call: Call, to: str) -> HTTPResponse:
        platform, customer = self._platform, self._customer(call)
        if platform.owners.get(customer, "us") != to:
            platform.owners[customer] = to
            platform.screen.announce("control", {"customer": customer, "to": to})
            platform.emit(customer, platform.event_control(customer, to))
        return answer({"success": True})

    def _customer(self, call: Call) -> str:
        address = str(call.mapping("recipient").get("id", ""))
        person = self._platform.person_at(address)
        if person is None:
            raise graph_error(100, self._no_user)
        return person.id

    def _private_reply(self, comment_id: str) -> str:
        platform = self._platform
        comment = platform.entries.get(comment_id)
        if comment is None or comment.deleted or not comment.by_customer or comment.surface != PUBLIC:
            raise graph_error(100, 2534025)
        hours = (platform.now_ms() - comment.at) / 3_600_000
        for broken, rule, refusal in (
            (comment.extra.get("private_reply", False), "second private reply to a comment", graph_error(10900)),
            (hours > _PRIVATE_REPLY_H, "private reply later than 7 days", graph_error(100, 2534025)),
        ):
            if broken and platform.violate(rule, customer=comment.customer, entry=comment_id):
                raise refusal
        comment.extra["private_reply"] = True
        return comment.customer

    def _check_window(self, customer: str, call: Call) -> None:
        platform, tag = self._platform, call.text("tag")
        if tag and tag != "HUMAN_AGENT":
            raise bad_parameter(f"Param tag must be HUMAN_AGENT: {tag[:40]} is not supported any more.")
        if bool(tag) != (call.text("messaging_type") == "MESSAGE_TAG"):
            raise bad_parameter("Param tag goes with messaging_type MESSAGE_TAG, and only with it.")
        hours = platform.hours_since_wrote(customer)
        if hours <= (_HUMAN_WINDOW_H if tag else _WINDOW_H):
            return
        rule = "HUMAN_AGENT later than 7 days" if tag else "outside the 24-hour window"
        if platform.violate(rule, customer=customer):
            raise graph_error(10, 2018278 if isinstance(platform, Facebook) else 2534022)

    def _act(self, customer: str, action: str, call: Call) -> None:
        platform = self._platform
        if action == "typing_on":
            platform.type(customer)
        elif action in ("react", "unreact"):
            about = call.mapping("payload")
            entry = platform.entries.get(str(about.get("message_id", "")))
            if entry is None:
                raise bad_parameter("Message to react to not found.")
            platform.show(
                entry, "reaction", emoji=str(about.get("reaction", "")) if action == "react" else "", by=BRAND
            )
        elif action not in ("typing_off", "mark_seen"):
            raise bad_parameter("Param sender_action must be one of typing_on, typing_off, mark_seen, react, unreact.")

    def _entry(self, customer: str, call: Call) -> Entry:
        platform, message = self._platform, call.mapping("message")
        entry = Entry(platform.new_id(PRIVATE), PRIVATE, BRAND, customer, tag=call.text("tag"))
        entry.mark = str(message.get("metadata", ""))[:1_000]
        text, attachment = message.get("text"), message.get("attachment")
        if isinstance(text, str) and text.strip():
            size = len(text.encode()) if platform.text_in_bytes else len(text)
            if size > platform.text_limit:
                unit = "bytes" if platform.text_in_bytes else "characters"
                raise bad_parameter(
                    f"Length of param message[text] must be less than or equal to {platform.text_limit} {unit}"
                )
            entry.text = text
        elif isinstance(attachment, dict):
            _attach(entry, attachment)
        else:
            raise bad_parameter("Param message must have a text or an attachment.")
        if quick_replies := message.get("quick_replies"):
            entry.buttons = _quick_replies(quick_replies)
        answered = message.get("reply_to") or call.params.get("reply_to")
        if isinstance(answered, dict) and str(answered.get("mid", "")) in platform.entries:
            entry.reply_to = str(answered["mid"])
        return entry


def _quick_replies(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST_QUICK_REPLIES:
        raise bad_parameter(f"Param message[quick_replies] must have 1 to {_MOST_QUICK_REPLIES} elements.")
    buttons = []
    for reply in given:
        title, payload = str(reply.get("title", "")), str(reply.get("payload", ""))
        if reply.get("content_type") != "text" or not title or not 0 < len(payload) <= _LONGEST_PAYLOAD:
            raise bad_parameter("A quick reply needs content_type text, a title and a payload.")
        # Longer titles are cut, not refused.
        buttons.append({"key": payload, "title": title[:_QUICK_REPLY_TITLE]})
    return buttons


def _attach(entry: Entry, attachment: dict[str, Any]) -> None:
    kind, payload = attachment.get("type"), attachment.get("payload") or {}
    if kind in _MEDIA:
        link = str(payload.get("url", ""))
        if not link.startswith(("https://", "http://")):
            raise graph_error(100, 2018008, "(#100) Failed to fetch the file from the url.")
        entry.attachments = [{"kind": kind, "url": link}]
        return
    if kind != "template" or payload.get("template_type") != "button":
        raise bad_parameter("This type of attachment is not supported here.")
    text, buttons = str(payload.get("text", "")), payload.get("buttons") or []
    if not 0 < len(text) <= _TEMPLATE_TEXT or not 1 <= len(buttons) <= _MOST_TEMPLATE_BUTTONS:
        raise bad_parameter(f"A button template has up to {_TEMPLATE_TEXT} characters and 1 to 3 buttons.")
    entry.text = text
    for button in buttons:
        title = str(button.get("title", ""))
        if not 0 < len(title) <= _QUICK_REPLY_TITLE:
            raise bad_parameter("A button's title has 1 to 20 characters.")
        if button.get("type") == "web_url" and str(button.get("url", "")).startswith(("https://", "http://")):
            entry.buttons.append({"key": str(button["url"]), "title": title, "url": str(button["url"])})
        elif button.get("type") == "postback" and button.get("payload"):
            entry.buttons.append({"key": str(button["payload"]), "title": title, "postback": True})
        else:
            raise bad_parameter("A button is a web_url with a url or a postback with a payload.")
