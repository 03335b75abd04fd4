"""What the organization does over the API: comments, changes and removals.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.linkedin import errors, urns
from sandbox.linkedin.payloads import JsonDict, comment_row
from sandbox.linkedin.platform import LONGEST_COMMENT, LinkedinPlatform
from sandbox.social.model import BRAND, PUBLIC, Entry


class Writing:
    """Every method raises LinkedIn's refusal."""

    def __init__(self, platform: LinkedinPlatform) -> None:
        self._platform = platform
        # Comments that the program has answered.
        self._answered: set[str] = set()

    def comment(self, target: str, body: Mapping[str, Any]) -> JsonDict:
        """A comment on `target`: a post, or a comment that it answers. Returns the new comment."""
        platform = self._platform
        self._is_us(body.get("actor"))
        if "content" in body:
            raise errors.denied("Images in comments are not supported for this application")
        text = _words(body.get("message"))
        parent = self._parent(target, body.get("parentComment"))
        post = platform.post_of(target)
        thread = urns.thread(parent.id) if parent else platform.thread_of(post) if post else self._thread(target)
        if not self._is_thread(body.get("object"), thread):
            raise errors.bad("object: must be the post that the comment hangs on")
        above = parent or platform.find(target)
        entry = Entry(urns.comment(thread, urns.number(platform.new_id(PUBLIC, thread))), PUBLIC, BRAND, "", text)
        entry.root = entry.id
        entry.post = post
        if above is not None:
            entry.customer, entry.reply_to = above.customer, above.id
            entry.root, entry.post = above.root, above.post
            if above.by_customer:
                self._count(above)
        platform.say(entry)
        return comment_row(platform.comment(entry))

    def edit(self, comment_id: str, target: str, actor: str, body: Mapping[str, Any]) -> None:
        """Change the text of the organization's own comment."""
        self._is_us(actor)
        entry = self.find(target, comment_id)
        if entry.by_customer:
            raise errors.denied("Not enough permissions to change this comment")
        patch = body.get("patch")
        message = patch.get("message") if isinstance(patch, Mapping) else None
        entry.text = _words(message.get("$set") if isinstance(message, Mapping) else None)
        entry.edited += 1
        self._platform.show(entry, "edit")

    def delete(self, comment_id: str, target: str, actor: str) -> None:
        """Take a comment away: the organization's own, or a member's under one of its posts."""
        self._is_us(actor)
        entry = self.find(target, comment_id)
        if entry.by_customer and not entry.post:
            raise errors.denied("Not enough permissions to delete this comment")
        self._platform.remove(entry)

    def find(self, target: str, comment_id: str) -> Entry:
        """The comment with this number, or URN, under a post or comment."""
        platform = self._platform
        thread = urns.thread(urns.same(target)) or platform.thread_of(platform.post_of(target) or target)
        urn = urns.same(comment_id) if comment_id.startswith("urn:") else urns.comment(thread, comment_id)
        entry = platform.find(urn)
        if entry is None or entry.deleted:
            raise errors.missing("Comment not found")
        return entry

    def _parent(self, target: str, named: object) -> Entry | None:
        """The comment that is answered: the target itself or the one named in the body."""
        wanted = named if isinstance(named, str) and named else target
        if not urns.number(wanted):
            if named:
                raise errors.bad("parentComment: the URN of a comment is expected")
            return None
        entry = self._platform.find(wanted)
        if entry is None or entry.deleted:
            raise errors.missing("Parent comment not found")
        return entry

    def _thread(self, target: str) -> str:
        entry = self._platform.find(target)
        if entry is None or entry.deleted:
            raise errors.missing("Post not found")
        return self._platform.thread_of(entry.id)

    def _is_thread(self, named: object, thread: str) -> bool:
        """`object` may name the activity or the share."""
        if not isinstance(named, str):
            return False
        platform = self._platform
        return platform.thread_of(platform.post_of(named) or named.replace(":ugcPost:", ":share:")) == thread

    def _is_us(self, actor: object) -> None:
        if actor != self._platform.brand.id:
            raise errors.denied("Unpermitted fields present: actor must be the organization of the application")

    def _count(self, above: Entry) -> None:
        """LinkedIn's terms forbid automated posting; one answer to one comment is what a person could have approved.

        https://www.linkedin.com/legal/l/api-terms-of-use
        """
        if above.id in self._answered:
            self._platform.violate("second_reply", customer=above.customer, entry=above.id)
        self._answered.add(above.id)


def _words(message: object) -> str:
    text = message.get("text") if isinstance(message, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        raise errors.bad("message.text: a text that is not empty is expected")
    if len(text) > LONGEST_COMMENT:
        raise errors.unreadable(f"message.text: text length {len(text)} exceeds the maximum of {LONGEST_COMMENT}")
    return text.strip()
