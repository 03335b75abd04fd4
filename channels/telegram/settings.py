"""The section `channels.rasa_connector.Telegram` of credentials.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from channels.base import ChannelSettings

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
# https://core.telegram.org/bots/api#setwebhook
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_USERNAME = re.compile(r"[A-Za-z0-9_]+")
_MODES = ("webhook", "polling")
_TELEGRAMS_OWN = "https://api.telegram.org/"


class TelegramSettings(ChannelSettings, frozen=True, kw_only=True):
    """How to reach the bot. Only `token` is always needed; a webhook needs `secret_token` as well."""

    token: str = ""
    mode: str = "webhook"  # or "polling", for a machine without a public address
    secret_token: str = ""  # what Telegram has to send with every webhook request
    bot_username: str = ""  # without @; asked from Telegram at start when empty
    webhook_url: str = ""  # full public address; empty: the one that the gateway works out
    base_url: str = "https://api.telegram.org/bot"  # another for a self-hosted Bot API server, or the sandbox
    max_connections: int = 40  # parallel webhook requests, 1-100
    poll_timeout_s: int = 25  # how long getUpdates waits when there is nothing

    def problems(self) -> Sequence[tuple[str, str, str]]:
        return [*self._credentials(), *self._delivery()]

    @property
    def bot_id(self) -> int:
        """The bot's own user id, which is the first half of its token."""
        return int(self.token.partition(":")[0])

    def _credentials(self) -> Iterator[tuple[str, str, str]]:
        if not self.token:
            yield "token", "is empty", "Ask @BotFather for one with /newbot and paste it here"
        elif not _TOKEN.fullmatch(self.token):
            yield "token", "does not look like a bot token", "It has the form 123456:ABC-def; copy all of it"
        if self.mode == "webhook" and not self.secret_token:
            yield (
                "secret_token",
                "is empty, so that anybody could post messages here",
                "Invent one (`openssl rand -hex 32`), or set mode: polling",
            )
        if self.secret_token and not _SECRET.fullmatch(self.secret_token):
            yield (
                "secret_token",
                "is too long or has a character that Telegram refuses",
                "Use 1 to 256 of A-Z a-z 0-9 _ and -",
            )
        if self.bot_username and not _USERNAME.fullmatch(self.bot_username):
            yield "bot_username", "is not a user name", "Write it without @, or leave it out"

    def _delivery(self) -> Iterator[tuple[str, str, str]]:
        if self.mode not in _MODES:
            yield "mode", "is neither webhook nor polling", f"Use one of: {', '.join(_MODES)}"
        # A self-hosted server delivers to http too: core.telegram.org/bots/api#using-a-local-bot-api-server
        schemes = ("https://",) if self.base_url.startswith(_TELEGRAMS_OWN) else ("https://", "http://")
        if self.webhook_url and not self.webhook_url.startswith(schemes):
            yield "webhook_url", "is not an https:// address", "Telegram delivers to https only"
        if not self.base_url.startswith(("https://", "http://")):
            yield "base_url", "is not an address", "Leave it out, or give the server's URL ending in /bot"
        if not 1 <= self.max_connections <= 100:
            yield "max_connections", "is out of range", "Use 1 to 100"
        if not 0 <= self.poll_timeout_s <= 50:
            yield "poll_timeout_s", "is out of range", "Use 0 to 50 seconds"
