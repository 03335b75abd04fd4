"""The Facebook channel: the contract's methods, each a few lines over inbound, outbound and lookup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from channels.base import Channel, Transport
from channels.capabilities import Capabilities, Limit, Usage
from channels.facebook import inbound, lookup, outbound
from channels.facebook.settings import FacebookSettings
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
from channels.meta import probes, usage, webhook
from channels.meta.graph import subscribe, transport

# https://developers.facebook.com/docs/permissions
SCOPES = (
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
)


class FacebookChannel(Channel[FacebookSettings]):
    """A Page: Messenger in private, comments in public.
    https://developers.facebook.com/documentation/business-messaging/messenger-platform"""

    name: ClassVar[str] = inbound.CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = FacebookSettings

    def __init__(self, settings: FacebookSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._registered = settings.webhook_url  # where Meta was told to deliver, as far as we know

    def handshake(self, request: RawRequest) -> RawResponse | None:
        return webhook.handshake(request, self.settings.verify_token)

    def verify(self, request: RawRequest) -> None:
        webhook.verify(request, self.settings.app_secret)

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        return inbound.parse(request, self.settings)

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
        """https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links"""
        return f"https://m.me/{self.settings.page_username or self.settings.page_id}"

    def open_transport(self) -> Transport:
        return transport(self.settings, self.settings.page_token)

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        call, page = self.render(message)[index], self.settings.page_id
        if message.surface is Surface.PUBLIC:
            return await lookup.find_comment(self.transport, call, page, since, besides)
        return await lookup.find_private(self.transport, message, call, page, since, besides)

    async def start(self, webhook_url: str) -> None:
        """Register the webhook and subscribe the Page. Without any address, what is registered stays as it is."""
        address = self.settings.webhook_url or webhook_url
        if not address:
            return
        await subscribe(
            self.transport,
            self.settings.app_id,
            kind="page",
            fields=inbound.FIELDS,
            callback_url=address,
            account=self.settings.page_id,
        )
        self._registered = address

    async def check(self) -> Health:
        page = self.settings.page_id
        return await probes.examine(
            self.transport,
            probes.Subject(
                app_id=self.settings.app_id,
                account=page,
                kind="page",
                fields=inbound.FIELDS,
                scopes=SCOPES,
                identity=page,
                identity_fields="id,name",
                callback_url=self._registered,
            ),
        )
