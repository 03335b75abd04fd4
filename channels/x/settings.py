"""The section `channels.rasa_connector.X` of credentials.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from channels.base import ChannelSettings
from channels.http import base_url_problem

SHORT, LONG = 280, 25_000  # what an ordinary account and a Premium one may post, in weighted characters

_NUMBER = re.compile(r"[0-9]{1,20}")
_USERNAME = re.compile(r"[A-Za-z0-9_]{1,20}")
_MODES = ("webhook", "polling")
_TIERS = ("self_serve", "enterprise")
_KEYS = "Keys and tokens, of your app in https://console.x.com"


class XSettings(ChannelSettings, frozen=True, kw_only=True):
    """The brand's account and the app that speaks for it (OAuth 1.0a; the app's bearer token for webhooks)."""

    user_id: str = ""  # digits; the brand's account
    username: str = ""  # without @; the brand's name is taken out of what customers write
    consumer_key: str = ""  # "API key" of the app
    consumer_secret: str = ""  # "API key secret"; signs our calls, and X's webhook requests
    client_secret: str = ""  # OAuth 2.0 client secret; an app that has one gets its webhooks signed with it
    access_token: str = ""  # of the brand's account, with read, write and direct messages
    access_token_secret: str = ""
    bearer_token: str = ""  # of the app; registers the webhook
    user_token: str = ""  # OAuth 2.0 token of the account, where X asks for one to subscribe to private events
    mode: str = "webhook"  # or "polling", for a machine without a public address
    tier: str = "self_serve"  # or "enterprise", which may answer posts that did not call the brand
    webhook_url: str = ""  # full public address; empty: the one that the gateway works out
    base_url: str = "https://api.x.com"  # another for the sandbox
    text_limit: int = SHORT  # weighted characters of a public reply; more for a Premium account
    made_with_ai: bool = False  # X labels what the assistant says in public
    # Not stated by X: whether the @mention that a reply carries by itself counts as calling the brand.
    automatic_mention_summons: bool = True
    # https://docs.x.com/x-api/fundamentals/rate-limits: of each account, in any 15 minutes.
    quarter_hour_posts: int = 100
    quarter_hour_messages: int = 15
    quarter_hour_hides: int = 50  # https://docs.x.com/x-api/posts/hide-replies/migrate
    # Reported by third parties only, so they can be corrected here. 0: no such limit.
    daily_posts: int = 2400
    daily_messages: int = 500
    poll_interval_s: int = 75  # reading direct messages is allowed 15 times in 15 minutes
    poll_back_h: int = 24  # how far back the very first poll looks

    def problems(self) -> Sequence[tuple[str, str, str]]:
        return [*self._account(), *self._keys(), *self._choices(), *self._numbers()]

    @property
    def webhook_secret(self) -> str:
        """What X proves itself with in a challenge: https://docs.x.com/x-api/webhooks/introduction"""
        return self.client_secret or self.consumer_secret

    def _account(self) -> Iterator[tuple[str, str, str]]:
        if not _NUMBER.fullmatch(self.user_id):
            yield (
                "user_id",
                "is empty or not a number",
                "Ask GET /2/users/me for the account's id, and write its digits",
            )
        if self.username and not _USERNAME.fullmatch(self.username):
            yield "username", "is not a user name", "Write it without @, or leave it out"

    def _keys(self) -> Iterator[tuple[str, str, str]]:
        for key in ("consumer_key", "consumer_secret", "access_token", "access_token_secret"):
            if not getattr(self, key):
                yield key, "is empty", f"Copy it from {_KEYS}"
        if self.mode == "webhook" and not self.bearer_token:
            yield "bearer_token", "is empty, so that no webhook can be registered", f"Copy it from {_KEYS}"

    def _choices(self) -> Iterator[tuple[str, str, str]]:
        if self.mode not in _MODES:
            yield "mode", "is neither webhook nor polling", f"Use one of: {', '.join(_MODES)}"
        if self.tier not in _TIERS:
            yield "tier", "is not one of X's", f"Use one of: {', '.join(_TIERS)}"
        for key in ("webhook_url", "base_url"):
            url = getattr(self, key)
            problem = base_url_problem(url) if url or key == "base_url" else ""
            if problem:
                yield key, problem, "Give the full address with https://, or leave it out"

    def _numbers(self) -> Iterator[tuple[str, str, str]]:
        for key, least, most in (
            ("text_limit", SHORT, LONG),
            ("quarter_hour_posts", 1, 1_000_000),
            ("quarter_hour_messages", 1, 1_000_000),
            ("quarter_hour_hides", 1, 1_000_000),
            ("daily_posts", 0, 1_000_000),
            ("daily_messages", 0, 1_000_000),
            ("poll_interval_s", 15, 3600),
            ("poll_back_h", 1, 24 * 7),
        ):
            if not least <= getattr(self, key) <= most:
                yield key, "is out of range", f"Use {least} to {most}"
