"""Webhook bodies → events: Messenger items, and the comments and posts of the Page's feed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from channels.facebook import wire
from channels.facebook.settings import FacebookSettings
from channels.messages import (
    Attachment,
    Customer,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    RawRequest,
    Reacted,
    Surface,
    Unsupported,
    post_thread,
)
from channels.meta.envelope import Change, Entry, digest, moment, open_body, read, unreadable
from channels.meta.messaging import read_messaging

CHANNEL = "facebook"

# What a Page is subscribed with: https://developers.facebook.com/docs/graph-api/webhooks/reference/page/
FIELDS = (
    "messages",
    "message_echoes",
    "messaging_postbacks",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_handovers",
    "standby",
    "feed",
)

# A visitor's post on the Page is as good as a comment; these are the forms in which it comes.
_POSTS = frozenset({"post", "status", "photo", "video"})
_EDITS = frozenset({"edited", "edit"})
_REMOVALS = frozenset({"remove", "delete"})
# A name typed with @, as people call other accounts where no real mention is offered.
_HANDLE = re.compile(r"(?<![\w@.])@([A-Za-z0-9_][A-Za-z0-9_.]{1,48}[A-Za-z0-9_])")
_EMOJI: Mapping[str, str] = {
    "like": "👍",
    "love": "❤️",
    "care": "🤗",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
}


class _Source(NamedTuple):
    """One change of the feed, and the Page that it came to."""

    feed: wire.Feed
    raw: msgspec.Raw
    settings: FacebookSettings
    entry_time: datetime

    @property
    def own(self) -> bool:
        return self.feed.author_id == self.settings.page_id

    @property
    def first_level(self) -> bool:
        """A comment on the post itself (or a post), not an answer to another comment."""
        parent = str(self.feed.parent_id)
        return not parent or parent in {str(self.feed.post_id), self.feed.external_id}

    @property
    def root(self) -> str:
        return self.feed.external_id if self.first_level else str(self.feed.parent_id)

    def event_id(self, *content: object) -> str:
        """The Page's id is in every entry, so only the content's own id tells events apart."""
        feed = self.feed
        return ".".join(str(part) for part in (feed.external_id, feed.verb, feed.created_time or 0, *content))

    def base(self, thread: str, *content: object, at: datetime | None = None) -> dict[str, Any]:
        author = self.feed.from_
        known = author is not None and thread == self.feed.author_id
        return {
            "channel": CHANNEL,
            "event_id": self.event_id(*content),
            "thread_id": thread,
            "at": at or self.entry_time,
            "customer": Customer(external_id=thread, name=(author.name or "") if author and known else ""),
            "surface": Surface.PUBLIC,
        }

    def unsupported(self, kind: str = "") -> Unsupported:
        feed = self.feed
        kind = kind or f"{feed.item or 'item'}.{feed.verb or 'verb'}"
        thread = feed.author_id or self.settings.page_id
        return Unsupported(**self.base(thread, kind, digest(bytes(self.raw))), kind=kind)


def parse(request: RawRequest, settings: FacebookSettings) -> Sequence[InboundEvent]:
    """Every event of the body, in order. Raises PayloadError when the body itself cannot be read."""
    events: list[InboundEvent] = []
    for raw in open_body(request.body).entry:
        entry = read(raw, Entry)
        if entry is None:
            events.append(_unreadable(raw, settings, request.received_at, "unreadable entry"))
        else:
            events.extend(_entry(entry, settings, request.received_at))
    return events


def _entry(entry: Entry, settings: FacebookSettings, received_at: datetime) -> Iterator[InboundEvent]:
    if str(entry.id) != settings.page_id:
        # Another Page of the same app, or the dashboard's test button: customers' ids hold for one Page only.
        yield from (_foreign(raw, settings, received_at) for raw in (*entry.messaging, *entry.standby, *entry.changes))
        return
    for items, standby in ((entry.messaging, False), (entry.standby, True)):
        for raw in items:
            yield read_messaging(
                raw,
                channel=CHANNEL,
                account_id=settings.page_id,
                app_id=settings.app_id,
                standby=standby,
                received_at=received_at,
            )
    for raw in entry.changes:
        yield _change(raw, settings, moment(entry.time, received_at))


def _change(raw: msgspec.Raw, settings: FacebookSettings, at: datetime) -> InboundEvent:
    change = read(raw, Change)
    if change is None:
        return _unreadable(raw, settings, at, "unreadable change")
    if change.field != "feed":
        return _aside(raw, settings, at, change.field[:40] or "change")
    feed = read(change.value, wire.Feed)
    if feed is None:
        return _unreadable(raw, settings, at, "unreadable feed")
    return _happened(_Source(feed, raw, settings, at))


def _happened(source: _Source) -> InboundEvent:
    feed = source.feed
    if not feed.external_id:
        return source.unsupported()
    if feed.item == "comment" or (feed.item in _POSTS and not source.own):
        return _spoken(source)
    if feed.item == "reaction" and feed.comment_id:
        return _reaction(source)
    return source.unsupported()


# ---- kinds -------------------------------------------------------------------------------------------


def _spoken(source: _Source) -> InboundEvent:
    """A comment or a visitor's post: written, changed or gone."""
    feed = source.feed
    if source.own:
        return _own(source)
    if feed.verb == "add":
        return _added(source)
    # Without an author, the case is found by what it is about.
    thread = feed.author_id or post_thread(feed.external_id)
    if feed.verb in _EDITS and feed.message is not None:
        # There is no edit number, so the words tell one edit from the next.
        base = source.base(thread, digest(feed.message))
        return MessageEdited(**base, external_id=feed.external_id, text=feed.message)
    if feed.verb in _REMOVALS:
        return MessageDeleted(**source.base(thread), external_id=feed.external_id)
    return source.unsupported()


def _added(source: _Source) -> InboundEvent:
    feed = source.feed
    text, attachments = feed.message or "", tuple(_attachments(feed))
    if not text.strip() and not attachments:
        return source.unsupported("comment without words")
    # Meta hides authors from apps without the permission, and some people hide themselves. Named by the comment, not
    # by its root: several hidden people may write under one.
    thread = feed.author_id or f"anon:{feed.external_id}"
    link = (feed.post.permalink_url or "") if feed.post else ""
    return MessageReceived(
        **source.base(thread, at=moment(feed.created_time, source.entry_time)),
        external_id=feed.external_id,
        text=text,
        attachments=attachments,
        reply_to="" if source.first_level else str(feed.parent_id),
        root=source.root,
        post=str(feed.post_id),
        link=link,
        tagged=_tagged(source),
        hidable=feed.item == "comment",
    )


def _own(source: _Source) -> InboundEvent:
    """What the Page wrote: by us, by a person, by another app; Meta does not say. The case is that of its parent."""
    feed = source.feed
    parent = str(feed.parent_id)
    if feed.verb != "add" or not parent:
        return source.unsupported(f"own_{feed.item}.{feed.verb}")
    return HumanEcho(
        **source.base(post_thread(parent), at=moment(feed.created_time, source.entry_time)),
        external_id=feed.external_id,
        text=feed.message or "",
        maybe_ours=True,
    )


def _reaction(source: _Source) -> InboundEvent:
    feed = source.feed
    if source.own or not feed.author_id or feed.verb not in {"add", "edit", "edited", "remove"}:
        return source.unsupported()
    emoji = "" if feed.verb == "remove" else _EMOJI.get(feed.reaction_type, feed.reaction_type)
    base = source.base(feed.author_id, "reaction", feed.author_id, feed.reaction_type)
    return Reacted(**base, external_id=str(feed.comment_id), emoji=emoji)


# ---- pieces ------------------------------------------------------------------------------------------


def _attachments(feed: wire.Feed) -> Iterator[Attachment]:
    if feed.photo:
        yield Attachment(kind="image", url=feed.photo)
    if feed.video:
        yield Attachment(kind="video", url=feed.video)


def _tagged(source: _Source) -> tuple[str, ...]:
    """Other accounts that the text names, each once, without @ and without ourselves."""
    tags = read(source.feed.message_tags, tuple[wire.Tag, ...]) or ()
    names = [tag.name for tag in tags if tag.name and str(tag.id) != source.settings.page_id]
    ourselves = source.settings.page_username.casefold()
    handles = [name for name in _HANDLE.findall(source.feed.message or "") if name.casefold() != ourselves]
    return tuple(dict.fromkeys(name.removeprefix("@") for name in (*names, *handles)))


def _foreign(raw: msgspec.Raw, settings: FacebookSettings, at: datetime) -> InboundEvent:
    return _aside(raw, settings, at, "another account")


def _aside(raw: msgspec.Raw, settings: FacebookSettings, at: datetime, kind: str) -> Unsupported:
    return Unsupported(
        channel=CHANNEL,
        event_id=f"{kind}.{digest(bytes(raw))}",
        thread_id=settings.page_id,
        at=at,
        customer=Customer(external_id=settings.page_id),
        kind=kind,
    )


def _unreadable(raw: msgspec.Raw, settings: FacebookSettings, at: datetime, kind: str) -> Unsupported:
    return unreadable(raw, channel=CHANNEL, account_id=settings.page_id, at=at, kind=kind)
