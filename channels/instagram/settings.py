"""The section `channels.rasa_connector.Instagram` of credentials.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from channels.http import base_url_problem
from channels.meta.settings import GraphSettings, Problem, empty, out_of_range

_FACEBOOK = "https://graph.facebook.com/v26.0"
# How the account was connected decides the host of its calls:
# https://developers.facebook.com/docs/instagram-platform/overview
_HOSTS: Mapping[str, str] = {"instagram": "https://graph.instagram.com/v26.0", "facebook": _FACEBOOK}
_USERNAME = re.compile(r"[A-Za-z0-9_.]{1,30}")


class InstagramSettings(GraphSettings, frozen=True, kw_only=True):
    """One professional account, and the app through which it is reached."""

    account_id: str = ""  # of the professional account, as webhooks name it
    token: str = ""  # the account's (login: instagram) or the linked Page's (login: facebook)
    login: str = "instagram"
    page_id: str = ""  # the linked Page; only for login: facebook
    username: str = ""  # without @; own comments are recognised by it, since they may come under another id
    # Of the app's Instagram product, when it has one of its own: which of the two signs webhooks is not documented.
    instagram_app_secret: str = ""
    fields: tuple[str, ...] = ()  # what to subscribe to; empty: everything that is read here
    graph_url: str = ""  # empty: by login
    app_url: str = ""  # where the app's own calls go; empty: graph_url when that is given, else graph.facebook.com
    text_limit: int = 1000  # bytes of UTF-8 in a private message
    comment_limit: int = 2200  # characters; not found in official text, commonly cited
    comments_per_minute: int = 60  # our own pace, since Meta blocks accounts that comment like spam

    def __post_init__(self) -> None:
        # What is left out follows from the rest once and for all, so that nobody else has to know how.
        if not self.app_url:
            msgspec.structs.force_setattr(self, "app_url", self.graph_url or _FACEBOOK)
        if not self.graph_url:
            msgspec.structs.force_setattr(self, "graph_url", _HOSTS.get(self.login, _FACEBOOK))

    @property
    def sender_id(self) -> str:
        """Whose `subscribed_apps` and `conversations` are asked: the account's, or those of its Page."""
        return self.page_id if self.login == "facebook" else self.account_id

    @property
    def messages_path(self) -> str:
        """https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api"""
        return f"{self.page_id}/messages" if self.login == "facebook" else "me/messages"

    def problems(self) -> Sequence[Problem]:
        return [*super().problems(), *self._account(), *self._limits()]

    def _account(self) -> Iterator[Problem]:
        yield from empty("account_id", self.account_id, "Ask GET /me?fields=user_id with the token for it")
        if self.account_id and not self.account_id.isdecimal():
            yield "account_id", "is not an account's number", "It has digits only, and begins with 1784"
        yield from empty("token", self.token, "Generate one in the app's dashboard (README.md, Get access)")
        if self.login not in _HOSTS:
            yield "login", "is neither instagram nor facebook", f"Use one of: {', '.join(_HOSTS)}"
        if self.login == "facebook":
            yield from empty("page_id", self.page_id, "Give the id of the Page that the account is linked to")
        if self.page_id and not self.page_id.isdecimal():
            yield "page_id", "is not a Page's number", "It has digits only"
        yield from empty("username", self.username, "Write the account's @name without @: own comments are known by it")
        if self.username and not _USERNAME.fullmatch(self.username):
            yield "username", "is not a user name", "Write it without @"

    def _limits(self) -> Iterator[Problem]:
        problem = base_url_problem(self.app_url)
        if problem:
            yield "app_url", problem, "Leave it out, or give the address with the version, like …/v26.0"
        yield from out_of_range("text_limit", self.text_limit, 100, 1000)
        yield from out_of_range("comment_limit", self.comment_limit, 100, 10_000)
        yield from out_of_range("comments_per_minute", self.comments_per_minute, 1, 6000)
