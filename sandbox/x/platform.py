"""X as the brand's account meets it: posts, replies, quotes, direct messages. https://docs.x.com/x-api/introduction"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from sandbox.social.model import PUBLIC, Brand, Entry, Person, Post
from sandbox.social.platform import Platform
from sandbox.x import payloads
from sandbox.x.hooks import Hooks
from sandbox.x.limits import Quotas
from sandbox.x.payloads import Account, DirectMessage
from sandbox.x.signing import Callers, Keys, sha256_token
from sandbox.x.text import LONGEST_DM, LONGEST_POST, body_start, mentioned

# The account's keys in the sandbox, the same as in credentials.yml. They open nothing else.
KEYS = Keys("sandbox-x-key", "sandbox-x-secret", "sandbox-x-token", "sandbox-x-token-secret", "sandbox-x-bearer")
_BRAND = ("1500000000000000001", "Arunika Bank", "ArunikaBank")
_PEOPLE = (
    ("1600000000000000101", "Sari Wulandari", "sari_wulandari"),
    ("1600000000000000102", "James Carter", "jcarter"),
    ("1600000000000000103", "Budi Santoso", "budi_santoso88"),
)
_POSTS = (
    "Mulai hari ini transfer antarbank lewat BI-FAST di aplikasi Arunika gratis sampai akhir bulan.",
    "Our branches close at noon on Friday. Cards, the app and cash machines work as always.",
)
# https://docs.x.com/fundamentals/x-ids: 41 bits of milliseconds since this moment, then 22 bits.
_ID_EPOCH_MS = 1_288_834_974_657
_DAY_MS = 24 * 3600 * 1000


def x_platform(*, clock: Callable[[], float] = time.time, chance: random.Random | None = None) -> XPlatform:
    """X with the demo brand's account. `clock` tells epoch seconds."""
    now = int(clock() * 1000)
    posts = [
        Post(str(_snowflake(now - days * _DAY_MS)), text, now - days * _DAY_MS)
        for days, text in enumerate(_POSTS, start=1)
    ]
    for post in posts:
        post.link = f"https://x.com/i/status/{post.id}"
    people = [Person(*each) for each in _PEOPLE]
    return XPlatform(Brand(*_BRAND), posts=posts, people=people, clock=clock, chance=chance)


class XPlatform(Platform):
    """X keeps no comments: a reply is a post, and everyone's posts are their own.

    The screens show a reply without the mentions that X puts in front; the API's text has them.
    Whether those mentions make their author one who "summoned" the account X does not say:
    `automatic_mention_summons` decides here.
    """

    name = "x"
    limits: ClassVar[dict[str, dict[str, Any]]] = {
        "public": {"length": LONGEST_POST, "unit": "weighted"},
        "private": {"length": LONGEST_DM, "unit": "characters"},
    }
    own_posts = True
    tells_reach = True

    automatic_mention_summons = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.callers = Callers(KEYS)
        self.quotas = Quotas(self.dials)
        self.hooks = Hooks(self.outlet.point_to)
        # The entry of each newer version's id.
        self.versions: dict[str, str] = {}
        # What the account posted (the text with the mentions in front), and when.
        self.posted: dict[str, int] = {}
        # Posts that the program has answered.
        self.answered: set[str] = set()
        self._last_id = 0
        self._names: dict[str, Account] = {}
        self._strangers: dict[str, Account] = {}

    # The vendor's spelling

    def new_id(self, surface: str, post: str = "") -> str:
        """Ids grow with time, also over restarts."""
        self._last_id = max(self._last_id + 1, _snowflake(self.now_ms()))
        return str(self._last_id)

    def new_person_id(self) -> str:
        """Longer than the integers that JavaScript and JSON readers keep exactly."""
        return str(1_600_000_000_000_000_000 + secrets.randbelow(300_000_000_000_000_000))

    def pack(self, contents: list[Any]) -> bytes:
        """X delivers one event at a time."""
        return json.dumps(contents[0], ensure_ascii=False, separators=(",", ":")).encode()

    def sign(self, body: bytes) -> dict[str, str]:
        """https://docs.x.com/x-api/webhooks/introduction"""
        return {"x-twitter-webhooks-signature": sha256_token(KEYS.consumer_secret, body)}

    def prepare(self, entry: Entry) -> None:
        """A post that neither answers nor quotes the brand mentions it, or the brand would never see it."""
        if entry.surface != PUBLIC:
            return
        if entry.reply_to:
            self.attach(entry, entry.reply_to)
            return
        entry.root = entry.id
        if entry.post:
            entry.extra["quotes"] = entry.post
        elif entry.by_customer and not self._names_brand(entry.text):
            entry.text = f"@{self.brand.username} {entry.text}".strip()

    def attach(self, entry: Entry, parent_id: str) -> None:
        """Make the entry a reply: its conversation, and the mentions that X puts in front of it."""
        parent, writer = self.find(parent_id), self.author(entry)
        names = (
            [self.brand.username] if parent is None else [self.author(parent).username, *mentioned(self.text(parent))]
        )
        known: dict[str, str] = {}
        for name in names:
            if name.lower() != writer.username.lower():
                known.setdefault(name.lower(), name)
        entry.extra["in_front"] = [*known.values()]
        entry.extra["conversation"] = parent_id if parent is None else parent.extra.get("conversation", parent.id)

    # What X tells

    def event_message(self, entry: Entry) -> list[Any]:
        """One post can be a mention, a reply and a quote at once: an event each."""
        if entry.surface != PUBLIC:
            return self._tell_dm("dm.received", entry)
        return [event for kind in self._kinds(entry) for event in self._tell_post(kind, entry)]

    def event_edit(self, entry: Entry) -> list[Any]:
        """An edited post is a new one that names the older ones. Replies and messages can't be edited on X."""
        if entry.surface != PUBLIC or entry.reply_to:
            return []
        newer = self.new_id(entry.surface)
        entry.extra["versions"] = [*entry.extra.get("versions", [entry.id]), newer]
        entry.extra["edited_at"] = self.now_ms()
        self.versions[newer] = entry.id
        return self.event_message(entry)

    def event_own(self, entry: Entry, by_app: bool) -> list[Any]:
        """X does not say which app wrote."""
        return self._tell_post("post.create", entry) if entry.surface == PUBLIC else self._tell_dm("dm.sent", entry)

    def event_revoke(self) -> list[Any]:
        """The account took the app's access away."""
        at = self.now_ms()
        return [payloads.revoked_event(tag, self.brand.id, at) for tag in self.hooks.tags("oauth.revoke")]

    def event_gone(self, entry: Entry) -> list[Any]:
        """X tells only of the account's own posts."""
        tags = () if entry.by_customer else self.hooks.tags("post.delete")
        return [payloads.post_gone(tag, self.brand.id, entry.id, self.now_ms()) for tag in tags]

    def unsubscribe(self) -> None:
        """X takes the webhook for broken: no events until its address is checked again."""
        self.hooks.invalidate()

    def webhook(self) -> dict[str, Any]:
        """With what is subscribed to."""
        kinds = sorted({each.event_type for each in self.hooks.subscriptions.values()})
        return {**super().webhook(), "valid": self.hooks.in_use() is not None, "subscriptions": kinds}

    async def answers_crc(self, url: str) -> bool:
        """Whether the receiver knows the consumer secret. Redirects are not followed, X takes them for a failure."""
        token = secrets.token_urlsafe(24)
        asked, _, _ = url.partition("?")
        response = await self.outlet.ask(asked, {**dict(parse_qsl(urlsplit(url).query)), "crc_token": token})
        if response is None or response.status_code != 200:
            return False
        try:
            said = response.json()
        except ValueError:
            return False
        wanted = sha256_token(KEYS.consumer_secret, token.encode())
        return isinstance(said, dict) and said.get("response_token") == wanted

    # What the API asks

    def find(self, post_id: str) -> Entry | None:
        """The public entry with this id or this version's id, also a deleted one."""
        entry = self.entries.get(self.versions.get(post_id, post_id))
        return entry if entry is not None and entry.surface == PUBLIC else None

    def author(self, entry: Entry) -> Account:
        """Who wrote it."""
        return self.account(entry.customer) if entry.by_customer else self.account(self.brand.id)

    def account(self, user_id: str) -> Account:
        """Somebody by id; a person whom nobody knows (any more) has a made-up name."""
        person = self.brand if user_id == self.brand.id else self.people.get(user_id)
        if person is None:
            return Account(user_id, "Unknown", f"user{user_id[-8:]}")
        named = person.username or f"user{user_id[-8:]}"
        if isinstance(person, Person):
            return Account(user_id, person.name, named, person.followers, person.verified)
        return Account(user_id, person.name, named)

    def text(self, entry: Entry) -> str:
        """The text as the API shows it: with the automatic mentions in front."""
        return "".join(f"@{name} " for name in entry.extra.get("in_front", ())) + entry.text

    def summons(self, entry: Entry) -> bool:
        """Whether its author mentioned the account or quoted one of its posts."""
        return (
            self._names_brand(entry.text)
            or self._is_ours(entry.extra.get("quotes", ""))
            or (self.automatic_mention_summons and self.brand.username in entry.extra.get("in_front", ()))
        )

    def post_of(self, entry: Entry) -> payloads.Post:
        """The public entry as X keeps it."""
        versions = entry.extra.get("versions", ())
        parent = self.find(entry.reply_to) if entry.reply_to else None
        text = self.text(entry)
        return payloads.Post(
            id=versions[-1] if versions else entry.id,
            author=self.author(entry),
            text=text,
            at=entry.extra.get("edited_at", entry.at),
            conversation=entry.extra.get("conversation", entry.id),
            own_words=len(text) - len(entry.text),
            reply_to=entry.reply_to,
            reply_to_author=(self.author(parent).id if parent else self.brand.id) if entry.reply_to else "",
            quotes=entry.extra.get("quotes", ""),
            versions=tuple(versions),
            image=_image(entry),
            likes=entry.engagement,
        )

    def above(self, post: payloads.Post) -> list[payloads.Post]:
        """The posts that it answers and quotes, as far as they stand."""
        named = [each for each in (post.reply_to, post.quotes) if each]
        standing = [entry for each in named if (entry := self.find(each)) is not None and not entry.deleted]
        ours = [self._published(self.posts[each]) for each in named if each in self.posts]
        return [*map(self.post_of, standing), *ours]

    def known(self, post: payloads.Post) -> dict[str, Account]:
        """Everyone whom the post mentions, by lower-case username."""
        return {name.lower(): self._named(name) for name in mentioned(post.text)}

    def own_timeline(self) -> Iterator[payloads.Post]:
        """The account's posts, newest first."""
        for entry in reversed(self.entries.values()):
            if entry.surface == PUBLIC and not entry.by_customer and not entry.deleted:
                yield self.post_of(entry)
        for post in sorted(self.posts.values(), key=lambda post: -post.at):
            yield self._published(post)

    def mentions_timeline(self) -> Iterator[payloads.Post]:
        """Customers' posts that mention the account, newest first."""
        for entry in reversed(self.entries.values()):
            if entry.surface == PUBLIC and entry.by_customer and not entry.deleted:
                post = self.post_of(entry)
                if self._names_brand(post.text):
                    yield post

    def message(self, entry: Entry) -> DirectMessage:
        """A private entry as X keeps it."""
        us, them = self.account(self.brand.id), self.account(entry.customer)
        sender, recipient = (them, us) if entry.by_customer else (us, them)
        return DirectMessage(entry.id, sender, recipient, entry.text, entry.at, _image(entry))

    def conversation(self, customer: str) -> str:
        """The id of the direct conversation between the customer and the account."""
        return "-".join(sorted((customer, self.brand.id), key=lambda each: (len(each), each)))

    def _published(self, post: Post) -> payloads.Post:
        us = self.account(self.brand.id)
        return payloads.Post(id=post.id, author=us, text=post.text, at=post.at, conversation=post.id)

    def _kinds(self, entry: Entry) -> list[str]:
        kinds = []
        # X tells of a mention only when the author wrote it, not when a reply carries it over.
        if self._names_brand(entry.text):
            kinds.append("post.mention.create")
        if self._is_ours(entry.reply_to):
            kinds.append("post.reply.create")
        if self._is_ours(entry.extra.get("quotes", "")):
            kinds.append("post.quote.create")
        return kinds

    def _tell_post(self, kind: str, entry: Entry) -> list[Any]:
        tags = self.hooks.tags(kind)
        if not tags:
            return []
        post = self.post_of(entry)
        known, above = self.known(post), self.above(post)
        return [payloads.post_event(kind, tag, self.brand.id, post, known, above) for tag in tags]

    def _tell_dm(self, kind: str, entry: Entry) -> list[Any]:
        item = self.message(entry)
        return [payloads.dm_event(kind, tag, self.brand.id, item) for tag in self.hooks.tags(kind)]

    def _named(self, name: str) -> Account:
        low = name.lower()
        if low == self.brand.username.lower():
            return self.account(self.brand.id)
        if low not in self._names and low not in self._strangers:
            self._names = {each.username.lower(): self.account(each.id) for each in self.people.values()}
        if low in self._names:
            return self._names[low]
        # Somebody who is on X and whom this sandbox does not know.
        digits = int.from_bytes(hashlib.sha256(low.encode()).digest()[:7], "big")
        return self._strangers.setdefault(low, Account(str(10**18 + digits), name, name))

    def _names_brand(self, text: str) -> bool:
        return self.brand.username.lower() in (name.lower() for name in mentioned(text))

    def _is_ours(self, post_id: str) -> bool:
        entry = self.find(post_id)
        return post_id in self.posts or (entry is not None and not entry.by_customer)


def own_words(text: str, in_front: list[str]) -> str:
    """The text of a reply without the mentions that X adds anyway."""
    return text[body_start(text, in_front) :]


def _image(entry: Entry) -> str:
    return next((str(each.get("url", "")) for each in entry.attachments), "")


def _snowflake(at_ms: int) -> int:
    return max(0, at_ms - _ID_EPOCH_MS) << 22
