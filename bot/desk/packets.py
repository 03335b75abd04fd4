"""The handoff packet at the desk: what is shown at once, what is shown on a click and noted, what the archive adds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sanic import Request

from bot.core import packet
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.conversation import Conversation, Owner
from bot.core.ports import Agent
from bot.core.routing import unfit
from bot.core.transcript import Line
from bot.desk.door import DeskDoor
from bot.desk.people import Refusal
from bot.services.approve import may_approve

View = dict[str, Any]

SEEN_AGAIN_S = 600.0  # a case that stays open on a desk is seen once in so many seconds
MOST_REMEMBERED = 5_000


class Packets:
    def __init__(self, door: DeskDoor) -> None:
        self._door = door
        self._seen: dict[tuple[str, str, str], float] = {}

    async def see(self, agent: Agent, key: str, action: str = "saw") -> None:
        """Note that this person looked at this case. Raises StoreUnavailable: what can't be noted isn't shown."""
        now = asyncio.get_running_loop().time()
        if now - self._seen.get((agent.agent_id, key, action), float("-inf")) < SEEN_AGAIN_S:
            return
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        await self._door.trail.note(agent.agent_id, action, key)
        self._seen[agent.agent_id, key, action] = now

    async def view(self, conversation: Conversation, lines: Sequence[Line], agent: Agent) -> View:
        """What needs no archive: it is there even when the archive is not."""
        know = self._door.knowledge
        handoff = conversation.handoff
        found = handoff.slots if handoff else conversation.slots
        proposal = conversation.proposal
        now = self._door.clock.now()
        holds = await self._door.floor.holds(agent) if conversation.owner is Owner.WAITING else 0
        reason = unfit(agent, conversation, holds, self._door.floor.rules, now)
        waits = conversation.owner is Owner.WAITING
        badge = packet.badge(conversation, lines, know.badge(conversation.channel))
        return {
            "summary": msgspec.to_builtins(packet.summary(conversation, lines)),
            "tone": packet.tone(conversation),
            "findings": msgspec.to_builtins(conversation.risk.findings),
            "approval": conversation.risk.approval,
            "priority": handoff.priority if handoff else conversation.risk.priority,
            "needs": list(handoff.skills) if handoff else [],
            "slots": [msgspec.to_builtins(slot) for slot in packet.slots(found, know.house)],
            "badge_until": badge.until if badge else None,
            "replies": list(packet.replies(conversation, know.replies, agent.name)),
            "callback": conversation.callback.kind if conversation.callback else "",
            "proposal": msgspec.to_builtins(proposal) if proposal else None,
            "may_settle": settles(conversation, agent),
            "unfit": msgspec.to_builtins(reason) if reason and waits else None,
        }

    async def more(self, request: Request, agent: Agent) -> View:
        """The customer's earlier cases on every linked channel, and solved cases like this one."""
        key = request.args.get("key", "")
        conversation = (await self._door.store.load(key)).conversation if key else None
        if conversation is None:
            raise Refusal(404, "not_found")
        linked = list(await self._door.links.of(key))
        await asyncio.gather(self.see(agent, key), *(self.see(agent, other, "saw_linked") for other in linked))
        try:
            earlier = await asyncio.to_thread(self._door.archive.contacts, [key, *linked])
            solved = await asyncio.to_thread(self._door.archive.solved, key)
        except ArchiveUnavailable:
            return {"linked": linked, "earlier": [], "similar": [], "unavailable": True}
        return {
            "linked": linked,
            "earlier": [
                {"key": move["conversation"], "at": move["at"], "reason": move["reason"],
                 "detail": move.get("detail", ""), "after": move["after"], "agent": move.get("agent_name", "")}
                for move in earlier
                if move["after"] in ("waiting", "closed")
            ],
            "similar": [
                {**case, "labels": list(case["labels"])} for case in packet.similar(conversation, solved)
            ],
            "unavailable": False,
        }  # fmt: skip

    async def reveal(self, agent: Agent, conversation: Conversation, name: str) -> View:
        """One personal value, and a note of who saw it."""
        handoff = conversation.handoff
        if name == "callback":
            value = conversation.callback.value if conversation.callback else None
        else:
            value = (handoff.slots if handoff else conversation.slots).get(name)
        if value is None:
            raise Refusal(404, "not_found")
        await self._door.trail.note(agent.agent_id, "revealed", conversation.key, what=name)
        return {"value": value}

    async def link(self, agent: Agent, key: str, other: str, *, linked: bool) -> View:
        """Say that two conversations are the same customer's, or that they are not."""
        if key == other or (await self._door.store.load(other)).conversation is None:
            raise Refusal(404, "no_such_link")
        if linked:
            await self._door.links.link(key, other, agent.agent_id)
        else:
            await self._door.links.unlink(key, other)
        await self._door.trail.note(agent.agent_id, "linked" if linked else "unlinked", key)
        return {}


def settles(conversation: Conversation, agent: Agent) -> list[str]:
    """What this person may do with the proposal that waits. The service decides again."""
    proposal = conversation.proposal
    if proposal is None or conversation.owner is not Owner.HUMAN:
        return []
    own = proposal.agent_id == agent.agent_id
    may = ["withdraw"] if own else ["approve", "reject"] if may_approve(agent) else []
    return [*may, "override"] if agent.role == "supervisor" else may
