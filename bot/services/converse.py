"""What happens with one inbound item: who has the conversation, who answers, what is committed.

Everything is decided from what was read, then committed at once; when somebody else changed the conversation
meanwhile (a person claimed it), it is read and decided again, and what the assistant had composed is forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.ports import (
    Clock,
    Commit,
    ConversationStore,
    Dialogue,
    InboundItem,
    Lease,
    Loaded,
    Meter,
    Notices,
    Timer,
    TimerFired,
    VersionConflict,
)
from bot.services.compose import HANDOFF_TIMER, Outgoing, handoff_timer, handoff_timer_id
from channels import messages as m

MOST_CONFLICTS = 20  # a person can't change a conversation faster than we decide; beyond this something is wrong

_items = msgspec.json.Decoder(InboundItem)


class Converse:
    """Handles the head of an inbound mailbox. Raises what the dialogue raises, LeaseLost and StoreUnavailable."""

    def __init__(
        self,
        store: ConversationStore,
        dialogue: Dialogue,
        notices: Notices,
        clock: Clock,
        meter: Meter,
        answer_within: timedelta,
    ) -> None:
        self._store = store
        self._dialogue = dialogue
        self._notices = notices
        self._clock = clock
        self._meter = meter
        self._answer_within = answer_within

    async def handle(self, lease: Lease) -> Lease | None:
        """Handle one item and commit; the next one under the same lease."""
        item = _items.decode(lease.body)

        async def decide(loaded: Loaded) -> Commit:
            decision = _Decision(self, item, loaded, lease)
            if decision.hear() and decision.conversation.owner is Owner.BOT:
                await decision.answer(loaded.tracker)
            elif isinstance(item, TimerFired):
                await decision.ring(item)
            return decision.commit()

        return await self._settle(lease, decide)

    async def give_up(self, lease: Lease, error: str) -> Lease | None:
        """The assistant can't work on this item: it goes to a person, and the customer is told."""
        item = _items.decode(lease.body)

        async def decide(loaded: Loaded) -> Commit:
            decision = _Decision(self, item, loaded, lease)
            decision.hear()
            if decision.conversation.owner is Owner.BOT:
                await decision.hand_off(handoff.Reason.ASSISTANT_FAILED, error)
            return decision.commit()

        return await self._settle(lease, decide)

    async def _settle(self, lease: Lease, decide: Callable[[Loaded], Awaitable[Commit]]) -> Lease | None:
        """Read, decide and commit, again from the start whenever somebody else was faster."""
        for _ in range(MOST_CONFLICTS):
            commit = await decide(await self._store.load(lease.key))
            try:
                following = await self._store.commit(commit)
            except VersionConflict:
                continue
            self._measure(commit)
            return following
        raise VersionConflict(lease.key)

    def _measure(self, commit: Commit) -> None:
        for event in commit.events:
            if isinstance(event, e.OwnerChanged) and event.after == Owner.WAITING:
                self._meter.count("handoffs", reason=event.reason)
            elif isinstance(event, e.Understood):
                self._meter.count("turns", channel=commit.conversation.channel)


class _Decision:
    """One item's way from what was read to what is committed."""

    def __init__(self, service: Converse, item: InboundItem, loaded: Loaded, lease: Lease) -> None:
        self._service = service
        self._item = item
        self._lease = lease
        self._now = service._clock.now()
        self._read = loaded.conversation
        self._tracker: bytes | None = None
        self._timers: list[Timer] = []
        self._cancels: list[str] = []
        self.events: list[e.AnyEvent] = []
        self.conversation = loaded.conversation or Conversation.begin(item)
        self._out = Outgoing(self.conversation, self._now, self._now - timedelta(seconds=lease.waited_s))

    # ---- hearing -----------------------------------------------------------------------------------

    def hear(self) -> bool:
        """Take note of the item; whether it asks for an answer."""
        item, key, now = self._item, self.conversation.key, self._now
        match item:
            case m.MessageReceived() | m.ButtonTapped():
                self._hear_words(item)
                return True
            case m.HumanEcho():
                self._human_took_over(item)
            case m.OwnEcho(message_id=message_id) if message_id:
                self.events.append(
                    e.ReplySent(conversation=key, at=now, message_id=message_id, external_ids=(item.external_id,))
                )
            case m.MessageEdited():
                self.events.append(
                    e.CustomerEdited(conversation=key, at=item.at, external_id=item.external_id, text=item.text)
                )
            case m.MessageDeleted():
                self.events.append(e.CustomerDeleted(conversation=key, at=item.at, external_id=item.external_id))
            case m.Reacted():
                self.events.append(
                    e.CustomerReacted(conversation=key, at=item.at, external_id=item.external_id, emoji=item.emoji)
                )
            case m.Reachability():
                self.conversation = replace(self.conversation, reachable=item.reachable)
                self.events.append(e.ReachabilityChanged(conversation=key, at=item.at, reachable=item.reachable))
            case _:
                pass  # receipts are for the platform's own clocks; timers ring later
        return False

    def _hear_words(self, item: m.MessageReceived | m.ButtonTapped) -> None:
        if self.conversation.owner is Owner.CLOSED:
            self._change(handoff.reopen(self.conversation, self._now))
        self.conversation = self.conversation.heard(item, item.external_id)
        attachments: tuple[m.Attachment, ...] = ()
        if isinstance(item, m.ButtonTapped):
            choice = self.conversation.choice(item.button)
            text = choice.title if choice else item.title
        else:
            text, attachments = " ".join(filter(None, (item.text, item.referral))), item.attachments
        self.events.append(
            e.CustomerWrote(
                conversation=self.conversation.key,
                at=item.at,
                event_id=item.event_id,
                external_id=item.external_id,
                text=text,
                attachments=attachments,
                customer_name=self.conversation.customer.name,
            )
        )

    def _human_took_over(self, item: m.HumanEcho) -> None:
        """A person of the brand answered in the platform's own app."""
        name = item.author or "platform app"
        if self.conversation.owner is not Owner.HUMAN:
            self._change(handoff.claim(self.conversation, "", name, self._now, self._service._answer_within))
            self._cancels.append(handoff_timer_id(self.conversation.key))
        message_id = f"echo-{item.external_id}"
        self.events.append(
            e.ReplyComposed(
                conversation=self.conversation.key,
                at=item.at,
                message_id=message_id,
                sender=m.Sender.AGENT,
                text=item.text,
                agent_name=name,
            )
        )
        self.events.append(
            e.ReplySent(
                conversation=self.conversation.key,
                at=item.at,
                message_id=message_id,
                external_ids=(item.external_id,),
            )
        )

    # ---- answering ---------------------------------------------------------------------------------

    async def answer(self, tracker: bytes) -> None:
        """Let the assistant answer, and hand over when it asks for that or has nothing to say."""
        item = self._item
        assert isinstance(item, m.MessageReceived | m.ButtonTapped)
        turn = await self._service._dialogue.respond(
            key=self.conversation.key,
            channel=self.conversation.channel,
            text=said_to_assistant(item, self.conversation, self._service._dialogue.intents),
            message_id=item.event_id,
            language=self.conversation.language,
            tracker=self._remembered(tracker),
        )
        self._tracker = turn.tracker
        self.conversation = self.conversation.understanding(turn.intents, turn.language, turn.slots, turn.actions)
        self.events.append(
            e.Understood(
                conversation=self.conversation.key,
                at=self._now,
                event_id=item.event_id,
                intents=turn.intents,
                language=self.conversation.language,
                actions=turn.actions,
            )
        )
        self._out.conversation = self.conversation
        if isinstance(item, m.ButtonTapped) and item.acknowledge:
            self._out.acknowledge(item.acknowledge)
        for utterance in turn.utterances:
            self._out.utter(utterance, item.event_id)
        self.conversation = self._out.conversation
        if turn.handoff is not None:
            await self.hand_off(handoff.Reason(turn.handoff.reason), turn.handoff.detail)
        elif not turn.utterances:
            await self.hand_off(handoff.Reason.ASSISTANT_FAILED, "the assistant had no answer")

    def _remembered(self, tracker: bytes) -> bytes:
        """The assistant's memory is of one episode: a person's return or a closed conversation begins anew."""
        fresh = self._read is None or self._read.episode != self.conversation.episode
        return b"" if fresh else tracker

    async def hand_off(self, reason: handoff.Reason, detail: str) -> None:
        """Step back, promise honestly, and set the clock."""
        within = self._service._answer_within
        queue = await self._service._store.queue()
        self._change(handoff.open_handoff(self.conversation, reason, self._now, within, detail))
        self._out.promise(self._service._notices, "handoff", queue, self._item.event_id)
        self._timers.append(handoff_timer(self.conversation, self._now, within))

    async def ring(self, timer: TimerFired) -> None:
        """Nobody has taken the handoff in time: the desk sees it as overdue, the customer hears that we know."""
        conversation = self.conversation
        if timer.name != HANDOFF_TIMER or conversation.handoff is None or conversation.epoch != timer.epoch:
            return
        if conversation.owner is not Owner.WAITING:
            return
        waited = (self._now - conversation.handoff.opened_at).total_seconds()
        self.conversation = replace(conversation, handoff=replace(conversation.handoff, overdue=True))
        self.events.append(e.HandoffOverdue(conversation=conversation.key, at=self._now, waited_s=waited))
        self._out.conversation = self.conversation
        self._out.promise(self._service._notices, "still_waiting", await self._service._store.queue())

    # ---- committing --------------------------------------------------------------------------------

    def commit(self) -> Commit:
        tapped = self._item.acknowledge if isinstance(self._item, m.ButtonTapped) else ""
        if tapped and not any(message.kind == "acknowledge" for message in self._out.messages):
            self._out.acknowledge(tapped)  # the assistant did not get to it; the button must not spin all the same
        return Commit(
            conversation=self.conversation,
            expected_version=self._read.version if self._read else 0,
            events=(*self.events, *self._out.take_events()),
            # What is said together with a handoff belongs to its epoch, not to the one that it ended.
            outbox=[replace(message, epoch=self.conversation.epoch) for message in self._out.messages],
            timers=self._timers,
            cancel_timers=self._cancels,
            tracker=self._tracker,
            ack=self._lease,
        )

    def _change(self, change: handoff.Change) -> None:
        self.events += self._out.take_events()  # what was said before the change stands before it in the transcript
        self.conversation, event = change
        self._out.conversation = self.conversation
        self.events.append(event)


def said_to_assistant(
    item: m.MessageReceived | m.ButtonTapped, conversation: Conversation, intents: frozenset[str]
) -> str:
    """The item in the assistant's terms. A leading "/" is Rasa's way to name an intent: only our own buttons and
    deep links may use it, never what a customer types."""
    if isinstance(item, m.ButtonTapped):
        choice = conversation.choice(item.button)
        return choice.payload if choice else _harmless(item.title)
    if item.text == "/start":
        topic = item.referral.lower().replace("-", "_")
        return f"/{topic}" if topic in intents else "/greet"
    if item.attachments and not item.text.strip():
        return "/media"
    return _harmless(item.text)


def _harmless(text: str) -> str:
    return text.lstrip("/ \n\t").rstrip() or "…"
