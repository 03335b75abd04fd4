"""What a visitor's feed holds: the lines of the talk as the page shows them, the visitor's own included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.messages import Attachment, Button, ButtonTapped, MessageReceived, OutboundMessage

VISITOR = "visitor"


def brand_line(
    message: OutboundMessage, text: str, buttons: Sequence[Button], attachments: Sequence[Attachment]
) -> Mapping[str, Any]:
    """Something that the assistant, a colleague or the system says."""
    line: dict[str, Any] = {
        "kind": "message",
        "from": message.sender.value,
        "at": _time(message.created_at),
        "id": message.message_id,
        "text": text,
    }
    if message.agent_name:
        line["name"] = message.agent_name
    if buttons:
        line["buttons"] = [
            {"key": button.key, "title": button.title or button.key} | ({"url": button.url} if button.url else {})
            for button in buttons
        ]
    if attachments:
        line["attachments"] = [
            {"kind": item.kind, "url": item.url, "name": item.name or item.external_id} for item in attachments
        ]
    return line


def own_line(event: MessageReceived | ButtonTapped) -> Mapping[str, Any]:
    """What the visitor said or chose, for their other tabs and for after a reload."""
    line: dict[str, Any] = {
        "kind": "message",
        "from": VISITOR,
        "at": _time(event.at),
        "client_msg_id": event.external_id,
    }
    if isinstance(event, ButtonTapped):
        return line | {"text": event.title or event.button, "tap": event.button}
    return line | {"text": event.text}


def typing_sign(message: OutboundMessage) -> Mapping[str, Any]:
    """Somebody is writing. Never numbered, never kept."""
    return {"kind": "typing", "from": message.sender.value, "name": message.agent_name}


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
