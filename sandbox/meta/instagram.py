"""An Instagram account: direct messages, comments, and mentions under other people's photos.

https://developers.facebook.com/docs/instagram-platform/webhooks
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from sandbox.meta import accounts
from sandbox.meta.messaging import MessagingPlatform
from sandbox.meta.platform import Told, digits
from sandbox.social.model import PRIVATE, Brand, Entry, Person, Post

_USERNAME = "arunikabank"
_POSTS = (
    Post(
        "17900000000000001",
        "Gajian? Sisihkan dulu 10 persen. / Payday? Put ten percent aside first.",
        1_767_225_600_000,
        "https://www.instagram.com/p/arunika1/",
    ),
    Post(
        "17900000000000002",
        "Kartu baru kami, dari bahan daur ulang. / Our new card, made of recycled material.",
        1_768_435_200_000,
        "https://www.instagram.com/p/arunika2/",
    ),
    Post(
        "17900000000000003",
        "Kopi sore di Kota Tua. / Coffee in the old town. (somebody else's photo)",
        1_768_521_600_000,
        "https://www.instagram.com/p/kopisore1/",
        owner="kopi.sore",
    ),
)


class Instagram(MessagingPlatform):
    """The account uses Instagram Login; a person has the same id (IGSID) in comments and messages."""

    name = "instagram"
    object_name = "instagram"
    app_secret = accounts.INSTAGRAM_SECRET
    token = accounts.INSTAGRAM_TOKEN
    account_id = subscribed_object = accounts.INSTAGRAM_ID
    inbox_app = accounts.INSTAGRAM_INBOX
    # Instagram's echoes name the app that sent, and nobody when a person wrote.
    inbox_is_named = False
    # There is no field for echoes: they come with the messages.
    field_names = {  # noqa: RUF012
        "message_edits": "message_edit",
        "message_echoes": "messages",
        "messaging_handovers": "messaging_handover",
    }
    text_limit = 1_000
    text_in_bytes = True
    statuses = ("read",)
    limits = {  # noqa: RUF012
        "public": {"length": 2_200, "unit": "characters"},
        "private": {"length": 1_000, "unit": "bytes"},
    }
    scopes = (
        "instagram_business_basic",
        "instagram_business_manage_messages",
        "instagram_business_manage_comments",
    )

    def __init__(self) -> None:
        people = [Person(f"170000000000{1001 + i}", *known) for i, known in enumerate(accounts.PEOPLE)]
        super().__init__(Brand(accounts.INSTAGRAM_ID, "Arunika", _USERNAME), posts=_POSTS, people=people)

    def new_id(self, surface: str, post: str = "") -> str:
        if surface == PRIVATE:
            # Message ids of Instagram look like this and are about as long.
            return base64.urlsafe_b64encode(f"aWdfZAG1faXRlbToxOk{secrets.token_hex(40)}".encode()).decode().rstrip("=")
        return f"178{digits(14)}"

    def new_person_id(self) -> str:
        return f"17{digits(14)}"

    def prepare(self, entry: Entry) -> None:
        # Under somebody else's photo only a mention concerns the brand.
        if self._elsewhere(entry) and entry.by_customer and f"@{_USERNAME}" not in entry.text:
            entry.text = f"@{_USERNAME} {entry.text}"

    def comment_told(self, entry: Entry) -> list[Told]:
        if self._elsewhere(entry):
            if not entry.by_customer:
                return []
            # The text is not in the event; it has to be asked for.
            return [Told("mentions", "changes", {"media_id": entry.post, "comment_id": entry.id})]
        if entry.by_customer:
            author = {"id": entry.customer, "username": self.people[entry.customer].username}
        else:
            author = {"id": self.account_id, "username": self.brand.username}
        value: dict[str, Any] = {
            "from": author,
            "media": {"id": entry.post, "media_product_type": "FEED"},
            "id": entry.id,
            "text": entry.text,
        }
        if entry.root != entry.id:
            value["parent_id"] = entry.root
        return [Told("comments", "changes", value)]

    def message_removed(self, entry: Entry) -> list[Told]:
        removed = {"mid": entry.id, "is_deleted": True}
        return [self._from_customer(entry.customer, "messages", {"message": removed})]

    def event_status(self, entry: Entry, status: str) -> list[Told]:
        return [self._from_customer(entry.customer, "messaging_seen", {"read": {"mid": entry.id}})]

    def _elsewhere(self, entry: Entry) -> bool:
        post = self.posts.get(entry.post)
        return post is not None and post.owner != ""
