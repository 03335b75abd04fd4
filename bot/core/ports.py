"""What the services need from the world. Implementations live in `bot/adapters`; `bot/bootstrap.py` chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from bot.core.conversation import Conversation, Helped
from bot.core.events import AnyEvent, IntentSeen
from bot.core.risk import Assessment, Circumstances, Ruling
from bot.core.sla import QueueState
from channels.messages import Event, InboundEvent, OutboundMessage, Surface


class LeaseLost(Exception):
    """Somebody else owns this mailbox now (or it was flushed): stop at once and change nothing."""


class VersionConflict(Exception):
    """The conversation changed since it was read: read it again and decide again."""


class StoreUnavailable(Exception):
    """Redis/Valkey cannot be reached. What was being written may or may not have been written."""


# ---- mailboxes ----------------------------------------------------------------------------------------


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to work on the head of one mailbox. `token` is the fence: a later lease has a larger one."""

    mailbox: str
    key: str
    owner: str
    token: int
    entry_id: str
    body: bytes
    attempts: int  # deliveries of this entry so far, this one included
    waited_s: float  # since the entry was appended


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How full a set of mailboxes is. `oldest_s`: how long the longest-waiting ready mailbox has waited."""

    messages: int
    conversations: int
    leased: int
    delayed: int
    oldest_s: float


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Something to append. `dedupe_id` makes a repeated append harmless for seven days."""

    key: str
    dedupe_id: str
    body: bytes


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """A letter for later. The same `timer_id` again replaces it."""

    timer_id: str
    key: str
    due_at: datetime
    body: bytes


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be worked on, kept for a person. `mailbox` "webhook" is a body that can't be read."""

    dead_id: str
    mailbox: str
    key: str
    error: str
    attempts: int
    at: datetime
    body: bytes


class Mailbox(Protocol):
    """Ordered boxes by key: one lease at a time each, deduplicated, redelivered, with a delay queue and a dead end."""

    name: str

    async def append(self, letters: Sequence[Letter]) -> int:
        """Append all, in order; how many were new. An interrupted call is repeated whole: the marks make it safe."""

    async def lease(self, owner: str, wait_s: float) -> Lease | None:
        """The head of the longest-waiting free mailbox; None when there was none within `wait_s` seconds."""

    async def extend(self, lease: Lease) -> None:
        """Keep the lease for another term. Raises LeaseLost."""

    async def ack(self, lease: Lease) -> Lease | None:
        """Remove the head; the next entry under the same lease, or None when the mailbox is empty. Raises LeaseLost."""

    async def release(self, lease: Lease) -> None:
        """Give the lease up with the head untouched and uncounted."""

    async def fail(self, lease: Lease, delay_s: float, *, counts: bool = True) -> None:
        """Give the lease up and let the whole mailbox wait. `counts` false: not the entry's fault (a rate limit)."""

    async def bury(self, lease: Lease, error: str) -> Lease | None:
        """Move the head to the dead letters; then as `ack`."""

    async def reclaim(self, owner: str) -> int:
        """Free what an earlier life of this owner still holds."""

    async def schedule(self, timer: Timer) -> None: ...

    async def cancel(self, timer_id: str) -> None: ...

    async def depth(self) -> Depth: ...


WEBHOOK = "webhook"  # the "mailbox" of bodies that were proven to come from a platform and could not be read


class DeadLetters(Protocol):
    async def keep(self, mailbox: str, key: str, body: bytes, error: str) -> str: ...

    async def list(self, limit: int = 100) -> Sequence[DeadLetter]: ...

    async def get(self, dead_id: str) -> DeadLetter | None: ...

    async def retry(self, dead_id: str) -> bool:
        """Append it to its mailbox again and remove it here; False when there is no such letter."""

    async def drop(self, dead_id: str) -> bool: ...


# ---- conversations ------------------------------------------------------------------------------------


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one decision changes; it all happens, or nothing does.

    `expected_version` is that of the conversation as read. `ack` removes the handled entry from the inbound
    mailbox in the same transaction, so that a killed worker neither loses nor repeats it. `tracker` replaces the
    assistant's own memory when not None.
    """

    conversation: Conversation
    expected_version: int
    events: Sequence[AnyEvent] = ()
    outbox: Sequence[OutboundMessage] = ()
    timers: Sequence[Timer] = ()
    cancel_timers: Sequence[str] = ()
    tracker: bytes | None = None
    ack: Lease | None = None


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as read, with the assistant's memory; both empty for a key never seen."""

    conversation: Conversation | None
    tracker: bytes = b""


class ConversationStore(Protocol):
    async def load(self, key: str) -> Loaded: ...

    async def commit(self, commit: Commit) -> Lease | None:
        """One transaction. The next entry under `commit.ack`'s lease. Raises VersionConflict, LeaseLost."""

    async def record(self, key: str, events: Sequence[AnyEvent], ack: Lease | None = None) -> Lease | None:
        """Append events that change no decision (a delivery); acknowledges the handled entry with them."""

    async def log(self, key: str, limit: int = 1000) -> Sequence[AnyEvent]:
        """The conversation's latest events, oldest first."""

    async def logs(self, keys: Sequence[str], limit: int) -> Sequence[Sequence[AnyEvent]]:
        """The same of several conversations, in one round trip."""

    async def owned(self, owner: str) -> Sequence[str]:
        """Keys of the conversations that are waiting or in a person's hands, longest first."""

    async def states(self, keys: Sequence[str]) -> Sequence[Conversation]:
        """These conversations as they stand, in the same order and in one round trip; unknown ones are left out."""

    async def queue(self) -> QueueState: ...

    async def note_wait(self, seconds: float) -> None:
        """Remember how long a customer waited for the first human answer."""


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """May this part be sent? `verdict`: go | stale (the owner changed) | done | unknown (a dead courier began it)."""

    verdict: str
    external_id: str = ""


class SendLog(Protocol):
    """The courier's memory of what left: it is written before and after every call to a platform."""

    async def begin(self, message: OutboundMessage, part: int, attempt: str, words: str | None = None) -> PartState:
        """Mark the part as leaving, unless it is automated and older than a person's takeover. One step. `words`: what
        the customer will read because of it; None: the message's text."""

    async def finish(self, message: OutboundMessage, part: int, external_id: str, words: str | None = None) -> None: ...

    async def abort(self, message: OutboundMessage, part: int) -> None:
        """The platform certainly did not take it."""

    async def give_up(self, message: OutboundMessage, part: int) -> None:
        """Nobody knows, and nobody will ask again; a late echo is still recognised as ours."""

    async def confirm(self, key: str, call: str, external_id: str) -> bool:
        """The platform showed us our own call (its idempotency key): whether that was news."""

    async def whose(self, key: str, external_id: str, text: str | None = None) -> str:
        """The call of ours that this echo is, by its id or (`text`) by words that are just leaving or just left; ""
        when it is not ours. `key`: a conversation's, or echo.under_root's."""

    async def others(self, message: OutboundMessage, part: int) -> frozenset[str]:
        """External ids of other calls of ours in the same place: never the answer to "is this part there?"."""

    async def conversation_of(self, call: str) -> str:
        """The key of the conversation that a call of ours was made for, "" when it is not known."""

    async def arrived(self, message: OutboundMessage) -> Sequence[str] | None:
        """External ids of the parts that are on the platform, in order; None when nobody knows about some part."""

    async def asked(self, message: OutboundMessage, part: int, what: str = "looked") -> int:
        """Count that somebody looked for this part, or another thing that happened to it; how often by now."""

    async def in_flight(self, key: str) -> bool:
        """Whether something of this conversation is on its way to the platform right now."""


class EventStream(Protocol):
    """All conversations' events in the order of their commits."""

    def follow(self, after: str = "$") -> AsyncIterator[tuple[str, AnyEvent]]:
        """Events after a position as they come ("$": from now on, "0": from the oldest kept)."""

    async def trim(self, before: str) -> None: ...


# ---- the assistant ------------------------------------------------------------------------------------


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the assistant says. Buttons are (title, payload). `response`: its name in the domain, "" for none."""

    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    image: str = ""
    response: str = ""


class HandoffRequest(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    detail: str = ""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What the assistant did with one message. `tracker` is its new memory, opaque to everyone else."""

    utterances: tuple[Utterance, ...] = ()
    intents: tuple[IntentSeen, ...] = ()
    language: str = ""
    slots: dict[str, str] = {}
    actions: tuple[str, ...] = ()
    handoff: HandoffRequest | None = None
    rating: int | None = None  # points that the customer gave, 1 to 5
    deeds: tuple[str, ...] = ()  # what was done outside and cannot be taken back, in English, for people
    tracker: bytes = b""


class Dialogue(Protocol):
    @property
    def intents(self) -> frozenset[str]:
        """The intents that it knows, so that a deep link can open a topic."""

    async def respond(
        self, *, key: str, channel: str, text: str, message_id: str, language: str, tracker: bytes,
        helped: Helped | None = None, phone: str = "", public: bool = False,
    ) -> Turn:  # fmt: skip
        """`helped`: the person who had the conversation before this message, the first since. `phone`: the customer's
        telephone number (`+62812…`), where the platform vouches for it. `public`: everybody can read the message."""


class Triage(Protocol):
    """Looks at a customer's words before the assistant does. A call takes a millisecond, rarely twenty."""

    def assess(self, text: str, about: Circumstances) -> Assessment: ...

    def rule(self, assessment: Assessment, about: Circumstances) -> Ruling:
        """What the brand's policy makes of it."""


class Wordings(Protocol):
    """The approved sentences for risks, from data/triage/wording.yml."""

    def text(self, name: str, language: str, channel: str, surface: Surface) -> str: ...


# ---- people -------------------------------------------------------------------------------------------


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A person at the desk. `role`: agent or supervisor. `skills`: what they can do (data/desk.yml), the languages
    that they write among them. `capacity`: conversations at a time, 0 for the desk's usual number."""

    agent_id: str  # the login name
    name: str
    password_hash: str
    role: str = "agent"
    disabled: bool = False
    skills: tuple[str, ...] = ()
    capacity: int = 0


class AgentDirectory(Protocol):
    async def get(self, agent_id: str) -> Agent | None: ...

    async def put(self, agent: Agent) -> None: ...

    async def list(self) -> Sequence[Agent]: ...


class Sessions(Protocol):
    """Desk log-ins, who is present, and the brake on guessed passwords."""

    async def open(self, agent_id: str) -> str:
        """A new session's secret token."""

    async def agent_of(self, token: str, *, active: bool = True) -> str | None:
        """`active` false: look without counting it as use, so that a forgotten open desk still ends."""

    async def close(self, token: str) -> None: ...

    async def end_all(self, agent_id: str) -> None: ...

    async def seen(self, agent_id: str) -> None:
        """The agent has a desk open right now."""

    async def present(self) -> Sequence[str]:
        """Ids of the agents who have a desk open."""

    async def failed_logins(self, who: str, *, add: bool = False, clear: bool = False) -> int:
        """Recent failures for a login name or an address, within fifteen minutes."""


class Notices(Protocol):
    """The system's own sentences, written by designers in data/notices.yml."""

    def text(self, name: str, language: str, /, **values: object) -> str: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class Meter(Protocol):
    """Figures for the operator: names and labels are listed in `bot/adapters/prometheus_meter.py`."""

    def count(self, name: str, amount: int = 1, /, **labels: str) -> None: ...

    def observe(self, name: str, seconds: float, /, **labels: str) -> None: ...


class Signals(Protocol):
    """Fleeting things that nobody misses when they get lost: "is typing"."""

    async def publish(self, signal: OutboundMessage) -> None: ...

    def listen(self) -> AsyncIterator[OutboundMessage]: ...


class VisitorFeed(Protocol):
    """A web visitor's numbered list of what the brand said to them, with a bell for open pages."""

    async def append(self, key: str, dedupe_id: str, item: Mapping[str, Any]) -> int:
        """The item's sequence number, the same one for the same `dedupe_id`."""

    async def after(self, key: str, seq: int) -> Sequence[Mapping[str, Any]]: ...

    async def ring(self, key: str, item: Mapping[str, Any]) -> None:
        """Tell open pages something that is not kept."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, Mapping[str, Any]]]]: ...


class TimerFired(Event, frozen=True, kw_only=True, omit_defaults=True, tag="timer"):
    """A timer's letter: `name` says which, `epoch` whether it still matters."""

    name: str
    epoch: int


InboundItem = InboundEvent | TimerFired
