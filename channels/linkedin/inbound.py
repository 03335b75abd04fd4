"""Notifications → events:
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from channels.errors import PayloadError
from channels.linkedin import urns, wire
from channels.messages import (
    Customer,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Surface,
    Unsupported,
    post_thread,
)

CHANNEL = "linkedin"
EVENT_TYPE = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"

# What is asked for when polling. LIKE and SHARE say nothing that could be answered.
ACTIONS = ("COMMENT", "COMMENT_EDIT", "COMMENT_DELETE", "ADMIN_COMMENT", "SHARE_MENTION")

# A mention inside a text: @[Name](urn:li:organization:1).
# https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
_MENTION = re.compile(r"@\[([^\[\]]{1,200})\]\((urn:li:[A-Za-z]+:[^\s()]{1,64})\)")
_NAME = re.compile(r"[A-Z_]{1,60}")

T = TypeVar("T")


def read_body(body: bytes, organization: str, received_at: datetime) -> list[InboundEvent]:
    """Every event of a webhook request. Raises PayloadError.

    A single notification, without the envelope, is one that was kept aside and is tried again: while it still
    cannot be read, it stays aside.
    """
    fields = _decode(body, dict[str, msgspec.Raw], "request")
    if "notificationId" in fields and "notifications" not in fields:
        return [_read(_decode(body, wire.Notification, "notification"), organization, received_at)]
    envelope = _decode(body, wire.Envelope, "request")
    if envelope.type != EVENT_TYPE:
        return [_aside(f"event {_plain_name(envelope.type)}", body, organization, received_at, keep=False)]
    if envelope.notifications is None:
        raise PayloadError("the request has no notifications")
    return read_each([bytes(raw) for raw in envelope.notifications], organization, received_at)


def read_each(notifications: Sequence[bytes], organization: str, received_at: datetime) -> list[InboundEvent]:
    """The events of these notifications, in order. One that cannot be read is kept aside and costs no other."""
    events: list[InboundEvent] = []
    for raw in notifications:
        try:
            events.append(_read(_decode(raw, wire.Notification, "notification"), organization, received_at))
        except PayloadError as error:
            events.append(_aside(str(error), raw, organization, received_at, keep=True))
    return events


# ---- kinds of notification ---------------------------------------------------------------------------


class Source(NamedTuple):
    """One notification, with what all readers need of it."""

    notification: wire.Notification
    comment: wire.Comment  # empty when the notification only points at it
    external_id: str  # of the comment
    organization: str
    received_at: datetime

    @property
    def owner(self) -> str:
        return self.comment.owner

    @property
    def parent(self) -> str:
        return urns.normal(self.comment.parent_comment or "")

    @property
    def post(self) -> str:
        if self.notification.source_post or self.comment.object:
            return self.notification.source_post or self.comment.object
        return urns.parts(self.external_id)[0] if urns.is_comment(self.external_id) else ""


def _read(notification: wire.Notification, organization: str, received_at: datetime) -> InboundEvent:
    if not str(notification.notification_id):
        raise PayloadError("notification without an id")
    generated = notification.decorated_generated_activity or wire.Generated()
    comment = generated.comment or wire.Comment()
    external_id = urns.normal(comment.entity or notification.generated_activity)
    source = Source(notification, comment, external_id, organization, received_at)
    if notification.organizational_entity not in {"", organization}:
        return Unsupported(**_about(source, organization), kind="notification of another organization")
    reader = _READERS.get(notification.action)
    if reader is None:
        return Unsupported(**_about(source, organization), kind=_plain_name(notification.action))
    if reader is not _share_mention and not urns.is_comment(external_id):
        raise PayloadError(f"{notification.action} without a comment")
    return reader(source)


def _comment(source: Source) -> InboundEvent:
    if source.owner == source.organization:
        return _own_comment(source)
    generated = source.notification.decorated_generated_activity
    pointed_at = generated is None or generated.comment is None
    words, tagged = spoken(source.comment.text or "", source.organization)
    if not words.strip() and not pointed_at:
        return Unsupported(**_about(source, source.organization), kind="comment without text")
    root = source.parent or source.external_id
    return MessageReceived(
        # Named by this comment, not by its root: several hidden people may write under one.
        **_about(source, source.owner or f"anon:{source.external_id}"),
        external_id=source.external_id,
        text=words,
        reply_to=source.parent,
        root=root,
        post=source.post,
        link=_link(source.post),
        tagged=tagged,
        incomplete=pointed_at,
    )


def _edit(source: Source) -> InboundEvent:
    if source.owner == source.organization:
        return Unsupported(**_about(source, source.organization), kind="own comment edited")
    words, _ = spoken(source.comment.text or "", source.organization)
    if not words.strip():
        return Unsupported(**_about(source, source.organization), kind="edit without text")
    return MessageEdited(**_of_comment(source), external_id=source.external_id, text=words)


def _delete(source: Source) -> InboundEvent:
    return MessageDeleted(**_of_comment(source), external_id=source.external_id)


def _own_comment(source: Source) -> InboundEvent:
    """The page answered. LinkedIn does not say through which app, and a reply only hangs on its parent."""
    if source.owner not in {"", source.organization}:
        return Unsupported(**_about(source, source.organization), kind="ADMIN_COMMENT of a member")
    words, _ = spoken(source.comment.text or "", source.organization)
    return HumanEcho(
        **_about(source, post_thread(source.parent or source.post)),
        external_id=source.external_id,
        text=words,
        author=source.organization,
        maybe_ours=True,
    )


def _share_mention(source: Source) -> InboundEvent:
    notification = source.notification
    generated = notification.decorated_generated_activity or wire.Generated()
    share = generated.share or notification.decorated_source_post or wire.Share()
    external_id = share.entity or notification.generated_activity or notification.source_post
    if not external_id.startswith("urn:li:"):
        raise PayloadError("SHARE_MENTION without a share")
    if share.owner == source.organization:
        return Unsupported(**_about(source, source.organization), kind="own share")
    words, tagged = spoken(share.text or "", source.organization)
    return MessageReceived(
        **_about(source, share.owner or f"anon:{external_id}"),
        external_id=external_id,
        text=words,
        root=external_id,
        post=external_id,
        link=_link(external_id),
        tagged=tagged,
        incomplete=not words.strip(),
    )


_READERS: Mapping[str, Callable[[Source], InboundEvent]] = {
    "COMMENT": _comment,
    "COMMENT_EDIT": _edit,
    "COMMENT_DELETE": _delete,
    "ADMIN_COMMENT": _own_comment,
    "SHARE_MENTION": _share_mention,
}


# ---- pieces ------------------------------------------------------------------------------------------


def spoken(text: str, organization: str) -> tuple[str, tuple[str, ...]]:
    """The text as people read it, and whom it mentions besides the brand."""
    tagged = tuple(dict.fromkeys(name for name, urn in _MENTION.findall(text) if urn != organization))
    return _MENTION.sub(r"@\1", text), tagged


def gone(event: MessageReceived) -> Unsupported:
    """What becomes of a message whose words were deleted before they could be fetched."""
    return Unsupported(
        channel=event.channel,
        event_id=event.event_id,
        thread_id=event.thread_id,
        at=event.at,
        customer=event.customer,
        surface=event.surface,
        kind="comment that is gone",
    )


def _of_comment(source: Source) -> dict[str, Any]:
    """An edit or a removal: of its author, or when that is not said (or is us) of whom the comment belongs to."""
    known = source.owner not in {"", source.organization}
    return _about(source, source.owner if known else post_thread(source.external_id))


def _about(source: Source, thread_id: str) -> dict[str, Any]:
    at = source.notification.last_modified_at
    return {
        "channel": CHANNEL,
        "event_id": str(source.notification.notification_id),
        "thread_id": thread_id,
        "at": datetime.fromtimestamp(at / 1000, UTC) if at else source.received_at,
        "customer": Customer(external_id=thread_id),
        "surface": Surface.PUBLIC,
    }


def _aside(kind: str, raw: bytes, organization: str, received_at: datetime, *, keep: bool) -> Unsupported:
    return Unsupported(
        channel=CHANNEL,
        event_id=f"unread.{hashlib.sha256(raw).hexdigest()[:32]}",
        thread_id=organization,
        at=received_at,
        customer=Customer(external_id=organization),
        surface=Surface.PUBLIC,
        kind=kind,
        raw=raw.decode("utf-8", "replace") if keep else "",
    )


def _link(post: str) -> str:
    return f"https://www.linkedin.com/feed/update/{post}/" if post.startswith("urn:li:") else ""


def _plain_name(name: str) -> str:
    """A vendor's constant; whatever else stands there is not repeated."""
    return name if _NAME.fullmatch(name) else "of an unknown kind"


def _decode(body: bytes, shape: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        # msgspec names the place and the expected type, never the value.
        said = "" if isinstance(error, UnicodeDecodeError) else f": {error}"
        raise PayloadError(f"unreadable {what}{said}") from None
