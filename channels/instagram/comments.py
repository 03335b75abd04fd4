"""Comments and mentions → events: https://developers.facebook.com/docs/instagram-platform/webhooks/examples"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from channels.instagram import wire
from channels.instagram.mention import Mention
from channels.messages import (
    Customer,
    HumanEcho,
    InboundEvent,
    MessageReceived,
    Surface,
    Unsupported,
    post_thread,
)
from channels.meta.envelope import moment, read

CHANNEL = "instagram"

# A user name has up to 30 letters, digits, dots and underscores, and does not end with a dot.
_NAME = re.compile(r"(?<![\w.@])@([A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?)")


class Brand(NamedTuple):
    """Who we are: the account's ids (settings and webhook may know it by different ones) and its user name."""

    ids: frozenset[str]
    username: str

    def wrote(self, author_id: str, username: str) -> bool:
        named = bool(self.username) and username.casefold() == self.username.casefold()
        return author_id in self.ids or named


def read_comment(value: msgspec.Raw, brand: Brand, at: datetime) -> InboundEvent | None:
    """A comment on the brand's own media; None when it has another shape. `at`: when no time is told."""
    comment = read(value, wire.Comment)
    if comment is None or not (comment.id or comment.comment_id):
        return None
    author = comment.author or wire.Author()
    author_id, username, text = str(author.id), author.username or "", comment.text or ""
    external_id = str(comment.id or comment.comment_id)
    parent = str(comment.parent_id or "")
    base: dict[str, Any] = {
        "channel": CHANNEL,
        "event_id": f"comment.{external_id}",
        "at": moment(comment.timestamp, at),
        "surface": Surface.PUBLIC,
    }
    # Before anything else: what the brand itself wrote is never an input.
    if brand.wrote(author_id, username):
        thread = post_thread(parent or external_id)
        base |= {"thread_id": thread, "customer": Customer(external_id=thread)}
        if not parent:
            return Unsupported(**base, kind="own_comment")  # a comment under its own post answers nobody
        return HumanEcho(**base, external_id=external_id, text=text, author=username, maybe_ours=True)
    # A reply to a reply is attached to the top: https://developers.facebook.com/docs/instagram-platform/comment-moderation
    root = parent or external_id
    thread = author_id or f"anon:{external_id}"  # never the root: hidden people under it are several
    base |= {"thread_id": thread, "customer": Customer(external_id=thread, username=username)}
    if not text.strip():
        return Unsupported(**base, kind="comment_without_text")
    return MessageReceived(
        **base,
        external_id=external_id,
        text=text,
        reply_to=parent,
        root=root,
        post=str(comment.media.id) if comment.media else "",
        tagged=tagged(text, brand.username),
    )


def read_mention(value: msgspec.Raw, at: datetime) -> InboundEvent | None:
    """The brand was named in a comment or a caption on somebody's media; who wrote what is not told. None when it
    has another shape."""
    told = read(value, wire.Mentioned)
    if told is None or not told.media_id:
        return None
    mention = Mention(str(told.media_id), str(told.comment_id or ""))
    stranger = f"anon:{mention.hangs_on}"
    return MessageReceived(
        channel=CHANNEL,
        event_id=f"mention.{mention.media_id}.{mention.comment_id}",
        thread_id=stranger,
        at=at,
        customer=Customer(external_id=stranger),
        surface=Surface.PUBLIC,
        external_id=mention.external_id,
        root=mention.external_id,
        post=mention.media_id,
        incomplete=True,
        private_reply=False,  # it hangs on a comment under one's own media
        hidable=False,  # as only such a comment is
    )


def tagged(text: str, username: str) -> tuple[str, ...]:
    """The accounts that a text names, each once, without @ and without the brand itself."""
    names = dict.fromkeys(_NAME.findall(text))
    return tuple(name for name in names if name.casefold() != username.casefold())
