"""One inbound item's way from what was read to what is committed: heard, screened, answered, handed over."""

from __future__ import annotations

import re
from datetime import timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.house import House, without_names
from bot.core.placing import in_public, place
from bot.core.ports import Turn
from bot.core.risk import Bot
from bot.services.case import Case
from bot.services.hear import Heard, hear
from bot.services.screening import protect, screen, step_aside
from bot.services.signs import handoff_timer_id
from bot.services.waiting import note_callback
from channels import messages as m
from channels.capabilities import Capabilities
from channels.messages import Surface

HELPED_RECENTLY = timedelta(days=3)  # so long the assistant speaks of what a person has done for the customer
_NUMBER_LENGTH = 2  # digits of a typed choice


class Decision(Case):
    """Everything that one item leads to."""

    async def hear(self, *, screened: bool = True) -> bool:
        """Take note of the item; whether it asks for an answer. `screened` false: triage cannot read it."""
        heard: Heard = await hear(self.item, self.conversation, self.tools.sends, self.tools.speech.house, self.now)
        self.take(heard.conversation)
        self.events += heard.events
        if heard.said is not None:
            if screened:
                self.ruling = screen(self, heard.said)
            note_callback(self, heard.said)
            protect(self)
        if heard.taken_by is not None:
            self._taken(heard.taken_by)
        if heard.given_back and self.conversation.owner is Owner.HUMAN and not self.conversation.agent_id:
            self.change(handoff.give_back(self.conversation, self.now))
        self.events += heard.then
        if heard.lost and self.conversation.owner is Owner.BOT:
            await self.hand_off(handoff.Reason.SEND_FAILED, heard.lost, told=heard.reachable)
        if heard.opted is not None:
            await self._opt(heard.opted)
            return False
        if self.ruling.bot is not Bot.ANSWER and (heard.asks or isinstance(self.item, m.MessageEdited)):
            await step_aside(self, self.ruling)
            return False
        return heard.asks

    # ---- answering ---------------------------------------------------------------------------------

    async def answer(self, tracker: bytes) -> None:
        """Let the assistant answer, and hand over when it asks for that or has nothing to say."""
        item = self.item
        assert isinstance(item, m.MessageReceived | m.ButtonTapped)
        if self.conversation.opted_out:
            await self.hand_off(handoff.Reason.OPTED_OUT, "The customer wants no automatic messages.", told=False)
            return
        text = said_to_assistant(item, self.conversation, self.tools.dialogue.intents)
        helped = self.conversation.helped
        if helped is not None and self.now - helped.at > HELPED_RECENTLY:
            helped = None
        news = helped if helped is not None and not helped.told else None
        turn = await self.tools.dialogue.respond(
            key=self.conversation.key,
            channel=self.conversation.channel,
            text=text,
            message_id=item.event_id,
            language=self.conversation.language,
            tracker=self._remembered(tracker),
            helped=news,
            phone=self._verified_phone(),
            public=item.surface is Surface.PUBLIC,
        )
        self.tracker, self.deeds = turn.tracker, turn.deeds
        understood = self.conversation.understanding(turn.intents, turn.language, turn.slots, turn.actions)
        told = replace(helped, told=True) if helped is not None and turn.rating is None else None
        self.take(replace(understood, offered=(), draft="", helped=told))
        if turn.rating is not None:
            by = helped.by if helped else ""
            self.events.append(
                e.Rated(conversation=self.conversation.key, at=self.now, score=turn.rating, agent_name=by)
            )
        self.events.append(
            e.Understood(
                conversation=self.conversation.key,
                at=self.now,
                event_id=item.event_id,
                intents=turn.intents,
                language=self.conversation.language,
                actions=turn.actions,
            )
        )
        if isinstance(item, m.ButtonTapped) and item.acknowledge:
            self.out.acknowledge(item.acknowledge)
        if self.conversation.surface is Surface.PUBLIC:
            await self._answer_in_public(turn, item.event_id)
        else:
            await self._answer_in_private(turn, item.event_id)

    def remember_deeds(self, earlier: list[str]) -> None:
        """What was done outside stays done, also where these words of the assistant's are never said, because somebody
        else took the conversation meanwhile and everything is decided again. `earlier`: by attempts that were lost;
        those of this one are added."""
        earlier[:] = dict.fromkeys([*earlier, *self.deeds])
        self.events += [e.Acted(conversation=self.conversation.key, at=self.now, text=deed) for deed in earlier]

    async def _answer_in_private(self, turn: Turn, event_id: str) -> None:
        self.out.release_held(event_id)
        for utterance in turn.utterances:
            self.out.utter(utterance, event_id)
        if self._solves(turn) and turn.handoff is None:
            self.out.solve(m.Sender.BOT)
        self.take(self.out.conversation)
        await self._step_back(turn, bool(turn.utterances))

    def _solves(self, turn: Turn) -> bool:
        """Whether the customer has what they came for."""
        solving = self.tools.speech.house.solving_responses
        return any(utterance.response in solving for utterance in turn.utterances)

    async def _answer_in_public(self, turn: Turn, event_id: str) -> None:
        """One public answer at most, and nothing personal in it. What is more is said in private."""
        can = self.tools.speech.surfaces(self.conversation.channel)[Surface.PUBLIC]
        house = self.tools.speech.rules(self.conversation.channel)
        if can.rules.drafts_only:
            # Also a handoff's promise would be an unattended post.
            draft = place(turn.utterances, self.conversation.facts, can, house).public
            await self._leave_a_draft(draft, turn, event_id)
            return
        if turn.handoff is not None or not turn.utterances:
            await self._step_back(turn, False, told=not self._first_aid(turn, can, house, event_id))
            return
        refusal = self.out.refusal(m.Sender.BOT, "", Surface.PUBLIC)
        placed = place(turn.utterances, self.conversation.facts, can, house, self.out.prefix)
        if refusal is not None and refusal.next_step != "private":
            # Not in private either: who did not ask the brand is not written to by a program.
            await self.hand_off(handoff.Reason.POLICY, refusal.rule, told=False)
            return
        if placed.public and refusal is None:
            self.out.utter_in_public(turn.utterances, placed.public, event_id)
            if self._solves(turn):
                self.out.solved()  # the answer itself says so
        else:
            pointed = self.out.point_to_private(event_id)
            before = len(self.out.messages)
            self.out.utter_privately(placed.private or turn.utterances, event_id)
            if not pointed and len(self.out.messages) == before:
                self.take(self.out.conversation)
                await self.hand_off(handoff.Reason.POLICY, "nothing may be said here", told=False)
                return
        self.take(self.out.conversation)

    def _first_aid(self, turn: Turn, can: Capabilities, house: House, event_id: str) -> bool:
        """Say in public what helps until the person comes ("freeze the card"), where that may be said there; whether it
        was said."""
        comes = self.tools.speech.notices.text("handoff_soon", self.conversation.language)
        placed = place(turn.utterances, self.conversation.facts, can, house, f"{self.out.prefix}{comes}\n\n")
        if not placed.public or self.out.refusal(m.Sender.BOT, "", Surface.PUBLIC) is not None:
            return False
        self.out.utter_in_public(turn.utterances, f"{placed.public}\n\n{comes}", event_id)
        self.take(self.out.conversation)
        return True

    async def _leave_a_draft(self, draft: str, turn: Turn, event_id: str) -> None:
        if not draft and turn.utterances and turn.handoff is None:
            draft = self.tools.speech.notices.text("invite_private", self.conversation.language)
            self.out.hold(in_public(turn.utterances))
        self.take(replace(self.out.conversation, draft=draft))
        if draft:
            self.events.append(
                e.DraftMade(conversation=self.conversation.key, at=self.now, text=draft, in_reply_to=event_id)
            )
        reason = handoff.Reason(turn.handoff.reason) if turn.handoff else handoff.Reason.DRAFT
        await self.hand_off(reason, turn.handoff.detail if turn.handoff else "", told=False)

    async def _step_back(self, turn: Turn, answered: bool, *, told: bool = True) -> None:
        if turn.handoff is not None:
            await self.hand_off(handoff.Reason(turn.handoff.reason), turn.handoff.detail, told=told)
        elif not answered:
            await self.hand_off(handoff.Reason.ASSISTANT_FAILED, "the assistant had no answer")

    def _verified_phone(self) -> str:
        """Where customers write from a telephone number that the platform has verified."""
        can = self.tools.speech.surfaces(self.conversation.channel).get(Surface.PRIVATE)
        number = self.conversation.customer.address or self.conversation.customer.external_id
        return f"+{number}" if can is not None and can.by_phone and number.isdecimal() else ""

    def _remembered(self, tracker: bytes) -> bytes:
        """The assistant's memory is of one episode: a person's return or a closed conversation begins anew."""
        fresh = self.read is None or self.read.episode != self.conversation.episode
        return b"" if fresh else tracker

    async def _opt(self, out: bool) -> None:
        """Confirm once; afterwards a person reads what the customer writes."""
        if out == bool(self.conversation.opted_out):
            return
        self.events.append(e.OptedOut(conversation=self.conversation.key, at=self.now, out=out))
        if not out:
            self.take(replace(self.conversation, opted_out=""))
            self._welcome_back()
        before = len(self.out.messages)
        self.out.notice("opted_out" if out else "opted_in", in_reply_to=self.item.event_id, in_public=True)
        said = self.out.messages[before:]
        self.take(self.out.conversation)
        if out:
            self.take(replace(self.conversation, opted_out=said[-1].message_id if said else "unconfirmed"))

    def _welcome_back(self) -> None:
        """The assistant answers again, unless a person has come meanwhile or was asked for."""
        held = self.conversation.handoff
        if self.conversation.owner is Owner.WAITING and held and held.reason == handoff.Reason.OPTED_OUT:
            self.change(handoff.give_back(self.conversation, self.now))
            self.cancels.append(handoff_timer_id(self.conversation.key))

    def _taken(self, name: str) -> None:
        """A person of the brand answered in the platform's own app."""
        if self.conversation.owner is not Owner.HUMAN:
            self.change(handoff.claim(self.conversation, "", name, self.now, self.tools.answer_within))
            self.cancels.append(handoff_timer_id(self.conversation.key))


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
    """Without anything in front that would make a command of it, whatever blanks are in between."""
    return re.sub(r"^[\s/]+", "", text).rstrip() or "…"
