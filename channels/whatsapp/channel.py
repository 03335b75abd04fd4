"""The WhatsApp channel: the contract's methods, each a few lines over inbound, outbound and channels.meta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from channels.base import Channel, Transport
from channels.capabilities import Capabilities, Limit, Usage
from channels.messages import (
    ApiCall,
    ApiResponse,
    ApprovedTemplate,
    Health,
    InboundEvent,
    OutboundMessage,
    RawRequest,
    RawResponse,
    Surface,
)
from channels.meta import webhook
from channels.meta.graph import subscribe, transport
from channels.meta.probes import Subject, examine
from channels.meta.usage import usage
from channels.whatsapp import errors, inbound, outbound
from channels.whatsapp.batch import CHANNEL
from channels.whatsapp.settings import WhatsappSettings

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")


class WhatsappChannel(Channel[WhatsappSettings]):
    """Private chats with one phone number through the Cloud API:
    https://developers.facebook.com/documentation/business-messaging/whatsapp/overview"""

    name: ClassVar[str] = CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = WhatsappSettings

    def __init__(self, settings: WhatsappSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._registered = settings.webhook_url  # where Meta was told to deliver, as far as we know

    def verify(self, request: RawRequest) -> None:
        webhook.verify(request, self.settings.app_secret)

    def handshake(self, request: RawRequest) -> RawResponse | None:
        return webhook.handshake(request, self.settings.verify_token)

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        return inbound.read_webhook(request, self.settings.phone_number_id)

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        return outbound.render(message, self.settings)

    def classify(self, response: ApiResponse) -> str:
        return errors.classify(response)

    def templates(self) -> Sequence[ApprovedTemplate]:
        return self.settings.templates

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return outbound.limits(message, coexistence=self.settings.coexistence)

    def usage(self, response: ApiResponse) -> Sequence[Usage]:
        """What Meta tells about the account concerns our number."""
        return tuple(
            msgspec.structs.replace(item, scope="number") if item.scope == "page" else item for item in usage(response)
        )

    def open_transport(self) -> Transport:
        return transport(self.settings, self.settings.token)

    async def start(self, webhook_url: str) -> None:
        """Register the webhook for the app, and the account with the app. Raises a SendError."""
        address = self.settings.webhook_url or webhook_url
        if not address:
            return
        await subscribe(
            self.transport,
            self.settings.app_id,
            kind=inbound.OBJECT,
            fields=self.settings.webhook_fields,
            callback_url=address,
            account=self.settings.business_account_id,
            account_fields=(),  # the account takes what the app is registered for
        )
        self._registered = address

    async def check(self) -> Health:
        """Ask Meta whether the token works and may do what we need, and whether events come here."""
        return await examine(
            self.transport,
            Subject(
                app_id=self.settings.app_id,
                account=self.settings.business_account_id,
                kind=inbound.OBJECT,
                fields=(),
                scopes=SCOPES,
                identity=self.settings.phone_number_id,
                identity_fields="id,verified_name,display_phone_number",
                callback_url=self._registered,
                app_fields=self.settings.webhook_fields,
            ),
        )
