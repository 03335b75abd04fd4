"""Every channel as a Rasa input channel, so that stock `rasa run --credentials credentials.yml` serves it.

Rasa finds the classes by the section names of credentials.yml: `channels.rasa_connector.Telegram` and so on,
one for each channel of the registry. What Sigap's own processes add (storage before the answer, handoff to
people, desk) is not here: with stock Rasa, what is waiting in memory is lost when the process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import traceback
import uuid
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

import msgspec
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from channels.base import Channel, PollingChannel
from channels.capabilities import Rules
from channels.errors import RateLimited, SendError, SettingsError, Unavailable
from channels.messages import (
    Attachment,
    Button,
    ButtonTapped,
    Customer,
    InboundEvent,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Surface,
)
from channels.registry import CHANNELS, channel_class, class_name, section_of
from channels.webhook import Received, Unreadable, receive

logger = logging.getLogger(__name__)

OnNewMessage = Callable[[UserMessage], Awaitable[Any]]

ATTEMPTS = 4  # for one part of a message that the platform did not take
LONGEST_WAIT_S = 60.0  # a turn holds its conversation's lock, so it cannot wait for ever
REMEMBERED = 100_000  # event ids, and payloads of buttons; some 20 MB when full
# A deep link, or only our name called into a group, arrives as "/start"; the assistant knows greetings.
GREETING = "hi"
GREETINGS = {"id": "halo"}  # by the first part of the locale that the platform reports


class CredentialsError(SettingsError, RasaException):
    """A SettingsError that Rasa's command line prints as one line instead of a traceback."""


class Connector(InputChannel):
    """The base of the generated classes; `channel_name` is the registry's."""

    channel_name: ClassVar[str]

    def __init__(self, channel: Channel[Any] | None) -> None:
        self._channel = channel
        self._seen = _Memory()
        self._payloads = _Memory()
        self._lanes = _Lanes()
        self._polling: asyncio.Task[None] | None = None

    @classmethod
    def name(cls) -> str:
        return cls.channel_name

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any] | None) -> Connector:
        """Build from a section of credentials.yml. Raises CredentialsError naming the key and the fix."""
        name = cls.channel_name
        try:
            kind = channel_class(name)
        except ImportError as error:
            # Left alone, Rasa would report it as "Failed to find input channel class".
            raise CredentialsError(section_of(name), f"needs {error.name}", "Install the requirements") from error
        if kind.delivery == "feed":
            logger.warning(
                "%s lives in Sigap's gateway and is not served by `rasa run`; use `sigap up`, or Rasa's own "
                "rest or socketio channel.",
                section_of(name),
            )
            return cls(None)
        try:
            return cls(kind.from_mapping(credentials or {}))
        except SettingsError as error:
            raise CredentialsError(error.key, error.problem, error.fix) from None

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        """`POST webhook`: prove, read, queue every event to its conversation, then answer."""
        blueprint = Blueprint(f"sigap_{self.channel_name}")
        channel = self._channel
        if channel is None:
            return blueprint

        async def webhook(request: Request) -> HTTPResponse:
            outcome = receive(channel, _raw(request))
            if isinstance(outcome, Received):
                self.accept(outcome.events, on_new_message)
            elif isinstance(outcome, Unreadable):
                logger.warning("%s: a body could not be read: %s", self.channel_name, outcome.reason)
            answer = outcome.response
            return response.text(answer.body, status=answer.status, content_type=answer.content_type)

        async def start(*_: Any) -> None:
            try:
                await channel.start("")
            except SendError as error:
                logger.error("%s could not be started: %s", self.channel_name, error)
            if isinstance(channel, PollingChannel) and channel.polls:
                self._polling = asyncio.create_task(self._poll(channel, on_new_message))

        async def stop(*_: Any) -> None:
            if self._polling is not None:
                self._polling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._polling
            await channel.close()

        blueprint.add_route(webhook, "/webhook", methods=["GET", "POST"])
        blueprint.listener("after_server_start")(start)
        blueprint.listener("before_server_stop")(stop)
        return blueprint

    def get_output_channel(self) -> OutputChannel | None:
        """For what the assistant says unasked (reminders, `trigger_intent`)."""
        return None if self._channel is None else _output(self._channel, self._payloads)

    def accept(self, events: Sequence[InboundEvent], on_new_message: OnNewMessage) -> None:
        """Queue what is new, each event behind the earlier ones of its conversation."""
        for event in events:
            if not isinstance(event, MessageReceived | ButtonTapped) or not self._may_answer(event):
                continue
            if self._seen.add(event.event_id, ""):
                self._lanes.put(event.conversation_key, partial(self._turn, event, on_new_message))

    def _may_answer(self, event: MessageReceived | ButtonTapped) -> bool:
        """Stock Rasa has no policy: where a platform has rules about what a program says in public, or another app
        holds the thread, silence is the only answer that cannot cost the brand its account."""
        assert self._channel is not None
        if isinstance(event, MessageReceived) and event.standby:
            return False
        if event.surface is Surface.PRIVATE or self._channel.can(event.surface).rules == Rules():
            return True
        logger.warning("%s: a public message is left to Sigap's own courier (`sigap up`)", self.channel_name)
        return False

    async def drain(self) -> None:
        """Wait until everything queued has been answered."""
        await self._lanes.drain()

    async def _turn(self, event: MessageReceived | ButtonTapped, on_new_message: OnNewMessage) -> None:
        assert self._channel is not None
        output = _output(self._channel, self._payloads, event)
        if isinstance(event, ButtonTapped):
            await output.acknowledge(event)
            text = self._payloads.get(f"{event.conversation_key} {event.button}") or _typed(event.title)
        else:
            text = _utterance(event)
        if not text:
            logger.warning("%s: a button from before the restart was tapped", self.channel_name)
            return
        await on_new_message(
            UserMessage(
                text,
                output,
                event.conversation_key,
                input_channel=self.channel_name,
                message_id=event.event_id,
                metadata=_metadata(event),
            )
        )

    async def _poll(self, channel: PollingChannel[Any], on_new_message: OnNewMessage) -> None:
        cursor, pause = "", 1.0
        while True:
            try:
                events, cursor = await channel.poll(cursor)
                pause = 1.0
            except SendError as error:
                logger.error("%s: %s. Asking again in %.0f s", self.channel_name, error, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_WAIT_S)
            else:
                self.accept(events, on_new_message)


class _Output(OutputChannel):
    """Says what the assistant says. One per turn, so that it knows whom and what it answers."""

    channel_name: ClassVar[str]

    def __init__(
        self, channel: Channel[Any], payloads: _Memory, event: MessageReceived | ButtonTapped | None = None
    ) -> None:
        self._channel = channel
        self._payloads = payloads
        self._event = event

    @classmethod
    def name(cls) -> str:
        return cls.channel_name

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Rasa's message → one of ours. Custom JSON is for programs and is not shown to the customer."""
        elements = message.get("elements") or []
        texts = [message.get("text") or ""]
        texts += [": ".join(filter(None, (e.get("title"), e.get("subtitle")))) for e in elements]
        choices = [*(message.get("quick_replies") or []), *(message.get("buttons") or [])]
        choices += [button for element in elements for button in element.get("buttons") or []]
        outbound = self._message(
            recipient_id,
            text="\n\n".join(text for text in texts if text),
            buttons=tuple(self._button(recipient_id, choice) for choice in choices),
            attachments=tuple(_attachments(message)),
        )
        if outbound.text or outbound.buttons or outbound.attachments:
            await self._deliver(outbound)

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        await self.send_response(recipient_id, {"text": text})

    async def acknowledge(self, event: ButtonTapped) -> None:
        if event.acknowledge:
            key = event.conversation_key
            await self._deliver(self._message(key, kind="acknowledge", acknowledge=event.acknowledge))

    def _message(self, recipient_id: str, **content: Any) -> OutboundMessage:
        event = self._event
        thread_id = recipient_id.removeprefix(f"{self.channel_name}:")
        return OutboundMessage(
            message_id=uuid.uuid4().hex,
            channel=self.channel_name,
            thread_id=thread_id,
            customer=event.customer if event else Customer(external_id=thread_id),
            created_at=datetime.now(UTC),
            reply_to=event.external_id if isinstance(event, MessageReceived) else "",
            to=(event.customer.address or event.customer.external_id) if event else thread_id,
            surface=event.surface if event else Surface.PRIVATE,
            **content,
        )

    def _button(self, recipient_id: str, choice: Mapping[str, Any]) -> Button:
        title = str(choice.get("title") or choice.get("payload") or "")
        payload = str(choice.get("payload") or title)
        key = hashlib.blake2s(payload.encode(), digest_size=8).hexdigest()
        self._payloads.add(f"{recipient_id} {key}", payload)
        return Button(key=key, title=title, url=str(choice.get("url") or ""))

    async def _deliver(self, message: OutboundMessage) -> None:
        """Send every part in order. A failure is logged, not raised: the turn that said it has happened."""
        try:
            for index in range(len(self._channel.render(message))):
                await self._send_part(message, index)
        except SendError as error:
            logger.error(
                "%s: not delivered to %s: %s",
                self.channel_name,
                message.conversation_key,
                type(error).__name__,
            )

    async def _send_part(self, message: OutboundMessage, index: int) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._channel.send_part(message, index)
                return
            except RateLimited as error:
                pause = error.retry_after
                if attempt == ATTEMPTS or pause > LONGEST_WAIT_S:
                    raise
            except Unavailable:
                pause = 2.0 ** (attempt - 1)
                if attempt == ATTEMPTS:
                    raise
            await asyncio.sleep(pause)


class _Memory:
    """The latest values by key. Forgets the oldest beyond REMEMBERED."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, str] = OrderedDict()

    def add(self, key: str, value: str) -> bool:
        """Remember. True when the key is new."""
        new = key not in self._values
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)
        return new

    def get(self, key: str) -> str:
        return self._values.get(key, "")


class _Lanes:
    """Jobs with the same key run one after another, in order; others run side by side."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Callable[[], Awaitable[None]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: str, job: Callable[[], Awaitable[None]]) -> None:
        if key in self._waiting:
            self._waiting[key].append(job)
            return
        self._waiting[key] = deque([job])
        task = asyncio.create_task(self._run(key))
        self._tasks.add(task)  # the event loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _run(self, key: str) -> None:
        jobs = self._waiting[key]
        while jobs:
            try:
                await jobs.popleft()()
            except Exception as error:
                # The place is logged without the error's own text, which may quote the customer.
                place = "".join(traceback.format_tb(error.__traceback__))
                logger.error("A turn of %s failed: %s\n%s", key, type(error).__name__, place)
        del self._waiting[key]


def connector_class(name: str) -> type[Connector]:
    """The input channel class of a registered channel: Rasa's `name()` belongs to the class."""
    return type(class_name(name), (Connector,), {"channel_name": name, "__module__": __name__})


def _output(channel: Channel[Any], payloads: _Memory, event: MessageReceived | ButtonTapped | None = None) -> _Output:
    return _OUTPUTS[channel.name](channel, payloads, event)


def _raw(request: Request) -> RawRequest:
    return RawRequest(
        method=request.method,
        path=request.path,
        query={key: request.args.get(key) for key in request.args},
        headers={key.lower(): value for key, value in request.headers.items()},
        body=request.body,
    )


def _utterance(event: MessageReceived) -> str:
    if event.text == "/start":
        return GREETINGS.get(event.customer.locale.partition("-")[0], GREETING)
    return _typed(event.text) or " ".join(f"[{item.kind}]" for item in event.attachments)


def _typed(text: str) -> str:
    """Rasa takes text that starts with "/" for the name of an intent: that is not for customers to write."""
    return re.sub(r"^[\s/]+", "", text)


def _metadata(event: MessageReceived | ButtonTapped) -> dict[str, Any]:
    """What custom actions may want to know; they find it in `tracker.latest_message["metadata"]`."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return fields


def _attachments(message: Mapping[str, Any]) -> list[Attachment]:
    found = []
    if message.get("image"):
        found.append(Attachment(kind="image", url=str(message["image"])))
    attached = message.get("attachment")
    if isinstance(attached, Mapping):
        payload = attached.get("payload") or {}
        url = payload.get("url") or payload.get("src") or ""
        found.append(Attachment(kind=str(attached.get("type", "file")), url=str(url)))
    elif attached:
        found.append(Attachment(kind="file", url=str(attached)))
    return found


_OUTPUTS: Mapping[str, type[_Output]] = {
    name: type(f"{class_name(name)}Output", (_Output,), {"channel_name": name, "__module__": __name__})
    for name in CHANNELS
}
globals().update({class_name(name): connector_class(name) for name in CHANNELS})
