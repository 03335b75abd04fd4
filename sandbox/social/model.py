"""Who is on a platform, and what stands on their screens."""

from __future__ import annotations

from typing import Any

import msgspec

PUBLIC, PRIVATE = "public", "private"
# Who wrote an entry: a customer; the brand's program through the API; a person of the brand in the platform's own app.
CUSTOMER, BRAND, BRAND_APP = "customer", "brand", "brand_app"


class Person(msgspec.Struct):
    """A customer. `id` is the one that public events show; `phone` is only used where the address is a number.

    `followers` and `verified` are told by the platforms that tell them.
    """

    id: str
    name: str
    username: str = ""
    phone: str = ""
    followers: int = 0
    verified: bool = False


class Brand(msgspec.Struct):
    """The account that the program under test runs."""

    id: str
    name: str
    username: str = ""


class Post(msgspec.Struct):
    """Something that customers comment on. `at` is epoch milliseconds; `owner` is "" when the brand published it."""

    id: str
    text: str
    at: int = 0
    link: str = ""
    owner: str = ""


class Entry(msgspec.Struct):
    """A message, comment or post as it stands on a screen now.

    `id` is spelled as the platform spells it. `customer` is the person whose case this belongs to, also when the
    brand wrote. `root` is the comment or post that the public thread began with (its own id for the first), `post`
    what the thread hangs on. `buttons`: `{"key", "title", "url"?}`; `attachments`: `{"kind", "url"}`. `engagement`:
    how many others liked it. `tag`: the platform's message tag. `mark`: what the program attached to recognise its own
    message. `status`: sent, delivered or read. `at` is epoch milliseconds.
    """

    id: str
    surface: str
    author: str
    customer: str
    text: str = ""
    reply_to: str = ""
    root: str = ""
    post: str = ""
    buttons: list[dict[str, Any]] = []
    attachments: list[dict[str, Any]] = []
    deleted: bool = False
    hidden: bool = False
    edited: int = 0
    engagement: int = 0
    tag: str = ""
    template: str = ""
    mark: str = ""
    status: str = ""
    reaction: str = ""
    at: int = 0
    # What only the platform's own API shows: never sent to a screen.
    extra: dict[str, Any] = {}

    @property
    def by_customer(self) -> bool:
        """Whether a customer wrote it."""
        return self.author == CUSTOMER
