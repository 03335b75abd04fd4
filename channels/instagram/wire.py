"""The parts of comments and mentions that we read, typed. Fields that we don't read may hold anything.

https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram
"""

from __future__ import annotations

import msgspec

from channels.meta.envelope import Id, Time


class Author(msgspec.Struct, frozen=True):
    id: Id = ""
    username: str | None = None


class Media(msgspec.Struct, frozen=True):
    id: Id = ""


class Comment(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """One page of the docs calls the comment's id `id`, another `comment_id`."""

    id: Id = ""
    comment_id: Id = ""
    parent_id: Id | None = None
    text: str | None = None
    author: Author | None = None
    media: Media | None = None
    timestamp: Time = None


class Mentioned(msgspec.Struct, frozen=True):
    """Without `comment_id`, the media's caption mentions the brand."""

    media_id: Id
    comment_id: Id | None = None
