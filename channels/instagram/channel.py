"""The Instagram channel: the contract's methods, each a few lines over inbound, outbound, lookup and health."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from channels.base import Channel, Transport
from channels.capabilities import Capabilities, Limit, Usage
from channels.errors import Ambiguous, SignatureError
from channels.instagram import health, inbound, lookup, outbound
from channels.instagram.comments import CHANNEL
from channels.instagram.mention import mention_of
from channels.instagram.settings import InstagramSettings
from channels.messages import (
    ApiCall,
    ApiResponse,
    Health,
    InboundEvent,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    RawResponse,
    Surface,
)
from channels.meta import usage, webhook
from channels.meta.graph import transport


class InstagramChannel(Channel[InstagramSettings]):
    """A professional account: direct messages in private, comments and mentions in public.
    https://developers.facebook.com/docs/instagram-platform"""

    name: ClassVar[str] = CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = InstagramSettings

    def __init__(self, settings: InstagramSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._account = inbound.Account(settings.account_id, settings.username, settings.app_id)
        self._registered = settings.webhook_url  # where Meta was told to deliver, as far as we know

    def handshake(self, request: RawRequest) -> RawResponse | None:
        return webhook.handshake(request, self.settings.verify_token)

    def verify(self, request: RawRequest) -> None:
        try:
            webhook.verify(request, self.settings.app_secret)
        except SignatureError:
            if not self.settings.instagram_app_secret:
                raise
            webhook.verify(request, self.settings.instagram_app_secret)

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        return inbound.read_body(request.body, self._account, request.received_at)

    def can(self, surface: Surface) -> Capabilities:
        return outbound.capabilities(surface, self.settings)

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        return outbound.render(message, self.settings)

    def classify(self, response: ApiResponse) -> str:
        return outbound.classify(response)

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return outbound.limits(message, self.settings)

    def usage(self, response: ApiResponse) -> Sequence[Usage]:
        return usage.usage(response, outbound.USE_CASES)

    def private_address(self, response: ApiResponse) -> str:
        return outbound.private_address(response)

    def private_link(self) -> str:
        """https://developers.facebook.com/docs/messenger-platform/instagram/features/ig-me-links"""
        return f"https://ig.me/m/{self.settings.username}"

    def open_transport(self) -> Transport:
        return transport(self.settings, self.settings.token, app_url=self.settings.app_url)

    async def complete(self, event: InboundEvent) -> InboundEvent:
        """The words of a mention, which its webhook only points at."""
        mention = mention_of(event.external_id) if isinstance(event, MessageReceived) and event.incomplete else None
        if mention is None or not isinstance(event, MessageReceived):
            return event
        account, username = self.settings.account_id, self.settings.username
        return await lookup.complete_mention(self.transport, account, event, mention, username)

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        call = self.render(message)[index]
        # Who it went to: a private reply goes to the comment's author, who is known by one id everywhere.
        customer = message.to or message.customer.external_id
        if message.surface is Surface.PUBLIC:
            root = message.root or message.reply_to
            if mention_of(root):
                raise Ambiguous("an answer to a mention stands under somebody else's media and cannot be looked up")
            return await lookup.find_comment(self.transport, root, customer, str(call.json["message"]), since, besides)
        words = str(call.json.get("message", {}).get("text", ""))
        if not words or customer.startswith("anon:"):
            raise Ambiguous("a message without words, or to nobody known, cannot be looked up")
        return await lookup.find_message(self.transport, self.settings.sender_id, customer, words, since, besides)

    async def start(self, webhook_url: str) -> None:
        """Register the webhook and subscribe the account. Without any address, what is registered stays as it is."""
        address = self.settings.webhook_url or webhook_url
        if address:
            await health.register(self.transport, self.settings, address)
            self._registered = address

    async def check(self) -> Health:
        return await health.examine(self.transport, self.settings, self._registered)
