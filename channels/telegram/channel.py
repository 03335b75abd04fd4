"""The Telegram channel: the contract's methods, each a few lines over inbound, outbound and client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from channels.base import PollingChannel, Transport
from channels.capabilities import Capabilities, Limit
from channels.errors import Ambiguous, AuthFailed, PayloadError, SendError, Unavailable
from channels.messages import (
    ApiCall,
    ApiResponse,
    Customer,
    Health,
    InboundEvent,
    OutboundMessage,
    RawRequest,
    Surface,
    Unsupported,
)
from channels.signing import require_equal
from channels.telegram import inbound, outbound
from channels.telegram.settings import TelegramSettings

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name


class TelegramChannel(PollingChannel[TelegramSettings]):
    """Private chats and groups: https://core.telegram.org/bots/api"""

    name: ClassVar[str] = inbound.CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = TelegramSettings

    def __init__(self, settings: TelegramSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._bot = inbound.Bot(settings.bot_id, settings.bot_username)

    def verify(self, request: RawRequest) -> None:
        """Telegram sends the secret as it is: https://core.telegram.org/bots/api#setwebhook. In polling mode
        without a secret, every request is refused."""
        require_equal(request.headers.get(SECRET_HEADER), self.settings.secret_token, what="Telegram's secret token")

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        """A webhook request carries exactly one update."""
        return [inbound.read_update(inbound.open_update(request.body, request.received_at), self._bot)]

    def private_link(self) -> str:
        """https://core.telegram.org/api/links#public-username-links; "" when the bot's name is not in the settings."""
        return f"https://t.me/{self.settings.bot_username}" if self.settings.bot_username else ""

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        return outbound.render(message)

    def classify(self, response: ApiResponse) -> str:
        return outbound.classify(response)

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return outbound.limits(message)

    def open_transport(self) -> Transport:
        from channels.telegram.client import TelegramTransport  # noqa: PLC0415 - parsing needs no client

        return TelegramTransport(self.settings)

    @property
    def polls(self) -> bool:
        return self.settings.mode == "polling"

    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        """Long poll: https://core.telegram.org/bots/api#getupdates. The cursor is the next update's id.

        Raises AuthFailed when somebody else takes this bot's updates, Unavailable when there was no answer.
        """
        parameters: dict[str, Any] = {
            "timeout": self.settings.poll_timeout_s,
            "allowed_updates": inbound.ALLOWED_UPDATES,
        }
        if cursor:
            parameters["offset"] = int(cursor)
        try:
            updates = await self._ask("getUpdates", parameters)
        except Ambiguous as error:
            raise Unavailable(error.detail, code=error.code) from None  # asking twice changes nothing
        except AuthFailed as error:
            if error.code != "409":
                raise
            raise AuthFailed(
                "Another program takes this bot's updates, or a webhook is set. Stop the other one; "
                "a restart here in polling mode removes a webhook",
                code=error.code,
            ) from None
        events: list[InboundEvent] = []
        for update in updates if isinstance(updates, list) else []:
            update_id = update.get("update_id") if isinstance(update, Mapping) else None
            if not isinstance(update_id, int):
                raise Unavailable("getUpdates answered something that is not a list of updates")
            events.append(self._read_polled(update, update_id))
            cursor = str(update_id + 1)
        return events, cursor

    async def start(self, webhook_url: str) -> None:
        """Register the webhook (in polling mode: remove it), keep pending updates, learn the bot's user name.

        Without any address, a webhook registered by hand stays as it is.
        """
        if not self._bot.username:
            me = await self._describe("getMe")
            self._bot = self._bot._replace(username=str(me.get("username", "")))
        address = self.settings.webhook_url or webhook_url
        if self.polls:
            await self._ask("deleteWebhook", {"drop_pending_updates": False})
        elif address:
            await self._ask(
                "setWebhook",
                {
                    "url": address,
                    "max_connections": self.settings.max_connections,
                    "allowed_updates": inbound.ALLOWED_UPDATES,
                    "drop_pending_updates": False,
                },
            )

    async def check(self) -> Health:
        """Ask Telegram who we are and how delivery is going."""
        try:
            me = await self._describe("getMe")
            webhook = await self._describe("getWebhookInfo")
        except AuthFailed as error:
            return Health(
                ok=False,
                detail=f"Telegram refuses the token: {error.detail}",
                fix="Copy the token from @BotFather (/token) into credentials.yml and restart",
            )
        except SendError as error:
            return Health(
                ok=False,
                detail=f"Telegram cannot be reached: {error.detail}",
                fix=f"Check that this machine can reach {self.settings.base_url.rsplit('/', 1)[0]}",
            )
        return self._diagnose(str(me.get("username", "")), webhook)

    def _diagnose(self, username: str, webhook: Mapping[str, Any]) -> Health:
        """Read WebhookInfo: https://core.telegram.org/bots/api#webhookinfo"""
        address, waiting = webhook.get("url") or "", webhook.get("pending_update_count", 0)
        detail = f"@{username}, {self.settings.mode}, {waiting} updates waiting"
        if self.polls and address:
            return Health(
                ok=False,
                detail=f"{detail}, but a webhook is set",
                fix="Restart in polling mode, which removes it",
            )
        if not self.polls and not address:
            return Health(
                ok=False,
                detail=f"{detail}, but no webhook is set",
                fix="Give a public https address (webhook_url in credentials.yml), or set mode: polling",
            )
        complaint = webhook.get("last_error_message") if waiting else ""
        if complaint:
            return Health(
                ok=False,
                detail=f"{detail}; the last delivery failed: {complaint}",
                fix="Make sure that the address answers from the internet, with a valid certificate",
            )
        return Health(ok=True, detail=detail)

    async def _ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """A question that sends nothing to anybody. Raises a SendError."""
        call = ApiCall(method="POST", path=method, json=parameters)
        response = await self.transport.call(call, idempotency_key=method)
        outbound.classify(response)
        return outbound.answer_of(response).result

    async def _describe(self, method: str) -> Mapping[str, Any]:
        result = await self._ask(method, {})
        return result if isinstance(result, Mapping) else {}

    def _read_polled(self, update: Mapping[str, Any], update_id: int) -> InboundEvent:
        request = RawRequest(method="POST", path="getUpdates", body=msgspec.json.encode(update))
        try:
            return self.parse(request)[0]
        except PayloadError as error:
            # Once confirmed it would be gone, and unconfirmed it would block all others: it is kept aside.
            return Unsupported(
                channel=self.name,
                event_id=f"{update_id}.unreadable",
                thread_id="0",
                at=request.received_at,
                customer=Customer(external_id="0"),
                kind=str(error),
                raw=request.body.decode(),
            )
