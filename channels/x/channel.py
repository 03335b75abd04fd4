"""The X channel: the contract's methods, each a few lines over inbound, outbound, answers and the rest."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from channels.base import PollingChannel, Transport
from channels.capabilities import Capabilities, Limit, Usage
from channels.errors import RateLimited, SignatureError
from channels.messages import (
    ApiCall,
    ApiResponse,
    Health,
    InboundEvent,
    OutboundMessage,
    RawRequest,
    RawResponse,
    Surface,
)
from channels.signing import require_equal
from channels.x import answers, health, inbound, lookup, outbound, polling, reading, subscribing
from channels.x.settings import XSettings

# X sends one of them, or both: https://docs.x.com/x-api/webhooks/introduction
SIGNATURE_HEADER = "x-twitter-webhooks-signature"
NEWER_SIGNATURE_HEADER = "x-twitter-webhooks-signature-oauth2"

# One turn of waiting within `poll`: shorter than the time for which a process holds the turn to poll.
TURN_S = 45.0


class XChannel(PollingChannel[XSettings]):
    """Posts that call or answer the brand, and direct messages: https://docs.x.com"""

    name: ClassVar[str] = reading.CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = XSettings

    def __init__(self, settings: XSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._account = reading.Account(settings.user_id, settings.username, settings.automatic_mention_summons)
        self._address = settings.webhook_url
        self._poll_at = 0.0  # on the monotonic clock

    # ---- in ------------------------------------------------------------------------------------------

    def handshake(self, request: RawRequest) -> RawResponse | None:
        """The challenge-response check: https://docs.x.com/x-api/webhooks/quickstart#2-the-crc-check

        The answer is made with the key and function of the webhook's signature, so that whoever chose the token
        freely could have a forged request signed: one that could be JSON is not answered. Raises SignatureError.
        """
        token = request.query.get("crc_token")
        if request.method != "GET" or token is None:
            return None
        if not token or "{" in token or "[" in token:
            raise SignatureError("X's challenge is not one that may be answered")
        answer = {"response_token": _signed(self.settings.webhook_secret, token.encode())}
        return RawResponse(body=msgspec.json.encode(answer).decode(), content_type="application/json")

    def verify(self, request: RawRequest) -> None:
        """Over the raw body, with the client secret where both know it, else with the consumer secret."""
        newer = request.headers.get(NEWER_SIGNATURE_HEADER)
        if self.settings.client_secret and newer is not None:
            expected = _signed(self.settings.client_secret, request.body)
            require_equal(newer, expected, what="X's signature")
            return
        expected = _signed(self.settings.consumer_secret, request.body)
        require_equal(request.headers.get(SIGNATURE_HEADER), expected, what="X's signature")

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        return inbound.read_body(request.body, self._account, request.received_at)

    # ---- out -----------------------------------------------------------------------------------------

    def can(self, surface: Surface) -> Capabilities:
        return outbound.can(surface, self.settings)

    def private_link(self) -> str:
        """Opens a message to the brand, in the app and in the browser."""
        return f"https://x.com/messages/compose?recipient_id={self.settings.user_id}"

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        return outbound.render(message, self.settings)

    def classify(self, response: ApiResponse) -> str:
        return answers.classify(response)

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return outbound.limits(message, self.settings)

    def usage(self, response: ApiResponse) -> Sequence[Usage]:
        return answers.usage(response)

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        """By its words: X knows no key of ours. Raises a SendError when X does not tell."""
        calls = self.render(message)
        if index >= len(calls):
            return None
        text = str(calls[index].json["text"])
        return await lookup.find(self.transport, self.settings, message, text, since, besides)

    def open_transport(self) -> Transport:
        from channels.x.client import XTransport  # noqa: PLC0415 - parsing needs no client

        return XTransport(self.settings)

    # ---- asking for news -----------------------------------------------------------------------------

    @property
    def polls(self) -> bool:
        return self.settings.mode == "polling"

    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        """Mentions and direct messages after `cursor`. Raises a SendError.

        It asks at most every `poll_interval_s`, or when X said so. Until then it waits, a turn at a time, and returns
        without news.
        """
        wait = self._poll_at - time.monotonic()
        if wait > 0:
            await asyncio.sleep(min(wait, TURN_S))
        if wait > TURN_S:
            return [], cursor
        self._poll_at = time.monotonic() + self.settings.poll_interval_s
        try:
            return await polling.news(self.transport, self.settings, self._account, cursor, datetime.now(UTC))
        except RateLimited as error:
            self._poll_at = max(self._poll_at, time.monotonic() + error.retry_after)
            raise

    # ---- set up --------------------------------------------------------------------------------------

    async def start(self, webhook_url: str) -> None:
        """Register the webhook and subscribe, as far as that is not done. Raises a SendError."""
        address = self.settings.webhook_url or webhook_url
        if self.polls or not address:
            return
        self._address = address
        await subscribing.subscribe(self.transport, self.settings, address)

    async def check(self) -> Health:
        return await health.look(self.settings, self.transport, self._address)


def _signed(secret: str, message: bytes) -> str:
    """An empty secret proves nothing, so it signs nothing."""
    if not secret:
        raise SignatureError("X's secret is not set")
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()
