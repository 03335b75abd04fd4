"""The channel contract: what a platform's folder provides, and the flow that it never has to write.

A channel is pure except for `send`, `poll`, `check`, `start` and `close`, which go through its `Transport`.
See docs/ADD_A_CHANNEL.md for the recipe and `tests/channels/conformance.py` for what is asked of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from channels.errors import SettingsError
from channels.messages import (
    ApiCall,
    ApiResponse,
    Health,
    InboundEvent,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendResult,
)


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel's section of `credentials.yml`. Unknown keys are refused; subclasses add their fields."""

    def problems(self) -> Sequence[tuple[str, str, str]]:
        """What is wrong with the values, as (key, problem, fix)."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # the values are tokens and secrets: never in a log or a traceback


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform can do, so that the core never asks which platform it is talking to."""

    text_limit: int
    measure: Callable[[str], int]  # length by the platform's own counting
    buttons: int  # most buttons in one message; 0 means numbered lines in the text
    button_title_limit: int
    surfaces: frozenset[str]
    typing: bool  # can show "typing…"
    edits: bool  # customers can edit what they sent
    deletions: bool  # deletions reach us
    echoes: bool  # our own messages come back
    idempotent_send: bool  # sending the same message_id twice shows it once
    window_hours: int | None  # reply window; None means no window
    per_conversation_per_second: float  # pacing; the platform's own answer always wins
    overall_per_second: float
    # How messages leave: "http" calls the platform's API, "feed" appends to the visitor's own feed with us.
    delivery: str = "http"
    polling: bool = False


class Transport(Protocol):
    """Carries an ApiCall to the platform. Raises Unavailable or Ambiguous when there is no answer."""

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse: ...

    async def close(self) -> None: ...


S = TypeVar("S", bound=ChannelSettings)


class Channel(ABC, Generic[S]):
    """One platform. Constructed once per process with validated settings."""

    # ---- to declare ------------------------------------------------------------------------------
    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings_class: ClassVar[type[ChannelSettings]]

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

    async def send_part(self, message: OutboundMessage, index: int) -> str:
        """Send the `index`-th call of the message and return the platform's id. Raises a SendError.

        The courier records its progress between parts, so that a restart never repeats one.
        """
        call = self.render(message)[index]
        response = await self.transport.call(call, idempotency_key=f"{message.message_id}/{index}")
        return self.classify(response)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Send every part in order. Raises the SendError of the first part that fails."""
        ids = [await self.send_part(message, index) for index in range(len(self.render(message)))]
        return SendResult(external_ids=tuple(ids))

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
    for key, problem, fix in settings.problems():
        raise SettingsError(f"{name}.{key}", problem, fix)
    return settings
