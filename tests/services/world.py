"""The services over the memory adapters, with hand-written stand-ins for the assistant, the platform and the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec

from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemorySendLog, MemorySignals, MemoryStore
from bot.core import events as e
from bot.core.conversation import Conversation
from bot.core.ports import Agent, Lease, Turn, Utterance
from bot.core.transcript import Line, fold
from bot.services.converse import Converse
from bot.services.deliver import Deliver
from bot.services.handoff import DeskService
from bot.services.receive import accept
from channels.base import Capabilities, Channel, ChannelSettings, Transport
from channels.messages import (
    ApiCall,
    ApiResponse,
    ButtonTapped,
    Customer,
    Event,
    InboundEvent,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Surface,
)

CHANNEL = "fake"
KEY = f"{CHANNEL}:7"
ANI = Customer(external_id="7", name="Ani")
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="")
BUDI = Agent(agent_id="budi", name="Budi Santoso", password_hash="")
ANSWER_WITHIN = timedelta(minutes=15)

E = TypeVar("E")


class FakeClock:
    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def seconds(self) -> float:
        return self._now.timestamp()

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class FakeMeter:
    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.observed: list[tuple[str, float]] = []

    def count(self, name: str, amount: int = 1, /, **labels: str) -> None:
        self.counts[name, *labels.values()] += amount

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        self.observed.append((name, seconds))


class FakeNotices:
    """A notice's text tells which one it is, in which language and with what filled in."""

    def text(self, name: str, language: str, /, **values: object) -> str:
        return " ".join([f"[{name}/{language}]", *(str(value) for value in values.values())])


class FakeDialogue:
    """Answers "echo: …". `script` says otherwise for a text; its memory is the list of texts of the episode."""

    intents = frozenset({"greet", "media", "card_delivery"})

    def __init__(self) -> None:
        self.script: dict[str, Turn | Exception] = {}
        self.heard: list[str] = []
        self.remembered: list[bytes] = []
        self.languages: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def respond(
        self, *, key: str, channel: str, text: str, message_id: str, language: str, tracker: bytes
    ) -> Turn:
        self.heard.append(text)
        self.remembered.append(tracker)
        self.languages.append(language)
        if self.meanwhile is not None:
            await self.meanwhile()
        turn = self.script.get(text, Turn(utterances=(Utterance(text=f"echo: {text}"),)))
        if isinstance(turn, Exception):
            raise turn
        return msgspec.structs.replace(turn, tracker=tracker + text.encode() + b"|")


class NoTransport:
    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        raise AssertionError("FakeChannel sends without a transport")

    async def close(self) -> None:
        pass


class FakeChannel(Channel[ChannelSettings]):
    """A platform that shows one bubble a paragraph and answers what its script says: ids, or errors to raise."""

    name: ClassVar[str] = CHANNEL
    settings_class: ClassVar[type[ChannelSettings]] = ChannelSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        text_limit=1000, measure=len, buttons=3, button_title_limit=20, surfaces=frozenset({Surface.PRIVATE}),
        typing=True, edits=True, deletions=True, echoes=True, idempotent_send=False, window_hours=None,
        per_conversation_per_second=100.0, overall_per_second=1000.0,
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(ChannelSettings(), NoTransport())
        self.script: list[Exception | None] = []  # one entry a call; None and "no entry left" mean: taken
        self.calls: list[str] = []  # every text that was put to the platform
        self.shown: list[tuple[str, int, str]] = []  # (message id, part, text) on the customer's screen
        self.signals: list[OutboundMessage] = []
        self.before_answer: Callable[[OutboundMessage], Awaitable[object]] | None = None

    def verify(self, request: RawRequest) -> None:
        raise NotImplementedError

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        raise NotImplementedError

    def render(self, message: OutboundMessage) -> Sequence[ApiCall]:
        if message.kind != "message":
            return [ApiCall(method="POST", path=message.kind)]
        return [ApiCall(method="POST", path="send", json={"text": part}) for part in message.text.split("\n\n")]

    def classify(self, response: ApiResponse) -> str:
        raise NotImplementedError

    def open_transport(self) -> Transport:
        return NoTransport()

    async def send_part(self, message: OutboundMessage, index: int) -> str:
        call = self.render(message)[index]
        text = str(call.json.get("text", call.path))
        self.calls.append(text)
        answer = self.script.pop(0) if self.script else None
        if self.before_answer is not None:
            await self.before_answer(message)
        if answer is not None:
            raise answer
        if message.kind != "message":
            self.signals.append(message)
        elif self.capabilities.idempotent_send and any(s[:2] == (message.message_id, index) for s in self.shown):
            pass
        else:
            self.shown.append((message.message_id, index, text))
        return f"x-{message.message_id[:6]}-{index}"

    @property
    def screen(self) -> list[str]:
        return [text for _, _, text in self.shown]


class IdempotentChannel(FakeChannel):
    capabilities: ClassVar[Capabilities] = msgspec.structs.replace(FakeChannel.capabilities, idempotent_send=True)


class World:
    """Everything of one installation, in memory, with a clock that only moves when told."""

    def __init__(self, channel: FakeChannel | None = None) -> None:
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.notices = FakeNotices()
        self.dialogue = FakeDialogue()
        self.channel = channel or FakeChannel()
        self.signals = MemorySignals()
        self.dead = MemoryDeadLetters()
        self.inbound = MemoryMailbox("in", self.dead, now=self.clock.seconds)
        self.store = MemoryStore(self.inbound, self.dead)
        self.outbox = MemoryMailbox(f"out.{CHANNEL}", self.dead, now=self.clock.seconds)
        self.store.outboxes[CHANNEL] = self.outbox
        self.sends = MemorySendLog(self.store)
        self._numbers = 0
        self.converse = self.new_converse(self.store)
        self.desk = self.new_desk(self.store)
        self.courier = self.new_courier("life1")

    def new_converse(self, store: Any) -> Converse:
        return Converse(store, self.dialogue, self.notices, self.clock, self.meter, ANSWER_WITHIN)

    def new_desk(self, store: Any) -> DeskService:
        return DeskService(
            store, self.sends, self.notices, self.signals, self.clock, self.meter, ANSWER_WITHIN, "Arunika"
        )

    def new_courier(self, life: str, store: Any = None, sends: Any = None) -> Deliver:
        """A courier process' life: a restarted one has another name."""
        return Deliver(
            self.channel, self.outbox, store or self.store, sends or self.sends, self.notices, self.clock, self.meter,
            ANSWER_WITHIN, life,
        )  # fmt: skip

    # ---- the customer ------------------------------------------------------------------------------

    def event(self, event_class: type[Event], /, event_id: str = "", **fields: Any) -> Any:
        self._numbers += 1
        given = {"channel": CHANNEL, "thread_id": "7", "at": self.clock.now(), "customer": ANI, **fields}
        return event_class(event_id=event_id or f"e{self._numbers}", **given)

    def message(self, text: str, **fields: Any) -> MessageReceived:
        return self.event(MessageReceived, **{"external_id": f"x{self._numbers + 1}", "text": text, **fields})

    async def receive(self, *events: Any) -> None:
        await accept(self.inbound, events)

    async def write(self, *texts: str) -> None:
        """The customer writes and the worker works everything off."""
        for text in texts:
            await self.receive(self.message(text))
            await self.work()

    async def tap(self, button: str, title: str = "", acknowledge: str = "") -> None:
        await self.receive(
            self.event(ButtonTapped, external_id="tapped", button=button, title=title, acknowledge=acknowledge)
        )
        await self.work()

    # ---- the processes -----------------------------------------------------------------------------

    async def work(self) -> None:
        while (lease := await self.inbound.lease("worker", 0)) is not None:
            following: Lease | None = lease
            while following is not None:
                following = await self.converse.handle(following)

    async def deliver(self, courier: Deliver | None = None) -> None:
        while (lease := await self.outbox.lease("courier", 0)) is not None:
            following: Lease | None = lease
            while following is not None:
                following = await (courier or self.courier).handle(following)

    # ---- looking -----------------------------------------------------------------------------------

    async def conversation(self, key: str = KEY) -> Conversation:
        found = (await self.store.load(key)).conversation
        assert found is not None
        return found

    async def queued(self) -> list[OutboundMessage]:
        """What is in the outbox, left there."""
        lease = await self.outbox.lease("looker", 0)
        if lease is None:
            return []
        await self.outbox.release(lease)
        return [msgspec.json.decode(entry.body, type=OutboundMessage) for entry in self.outbox._boxes[KEY]]

    async def texts(self) -> list[str]:
        return [message.text for message in await self.queued() if message.kind == "message"]

    async def log(self, kind: type[E]) -> list[E]:
        return [event for event in await self.store.log(KEY) if isinstance(event, kind)]

    async def lines(self) -> list[Line]:
        return fold(await self.store.log(KEY))

    async def moves(self) -> list[tuple[str, str, str]]:
        return [(move.before, move.after, move.reason) for move in await self.log(e.OwnerChanged)]
