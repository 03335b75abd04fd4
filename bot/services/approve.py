"""Four eyes: in a regulated case a public reply is a draft until a second, entitled person lets it out."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from bot.core.conversation import Conversation, Owner, Proposal
from bot.core.events import AnyEvent, ProposalSettled, ReplyProposed
from bot.core.ports import Agent, Clock, ConversationStore
from bot.services.change import BadReply, Change, Changes, first_answer, say_for
from bot.services.compose import Speech
from channels.messages import Surface

APPROVER = "approver"  # the skill that entitles to approve; supervisors are entitled by their role
LONGEST_NOTE = 1_000


class NotEntitled(Exception):
    """This person may not approve: not entitled, or it is their own reply."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why  # own | role


class OutOfDate(Exception):
    """The proposal was changed, settled or withdrawn since it was looked at: look again."""


class Approvals:
    """What the second person does, and what happens to a proposal otherwise. Every step is an event."""

    def __init__(self, store: ConversationStore, speech: Speech, clock: Clock) -> None:
        self._store = store
        self._changes = Changes(store)
        self._speech = speech
        self._clock = clock

    async def approve(self, key: str, agent: Agent, proposal_id: str, version: int) -> str:
        """Let it out, in its author's name; the message's id. Raises NotEntitled, OutOfDate, NotPermitted."""
        return await self._release(key, agent, proposal_id, version, "approved")

    async def override(self, key: str, agent: Agent, proposal_id: str, version: int, note: str) -> str:
        """A supervisor lets it out alone, even their own, because it can't wait. `note` says why. Raises BadReply for
        an empty one."""
        if not 0 < len(note.strip()) <= LONGEST_NOTE:
            raise BadReply
        return await self._release(key, agent, proposal_id, version, "overridden", note.strip())

    async def reject(self, key: str, agent: Agent, proposal_id: str, version: int, note: str) -> None:
        """Not like this; `note` tells the author why. The author may also take it back. Raises as `approve`."""

        def change(conversation: Conversation) -> Change:
            proposal = _same(conversation, proposal_id, version)
            if proposal.agent_id != agent.agent_id:
                _entitled(agent)
            outcome = "withdrawn" if proposal.agent_id == agent.agent_id else "rejected"
            why = note.strip()[:LONGEST_NOTE]
            settled = _settled(conversation, proposal, outcome, agent, self._clock.now(), why)
            return Change(replace(conversation, proposal=None), [settled])

        await self._changes.apply(key, change)

    async def _release(
        self, key: str, agent: Agent, proposal_id: str, version: int, outcome: str, note: str = ""
    ) -> str:
        made: list[str] = []
        waits: list[float] = []

        def change(conversation: Conversation) -> Change:
            made.clear()
            proposal = _same(conversation, proposal_id, version)
            if outcome == "overridden":
                if agent.role != "supervisor":
                    raise NotEntitled("role")
            else:
                _entitled(agent)
                if proposal.agent_id == agent.agent_id:
                    raise NotEntitled("own")
            author = replace(agent, agent_id=proposal.agent_id, name=proposal.agent_name)
            message_id = f"{proposal.proposal_id}.{proposal.version}"
            made.append(message_id)
            now = self._clock.now()
            answered, waited = first_answer(replace(conversation, proposal=None), now)
            change = say_for(
                self._speech, answered, author, proposal.text, message_id, now, surface=Surface.PUBLIC,
                approved_by=agent.agent_id,
            )  # fmt: skip
            change.events.insert(0, _settled(conversation, proposal, outcome, agent, now, note))
            waits[:] = waited
            return change

        await self._changes.apply(key, change)
        for seconds in waits:
            await self._store.note_wait(seconds)
        return made[-1]


def propose(conversation: Conversation, agent: Agent, text: str, message_id: str, clock: Clock) -> Change:
    """Keep a reply until somebody else has read it; an unsettled one of the same case is changed by it."""
    now = clock.now()
    old = conversation.proposal
    proposal = Proposal(
        proposal_id=old.proposal_id if old else message_id,
        text=text,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        at=now,
        version=old.version + 1 if old else 1,
    )
    event = ReplyProposed(
        conversation=conversation.key, at=now, proposal_id=proposal.proposal_id, message_id=message_id, text=text,
        agent_id=agent.agent_id, agent_name=agent.name, version=proposal.version,
    )  # fmt: skip
    return Change(replace(conversation, proposal=proposal), [event])


def withdrawn(conversation: Conversation, agent: Agent | None, now: datetime) -> list[AnyEvent]:
    """A proposal ends with the hold on its case: `agent` gives that back, closes it or puts it back; None: it was taken
    from somebody who has gone."""
    proposal = conversation.proposal
    return [] if proposal is None else [_settled(conversation, proposal, "withdrawn", agent, now)]


def _settled(
    conversation: Conversation, proposal: Proposal, outcome: str, agent: Agent | None, now: datetime, note: str = ""
) -> ProposalSettled:
    return ProposalSettled(
        conversation=conversation.key,
        at=now,
        proposal_id=proposal.proposal_id,
        version=proposal.version,
        outcome=outcome,
        agent_id=agent.agent_id if agent else "",
        agent_name=agent.name if agent else "",
        note=note,
    )


def may_approve(agent: Agent) -> bool:
    return agent.role == "supervisor" or APPROVER in agent.skills


def _entitled(agent: Agent) -> None:
    if not may_approve(agent):
        raise NotEntitled("role")


def _same(conversation: Conversation, proposal_id: str, version: int) -> Proposal:
    """The proposal that was looked at. Raises OutOfDate; the case must still be in a person's hands."""
    proposal = conversation.proposal
    if conversation.owner is not Owner.HUMAN or proposal is None:
        raise OutOfDate
    if (proposal.proposal_id, proposal.version) != (proposal_id, version):
        raise OutOfDate
    return proposal
