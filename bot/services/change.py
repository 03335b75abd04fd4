"""How a person's decision becomes a commit: read, decide, commit, again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from bot.core import policy
from bot.core.conversation import Conversation
from bot.core.events import AnyEvent
from bot.core.policy import Refusal
from bot.core.ports import Agent, Commit, ConversationStore, Timer, VersionConflict
from bot.services.compose import Outgoing, Speech
from channels.messages import OutboundMessage, Sender, Surface, Template

MOST_CONFLICTS = 20


class NoSuchConversation(Exception):
    """The desk asked for a key that does not exist."""


class NotYours(Exception):
    """Only who has the conversation may do this; `agent_name` is who has it, "" when nobody has."""

    def __init__(self, agent_name: str = "") -> None:
        super().__init__(agent_name)
        self.agent_name = agent_name


class BadReply(Exception):
    """Empty, or longer than anybody could mean."""


class NotPermitted(Exception):
    """The platform's or the brand's rules forbid it now: `refusal` says which, and what is legal instead."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.rule)
        self.refusal = refusal


class AlreadySaid(Exception):
    """The same submit came twice."""


@dataclass
class Change:
    """What one decision at the desk changes. `tracker` b"": the assistant begins anew."""

    conversation: Conversation
    events: list[AnyEvent] = field(default_factory=list)
    outbox: list[OutboundMessage] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    tracker: bytes | None = None


class Changes:
    """Applies changes by compare-and-set, so that of two people one wins."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def read(self, key: str) -> Conversation:
        conversation = (await self._store.load(key)).conversation
        if conversation is None:
            raise NoSuchConversation(key)
        return conversation

    async def apply(self, key: str, change: Callable[[Conversation], Change], message_id: str = "") -> Conversation:
        """Raises AlreadySaid when this message was committed before, be it between two of our own attempts."""
        for _ in range(MOST_CONFLICTS):
            before = await self.read(key)
            if message_id and await self._already_said(key, message_id):
                raise AlreadySaid
            made = change(before)
            if made.conversation is before and not made.events:
                return before
            commit = Commit(
                conversation=made.conversation,
                expected_version=before.version,
                events=made.events,
                outbox=made.outbox,
                timers=made.timers,
                cancel_timers=made.cancels,
                tracker=made.tracker,
            )
            try:
                await self._store.commit(commit)
            except VersionConflict:
                continue
            return made.conversation
        raise VersionConflict(key)

    async def _already_said(self, key: str, message_id: str) -> bool:
        return any(message_id == getattr(event, "message_id", "") for event in await self._store.log(key, 200))


def first_answer(conversation: Conversation, now: datetime) -> tuple[Conversation, list[float]]:
    """A person answers: when they did first, and the seconds that the customer waited for it, where it is the first."""
    held = conversation.handoff
    if held is None or held.first_answer_at is not None:
        return conversation, []
    noted = replace(conversation, handoff=replace(held, first_answer_at=now))
    return noted, [(now - held.opened_at).total_seconds()]


def say_for(
    speech: Speech, conversation: Conversation, agent: Agent, text: str, message_id: str, now: datetime, *,
    surface: Surface | None = None, template: Template | None = None, approved_by: str = "",
) -> Change:  # fmt: skip
    """An agent's words on their way. Raises NotPermitted: better before the agent has forgotten what they wrote than
    when the courier finds out."""
    out = Outgoing(speech, replace(conversation, draft=""), now)
    out.say(
        Sender.AGENT, text, surface=surface, agent_id=agent.agent_id, agent_name=agent.name, message_id=message_id,
        template=template, approved_by=approved_by,
    )  # fmt: skip
    surfaces, rules = speech.surfaces(conversation.channel), speech.rules(conversation.channel)
    verdict = policy.decide(out.messages[-1], out.conversation, surfaces, rules, now)
    if isinstance(verdict, Refusal):
        raise NotPermitted(verdict)
    return Change(out.conversation, out.events, out.messages)
