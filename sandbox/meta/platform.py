"""What the three platforms of Meta have in common: subscriptions, envelopes and signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any, ClassVar, NamedTuple

from sandbox.meta.accounts import APP_ID
from sandbox.social.model import Person
from sandbox.social.platform import Platform


class Told(NamedTuple):
    """One event: the field that a receiver subscribes to, the list of the envelope it belongs in, and itself."""

    field: str
    place: str
    value: dict[str, Any]


class MetaPlatform(Platform):
    """One account of Meta: a Page, an Instagram account or a WhatsApp number."""

    object_name: ClassVar[str]
    app_secret: ClassVar[str]
    token: ClassVar[str]
    # The account that sends, and the object whose subscription to the app lets events through.
    account_id: ClassVar[str]
    subscribed_object: ClassVar[str]
    scopes: ClassVar[tuple[str, ...]]
    batch_limit = 1_000
    # How times are written in `entry.time`.
    seconds: ClassVar[bool] = False

    app_fields: frozenset[str] = frozenset()
    # None: the account has not subscribed the app; then nothing is delivered.
    account_fields: frozenset[str] | None = None

    def wants(self, content: Told) -> bool:
        return (
            self.account_fields is not None
            and content.field in self.app_fields
            and content.field in self.account_fields
        )

    def subscribe_app(self, url: str, fields: frozenset[str]) -> None:
        """The app's webhook, as `POST /{app-id}/subscriptions` sets it; "" takes it away."""
        self.app_fields = fields
        self.outlet.point_to(url)

    def unsubscribe(self) -> None:
        self.account_fields = None

    def webhook(self) -> dict[str, Any]:
        fields = sorted(self.account_fields & self.app_fields) if self.account_fields is not None else []
        return {**super().webhook(), "fields": fields}

    def pack(self, contents: list[Told]) -> bytes:
        entries: list[dict[str, Any]] = []
        for told in contents:
            item = {"field": told.field, "value": told.value} if told.place == "changes" else told.value
            last = entries[-1] if entries else {}
            if told.place == "changes" and "changes" in last:
                last["changes"].append(item)
            else:
                at = self.now_ms()
                at = at // 1000 if self.seconds or told.place == "changes" else at
                entries.append({"id": self.subscribed_object, "time": at, told.place: [item]})
        # Meta writes what is not ASCII as \uXXXX and signs it like that.
        return json.dumps({"object": self.object_name, "entry": entries}, separators=(",", ":")).encode("ascii")

    def sign(self, body: bytes) -> dict[str, str]:
        # Both are sent; the older one is no proof any more.
        new = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        old = hmac.new(self.app_secret.encode(), body, hashlib.sha1).hexdigest()
        return {"x-hub-signature-256": f"sha256={new}", "x-hub-signature": f"sha1={old}"}

    def is_token(self, token: str) -> bool:
        """Whether this token is this account's, in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def is_app(self, token: str) -> bool:
        """Whether this is the app's own token, `app_id|app_secret`."""
        return hmac.compare_digest(token.encode(), f"{APP_ID}|{self.app_secret}".encode())

    def proof(self, token: str) -> str:
        """The `appsecret_proof` of a token."""
        return hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    def address(self, customer: str) -> str:
        """The id that the customer has in private messages."""
        return customer

    def person_at(self, address: str) -> Person | None:
        """The customer with this private id."""
        return self.people.get(address)


def digits(count: int) -> str:
    """A random number of so many digits that does not begin with 0."""
    return str(10 ** (count - 1) + secrets.randbelow(9 * 10 ** (count - 1)))
