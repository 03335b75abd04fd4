"""One conversation while one item is decided about: its state, what is said, what is scheduled, what is committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.personal import Kind
from bot.core.ports import (
    Commit,
    ConversationStore,
    Dialogue,
    InboundItem,
    Lease,
    Loaded,
    SendLog,
    Timer,
    Triage,
)
from bot.core.risk import Ruling
from bot.core.sla import QueueState
from bot.services.compose import Outgoing, Speech
from bot.services.route import Floor
from bot.services.signs import handoff_timer
from channels import messages as m


@dataclass(frozen=True)
class Tools:
    """What decisions are made with."""

    store: ConversationStore
    sends: SendLog
    dialogue: Dialogue
    triage: Triage
    speech: Speech
    floor: Floor
    answer_within: timedelta


class Case:
    """Nothing has happened before `commit()` is carried out."""

    def __init__(
        self, tools: Tools, item: InboundItem, loaded: Loaded, lease: Lease, now: datetime,
        secrets: tuple[Kind, ...] = (),
    ) -> None:  # fmt: skip
        """`secrets`: what was masked in the item's words before anybody saw them."""
        self.tools = tools
        self.item = item
        self.secrets = secrets
        self.lease = lease
        self.now = now
        self.read = loaded.conversation
        self.tracker: bytes | None = None
        self.timers: list[Timer] = []
        self.cancels: list[str] = []
        self.ruling = Ruling()
        self.events: list[e.AnyEvent] = []
        self.deeds: tuple[str, ...] = ()
        self.conversation = loaded.conversation or Conversation.begin(item)
        asked_at = now - timedelta(seconds=lease.waited_s)
        self.out = Outgoing(tools.speech, self.conversation, now, asked_at)

    async def hand_off(
        self, reason: handoff.Reason, detail: str, *, told: bool = True, within: timedelta | None = None,
        silencing: bool = False,
    ) -> None:  # fmt: skip
        """Step back, promise honestly (`told`), and set the clock."""
        within = within or self.tools.answer_within
        self.change(handoff.open_handoff(self.conversation, reason, self.now, within, detail, silencing=silencing))
        queue = await self.who_can()
        if told:
            self.promise("handoff", queue)
        self.timers.append(handoff_timer(self.conversation, self.now, within))

    async def who_can(self) -> QueueState:
        """What may be promised of the handoff. One that nobody here can ever take must not wait in silence: everybody
        at the desk sees it at once."""
        queue = await self.tools.floor.outlook(self.conversation)
        held = self.conversation.handoff
        if queue.able == 0 and held is not None and not held.stranded:
            self.take(replace(self.conversation, handoff=replace(held, stranded=True)))
            self.events.append(
                e.HandoffStranded(
                    conversation=self.conversation.key,
                    at=self.now,
                    skills=held.skills,
                    language=self.conversation.language,
                )
            )
        return queue

    def promise(self, name: str, queue: QueueState, *, proactive: bool = False) -> None:
        """Tell how long it takes, or honestly that nobody knows; then offer to call or write back instead."""
        self.out.promise(name, queue, self.item.event_id, proactive=proactive)
        self.take(self.out.conversation)

    def commit(self) -> Commit:
        tapped = self.item.acknowledge if isinstance(self.item, m.ButtonTapped) else ""
        if tapped and not any(message.kind == "acknowledge" for message in self.out.messages):
            self.out.acknowledge(tapped)  # the assistant did not get to it; the button must not spin all the same
        if self.conversation.warning and self.conversation.owner is not Owner.HUMAN:
            self.out.warn()
            self.take(self.out.conversation)
        anew = self.read is not None and self.read.episode != self.conversation.episode
        return Commit(
            conversation=self.conversation,
            expected_version=self.read.version if self.read else 0,
            events=(*self.events, *self.out.take_events()),
            # What is said together with a handoff belongs to its epoch, not to the one that it ended.
            outbox=[replace(message, epoch=self.conversation.epoch) for message in self.out.messages],
            timers=self.timers,
            cancel_timers=self.cancels,
            tracker=b"" if anew and self.tracker is None else self.tracker,
            ack=self.lease,
        )

    def change(self, change: handoff.Change) -> None:
        self.events += self.out.take_events()  # what was said before the change stands before it in the transcript
        conversation, event = change
        self.take(conversation)
        self.events.append(event)

    def take(self, conversation: Conversation) -> None:
        self.conversation = self.out.conversation = conversation
