"""The services over the memory adapters, with hand-written stand-ins for the assistant, the platform and the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec
from msgspec.structs import replace

from bot.adapters.memory_channels import MemoryChannelStates, MemoryLimits, MemoryThreads
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemorySendLog, MemorySignals, MemoryStore
from bot.adapters.yaml_notices import NEEDED
from bot.core import events as e
from bot.core.conversation import Conversation, Helped
from bot.core.house import House
from bot.core.ports import Agent, Lease, Turn, Utterance
from bot.core.risk import Assessment, Bot, Circumstances, Finding, Rule, Ruling
from bot.core.risk import decide as decide_risk
from bot.core.routing import DeskRules
from bot.core.transcript import Line, fold
from bot.services.compose import Speech
from bot.services.converse import Converse
from bot.services.deliver import Deliver
from bot.services.handoff import DeskService
from bot.services.receive import Receive
from bot.services.route import Floor
from channels.base import Channel, ChannelSettings, SentPart, Transport
from channels.capabilities import Capabilities, Limit, Usage
from channels.errors import SendError
from channels.messages import (
    ApiCall,
    ApiResponse,
    ApprovedTemplate,
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

    def __init__(self) -> None:
        self.words = {"disclosure": ""}  # so that most tests read the assistant's words alone

    def text(self, name: str, language: str, /, **values: object) -> str:
        assert name in NEEDED, f"data/notices.yml need not have {name}"
        if name in self.words:
            return self.words[name]
        return " ".join(filter(None, [f"[{name}/{language}]", *(str(value) for value in values.values())]))


class FakeDialogue:
    """Answers "echo: …". `script` says otherwise for a text; its memory is the list of texts of the episode."""

    intents = frozenset({"greet", "media", "card_delivery"})

    def __init__(self) -> None:
        self.script: dict[str, Turn | Exception] = {}
        self.heard: list[str] = []
        self.remembered: list[bytes] = []
        self.languages: list[str] = []
        self.helped: list[Helped | None] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def respond(
        self, *, key: str, channel: str, text: str, message_id: str, language: str, tracker: bytes,
        helped: Helped | None = None, phone: str = "", public: bool = False,
    ) -> Turn:  # fmt: skip
        self.helped.append(helped)
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
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = {
        Surface.PRIVATE: Capabilities(
            text_limit=1000, measure=len, buttons=3, button_title_limit=20, typing=True, edits=True, deletions=True
        )
    }

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
        images = [
            ApiCall(method="POST", path="send", json={"image": {"url": image.url}}) for image in message.attachments
        ]
        parts = message.text.split("\n\n") if message.text or not images else []
        return [*(ApiCall(method="POST", path="send", json={"text": part}) for part in parts), *images]

    def classify(self, response: ApiResponse) -> str:
        raise NotImplementedError

    def open_transport(self) -> Transport:
        return NoTransport()

    async def send_part(self, message: OutboundMessage, index: int) -> SentPart:
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
        elif self.can(message.surface).idempotent_send and any(
            s[:2] == (message.message_id, index) for s in self.shown
        ):
            pass
        else:
            self.shown.append((message.message_id, index, text))
        return SentPart(external_id=f"x-{message.message_id[:6]}-{index}")

    @property
    def screen(self) -> list[str]:
        return [text for _, _, text in self.shown]


class IdempotentChannel(FakeChannel):
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = {
        Surface.PRIVATE: replace(FakeChannel.surfaces[Surface.PRIVATE], idempotent_send=True)
    }


class AnswerLost(Exception):
    """In a channel's script: the platform takes the message, and all that we hear of it is `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """What reached the platform, and where."""

    text: str
    surface: Surface
    to: str = ""
    entry: str = ""
    reply_to: str = ""
    tag: str = ""
    template: str = ""
    external_id: str = ""


class SocialChannel(FakeChannel):
    """A platform with a public and a private side, whose abilities and rules a test sets.

    What leaves is in `posts`; `lookups` is what a look for a sent message finds (an id, None, or an error to raise),
    else it finds the same words in the same place.
    """

    surfaces: ClassVar[Mapping[Surface, Capabilities]] = {
        Surface.PRIVATE: FakeChannel.surfaces[Surface.PRIVATE],
        Surface.PUBLIC: Capabilities(text_limit=280, measure=len, parts=1, edits=True, deletions=True),
    }

    def __init__(self) -> None:
        super().__init__()
        self.able = dict(type(self).surfaces)
        self.posts: list[Post] = []
        self.lookups: list[str | Exception | None] = []
        self.looked = 0
        self.link = ""
        self.approved: list[ApprovedTemplate] = []
        self.address = ""  # what the answer to a private reply tells
        self.limited: list[Limit] = []
        self.told: list[Usage] = []  # what the next answers' headers tell, one each

    def set(self, surface: Surface, **abilities: Any) -> None:
        self.able[surface] = replace(self.able[surface], **abilities)

    def rule(self, surface: Surface, **rules: Any) -> None:
        self.set(surface, rules=replace(self.able[surface].rules, **rules))

    def can(self, surface: Surface) -> Capabilities:
        return self.able[surface]

    def private_link(self) -> str:
        return self.link

    def templates(self) -> Sequence[ApprovedTemplate]:
        return self.approved

    def limits(self, message: OutboundMessage) -> Sequence[Limit]:
        return self.limited

    async def send_part(self, message: OutboundMessage, index: int) -> SentPart:
        lost = self.script[0] if self.script else None
        if isinstance(lost, AnswerLost):
            self.script[0] = None
        usage = (self.told.pop(0),) if self.told else ()
        shown = len(self.shown)
        try:
            sent = await super().send_part(message, index)
        except SendError as error:
            error.usage = usage
            raise
        if len(self.shown) > shown:
            self.posts.append(
                Post(
                    text=self.shown[-1][2],
                    surface=message.surface,
                    to=message.to,
                    entry=message.entry,
                    reply_to=message.reply_to if message.surface is Surface.PUBLIC else "",
                    tag=message.tag,
                    template=message.template.name if message.template else "",
                    external_id=sent.external_id,
                )
            )
        if isinstance(lost, AnswerLost):
            raise lost.error
        return replace(sent, private_address=self.address if message.entry else "", usage=usage)

    async def find_sent(
        self, message: OutboundMessage, index: int, since: datetime, besides: frozenset[str] = frozenset()
    ) -> str | None:
        self.looked += 1
        if self.lookups:
            found = self.lookups.pop(0)
            if isinstance(found, Exception):
                raise found
            return found
        text = self.render(message)[index].json.get("text")
        place = (message.surface, message.to, message.entry, message.reply_to * (message.surface is Surface.PUBLIC))
        there = [post for post in self.posts if (post.surface, post.to, post.entry, post.reply_to) == place]
        return next((p.external_id for p in there if p.text == text and p.external_id not in besides), None)

    @property
    def public(self) -> list[str]:
        return [post.text for post in self.posts if post.surface is Surface.PUBLIC]

    @property
    def private(self) -> list[str]:
        return [post.text for post in self.posts if post.surface is Surface.PRIVATE]


class FakeTriage:
    """Finds what a test wrote down for a text; the policy is the real decision over `policy`."""

    def __init__(self) -> None:
        self.findings: dict[str, tuple[Finding, ...]] = {}
        self.policy: dict[str, dict[Surface, Rule]] = {}
        self.seen: list[tuple[str, Circumstances]] = []
        self.breaks = False

    def expect(self, text: str, label: str, *, public: Rule | None = None, **rule: Any) -> None:
        """This text carries this label, and the policy says this about it."""
        self.findings[text] = (*self.findings.get(text, ()), Finding(label=label, severity=4, confidence=0.9))
        private = Rule(**{"bot": Bot.ACKNOWLEDGE, "wording": label, **rule})
        self.policy[label] = {Surface.PRIVATE: private, Surface.PUBLIC: public or private}

    def assess(self, text: str, about: Circumstances) -> Assessment:
        self.seen.append((text, about))
        if self.breaks:
            raise ValueError(text)
        return Assessment(findings=self.findings.get(text, ()))

    def rule(self, assessment: Assessment, about: Circumstances) -> Ruling:
        return decide_risk(assessment.findings, about.surface, self.policy)


class FakeStaff:
    """The desk's people: as many supervisors as the store says are present, at least one on the list. A test may name
    others (`agents`, `there`)."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.agents: list[Agent] | None = None
        self.there: list[str] = []

    async def list(self) -> list[Agent]:
        if self.agents is not None:
            return self.agents
        count = max(1, self._store.agents_present)
        return [Agent(agent_id=f"a{number}", name="A", password_hash="", role="supervisor") for number in range(count)]

    async def present(self) -> Sequence[str]:
        if self.agents is not None:
            return self.there
        return [f"a{number}" for number in range(self._store.agents_present)]


class FakeWordings:
    def text(self, name: str, language: str, channel: str, surface: Surface) -> str:
        return f"[{name} {language} {surface}]"


class World:
    """Everything of one installation, in memory, with a clock that only moves when told."""

    def __init__(self, channel: FakeChannel | None = None, house: House | None = None) -> None:
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.notices = FakeNotices()
        self.dialogue = FakeDialogue()
        self.triage = FakeTriage()
        self.channel = channel or FakeChannel()
        self.signals = MemorySignals()
        self.dead = MemoryDeadLetters()
        self.inbound = MemoryMailbox("in", self.dead, now=self.clock.seconds)
        self.store = MemoryStore(self.inbound, self.dead)
        self.outbox = MemoryMailbox(f"out.{CHANNEL}", self.dead, now=self.clock.seconds)
        self.store.outboxes[CHANNEL] = self.outbox
        self.sends = MemorySendLog(self.store)
        self.threads = MemoryThreads(self.store)
        self.limits = MemoryLimits(self.clock.seconds)
        self.states = MemoryChannelStates()
        self.house = house or House()
        self.speech = Speech(
            self.notices,
            FakeWordings(),
            self.house,
            lambda _: self._surfaces(),
            lambda _: self.channel.private_link(),
            lambda _: self.channel.templates(),
        )
        self.staff = FakeStaff(self.store)
        self.desk_rules = DeskRules(timezone="Asia/Jakarta", hours={"all": "always"}, capacity=1000)
        self.floor = self.new_floor(self.store)
        self.intake = Receive(self.inbound, self.threads, self.sends, self.dead, self.states)
        self._numbers = 0
        self.converse = self.new_converse(self.store)
        self.desk = self.new_desk(self.store)
        self.courier = self.new_courier("life1")

    def _surfaces(self) -> dict[Surface, Capabilities]:
        there = self.channel.able if isinstance(self.channel, SocialChannel) else self.channel.surfaces
        return {surface: self.channel.can(surface) for surface in there}

    def new_floor(self, store: Any) -> Floor:
        staff: Any = self.staff
        return Floor(store, staff, staff, self.desk_rules, self.clock)

    def new_converse(self, store: Any) -> Converse:
        return Converse(
            store, self.sends, self.dialogue, self.triage, self.speech, self.new_floor(store), self.clock, self.meter,
            ANSWER_WITHIN, self.channel.complete,
        )  # fmt: skip

    def new_desk(self, store: Any) -> DeskService:
        return DeskService(
            store, self.sends, self.speech, self.new_floor(store), self.signals, self.clock, self.meter,
            ANSWER_WITHIN, "Arunika",
        )  # fmt: skip

    def new_courier(self, life: str, store: Any = None, sends: Any = None) -> Deliver:
        """A courier process' life: a restarted one has another name."""
        return Deliver(
            self.channel, self.outbox, store or self.store, sends or self.sends, self.threads, self.limits, self.states,
            self.new_floor(store or self.store), self.speech, self.clock, self.meter, ANSWER_WITHIN, life,
        )  # fmt: skip

    # ---- the customer ------------------------------------------------------------------------------

    def event(self, event_class: type[Event], /, event_id: str = "", **fields: Any) -> Any:
        self._numbers += 1
        given = {"channel": CHANNEL, "thread_id": "7", "at": self.clock.now(), "customer": ANI, **fields}
        return event_class(event_id=event_id or f"e{self._numbers}", **given)

    def message(self, text: str, **fields: Any) -> MessageReceived:
        given = {"external_id": f"x{self._numbers + 1}", "text": text, **fields}
        made: MessageReceived = self.event(MessageReceived, **given)
        return made

    async def receive(self, *events: Any) -> None:
        await self.intake.accept(events)

    async def write(self, *texts: str) -> None:
        """The customer writes and the worker works everything off."""
        for text in texts:
            await self.receive(self.message(text))
            await self.work()

    def comment(self, text: str, **fields: Any) -> MessageReceived:
        return self.message(text, surface=Surface.PUBLIC, **fields)

    async def post(self, text: str, **fields: Any) -> str:
        """The customer writes in public and the worker works it off; the comment's id."""
        comment = self.comment(text, **fields)
        await self.receive(comment)
        await self.work()
        return comment.external_id

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

    async def statuses(self) -> list[tuple[str, str]]:
        """The brand's messages with what became of them."""
        lines = [line for line in await self.lines() if line.kind == "message" and line.author != "customer"]
        return [(line.text, line.status) for line in lines]

    async def moves(self) -> list[tuple[str, str, str]]:
        return [(move.before, move.after, move.reason) for move in await self.log(e.OwnerChanged)]
