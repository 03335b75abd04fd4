"""What a visitor's page sends that belongs to the conversation. The rest of the protocol is the gateway's."""

from __future__ import annotations

import re
import uuid
from typing import Any

import msgspec

from channels.errors import PayloadError

LONGEST_TEXT = 4000  # characters
LONGEST_TITLE = 200
LONGEST_KEY = 64
# Control characters have no place in a message; new line and tabulator have.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_frames = msgspec.json.Decoder(dict[str, Any])


class Said(msgspec.Struct, frozen=True):
    """The visitor wrote a text."""

    client_msg_id: str
    text: str
    language: str


class Tapped(msgspec.Struct, frozen=True):
    """The visitor chose a button of ours."""

    client_msg_id: str
    button: str
    title: str
    language: str


class Unknown(msgspec.Struct, frozen=True):
    """A kind of frame that this version does not know."""

    kind: str


Frame = Said | Tapped | Unknown


def read(body: bytes) -> Frame:
    """Read a frame. Raises PayloadError that says what is wrong and quotes nothing."""
    try:
        fields = _frames.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PayloadError("not a JSON object") from None
    kind = _text(fields, "t", LONGEST_KEY)
    if not kind:
        raise PayloadError("t is empty")
    if kind == "message":
        return Said(
            client_msg_id=_client_msg_id(fields),
            text=_required(fields, "text", LONGEST_TEXT),
            language=_language(fields),
        )
    if kind == "tap":
        return Tapped(
            client_msg_id=_client_msg_id(fields),
            button=_required(fields, "button", LONGEST_KEY),
            title=_text(fields, "title", LONGEST_TITLE),
            language=_language(fields),
        )
    return Unknown(kind)


def _text(fields: dict[str, Any], key: str, limit: int) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str):
        raise PayloadError(f"{key} is not a text")
    value = _CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(value) > limit:
        raise PayloadError(f"{key} is longer than {limit} characters")
    return value


def _required(fields: dict[str, Any], key: str, limit: int) -> str:
    value = _text(fields, key, limit)
    if not value:
        raise PayloadError(f"{key} is empty")
    return value


def _client_msg_id(fields: dict[str, Any]) -> str:
    try:
        return str(uuid.UUID(_text(fields, "client_msg_id", LONGEST_KEY)))
    except ValueError:
        raise PayloadError("client_msg_id is not a UUID") from None


def _language(fields: dict[str, Any]) -> str:
    language = _text(fields, "lang", LONGEST_KEY)
    return language if _LANGUAGE.fullmatch(language) else ""
