"""A webhook's body → events: https://developers.facebook.com/docs/instagram-platform/webhooks"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from channels.errors import PayloadError
from channels.instagram.comments import CHANNEL, Brand, read_comment, read_mention
from channels.messages import Customer, InboundEvent, Unsupported
from channels.meta.envelope import Change, Entry, digest, moment, open_body, read, unreadable
from channels.meta.messaging import read_messaging

OBJECT = "instagram"
_STANDBY = "standby"
# Fields whose value is shaped like an item of `messaging`. The docs disagree on where they sit.
_MESSAGING = frozenset({"messages", "messaging_postbacks", "messaging_seen", "message_reactions", "message_edit"}) | {
    "messaging_referral",
    "messaging_handover",
    _STANDBY,
}
# What to ask for. Live comments are left out: they can be answered only while the broadcast runs.
FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "message_edit",
    "messaging_referral",
    "messaging_handover",
    _STANDBY,
    "comments",
)
MENTIONS = "mentions"  # a field of its own for accounts that are connected through Facebook


class Account(NamedTuple):
    """Whose webhooks these are."""

    account_id: str
    username: str
    app_id: str


class _Place(NamedTuple):
    """The account and the entry that an event stands in."""

    account: Account
    at: datetime

    @property
    def brand(self) -> Brand:
        return Brand(frozenset({self.account.account_id}), self.account.username)

    def unreadable(self, raw: msgspec.Raw, kind: str) -> Unsupported:
        return unreadable(raw, channel=CHANNEL, account_id=self.account.account_id, at=self.at, kind=kind)

    def unsupported(self, raw: msgspec.Raw, kind: str) -> Unsupported:
        """Something that is of no use here; known by its content, because it has no id."""
        account_id = self.account.account_id
        return Unsupported(
            channel=CHANNEL,
            event_id=f"{kind}.{digest(bytes(raw))}",
            thread_id=account_id,
            at=self.at,
            customer=Customer(external_id=account_id),
            kind=kind,
        )


def read_body(body: bytes, account: Account, received_at: datetime) -> list[InboundEvent]:
    """Every event, in order. Raises PayloadError when it is not a webhook of Instagram's at all."""
    opened = open_body(body)
    # The dashboard's "Test" button leaves the object out.
    if opened.object not in {"", OBJECT}:
        raise PayloadError("the webhook's object is not instagram")
    return [event for raw in opened.entry for event in _entry(raw, account, received_at)]


def _entry(raw: msgspec.Raw, account: Account, received_at: datetime) -> Iterator[InboundEvent]:
    entry = read(raw, Entry)
    if entry is None:
        yield _Place(account, received_at).unreadable(raw, "unreadable entry")
        return
    place = _Place(account, moment(entry.time, received_at))
    if str(entry.id) != account.account_id:
        # One app may serve several accounts; and the dashboard's "Test" button sends from account 0.
        yield place.unsupported(raw, "another_account")
        return
    yield from (_messaging(item, place, standby=False) for item in entry.messaging)
    yield from (_messaging(item, place, standby=True) for item in entry.standby)
    yield from (_change(item, place) for item in entry.changes)
    if entry.field:
        yield _field(entry.field, entry.value, place)


def _messaging(item: msgspec.Raw, place: _Place, *, standby: bool) -> InboundEvent:
    return read_messaging(
        item,
        channel=CHANNEL,
        account_id=place.account.account_id,
        app_id=place.account.app_id,
        standby=standby,
        received_at=place.at,
        maybe_ours=True,
    )


def _change(item: msgspec.Raw, place: _Place) -> InboundEvent:
    change = read(item, Change)
    return place.unreadable(item, "unreadable change") if change is None else _field(change.field, change.value, place)


def _field(field: str, value: msgspec.Raw, place: _Place) -> InboundEvent:
    if field in _MESSAGING:
        return _messaging(value, place, standby=field == _STANDBY)
    if field == "comments":
        return read_comment(value, place.brand, place.at) or place.unreadable(value, "unreadable comment")
    if field == MENTIONS:
        return read_mention(value, place.at) or place.unreadable(value, "unreadable mention")
    return place.unsupported(value, field[:40])
