"""The parts of a `feed` change that we read: https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed

Fields that we don't read may hold anything.
"""

from __future__ import annotations

import msgspec

from channels.meta.envelope import Id, Time


class Author(msgspec.Struct, frozen=True):
    id: Id = ""
    name: str | None = None


class Post(msgspec.Struct, frozen=True):
    permalink_url: str | None = None


class Feed(msgspec.Struct, frozen=True):
    """Something that happened on the Page. `parent_id` is the post for a comment of the first level."""

    item: str = ""
    verb: str = ""
    from_: Author | None = msgspec.field(name="from", default=None)
    message: str | None = None
    post_id: Id = ""
    comment_id: Id = ""
    parent_id: Id = ""
    created_time: Time = None
    photo: str | None = None
    video: str | None = None
    reaction_type: str = ""
    post: Post | None = None
    message_tags: msgspec.Raw = msgspec.Raw(b"null")  # opened apart: its shape is not documented for webhooks

    @property
    def author_id(self) -> str:
        return str(self.from_.id) if self.from_ else ""

    @property
    def external_id(self) -> str:
        return str(self.comment_id or self.post_id)


class Tag(msgspec.Struct, frozen=True):
    """Somebody named in a comment: https://developers.facebook.com/docs/graph-api/reference/comment"""

    id: Id = ""
    name: str = ""
