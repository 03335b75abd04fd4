"""A Facebook Page: Messenger and the comments under its posts.

https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sandbox.meta import accounts
from sandbox.meta.messaging import MessagingPlatform
from sandbox.meta.platform import Told, digits
from sandbox.social.model import PRIVATE, Brand, Entry, Person, Post

_POSTS = (
    Post(
        f"{accounts.PAGE_ID}_710000000000001",
        "Antre di cabang? Buka rekening sekarang bisa dari ponsel. / No more queues: open an account on your phone.",
        1_767_225_600_000,
        f"https://www.facebook.com/{accounts.PAGE_ID}/posts/710000000000001",
    ),
    Post(
        f"{accounts.PAGE_ID}_710000000000002",
        "Waspada penipuan: kami tidak pernah meminta PIN atau OTP. / We never ask for your PIN or one-time code.",
        1_768_435_200_000,
        f"https://www.facebook.com/{accounts.PAGE_ID}/posts/710000000000002",
    ),
)


class Facebook(MessagingPlatform):
    """A person has one id in comments and another (PSID) in Messenger, as on the real Page."""

    name = "facebook"
    object_name = "page"
    app_secret = accounts.FACEBOOK_SECRET
    token = accounts.PAGE_TOKEN
    account_id = subscribed_object = accounts.PAGE_ID
    inbox_app = accounts.PAGE_INBOX
    text_limit = 2_000
    statuses = ("delivered", "read")
    limits = {  # noqa: RUF012
        "public": {"length": 8_000, "unit": "characters"},
        "private": {"length": 2_000, "unit": "characters"},
    }
    scopes = (
        "pages_show_list",
        "pages_messaging",
        "pages_manage_metadata",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
    )

    def __init__(self) -> None:
        people = [Person(f"2400000000000{1001 + i}", *known) for i, known in enumerate(accounts.PEOPLE)]
        super().__init__(Brand(accounts.PAGE_ID, "Arunika", "ArunikaBank"), posts=_POSTS, people=people)

    def new_id(self, surface: str, post: str = "") -> str:
        if surface == PRIVATE:
            return f"m_{secrets.token_urlsafe(48)}"
        return f"{post.rpartition('_')[2]}_{digits(16)}"

    def address(self, customer: str) -> str:
        return f"7{customer}"

    def person_at(self, address: str) -> Person | None:
        return self.people.get(address[1:]) if address.startswith("7") else None

    def comment_told(self, entry: Entry) -> list[Told]:
        return [self._feed(entry, "add", self._author(entry), message=entry.text)]

    def comment_edited(self, entry: Entry) -> list[Told]:
        return [self._feed(entry, "edited", self._author(entry), message=entry.text)]

    def comment_removed(self, entry: Entry) -> list[Told]:
        # A removal does not say whose comment it was.
        return [self._feed(entry, "remove")]

    def comment_hidden(self, entry: Entry) -> list[Told]:
        """The Page hid a comment or showed it again."""
        return [self._feed(entry, "hide" if entry.hidden else "unhide", self._author(entry), message=entry.text)]

    def comment_liked(self, entry: Entry, emoji: str) -> list[Told]:
        person = self.people[entry.customer]
        value = {
            "from": {"id": person.id, "name": person.name},
            "item": "reaction",
            "reaction_type": "love" if emoji.startswith("❤") else "like",
            "comment_id": entry.id,
            "parent_id": self._parent(entry),
            "post_id": entry.post,
            "verb": "add" if emoji else "remove",
            "created_time": self.now_ms() // 1000,
        }
        return [Told("feed", "changes", value)]

    def event_status(self, entry: Entry, status: str) -> list[Told]:
        if status == "delivered":
            what: dict[str, Any] = {"delivery": {"mids": [entry.id], "watermark": entry.at}}
            return [self._from_customer(entry.customer, "message_deliveries", what)]
        return [self._from_customer(entry.customer, "message_reads", {"read": {"watermark": entry.at}})]

    def _author(self, entry: Entry) -> dict[str, str]:
        if not entry.by_customer:
            return {"id": self.brand.id, "name": self.brand.name}
        return {"id": entry.customer, "name": self.people[entry.customer].name}

    def _parent(self, entry: Entry) -> str:
        # The tree has two levels: what answers an answer hangs on the first comment.
        return entry.post if entry.root == entry.id else entry.root

    def _feed(self, entry: Entry, verb: str, author: dict[str, str] | None = None, message: str = "") -> Told:
        post = self.posts[entry.post]
        value: dict[str, Any] = {}
        if author is not None:
            value["from"] = author
        value["post"] = {
            "status_type": "mobile_status_update",
            "is_published": True,
            "updated_time": datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "permalink_url": post.link,
            "promotion_status": "inactive",
            "id": post.id,
        }
        if message:
            value["message"] = message
        if entry.attachments and verb == "add":
            value["photo"] = entry.attachments[0]["url"]
        value |= {
            "post_id": entry.post,
            "comment_id": entry.id,
            "created_time": entry.at // 1000,
            "item": "comment",
            "parent_id": self._parent(entry),
            "verb": verb,
        }
        return Told("feed", "changes", value)
