"""LinkedIn as an organization's page meets it: comments on its posts, and members' posts that mention it.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/
"""

from __future__ import annotations

import json
import random
import re
import secrets
import string
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import uuid4

import msgspec

from sandbox.linkedin import payloads, urns
from sandbox.linkedin.signing import body_signature, challenge_answer
from sandbox.social.model import PUBLIC, Brand, Entry, Person, Post
from sandbox.social.platform import Platform

LONGEST_COMMENT = 1_250
# What LinkedIn gave to the app in the sandbox, the same as in credentials.yml. It opens nothing else.
CLIENT_ID, CLIENT_SECRET = "sandbox-linkedin", "sandbox-linkedin-secret"
TOKEN, REFRESH_TOKEN = "sandbox-linkedin-token", "sandbox-linkedin-refresh"
APPLICATION = "urn:li:developerApplication:77001"
MEMBER = "urn:li:person:sandboxAdmin"
_BRAND = ("urn:li:organization:96072893", "Arunika Bank", "arunika-bank")
_PEOPLE = (
    ("urn:li:person:aB3dE5gH71", "Sari Wulandari", "sari-wulandari"),
    ("urn:li:person:aB3dE5gH72", "James Carter", "james-carter"),
    ("urn:li:person:aB3dE5gH73", "Budi Santoso", "budi-santoso"),
)
_POSTS = (
    "Arunika Bank now finances small businesses entirely online. Tell us what would help yours.",
    "Kami membuka program magang untuk mahasiswa tingkat akhir di Jakarta dan Surabaya.",
)
_DAY_MS = 24 * 3600 * 1000
# A post's activity is made a moment after its share; the distance is the one in LinkedIn's own sample.
_ACTIVITY_AFTER_SHARE = 402_624_514
# https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
_KEPT_MS = 60 * _DAY_MS
_TOKEN_S, _REFRESH_S = 60 * 24 * 3600, 365 * 24 * 3600
_TOKENS_KEPT = 100


class Subscription(msgspec.Struct):
    """Where notifications go; `expires` is epoch milliseconds."""

    webhook: str
    expires: int


def linkedin_platform(
    *, clock: Callable[[], float] = time.time, chance: random.Random | None = None
) -> LinkedinPlatform:
    """LinkedIn with the demo brand's page. `clock` tells epoch seconds."""
    now = int(clock() * 1000)
    posts = []
    for days, text in enumerate(_POSTS, start=1):
        urn = urns.activity(str((now - days * _DAY_MS) << 22))
        posts.append(Post(urn, text, now - days * _DAY_MS, f"https://www.linkedin.com/feed/update/{urn}/"))
    people = [Person(*each) for each in _PEOPLE]
    return LinkedinPlatform(Brand(*_BRAND), posts=posts, people=people, clock=clock, chance=chance)


class LinkedinPlatform(Platform):
    """A comment hangs on a post's activity; an answer to it hangs on it too, however deep the talk goes.

    A customer's new public entry that mentions the brand by name (`@Arunika Bank`) is a post of their own.
    """

    name = "linkedin"
    surfaces = (PUBLIC,)
    limits: ClassVar[dict[str, dict[str, Any]]] = {"public": {"length": LONGEST_COMMENT, "unit": "characters"}}
    batch_limit = 10

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subscription: Subscription | None = None
        # What the organization's people were told, oldest first, for those who ask instead of listening.
        self.notifications: deque[payloads.JsonDict] = deque()
        # Living access tokens and when they end, epoch seconds of the real clock.
        self.tokens: dict[str, float] = {TOKEN: time.time() + _TOKEN_S}
        self._last_id = 0
        self._last_notification = 0

    # The vendor's spelling

    def new_id(self, surface: str, post: str = "") -> str:
        """The URN of a comment on `post`, or of a share when there is none."""
        self._last_id = max(self._last_id + 1, self.now_ms() << 22)
        number = str(self._last_id)
        return urns.comment(self.thread_of(post), number) if post else urns.share(number)

    def new_person_id(self) -> str:
        """As LinkedIn shows members to one application."""
        return "urn:li:person:" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))

    def pack(self, contents: list[Any]) -> bytes:
        """Up to ten notifications of one type."""
        body = {"type": payloads.EVENT_TYPE, "notifications": contents}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def sign(self, body: bytes) -> dict[str, str]:
        """https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation"""
        return {"X-LI-Signature": body_signature(CLIENT_SECRET, body)}

    def prepare(self, entry: Entry) -> None:
        """A new entry that mentions the brand is a post of the member's own; what answers it hangs on that post."""
        if entry.reply_to and not entry.post:
            entry.id = self.new_id(PUBLIC, entry.root)
        elif entry.by_customer and not entry.reply_to and self._mention().search(entry.text):
            entry.post = ""
            entry.id = entry.root = self.new_id(PUBLIC)

    # What LinkedIn tells

    def event_message(self, entry: Entry) -> list[Any]:
        """A comment, or a post that mentions the organization."""
        return self._notify("COMMENT" if entry.id.startswith("urn:li:comment:") else "SHARE_MENTION", entry)

    def event_edit(self, entry: Entry) -> list[Any]:
        """An edited comment; of an edited post LinkedIn says nothing."""
        return self._notify("COMMENT_EDIT", entry) if entry.id.startswith("urn:li:comment:") else []

    def event_delete(self, entry: Entry) -> list[Any]:
        """A deleted comment; of a deleted post LinkedIn says nothing."""
        return self._notify("COMMENT_DELETE", entry) if entry.id.startswith("urn:li:comment:") else []

    def event_own(self, entry: Entry, by_app: bool) -> list[Any]:
        """LinkedIn does not say which app wrote."""
        return self._notify("ADMIN_COMMENT", entry)

    def unsubscribe(self) -> None:
        """LinkedIn removes the subscription without a word, as when the member loses the role."""
        self.subscription = None
        super().unsubscribe()

    def event_revoke(self) -> list[Any]:
        """Of this, too, LinkedIn says nothing: the subscription is gone and calls are refused."""
        self.unsubscribe()
        return []

    def subscribe(self, webhook: str) -> None:
        """Tell this address from now on."""
        self.subscription = Subscription(webhook, self.now_ms() + _KEPT_MS)
        self.outlet.point_to(webhook)

    def webhook(self) -> dict[str, Any]:
        """With whether there is a subscription."""
        return {**super().webhook(), "valid": self.subscription is not None}

    async def answers_challenge(self, url: str) -> bool:
        """Whether the receiver knows the client secret. LinkedIn asks again every two hours; here it asks once."""
        code = str(uuid4())
        response = await self.outlet.ask(url, {"challengeCode": code})
        if response is None or response.status_code != 200:
            return False
        if not response.headers.get("content-type", "").lower().startswith("application/json"):
            return False
        try:
            said = response.json()
        except ValueError:
            return False
        wanted = {"challengeCode": code, "challengeResponse": challenge_answer(CLIENT_SECRET, code)}
        return isinstance(said, dict) and {key: said.get(key) for key in wanted} == wanted

    # What the API asks

    def renew(self) -> payloads.JsonDict:
        """A new access token. The refresh token stays what it is; it ends a year after the member's consent."""
        token = "sandbox-linkedin-" + secrets.token_urlsafe(16)
        self.tokens[token] = time.time() + _TOKEN_S
        while len(self.tokens) > _TOKENS_KEPT:
            # The first one stays: it stands in credentials.yml.
            del self.tokens[next(each for each in self.tokens if each != TOKEN)]
        return {
            "access_token": token,
            "expires_in": _TOKEN_S,
            "refresh_token": REFRESH_TOKEN,
            "refresh_token_expires_in": _REFRESH_S,
            "scope": "r_organization_social,w_organization_social,rw_organization_admin",
        }

    def find(self, urn: str) -> Entry | None:
        """The comment or member's post with this URN in any spelling, also a deleted one."""
        urn = urns.same(urn)
        kind, _, number = urn.rpartition(":")
        if kind in ("urn:li:activity", "urn:li:ugcPost") and urn not in self.posts:
            urn = urns.share(str(int(number) - _ACTIVITY_AFTER_SHARE)) if number.isdigit() else urn
        return self.entries.get(urn)

    def post_of(self, urn: str) -> str:
        """The id, here, of the brand's post with this URN (activity or share); "" when it is none."""
        for post in self.posts:
            if urn in (post, _share_of(post), _share_of(post).replace(":share:", ":ugcPost:")):
                return post
        return ""

    def thread_of(self, post: str) -> str:
        """The activity that comments on this post hang on; `post` is an activity's or a share's URN."""
        kind, _, number = post.rpartition(":")
        return urns.activity(str(int(number) + _ACTIVITY_AFTER_SHARE)) if kind == "urn:li:share" else post

    def share_of(self, entry: Entry) -> payloads.Share:
        """The post that an entry hangs on, or is."""
        post = self.posts.get(entry.post)
        if post is not None:
            return payloads.Share(id=_share_of(post.id), activity=post.id, owner=self.brand.id, text=post.text)
        root = self.entries.get(entry.root, entry)
        return payloads.Share(
            id=root.id, activity=self.thread_of(root.id), owner=self._owner(root), text=self.little_text(root.text)
        )

    def comment(self, entry: Entry) -> payloads.Comment:
        """The entry as LinkedIn keeps it: an answer hangs on the first comment of its thread."""
        return payloads.Comment(
            id=entry.id,
            owner=self._owner(entry),
            text=self.little_text(entry.text),
            at=entry.at,
            parent=self._top(entry.reply_to),
        )

    def little_text(self, text: str) -> str:
        """Mentions of the brand as LinkedIn writes them in its API."""
        return self._mention().sub(f"@[{self.brand.name}]({self.brand.id})", text)

    def comments_on(self, thread: str, parent: str) -> list[payloads.JsonDict]:
        """The comments on a thread, or the answers to one comment, newest first."""
        rows = []
        for entry in reversed(self.entries.values()):
            if entry.deleted or not entry.id.startswith("urn:li:comment:") or urns.thread(entry.id) != thread:
                continue
            comment = self.comment(entry)
            if comment.parent == parent:
                rows.append(payloads.comment_row(comment))
        return rows

    def _top(self, parent: str) -> str:
        """The first comment above an answer to `parent`; "" when that is a post."""
        while (entry := self.entries.get(parent)) is not None and entry.reply_to.startswith("urn:li:comment:"):
            parent = entry.reply_to
        return parent if parent.startswith("urn:li:comment:") else ""

    def _mention(self) -> re.Pattern[str]:
        return re.compile(rf"@{re.escape(self.brand.name)}(?!\w)")

    def _owner(self, entry: Entry) -> str:
        return entry.customer if entry.by_customer else self.brand.id

    def _notify(self, action: str, entry: Entry) -> list[Any]:
        now = self.now_ms()
        # Grows over restarts too, and stays an integer that every JSON reader keeps exactly.
        self._last_notification = max(self._last_notification + 1, now * 1000)
        told = payloads.notification(
            action,
            self._last_notification,
            now,
            organization=self.brand.id,
            subscriber=MEMBER,
            share=self.share_of(entry),
            comment=self.comment(entry) if entry.id.startswith("urn:li:comment:") else None,
        )
        self.notifications.append(told)
        while self.notifications[0]["lastModifiedAt"] < now - _KEPT_MS:
            self.notifications.popleft()
        return [told]


def _share_of(activity: str) -> str:
    kind, _, number = activity.rpartition(":")
    return urns.share(str(int(number) - _ACTIVITY_AFTER_SHARE)) if kind == "urn:li:activity" else activity
