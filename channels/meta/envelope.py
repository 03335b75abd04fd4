"""The envelope that all of Meta's webhooks share: a body of entries, each entry a batch of events.

Everything below the body is opened one by one, so that what cannot be read costs only itself.
https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from channels.errors import PayloadError
from channels.messages import Customer, Unsupported

# Ids are text here, whatever JSON type they come as.
Id = str | int
# Milliseconds or seconds since 1970, as a number or as text, or an ISO 8601 time.
Time = str | int | float | None

# A number below this is in seconds (as milliseconds it would lie in early 1973), above it in milliseconds.
_SECONDS_END = 100_000_000_000
_LAST_SECOND = 253_402_300_799  # of the year 9999

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True):
    entry: tuple[msgspec.Raw, ...]
    object: str = ""


class Change(msgspec.Struct, frozen=True):
    field: str
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Entry(msgspec.Struct, frozen=True):
    """What happened to one account. Instagram also puts a single change into the entry itself."""

    id: Id = ""
    time: Time = None
    messaging: tuple[msgspec.Raw, ...] = ()
    standby: tuple[msgspec.Raw, ...] = ()
    changes: tuple[msgspec.Raw, ...] = ()
    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"")


def open_body(body: bytes) -> Body:
    """Raises PayloadError."""
    try:
        return msgspec.json.decode(body, type=Body)
    except (msgspec.DecodeError, RecursionError) as error:
        # msgspec names the place and the expected type, never the value.
        raise PayloadError(f"unreadable webhook body: {error}") from None


def read(raw: msgspec.Raw | bytes, shape: type[T]) -> T | None:
    """The value in that shape, or None when it has another one."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, RecursionError):
        return None


def unreadable(raw: msgspec.Raw | bytes, *, channel: str, account_id: str, at: datetime, kind: str) -> Unsupported:
    """What could not be read, kept whole."""
    content = bytes(raw)
    account = account_id or "0"
    return Unsupported(
        channel=channel,
        event_id=f"unreadable.{digest(content)}",
        thread_id=account,
        at=at,
        customer=Customer(external_id=account),
        kind=kind,
        raw=content.decode("utf-8", "replace"),
    )


def digest(content: bytes | str) -> str:
    """Names content that has no id of its own; the same in every delivery."""
    octets = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(octets).hexdigest()[:24]


def moment(value: Time, otherwise: datetime) -> datetime:
    """The time in UTC; `otherwise` when there is none to read."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _iso(str(value), otherwise)
    # Also keeps a number too large to be divided away from the division.
    if value is None or not 0 < value <= _LAST_SECOND * 1000:
        return otherwise
    seconds = value if value < _SECONDS_END else value / 1000
    if not 0 < seconds <= _LAST_SECOND:
        return otherwise
    return datetime.fromtimestamp(seconds, UTC)


def _iso(text: str, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return otherwise
