"""What the credentials.yml sections of Facebook, Instagram and WhatsApp have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels.base import ChannelSettings
from channels.http import base_url_problem

Problem = tuple[str, str, str]

_DASHBOARD = "https://developers.facebook.com/apps"


class GraphSettings(ChannelSettings, frozen=True, kw_only=True):
    """The Meta app through which everything goes."""

    app_id: str = ""
    app_secret: str = ""  # signs what Meta sends to us
    verify_token: str = ""  # what Meta repeats when it checks our address; invented by us
    graph_url: str = "https://graph.facebook.com/v26.0"  # with the API's version; another for the sandbox
    webhook_url: str = ""  # full public address; empty: the one that the gateway works out
    appsecret_proof: bool = False  # sign every call too, as the app's setting "Require App Secret" asks for

    def problems(self) -> Sequence[Problem]:
        return [*self._app(), *self._addresses()]

    def _app(self) -> Iterator[Problem]:
        yield from empty("app_id", self.app_id, f"Copy it from {_DASHBOARD}, Settings > Basic")
        if self.app_id and not self.app_id.isdecimal():
            yield "app_id", "is not an app's number", "It has digits only"
        yield from empty("app_secret", self.app_secret, f"Copy it from {_DASHBOARD}, Settings > Basic")
        yield from empty("verify_token", self.verify_token, "Invent one (`openssl rand -hex 32`)")

    def _addresses(self) -> Iterator[Problem]:
        problem = base_url_problem(self.graph_url)
        if problem:
            yield "graph_url", problem, "Leave it out, or give the address with the version, like …/v26.0"
        problem = base_url_problem(self.webhook_url) if self.webhook_url else ""
        if problem:
            yield "webhook_url", problem, "Meta delivers to https only"


def empty(key: str, value: str, fix: str) -> Iterator[Problem]:
    """The problem of a value that has to be there and is not."""
    if not value.strip():
        yield key, "is empty", fix


def out_of_range(key: str, value: int, lowest: int, highest: int) -> Iterator[Problem]:
    """The problem of a number that is too small or too large."""
    if not lowest <= value <= highest:
        yield key, "is out of range", f"Use {lowest} to {highest}"
