"""Brings handoffs to people who can deal with them, and knows what may honestly be promised."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.conversation import Conversation, Owner
from bot.core.ports import Agent, AgentDirectory, Clock, ConversationStore, Sessions
from bot.core.routing import DeskRules, Unfit, able, ranked, unfit, urgency
from bot.core.sla import QueueState

MOST_LOOKED_AT = 1_000  # of the queue; in a surge beyond it a promise is a guess anyway


class NotRouted(Exception):
    """This conversation is for somebody else: `unfit` says why."""

    def __init__(self, reason: Unfit) -> None:
        super().__init__(reason.why)
        self.unfit = reason


class Floor:
    """The desk's people and its queue, as they are right now."""

    def __init__(
        self, store: ConversationStore, agents: AgentDirectory, sessions: Sessions, rules: DeskRules, clock: Clock
    ) -> None:
        self._store = store
        self._agents = agents
        self._sessions = sessions
        self._clock = clock
        self.rules = rules

    async def check(self, agent: Agent, conversation: Conversation) -> None:
        """Raises NotRouted when this person should not take this conversation."""
        reason = unfit(agent, conversation, await self.holds(agent), self.rules, self._clock.now())
        if reason is not None:
            raise NotRouted(reason)

    async def is_there(self, agent_id: str) -> bool:
        """Whether this person has a desk open right now."""
        return agent_id in await self._sessions.present()

    async def holds(self, agent: Agent) -> int:
        """How many conversations this person has."""
        return sum(one.agent_id == agent.agent_id for one in await self._owned(Owner.HUMAN))

    async def queue(self) -> list[Conversation]:
        """What waits, the most urgent first."""
        return ranked(await self._owned(Owner.WAITING), self._clock.now())

    async def queue_for(self, agent: Agent) -> list[Conversation]:
        """What waits and this person may take, the most urgent first."""
        now, holds = self._clock.now(), await self.holds(agent)
        return [one for one in await self.queue() if unfit(agent, one, holds, self.rules, now) is None]

    async def outlook(self, conversation: Conversation) -> QueueState:
        """What a customer whose conversation waits, or is about to, may be promised."""
        now = self._clock.now()
        base = await self._store.queue()
        agents = able(await self._agents.list(), conversation)
        present = set(await self._sessions.present()) & {agent.agent_id for agent in agents}
        waiting = [one for one in await self._owned(Owner.WAITING) if one.key != conversation.key]
        mine = urgency(conversation, now)
        # Only those count that the same people have to deal with first.
        ahead = sum(
            bool({agent.agent_id for agent in able(agents, one)} & present) and urgency(one, now) >= mine
            for one in waiting
        )
        return QueueState(
            ahead=ahead,
            agents_present=len(present),
            recent_waits_s=base.recent_waits_s,
            able=len(agents),
            opens_at=self.rules.opens_at(conversation.channel, now),
        )

    async def _owned(self, owner: Owner) -> Sequence[Conversation]:
        return await self._store.states((await self._store.owned(owner))[:MOST_LOOKED_AT])
