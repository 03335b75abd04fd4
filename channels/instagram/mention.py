"""How a mention is named: Instagram tells a media id and a comment id, and both are needed to answer.

https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentions
"""

from __future__ import annotations

from typing import NamedTuple

_PREFIX = "mention"


class Mention(NamedTuple):
    """A mention of the brand in a comment on somebody's media, or (no `comment_id`) in that media's caption."""

    media_id: str
    comment_id: str

    @property
    def external_id(self) -> str:
        return f"{_PREFIX}:{self.media_id}:{self.comment_id}"

    @property
    def hangs_on(self) -> str:
        """What a person would point at: the comment, else the media."""
        return self.comment_id or self.media_id


def mention_of(external_id: str) -> Mention | None:
    """The inverse of `external_id`; None when it names an ordinary comment."""
    prefix, _, rest = external_id.partition(":")
    media_id, _, comment_id = rest.partition(":")
    return Mention(media_id, comment_id) if prefix == _PREFIX and media_id else None
