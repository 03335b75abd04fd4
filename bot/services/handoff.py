"""What people at the desk do with a conversation: take it, answer, note, pass it on, give it back, close it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bot.core import handoff, policy
from bot.core.conversation import Conversation, Owner
from bot.core.events import NoteAdded
from bot.core.policy import Refusal
from bot.core.ports import Agent, Clock, ConversationStore, Meter, SendLog, Signals
from bot.services.approve import propose, withdrawn
from bot.services.change import (
    AlreadySaid,
    BadReply,
    Change,
    Changes,
    NotPermitted,
    NotYours,
    first_answer,
    say_for,
)
from bot.services.compose import Outgoing, Speech
from bot.services.route import Floor
from bot.services.signs import handoff_timer, handoff_timer_id, typing_sign
from channels.messages import ApprovedTemplate, Sender, Surface, Template

IN_FLIGHT_WAIT_S = 16.0  # a claim is confirmed when nothing of the bot's is on its way any more, or after this
IN_FLIGHT_LOOK_S = 0.02
LONGEST_REPLY = 20_000  # characters; the courier splits, this only stops accidents


class TakenBy(Exception):
    """Somebody else has the conversation."""

    def __init__(self, agent_name: str) -> None:
        super().__init__(agent_name)
        self.agent_name = agent_name


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may say on one surface. `whole`: it must fit into one post. `left_s`: until the window closes."""

    refusal: Refusal | None
    text_limit: int
    unit: str
    whole: bool
    left_s: float | None


class DeskService:
    """Every method reads, decides and commits by compare-and-set, so that of two people one wins."""

    def __init__(
        self,
        store: ConversationStore,
        sends: SendLog,
        speech: Speech,
        floor: Floor,
        signals: Signals,
        clock: Clock,
        meter: Meter,
        answer_within: timedelta,
        brand: str,
    ) -> None:
        self._store = store
        self._sends = sends
        self._speech = speech
        self._floor = floor
        self._signals = signals
        self._clock = clock
        self._meter = meter
        self._answer_within = answer_within
        self._brand = brand
        self._changes = Changes(store)

    async def claim(self, key: str, agent: Agent) -> Conversation:
        """Take it from the queue or from the bot. Raises TakenBy, NotRouted.

        Returns when nothing of the bot's is on its way to the customer any more: from then on the bot is silent.
        """

        def change(conversation: Conversation) -> Change:
            if conversation.owner is Owner.HUMAN and conversation.agent_id == agent.agent_id:
                return Change(conversation)
            try:
                moved, event = handoff.claim(
                    conversation, agent.agent_id, agent.name, self._clock.now(), self._answer_within
                )
            except handoff.NotAllowed as error:
                raise TakenBy(error.agent_name) from None
            made = Change(moved, [event], cancels=[handoff_timer_id(key)])
            return self._notice(made, "claimed", name=agent.name, brand=self._brand)

        found = await self._changes.read(key)
        if found.agent_id != agent.agent_id:
            await self._floor.check(agent, found)
        conversation = await self._changes.apply(key, change)
        await self._until_silent(key)
        return conversation

    async def claim_next(self, agent: Agent) -> Conversation | None:
        """Take the most urgent conversation that is for this person; None when there is none. Raises NotRouted when
        they have their hands full."""
        for conversation in await self._floor.queue_for(agent):
            try:
                return await self.claim(conversation.key, agent)
            except TakenBy:
                continue
        return None

    async def reply(
        self, key: str, agent: Agent, text: str, client_id: str, *, surface: Surface | None = None,
        template: Template | None = None,
    ) -> str:  # fmt: skip
        """Say something to the customer, where they wrote last unless `surface` says where.

        `client_id` makes a repeated submit harmless. Where a second person has to approve it, it becomes a proposal
        under the same id. Raises NotYours, BadReply, NotPermitted.
        """
        words = text.strip()
        if not words or len(words) > LONGEST_REPLY:
            raise BadReply
        message_id = f"{agent.agent_id}.{client_id}"
        waits: list[float] = []

        def change(conversation: Conversation) -> Change:
            waits.clear()
            self._require(conversation, agent)
            now = self._clock.now()
            answered, waited = first_answer(conversation, now)
            try:
                made = say_for(
                    self._speech, answered, agent, words, message_id, now, surface=surface, template=template
                )
            except NotPermitted as error:
                if error.refusal.next_step == "approval":
                    return propose(conversation, agent, words, message_id, self._clock)
                raise
            waits.extend(waited)
            return made

        try:
            await self._changes.apply(key, change, message_id)
        except AlreadySaid:
            return message_id
        for seconds in waits:
            await self._store.note_wait(seconds)
        return message_id

    async def send_template(
        self, key: str, agent: Agent, name: str, language: str, parameters: Sequence[str], client_id: str
    ) -> str:
        """Send one of the channel's approved templates, filled in. Raises as `reply`, and BadReply for an unknown one
        or one that is not filled in."""
        conversation = await self._changes.read(key)
        templates = self._speech.templates(conversation.channel)
        chosen = next((t for t in templates if (t.name, t.language) == (name, language)), None)
        if chosen is None:
            raise BadReply
        text = chosen.text
        for number, value in enumerate(parameters, start=1):
            text = text.replace(f"{{{{{number}}}}}", value.strip())
        if "{{" in text or not all(value.strip() for value in parameters):
            raise BadReply
        template = Template(name=name, language=language, parameters=tuple(value.strip() for value in parameters))
        return await self.reply(key, agent, text, client_id, surface=Surface.PRIVATE, template=template)

    def outlook(self, conversation: Conversation) -> dict[Surface, Outlook]:
        """Where a person may write to this customer now, and why not elsewhere."""
        now = self._clock.now()
        outlooks: dict[Surface, Outlook] = {}
        for surface, can in self._speech.surfaces(conversation.channel).items():
            if surface is Surface.PUBLIC and conversation.thread is None:
                continue  # nothing public to answer
            refusal = Outgoing(self._speech, conversation, now).refusal(Sender.AGENT, "", surface)
            if refusal is not None and refusal.next_step == "approval":
                refusal = None  # it may be written here, and a colleague reads it first
            left = policy.window_left(conversation, can, now, human=True)
            outlooks[surface] = Outlook(
                refusal=refusal,
                text_limit=can.text_limit,
                unit=can.unit,
                whole=can.parts == 1,
                left_s=left.total_seconds() if left is not None and surface is Surface.PRIVATE else None,
            )
        return outlooks

    def templates(self, conversation: Conversation) -> Sequence[ApprovedTemplate]:
        return self._speech.templates(conversation.channel)

    async def note(self, key: str, agent: Agent, text: str) -> None:
        """Write something for colleagues only. Raises BadReply."""
        words = text.strip()
        if not words or len(words) > LONGEST_REPLY:
            raise BadReply
        await self._changes.read(key)
        note = NoteAdded(
            conversation=key, at=self._clock.now(), agent_id=agent.agent_id, agent_name=agent.name, text=words
        )
        await self._store.record(key, [note])

    async def give_back(self, key: str, agent: Agent) -> None:
        """Return it to the bot, which answers from the customer's next message on. Raises NotYours."""

        def change(conversation: Conversation) -> Change:
            self._require(conversation, agent)
            now = self._clock.now()
            moved, event = handoff.give_back(conversation, now)
            made = Change(moved, [*withdrawn(conversation, agent, now), event], tracker=b"")
            return self._notice(made, "returned", name=agent.name)

        await self._changes.apply(key, change)

    async def close(self, key: str, agent: Agent) -> None:
        """Nothing more to do here; public threads are closed where everybody can see it. Raises NotYours."""

        def change(conversation: Conversation) -> Change:
            self._require(conversation, agent)
            now = self._clock.now()
            out = Outgoing(self._speech, conversation, now)
            if not conversation.risk.approval:  # in a regulated case nothing cheerful goes out unread
                out.solve(Sender.AGENT, agent.agent_id, agent.name)
            moved, event = handoff.close(out.conversation, now)
            made = Change(moved, [*withdrawn(conversation, agent, now), *out.events, event], out.messages)
            return self._notice(made, "closed", name=agent.name)

        await self._changes.apply(key, change)

    async def release(self, key: str, agent: Agent, holder: str | None = None) -> None:
        """Put it back into the queue for a colleague; the clock starts again. `holder`: whose it is, where a
        supervisor frees somebody else's. Raises NotYours, also when they passed it on in this moment."""

        def change(conversation: Conversation) -> Change:
            if holder is None:
                self._require(conversation, agent)
            elif conversation.owner is not Owner.HUMAN or conversation.agent_id != holder:
                raise NotYours(conversation.agent_name)
            now = self._clock.now()
            moved, event = handoff.release(conversation, agent.agent_id, agent.name, now, self._answer_within)
            events = [*withdrawn(conversation, agent, now), event]
            return Change(moved, events, timers=[handoff_timer(moved, now, self._answer_within)])

        await self._changes.apply(key, change)

    async def typing(self, key: str, agent: Agent) -> None:
        """Let the customer see that a person is writing. Raises NotYours."""
        conversation = await self._changes.read(key)
        self._require(conversation, agent)
        await self._signals.publish(typing_sign(conversation, self._clock.now(), Sender.AGENT, agent.name))

    # ---- shared ------------------------------------------------------------------------------------

    def _notice(self, change: Change, notice: str, /, **values: str) -> Change:
        out = Outgoing(self._speech, change.conversation, self._clock.now())
        out.notice(notice, words=values)
        change.conversation = out.conversation
        change.events.extend(out.events)
        change.outbox.extend(out.messages)
        return change

    @staticmethod
    def _require(conversation: Conversation, agent: Agent) -> None:
        if conversation.owner is not Owner.HUMAN or conversation.agent_id != agent.agent_id:
            raise NotYours(conversation.agent_name)

    async def _until_silent(self, key: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + IN_FLIGHT_WAIT_S
        while loop.time() < deadline and await self._sends.in_flight(key):
            await asyncio.sleep(IN_FLIGHT_LOOK_S)
