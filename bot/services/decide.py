"""One inbound item's way from what was read to what is committed: heard, answered, handed over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.house import without_names
from bot.core.placing import in_public, place
from bot.core.ports import (
    Commit,
    ConversationStore,
    Dialogue,
    InboundItem,
    Lease,
    Loaded,
    SendLog,
    Timer,
    TimerFired,
    Triage,
    Turn,
)
from bot.core.risk import Bot, Circumstances, Ruling
from bot.services.compose import HANDOFF_TIMER, Outgoing, Speech, handoff_timer, handoff_timer_id
from bot.services.hear import Heard, hear
from channels import messages as m
from channels.messages import Surface

_NUMBER_LENGTH = 2  # digits of a typed choice


@dataclass(frozen=True)
class Tools:
    """What decisions are made with."""

    store: ConversationStore
    sends: SendLog
    dialogue: Dialogue
    triage: Triage
    speech: Speech
    answer_within: timedelta


class Decision:
    """Everything that one item leads to. Nothing has happened before `commit()` is carried out."""

    def __init__(self, tools: Tools, item: InboundItem, loaded: Loaded, lease: Lease, now: datetime) -> None:
        self._tools = tools
        self._item = item
        self._lease = lease
        self._now = now
        self._read = loaded.conversation
        self._tracker: bytes | None = None
        self._timers: list[Timer] = []
        self._cancels: list[str] = []
        self._ruling = Ruling()
        self.events: list[e.AnyEvent] = []
        self.conversation = loaded.conversation or Conversation.begin(item)
        asked_at = now - timedelta(seconds=lease.waited_s)
        self._out = Outgoing(tools.speech, self.conversation, now, asked_at)

    async def hear(self) -> bool:
        """Take note of the item; whether it asks for an answer."""
        heard: Heard = await hear(self._item, self.conversation, self._tools.sends, self._tools.speech.house, self._now)
        self._take(heard.conversation)
        self.events += heard.events
        if heard.said is not None:
            self._screen(heard.said)
        if heard.taken_by is not None:
            self._taken(heard.taken_by)
        if heard.given_back and self.conversation.owner is Owner.HUMAN and not self.conversation.agent_id:
            self._change(handoff.give_back(self.conversation, self._now))
        self.events += heard.then
        if heard.lost and self.conversation.owner is Owner.BOT:
            await self.hand_off(handoff.Reason.SEND_FAILED, heard.lost, told=heard.reachable)
        if heard.opted is not None:
            await self._opt(heard.opted)
            return False
        if self._ruling.bot is not Bot.ANSWER and (heard.asks or isinstance(self._item, m.MessageEdited)):
            await self._step_aside()
            return False
        return heard.asks

    # ---- triage ------------------------------------------------------------------------------------

    def _screen(self, text: str) -> None:
        """Look at the words before anybody answers, whoever has the conversation."""
        about = _circumstances(self._item, self.conversation)
        assessment = self._tools.triage.assess(text, about)
        self._ruling = self._tools.triage.rule(assessment, about)
        self._take(self.conversation.screened(assessment, self._ruling))
        if assessment.findings:
            # An edit's findings belong to the line that it changed.
            of = self._item.external_id if isinstance(self._item, m.MessageEdited) else self._item.event_id
            self.events.append(
                e.Triaged(
                    conversation=self.conversation.key,
                    at=self._now,
                    event_id=of,
                    findings=assessment.findings,
                    bot=self._ruling.bot,
                    label=self._ruling.label,
                )
            )

    async def _step_aside(self) -> None:
        """The policy reserves this for a person: say the approved sentence at most, and hand over.

        Nothing of the assistant's is composed, and what it composed before and what has not left yet is dropped.
        """
        ruling, owner = self._ruling, self.conversation.owner
        if not ruling.handoff or owner is Owner.HUMAN:
            return  # nobody needs to look (spam), or somebody already does
        if owner is Owner.WAITING:
            self._aggravate()
        else:
            within = timedelta(minutes=ruling.answer_within) if ruling.answer_within else self._tools.answer_within
            await self.hand_off(handoff.Reason.TRIAGE, ruling.label, told=False, within=within, silencing=True)
        if ruling.wording:
            self._out.reassure(ruling.wording, self._item.event_id)
            if owner is not Owner.WAITING and self.conversation.surface is Surface.PRIVATE:
                self._out.promise("handoff", await self._tools.store.queue(), self._item.event_id)
            self._take(self._out.conversation)

    def _aggravate(self) -> None:
        """Somebody is asked for already: what came to light now moves the case ahead, and nearer its deadline."""
        held, risk = self.conversation.handoff, self.conversation.risk
        if held is None:
            return
        due = held.answer_due_at
        if self._ruling.answer_within:
            due = min(due, self._now + timedelta(minutes=self._ruling.answer_within))
        graver = replace(held, skills=risk.skills, priority=risk.priority, answer_due_at=due)
        if self._ruling.priority >= held.priority and self._ruling.label:
            graver = replace(graver, label=self._ruling.label)
        self._take(replace(self.conversation, handoff=graver))
        if due < held.answer_due_at:
            self._timers.append(handoff_timer(self.conversation, self._now, due - self._now))

    # ---- answering ---------------------------------------------------------------------------------

    async def answer(self, tracker: bytes) -> None:
        """Let the assistant answer, and hand over when it asks for that or has nothing to say."""
        item = self._item
        assert isinstance(item, m.MessageReceived | m.ButtonTapped)
        if self.conversation.opted_out:
            await self.hand_off(handoff.Reason.OPTED_OUT, "The customer wants no automatic messages.", told=False)
            return
        text = said_to_assistant(item, self.conversation, self._tools.dialogue.intents)
        turn = await self._tools.dialogue.respond(
            key=self.conversation.key,
            channel=self.conversation.channel,
            text=text,
            message_id=item.event_id,
            language=self.conversation.language,
            tracker=self._remembered(tracker),
        )
        self._tracker = turn.tracker
        understood = self.conversation.understanding(turn.intents, turn.language, turn.slots, turn.actions)
        self._take(replace(understood, offered=(), draft=""))
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
        if isinstance(item, m.ButtonTapped) and item.acknowledge:
            self._out.acknowledge(item.acknowledge)
        if self.conversation.surface is Surface.PUBLIC:
            await self._answer_in_public(turn, item.event_id)
        else:
            await self._answer_in_private(turn, item.event_id)

    async def _answer_in_private(self, turn: Turn, event_id: str) -> None:
        self._out.release_held(event_id)
        for utterance in turn.utterances:
            self._out.utter(utterance, event_id)
        if self._solves(turn) and turn.handoff is None:
            self._out.solve(m.Sender.BOT)
        self._take(self._out.conversation)
        await self._step_back(turn, bool(turn.utterances))

    def _solves(self, turn: Turn) -> bool:
        """Whether the customer has what they came for."""
        solving = self._tools.speech.house.solving_responses
        return any(utterance.response in solving for utterance in turn.utterances)

    async def _answer_in_public(self, turn: Turn, event_id: str) -> None:
        """One public answer at most, and nothing personal in it. What is more is said in private."""
        can = self._tools.speech.surfaces(self.conversation.channel)[Surface.PUBLIC]
        house = self._tools.speech.rules(self.conversation.channel)
        if can.rules.drafts_only:
            # Also a handoff's promise would be an unattended post.
            draft = place(turn.utterances, self.conversation.facts, can, house).public
            await self._leave_a_draft(draft, turn, event_id)
            return
        if turn.handoff is not None or not turn.utterances:
            await self._step_back(turn, False)
            return
        refusal = self._out.refusal(m.Sender.BOT, "", Surface.PUBLIC)
        placed = place(turn.utterances, self.conversation.facts, can, house, self._out.prefix)
        if refusal is not None:
            # Not in private either: who did not ask the brand is not written to by a program.
            await self.hand_off(handoff.Reason.POLICY, refusal.rule, told=False)
            return
        if placed.public:
            self._out.utter_in_public(turn.utterances, placed.public, event_id)
            if self._solves(turn):
                self._out.solved()  # the answer itself says so
        else:
            pointed = self._out.point_to_private(event_id)
            before = len(self._out.messages)
            self._out.utter_privately(placed.private, event_id)
            if not pointed and len(self._out.messages) == before:
                self._take(self._out.conversation)
                await self.hand_off(handoff.Reason.POLICY, "nothing may be said here", told=False)
                return
        self._take(self._out.conversation)

    async def _leave_a_draft(self, draft: str, turn: Turn, event_id: str) -> None:
        if not draft and turn.utterances and turn.handoff is None:
            draft = self._tools.speech.notices.text("invite_private", self.conversation.language)
            self._out.hold(in_public(turn.utterances))
        self._take(replace(self._out.conversation, draft=draft))
        if draft:
            self.events.append(
                e.DraftMade(conversation=self.conversation.key, at=self._now, text=draft, in_reply_to=event_id)
            )
        reason = handoff.Reason(turn.handoff.reason) if turn.handoff else handoff.Reason.DRAFT
        await self.hand_off(reason, turn.handoff.detail if turn.handoff else "", told=False)

    async def _step_back(self, turn: Turn, answered: bool) -> None:
        if turn.handoff is not None:
            await self.hand_off(handoff.Reason(turn.handoff.reason), turn.handoff.detail)
        elif not answered:
            await self.hand_off(handoff.Reason.ASSISTANT_FAILED, "the assistant had no answer")

    def _remembered(self, tracker: bytes) -> bytes:
        """The assistant's memory is of one episode: a person's return or a closed conversation begins anew."""
        fresh = self._read is None or self._read.episode != self.conversation.episode
        return b"" if fresh else tracker

    async def hand_off(
        self, reason: handoff.Reason, detail: str, *, told: bool = True, within: timedelta | None = None,
        silencing: bool = False,
    ) -> None:  # fmt: skip
        """Step back, promise honestly (`told`), and set the clock."""
        within = within or self._tools.answer_within
        queue = await self._tools.store.queue()
        self._change(handoff.open_handoff(self.conversation, reason, self._now, within, detail, silencing=silencing))
        if told:
            self._out.promise("handoff", queue, self._item.event_id)
            self._take(self._out.conversation)
        self._timers.append(handoff_timer(self.conversation, self._now, within))

    async def _opt(self, out: bool) -> None:
        """Confirm once; afterwards a person reads what the customer writes."""
        if out == bool(self.conversation.opted_out):
            return
        self.events.append(e.OptedOut(conversation=self.conversation.key, at=self._now, out=out))
        if not out:
            self._take(replace(self.conversation, opted_out=""))
            self._welcome_back()
        before = len(self._out.messages)
        self._out.notice("opted_out" if out else "opted_in", in_reply_to=self._item.event_id, in_public=True)
        said = self._out.messages[before:]
        self._take(self._out.conversation)
        if out:
            self._take(replace(self.conversation, opted_out=said[-1].message_id if said else "unconfirmed"))

    def _welcome_back(self) -> None:
        """The assistant answers again, unless a person has come meanwhile or was asked for."""
        held = self.conversation.handoff
        if self.conversation.owner is Owner.WAITING and held and held.reason == handoff.Reason.OPTED_OUT:
            self._change(handoff.give_back(self.conversation, self._now))
            self._cancels.append(handoff_timer_id(self.conversation.key))

    async def ring(self, timer: TimerFired) -> None:
        """Nobody has taken the handoff in time: the desk sees it as overdue, the customer hears that we know."""
        conversation = self.conversation
        if timer.name != HANDOFF_TIMER or conversation.handoff is None or conversation.epoch != timer.epoch:
            return
        if conversation.owner is not Owner.WAITING:
            return
        if not conversation.handoff.overdue:
            waited = (self._now - conversation.handoff.opened_at).total_seconds()
            self._take(replace(conversation, handoff=replace(conversation.handoff, overdue=True)))
            self.events.append(e.HandoffOverdue(conversation=conversation.key, at=self._now, waited_s=waited))
        quiet = self._tools.speech.house.quiet_until(self._now)
        if quiet is not None:
            self._timers.append(handoff_timer(self.conversation, self._now, quiet - self._now))
            return
        self._out.promise("still_waiting", await self._tools.store.queue(), proactive=True)
        self._take(self._out.conversation)

    # ---- committing --------------------------------------------------------------------------------

    def commit(self) -> Commit:
        tapped = self._item.acknowledge if isinstance(self._item, m.ButtonTapped) else ""
        if tapped and not any(message.kind == "acknowledge" for message in self._out.messages):
            self._out.acknowledge(tapped)  # the assistant did not get to it; the button must not spin all the same
        anew = self._read is not None and self._read.episode != self.conversation.episode
        return Commit(
            conversation=self.conversation,
            expected_version=self._read.version if self._read else 0,
            events=(*self.events, *self._out.take_events()),
            # What is said together with a handoff belongs to its epoch, not to the one that it ended.
            outbox=[replace(message, epoch=self.conversation.epoch) for message in self._out.messages],
            timers=self._timers,
            cancel_timers=self._cancels,
            tracker=b"" if anew and self._tracker is None else self._tracker,
            ack=self._lease,
        )

    def _taken(self, name: str) -> None:
        """A person of the brand answered in the platform's own app."""
        if self.conversation.owner is not Owner.HUMAN:
            self._change(handoff.claim(self.conversation, "", name, self._now, self._tools.answer_within))
            self._cancels.append(handoff_timer_id(self.conversation.key))

    def _change(self, change: handoff.Change) -> None:
        self.events += self._out.take_events()  # what was said before the change stands before it in the transcript
        conversation, event = change
        self._take(conversation)
        self.events.append(event)

    def _take(self, conversation: Conversation) -> None:
        self.conversation = self._out.conversation = conversation


def _circumstances(item: InboundItem, conversation: Conversation) -> Circumstances:
    """What triage may know besides the words."""
    return Circumstances(
        channel=conversation.channel,
        surface=item.surface,
        at=item.at,
        tagged=item.tagged if isinstance(item, m.MessageReceived) else (),
        followers=item.customer.followers,
        verified=item.customer.verified,
        engagement=item.engagement if isinstance(item, m.MessageReceived) else 0,
        moods=conversation.moods,
        contacts=conversation.contacts,
    )


def said_to_assistant(
    item: m.MessageReceived | m.ButtonTapped, conversation: Conversation, intents: frozenset[str]
) -> str:
    """The item in the assistant's terms. A leading "/" is Rasa's way to name an intent: only our own buttons, their
    numbers and deep links may use it, never what a customer types."""
    if isinstance(item, m.ButtonTapped):
        choice = conversation.choice(item.button)
        return choice.payload if choice else _harmless(item.title)
    if item.text == "/start":
        topic = item.referral.lower().replace("-", "_")
        return f"/{topic}" if topic in intents else "/greet"
    if item.attachments and not item.text.strip():
        return "/media"
    number = without_names(item.text).strip().rstrip(".)")
    if len(number) <= _NUMBER_LENGTH and number.isdecimal() and 1 <= int(number) <= len(conversation.offered):
        choice = conversation.choice(conversation.offered[int(number) - 1])
        if choice:
            return choice.payload
    return _harmless(item.text)


def _harmless(text: str) -> str:
    return text.lstrip("/ \n\t").rstrip() or "…"
