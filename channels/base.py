"""The channel contract: what a platform's folder provides, and the flow that it never has to write.

A channel is pure except for `send`, `poll`, `check`, `start` and `close`, which go through its `Transport`.
See docs/ADD_A_CHANNEL.md for the recipe and `tests/channels/conformance.py` for what is asked of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from channels.capabilities import Capabilities, Limit, Usage
from channels.errors import SendError, SettingsError
from channels.messages import (
    ApiCall,
    ApiResponse,
    ApprovedTemplate,
    Health,
    InboundEvent,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendResult,
    Surface,
)


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel's section of `credentials.yml`. Unknown keys are refused; subclasses add their fields."""

    def problems(self) -> Sequence[tuple[str, str, str]]:
        """What is wrong with the values, as (key, problem, fix)."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # the values are tokens and secrets: never in a log or a traceback


class SentPart(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform answered to one call: its id, and what else the answer told."""

    external_id: str
    private_address: str = ""
    usage: tuple[Usage, ...] = ()


def idempotency_key(message: OutboundMessage, index: int) -> str:
    """Names one call of ours: what a platform that carries a tag along gets, and an echo brings back."""
    return f"{message.message_id}/{index}"


# Where the platforms' calls keep what is read; and what stands beside it: labels of choices, and a template's
# parameters, which the platform puts into words of its own.
_WORDS = ("text", "body", "message", "caption")
_ASIDE = frozenset({"buttons", "quick_replies", "reply_markup", "action", "template"})


def words_of(call: ApiCall) -> str:
    """The text that the customer reads because of this call, without the titles of buttons; "" when there is none."""
    return _words_in(call.json)


def _words_in(value: Any) -> str:
    if isinstance(value, Mapping):
        near = [value[key] for key in _WORDS if key in value]
        said = next((item for item in near if isinstance(item, str) and item), "")
        inside = [item for key, item in value.items() if key not in _ASIDE and not isinstance(item, str)]
        return said or _first_words([*near, *inside])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _first_words(value)
    return ""


def _first_words(values: Sequence[Any]) -> str:
    return next(filter(None, map(_words_in, values)), "")


class Transport(Protocol):
    """Carries an ApiCall to the platform. Raises Unavailable or Ambiguous when there is no answer."""

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse: ...

    async def close(self) -> None: ...


S = TypeVar("S", bound=ChannelSettings)


class Channel(ABC, Generic[S]):
    """One platform. Constructed once per process with validated settings."""

    # ---- to declare ------------------------------------------------------------------------------
    name: ClassVar[str]
    surfaces: ClassVar[Mapping[Surface, Capabilities]]
    settings_class: ClassVar[type[ChannelSettings]]
    # How messages leave: "http" calls the platform's API, "feed" appends to the visitor's own feed with us.
    delivery: ClassVar[str] = "http"
    # Seconds between two looks at credentials and subscriptions; each costs a few API calls.
    check_every_s: ClassVar[float] = 3600.0

    def __init__(self, settings: S, transport: Transport | None = None) -> None:
        self.settings = settings
        self._transport = transport

    # ---- to implement ----------------------------------------------------------------------------
    @abstractmethod
    def verify(self, request: RawRequest) -> None:
        """Prove that the request comes from the platform, in constant time. Raises SignatureError."""

    @abstractmethod
    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        """Every event of the request, in order. Unknown kinds become Unsupported. Raises PayloadError."""

    @abstractmethod
    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        """The calls that say this message on the platform, in order, each within the platform's limits."""

    @abstractmethod
    def classify(self, response: ApiResponse) -> str:
        """The platform's id of what was sent, or raises a SendError that carries the decision."""

    @abstractmethod
    def open_transport(self) -> Transport:
        """The client for the platform's API, made on first use so that parsing needs no network library."""

    # ---- may override ----------------------------------------------------------------------------
    def can(self, surface: Surface) -> Capabilities:
        """What can be done there; settings may change what the class declares. Raises KeyError: no such surface."""
        return self.surfaces[surface]

    def private_link(self) -> str:
        """Where a customer opens the private chat with the brand, for a public invitation; "" when nowhere."""
        return ""

    def templates(self) -> Sequence[ApprovedTemplate]:
        """The approved templates that a person may choose from where the reply window is closed."""
        return ()

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        """The limits that each call of this message counts against, shared by all couriers."""
        return ()

    def usage(self, response: ApiResponse) -> Sequence[Usage]:
        """What the answer's headers tell about our limits. Never raises."""
        return ()

    def private_address(self, response: ApiResponse) -> str:
        """The customer's private address, when an answer to a private reply tells it; else ""."""
        return ""

    async def complete(self, event: InboundEvent) -> InboundEvent:
        """Fetch what a webhook only points at (`MessageReceived.incomplete`). Raises a SendError."""
        return event

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        """Look whether the `index`-th part is on the platform: its id, or None when it is certainly not there.

        `besides`: ids, as `classify` returns them, of other messages of ours. They may have the same words, and are
        passed over. Only for surfaces with `lookup`. Raises a SendError when nobody can tell right now.
        """
        raise NotImplementedError

    def handshake(self, request: RawRequest) -> RawResponse | None:
        """Answer a subscription challenge; None when this request is not one."""
        return None

    async def check(self) -> Health:
        """Probe credentials and subscriptions."""
        return Health(ok=True, detail="nothing to probe")

    async def start(self, webhook_url: str) -> None:
        """Tell the platform where to deliver, once at start-up. `webhook_url` is "" when there is no public URL."""

    # ---- no need to override ---------------------------------------------------------------------
    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], transport: Transport | None = None) -> Channel[Any]:
        """Build from a section of credentials.yml. Raises SettingsError naming the key and the fix."""
        return cls(load_settings(cls.name, cls.settings_class, values), transport)  # type: ignore[arg-type]

    @property
    def transport(self) -> Transport:
        if self._transport is None:
            self._transport = self.open_transport()
        return self._transport

    async def send_part(self, message: OutboundMessage, index: int) -> SentPart:
        """Send the `index`-th call of the message. Raises a SendError, which carries what the headers told.

        The courier records its progress between parts, so that a restart never repeats one.
        """
        call = self.render(message)[index]
        response = await self.transport.call(call, idempotency_key=idempotency_key(message, index))
        usage = tuple(self.usage(response))
        try:
            external_id = self.classify(response)
        except SendError as error:
            error.usage = usage
            raise
        return SentPart(external_id=external_id, private_address=self.private_address(response), usage=usage)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Send every part in order. Raises the SendError of the first part that fails."""
        parts = [await self.send_part(message, index) for index in range(len(self.render(message)))]
        return SendResult(external_ids=tuple(part.external_id for part in parts))

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()
            self._transport = None


class PollingChannel(Channel[S]):
    """A platform that can also be asked for news, for machines without a public address."""

    @property
    @abstractmethod
    def polls(self) -> bool:
        """Whether the settings choose polling instead of the webhook."""

    @abstractmethod
    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        """Events after `cursor` ("" at first) and the next cursor. Waits a while when there is nothing new.

        The caller stores the events before it asks with the new cursor, which is what confirms them.
        """


def load_settings(name: str, settings_class: type[ChannelSettings], values: Mapping[str, Any]) -> ChannelSettings:
    """Validate a section of credentials.yml. Raises SettingsError that names `name.key` and the fix."""
    known = {field.encode_name for field in msgspec.structs.fields(settings_class)}
    for key in values:
        if key not in known:
            raise SettingsError(
                f"{name}.{key}", "unknown setting", f"Remove it or use one of: {', '.join(sorted(known))}"
            )
    try:
        settings = msgspec.convert(dict(values), settings_class, strict=False)
    except msgspec.ValidationError as error:
        # msgspec's text names the field and the type, never the value.
        raise SettingsError(name, str(error), "Correct this section of credentials.yml") from None
    for key in known:
        value = getattr(settings, key)
        if isinstance(value, str) and value and not value.strip():
            raise SettingsError(f"{name}.{key}", "is nothing but blanks", "Give it a value, or leave the line out")
    for key, problem, fix in settings.problems():
        raise SettingsError(f"{name}.{key}", problem, fix)
    return settings
