"""The LinkedIn channel: the contract's methods, each a few lines over inbound, outbound, polling and health."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec

from channels.base import PollingChannel, SentPart, Transport
from channels.capabilities import Capabilities, Limit
from channels.errors import Ambiguous, RateLimited, SendError, SignatureError, Unavailable
from channels.linkedin import health, inbound, outbound, polling, urns, wire
from channels.linkedin.settings import LinkedinSettings
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
from channels.signing import require_equal

SIGNATURE_HEADER = "x-li-signature"
_PREFIX = "hmacsha256="
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# One turn of waiting within `poll`: shorter than the time for which a process holds the turn to poll.
TURN_S = 45.0
# After a failed poll. It waits less than after a good one, because what could not be asked was not counted.
RETRY_S = 30.0
# A comment that we look for may be stamped by a clock that is a little behind ours.
SKEW = timedelta(seconds=60)
# Comments that are looked through for one of ours.
LOOKED_THROUGH = 1000

T = TypeVar("T")


class LinkedinChannel(PollingChannel[LinkedinSettings]):
    """Comments under an organization's posts:
    https://learn.microsoft.com/en-us/linkedin/marketing/community-management/community-management-overview"""

    name: ClassVar[str] = inbound.CHANNEL
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = outbound.SURFACES
    settings_class = LinkedinSettings

    def __init__(self, settings: LinkedinSettings, transport: Transport | None = None) -> None:
        super().__init__(settings, transport)
        self._poll_at = 0.0  # on the monotonic clock

    # ---- in ------------------------------------------------------------------------------------------

    def handshake(self, request: RawRequest) -> RawResponse | None:
        """Proves every two hours that the secret is here:
        https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation

        Only a UUID is answered. The answer is made with the key and function of the webhook's signature, so that
        whoever chose the code freely could have a forged request signed. Raises SignatureError.
        """
        code = request.query.get("challengeCode")
        if request.method != "GET" or code is None:
            return None
        if not self.settings.client_secret or not _UUID.fullmatch(code):
            raise SignatureError("LinkedIn's challenge is not one that may be answered")
        answer = {"challengeCode": code, "challengeResponse": self._signed(code.encode())}
        return RawResponse(body=msgspec.json.encode(answer).decode(), content_type="application/json")

    def verify(self, request: RawRequest) -> None:
        """The prefix is part of what is signed, and may stand in the header too. Without a secret (polling), every
        request is refused."""
        given = request.headers.get(SIGNATURE_HEADER)
        expected = self._signed(_PREFIX.encode() + request.body) if self.settings.client_secret else ""
        require_equal(given and given.removeprefix(_PREFIX), expected, what="LinkedIn's signature")

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        return inbound.read_body(request.body, self.settings.organization, request.received_at)

    async def complete(self, event: InboundEvent) -> InboundEvent:
        """The words that a notification only points at; Unsupported when they are gone. Raises a SendError."""
        if not isinstance(event, MessageReceived) or not event.incomplete:
            return event
        written = await self._written(event.external_id)
        if written is None:
            return inbound.gone(event)
        text, tagged = inbound.spoken(written, self.settings.organization)
        return msgspec.structs.replace(event, text=text, tagged=tagged, incomplete=False)

    # ---- out -----------------------------------------------------------------------------------------

    def can(self, surface: Surface) -> Capabilities:
        return msgspec.structs.replace(self.surfaces[surface], text_limit=self.settings.text_limit)

    def private_link(self) -> str:
        return self.settings.private_link

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        return outbound.render(message, self.settings.organization, self.settings.text_limit)

    def classify(self, response: ApiResponse) -> str:
        return outbound.classify(response)

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return outbound.limits(self.settings)

    def open_transport(self) -> Transport:
        from channels.linkedin.client import LinkedinTransport  # noqa: PLC0415 - parsing needs no client

        return LinkedinTransport(self.settings)

    async def send_part(self, message: OutboundMessage, index: int) -> SentPart:
        """With the comment's URN even when LinkedIn answered a bare id, because its echo brings the URN."""
        sent = await super().send_part(message, index)
        return msgspec.structs.replace(sent, external_id=outbound.sent_urn(message, sent.external_id))

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        """Our newest comment with these words, where the answer belongs. Raises a SendError."""
        text = self.render(message)[index].json["message"]["text"]
        path = outbound.comments_path(message)
        theirs = frozenset(outbound.sent_urn(message, external_id) for external_id in besides)
        for first in range(0, LOOKED_THROUGH, polling.PAGE):
            page = await self._call("GET", f"{path}?start={first}&count={polling.PAGE}")
            if page.status == 404:
                return None  # what it answers is gone, and all answers with it
            outbound.require_success(page)
            found = outbound.find_in(page.body, text, self.settings.organization, since - SKEW, theirs)
            if found or len(outbound.elements_of(page.body)) < polling.PAGE:
                return found
        raise Unavailable("there are too many comments to look through")

    # ---- polling -------------------------------------------------------------------------------------

    @property
    def polls(self) -> bool:
        return self.settings.mode == "polling"

    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        """Notifications after `cursor`, oldest first. Raises a SendError.

        It asks at most every `poll_interval_s`. Until then it waits, a turn at a time, and returns without news.
        """
        wait = self._poll_at - time.monotonic()
        if wait > 0:
            await asyncio.sleep(min(wait, TURN_S))
        if wait > TURN_S:
            return [], cursor
        try:
            news = await self._news(cursor)
        except SendError as error:
            told = error.retry_after if isinstance(error, RateLimited) else 0.0
            self._poll_at = time.monotonic() + max(told, min(RETRY_S, self.settings.poll_interval_s))
            raise
        self._poll_at = time.monotonic() + self.settings.poll_interval_s
        return news

    async def _news(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        now = datetime.now(UTC)
        seen = polling.seen_until(cursor, timedelta(hours=self.settings.poll_back_h), now)
        notices: dict[str, polling.Notice] = {}
        while True:
            page = await self._call("GET", polling.page_path(self.settings.organization, seen.start, len(notices)))
            outbound.require_success(page)
            answered = [polling.notice(element) for element in outbound.elements_of(page.body)]
            known = len(notices)
            notices.update({item.id: item for item in answered})
            # A page that adds nothing: the server repeats itself, and would do so for ever.
            if len(answered) < polling.PAGE or len(notices) == known:
                break
        fresh = sorted((item for item in notices.values() if item.id not in seen.ids), key=lambda item: item.at)
        events = inbound.read_each([item.raw for item in fresh], self.settings.organization, now)
        return events, polling.advance(seen, list(notices.values()), now).line()

    # ---- set up --------------------------------------------------------------------------------------

    async def start(self, webhook_url: str) -> None:
        """Subscribe the webhook, unless it is: LinkedIn answers by sending a challenge. Raises a SendError."""
        address = self.settings.webhook_url or webhook_url
        if self.polls or not address:
            return
        found = await health.subscription(self.settings, self.transport)
        lives = found and (not found.expires_at or found.expires_at / 1000 > time.time())
        if found and lives and found.webhook == address:
            return
        path = health.subscription_path(self.settings)
        outbound.require_success(await self._call("PUT", path, {"webhook": address}))

    async def check(self) -> Health:
        """Role, subscription, version, token and clock; LinkedIn drops a subscription without telling."""
        return await health.look(self.settings, self.transport)

    # ---- pieces --------------------------------------------------------------------------------------

    def _signed(self, text: bytes) -> str:
        return hmac.new(self.settings.client_secret.encode(), text, hashlib.sha256).hexdigest()

    async def _call(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> ApiResponse:
        """What may be repeated as often as one likes, so that no answer is simply "try again"."""
        try:
            return await self.transport.call(ApiCall(method=method, path=path, json=json or {}), idempotency_key=method)
        except Ambiguous as error:
            raise Unavailable(error.detail, code=error.code) from None

    async def _written(self, external_id: str) -> str | None:
        """What a comment or post says; None when it is gone. Raises a SendError."""
        if urns.is_comment(external_id):
            under, comment_id = urns.parts(external_id)
            path = f"rest/socialActions/{urns.encoded(under)}/comments/{urns.encoded(comment_id)}"
            comment = await self._read(path, wire.StoredComment)
            return comment.message.text if comment else None
        post = await self._read(f"rest/posts/{urns.encoded(external_id)}", wire.StoredPost)
        return post.commentary if post else None

    async def _read(self, path: str, shape: type[T]) -> T | None:
        """None: it is gone. Raises a SendError."""
        response = await self._call("GET", path)
        if response.status == 404:
            return None
        outbound.require_success(response, about_one=True)
        try:
            return msgspec.convert(dict(response.body), shape)
        except msgspec.ValidationError:
            raise Unavailable("LinkedIn answered something of another shape") from None
