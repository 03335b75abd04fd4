"""The section `channels.rasa_connector.Linkedin` of credentials.yml."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from channels.base import ChannelSettings
from channels.http import base_url_problem

_NUMBER = re.compile(r"\d{1,20}")
_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VERSION = re.compile(r"20\d{2}(0[1-9]|1[0-2])(\.\d{2})?")
_MODES = ("webhook", "polling")
_API = "https://api.linkedin.com"
_SIGN_IN = "https://www.linkedin.com"
_DAY_S = 86_400
# Of a day's calls: the rest is for answers, look-ups and checks.
_FOR_POLLS = 0.9


class LinkedinSettings(ChannelSettings, frozen=True, kw_only=True):
    """How to reach the organization's page. The webhook needs client_secret, application_id and member_id as well."""

    organization_id: str = ""  # digits; urn:li:organization:<this>
    token: str = ""  # access token of an administrator, lives for 60 days
    refresh_token: str = ""  # renews it, for a year at most; empty: somebody replaces `token` in time
    client_id: str = ""
    client_secret: str = ""  # signs the webhook, renews and inspects the token
    application_id: str = ""  # digits; urn:li:developerApplication:<this>
    member_id: str = ""  # whose subscription it is; urn:li:person:<this>
    mode: str = "webhook"  # or "polling", where webhooks are not granted or there is no public address
    webhook_url: str = ""  # full public address; empty: the one that the gateway works out
    version: str = "202607"  # LinkedIn-Version, YYYYMM; each lives for about a year
    base_url: str = _API  # another for the sandbox
    auth_url: str = ""  # empty: LinkedIn's own, or `base_url` when that is not LinkedIn's
    poll_interval_s: int = 1200  # 72 calls a day, because the Development tier has 100 for a member
    poll_back_h: int = 24  # how far back the very first poll looks
    # Reported by third parties only, so they can be corrected here.
    text_limit: int = 1250  # characters of a comment
    daily_calls: int = 500  # of the application, Development tier
    member_daily_calls: int = 100  # of the member whose token it is, Development tier
    private_link: str = ""  # where the brand can be reached in private, for instance its web chat

    def problems(self) -> Sequence[tuple[str, str, str]]:
        return [*self._account(), *self._application(), *self._addresses(), *self._numbers()]

    @property
    def organization(self) -> str:
        return f"urn:li:organization:{self.organization_id}"

    @property
    def sign_in_url(self) -> str:
        """Where tokens are renewed and inspected. Never LinkedIn itself when the API is another: its credentials are
        not LinkedIn's."""
        return self.auth_url or (_SIGN_IN if self.base_url.rstrip("/") == _API else self.base_url)

    def _account(self) -> Iterator[tuple[str, str, str]]:
        if not _NUMBER.fullmatch(self.organization_id):
            yield (
                "organization_id",
                "is empty or not a number",
                "Take the digits of linkedin.com/company/DIGITS/admin, the page's address for its administrators",
            )
        if not self.token.strip():
            yield (
                "token",
                "is empty",
                "Create one for a page administrator at https://www.linkedin.com/developers/tools/oauth",
            )
        if self.refresh_token and not (self.client_id and self.client_secret):
            yield "client_id" if not self.client_id else "client_secret", "is empty", "A refresh token needs both"

    def _application(self) -> Iterator[tuple[str, str, str]]:
        if self.mode not in _MODES:
            yield "mode", "is neither webhook nor polling", f"Use one of: {', '.join(_MODES)}"
        if self.mode == "webhook" and not self.client_secret.strip():
            yield (
                "client_secret",
                "is empty, so that anybody could post comments here",
                "Copy it from the app's Auth tab at https://www.linkedin.com/developers/apps, or set mode: polling",
            )
        if (self.mode == "webhook" or self.application_id) and not _NUMBER.fullmatch(self.application_id):
            yield "application_id", "is empty or not a number", "Take the digits of linkedin.com/developers/apps/DIGITS"
        if (self.mode == "webhook" or self.member_id) and not _MEMBER.fullmatch(self.member_id):
            yield "member_id", "is empty or not a member's id", "Take what follows urn:li:person: in the token's owner"
        if not _VERSION.fullmatch(self.version):
            yield "version", "is not a version", "Write the year and month of a living version, such as 202607"

    def _addresses(self) -> Iterator[tuple[str, str, str]]:
        for key in ("base_url", "auth_url"):
            url = getattr(self, key)
            if (url or key == "base_url") and (problem := base_url_problem(url)):
                yield key, problem, "Leave it out, or give the address of the sandbox"
        if self.webhook_url and (problem := base_url_problem(self.webhook_url)):
            yield "webhook_url", problem, "LinkedIn delivers to https only"
        if self.private_link and (problem := base_url_problem(self.private_link)):
            yield "private_link", problem, "Give a full https:// address, or leave it out"

    def _numbers(self) -> Iterator[tuple[str, str, str]]:
        ranges = (
            ("poll_interval_s", 1, 86_400, "seconds"),
            ("poll_back_h", 0, 60 * 24, "hours; LinkedIn keeps notifications for 60 days"),
            ("text_limit", 100, 10_000, "characters"),
            ("daily_calls", 1, 10_000_000, "calls a day"),
            ("member_daily_calls", 1, 10_000_000, "calls a day"),
        )
        for key, low, high, unit in ranges:
            if not low <= getattr(self, key) <= high:
                yield key, "is out of range", f"Use {low} to {high} {unit}"
        calls = min(self.daily_calls, self.member_daily_calls)
        if self.mode == "polling" and calls > 0 and _DAY_S / max(self.poll_interval_s, 1) > _FOR_POLLS * calls:
            yield (
                "poll_interval_s",
                f"asks more often than {calls} calls a day allow",
                f"Use {math.ceil(_DAY_S / (_FOR_POLLS * calls))} or more seconds; "
                "daily_calls and member_daily_calls say what your app has",
            )
