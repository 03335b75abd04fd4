"""Webhook requests → events: the X Activity API, and the Account Activity API that it replaces.

https://docs.x.com/x-api/activity/event-payloads
https://docs.x.com/x-api/account-activity/introduction
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from channels.errors import PayloadError
from channels.messages import AccessRevoked, Customer, InboundEvent, Surface
from channels.x import directs, posts, reading, wire
from channels.x.reading import Account, Around

_REVOKED, _DELETED = "oauth.revoke", "post.delete"
_ENCRYPTED = ("chat.received", "chat.sent")


class _Source(NamedTuple):
    """One thing to read, with what all readers need of it."""

    raw: bytes
    account: Account
    around: Around
    received_at: datetime


def read_body(body: bytes, account: Account, received_at: datetime) -> list[InboundEvent]:
    """Every event of a request, in order. Raises PayloadError.

    A single thing without its envelope is one that was kept aside and is tried again: while it still cannot be read,
    it stays aside.
    """
    fields = reading.decode(body, dict[str, msgspec.Raw], "request")
    if "data" in fields:
        activity = reading.decode(fields["data"], wire.Activity, "activity")
        beside = reading.decode(fields["includes"], Any, "includes") if "includes" in fields else None
        return _activity(activity, beside, body, account, received_at)
    if "for_user_id" in fields:
        return _legacy(fields, body, account, received_at)
    for key, reader in _ALONE.items():
        if key in fields:
            return [_read(reader, _Source(body, account, Around(), received_at))]
    raise PayloadError("neither an activity nor an account's events")


def read_post(item: Any, kind: str, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """A post of a list that was asked for."""
    raw = msgspec.json.encode(item)
    return _read(lambda source: _post(source, kind), _Source(raw, account, around, received_at))


def read_direct(item: Any, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """A direct message of a list that was asked for."""
    return _read(_polled_direct, _Source(msgspec.json.encode(item), account, around, received_at))


# ---- envelopes ---------------------------------------------------------------------------------------


def _activity(
    activity: wire.Activity, beside: Any, body: bytes, account: Account, received_at: datetime
) -> list[InboundEvent]:
    kind = reading.kind_word(activity.event_type)
    event_id = f"event:{activity.event_uuid}" if activity.event_uuid else ""
    if str(activity.filter.user_id or account.id) != account.id:
        return [reading.aside("another account's event", body, account, received_at, event_id=event_id)]
    payload = bytes(activity.payload)
    if kind in posts.KINDS or kind == _DELETED:
        around = reading.around(activity.includes, beside)
        source = _Source(payload, account, around, received_at)
        return [_read(_deletion if kind == _DELETED else lambda source: _post(source, kind), source, whole=body)]
    if kind.startswith("dm."):
        found = list(_listed(reading.decode(payload, dict[str, msgspec.Raw], "payload"), account, received_at))
        if found:
            return found
    if kind == _REVOKED:
        revoked = reading.decode(payload, wire.Revocation, "revocation")
        if str(revoked.user_id or account.id) == account.id:
            ours = Customer(external_id=account.id)
            fields = reading.base(
                event_id or f"revoked:{revoked.date_time}", account.id, received_at, ours, Surface.PRIVATE
            )
            return [AccessRevoked(**fields, detail="the account withdrew the app's access on X")]
        kind = "another account's event"
    kind = "encrypted_chat" if kind in _ENCRYPTED else kind
    return [reading.aside(kind, body, account, received_at, event_id=event_id)]


def _legacy(
    fields: Mapping[str, msgspec.Raw], body: bytes, account: Account, received_at: datetime
) -> list[InboundEvent]:
    if str(reading.decode(fields["for_user_id"], Any, "for_user_id")) != account.id:
        return [reading.aside("another account's event", body, account, received_at)]
    found = list(_listed(fields, account, received_at))
    if found:
        return found
    kinds = (reading.kind_word(key) for key in fields if key.endswith(("_events", "_event")))
    return [reading.aside(next(kinds, "unknown event"), body, account, received_at)]


def _listed(fields: Mapping[str, msgspec.Raw], account: Account, received_at: datetime) -> Iterator[InboundEvent]:
    """Both APIs bring direct messages in lists under the same names. One that cannot be read costs no other."""
    users = reading.decode(fields["users"], Any, "users") if "users" in fields else None
    around = reading.around({"users": users})
    for key, reader in _LISTS.items():
        if key not in fields:
            continue
        for raw in reading.decode(fields[key], list[msgspec.Raw], key):
            yield _read(reader, _Source(bytes(raw), account, around, received_at))


# ---- single things -----------------------------------------------------------------------------------


def _read(reader: Callable[[_Source], InboundEvent], source: _Source, *, whole: bytes = b"") -> InboundEvent:
    """`whole`: what to keep aside in its place, when the thing alone would not tell what it is."""
    try:
        return reader(source)
    except PayloadError as error:
        return reading.aside(str(error), whole or source.raw, source.account, source.received_at, keep=True)


def _post(source: _Source, kind: str) -> InboundEvent:
    post = reading.decode(source.raw, wire.Post, "post")
    return posts.read_post(post, kind, source.account, source.around, source.received_at)


def _deletion(source: _Source) -> InboundEvent:
    deleted = reading.decode(source.raw, wire.DeletedPost, "deletion")
    return posts.read_deletion(deleted, source.account, source.received_at)


def _legacy_deletion(source: _Source) -> InboundEvent:
    deletion = reading.decode(source.raw, wire.LegacyDeletion, "deletion")
    at = reading.moment_of_ms(deletion.timestamp_ms, source.received_at)
    return posts.read_deletion(deletion.status, source.account, source.received_at, at)


def _direct(source: _Source) -> InboundEvent:
    return directs.read_direct(reading.decode(source.raw, wire.Direct, "direct message"), *source[1:])


def _polled_direct(source: _Source) -> InboundEvent:
    return directs.read_polled(reading.decode(source.raw, wire.PolledDirect, "direct message"), *source[1:])


def _receipt(source: _Source) -> InboundEvent:
    return directs.read_receipt(reading.decode(source.raw, wire.Read, "receipt"), *source[1:])


def _typing(source: _Source) -> InboundEvent:
    return directs.read_typing(reading.decode(source.raw, wire.Typing, "typing sign"), *source[1:])


_LISTS: Mapping[str, Callable[[_Source], InboundEvent]] = {
    "direct_message_events": _direct,
    "direct_message_mark_read_events": _receipt,
    "direct_message_indicate_typing_events": _typing,
    "tweet_delete_events": _legacy_deletion,
}
# A field that only one kind of thing has → how to read such a thing when it comes alone.
_ALONE: Mapping[str, Callable[[_Source], InboundEvent]] = {
    "message_create": _direct,
    "event_type": _polled_direct,
    "last_read_event_id": _receipt,
    "author_id": lambda source: _post(source, posts.MENTION),
}
