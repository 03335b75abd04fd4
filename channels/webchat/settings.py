"""What `channels.rasa_connector.Webchat:` in credentials.yml may say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.base import ChannelSettings

SHORTEST_SECRET = 32  # characters; HS256 wants a key of at least 256 bits (RFC 7518, 3.2)
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")


class WebchatSettings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits are per gateway process. `secret` signs visitor tokens: a new one makes all visitors new."""

    secret: str
    brand: str = "Arunika"
    allowed_origins: tuple[str, ...] = ()  # sites that may embed the chat, besides the gateway itself
    messages_per_second: float = 2.0
    burst: int = 5
    token_minutes: int = 60
    refresh_days: int = 30  # how long after its end a token still names the same visitor
    sockets_per_address: int = 50  # offices and mobile networks share addresses, so not too few
    sessions_per_minute: int = 60  # new visitors from one address

    def problems(self) -> Sequence[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        if len(self.secret) < SHORTEST_SECRET:
            found.append(
                (
                    "secret",
                    f"shorter than {SHORTEST_SECRET} characters" if self.secret else "empty",
                    "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )
            )
        if not self.brand.strip():
            found.append(("brand", "empty", "Write the name that customers know"))
        found.extend(
            (
                "allowed_origins",
                f"{origin!r} is not an origin",
                "Write scheme and host only, like https://shop.example",
            )
            for origin in self.allowed_origins
            if not _ORIGIN.fullmatch(origin)
        )
        found.extend(
            (key, "must be above zero", "Remove the line to take the default")
            for key in (
                "messages_per_second", "burst", "token_minutes", "refresh_days",
                "sockets_per_address", "sessions_per_minute",
            )
            if not getattr(self, key) > 0
        )  # fmt: skip
        return found
