"""The handoff's state machine: who may take a conversation from whom. One table, pure functions.

BOT → WAITING → HUMAN → (BOT | CLOSED). Every change of owner raises the epoch; the one that a person's takeover
begins is what keeps a reply composed before it from being said after it. The assistant's own step back silences
nothing: what it had answered until then the customer still gets.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from bot.core.conversation import Conversation, Handoff, Helped, Owner
from bot.core.events import OwnerChanged
from bot.core.risk import Risk


class Reason(StrEnum):
    """Why the assistant stepped back."""

    TRIAGE = "triage"  # a risk that the policy reserves for a person; `detail` is the label
    CUSTOMER_ASKED = "customer_asked"
    REPEATED_FALLBACK = "repeated_fallback"
    ACTION_FAILED = "action_failed"
    COMPLAINT = "complaint"
    URGENT = "urgent"
    ASSISTANT_FAILED = "assistant_failed"  # the assistant itself broke on this message
    SEND_FAILED = "send_failed"
    SEND_UNCONFIRMED = "send_unconfirmed"
    DRAFT = "draft"  # the platform wants a person to post it
    POLICY = "policy"  # a rule forbids the assistant to answer here
    OPTED_OUT = "opted_out"  # the customer wants no automatic messages
    HUMAN_TOOK_OVER = "human_took_over"  # claimed while the bot had it, or answered in the platform's app


# from → to: every move that is allowed, whoever asks for it.
TRANSITIONS: dict[Owner, frozenset[Owner]] = {
    Owner.BOT: frozenset({Owner.WAITING, Owner.HUMAN, Owner.CLOSED}),
    Owner.WAITING: frozenset({Owner.HUMAN, Owner.BOT, Owner.CLOSED}),
    Owner.HUMAN: frozenset({Owner.WAITING, Owner.BOT, Owner.CLOSED}),
    Owner.CLOSED: frozenset({Owner.BOT, Owner.WAITING, Owner.HUMAN}),  # waiting: an agent's last words did not arrive
}


class NotAllowed(Exception):
    """This move is not open from the conversation's present owner; `owner` and `agent_name` tell who has it."""

    def __init__(self, conversation: Conversation, wanted: Owner) -> None:
        super().__init__(f"{conversation.owner} → {wanted} is not allowed now")
        self.owner = conversation.owner
        self.agent_id = conversation.agent_id
        self.agent_name = conversation.agent_name


Change = tuple[Conversation, OwnerChanged]


def _move(
    conversation: Conversation, to: Owner, now: datetime, reason: str, *, detail: str = "", agent_id: str = "",
    agent_name: str = "", handoff: Handoff | None = None, episode: int | None = None,
) -> Change:  # fmt: skip
    if to not in TRANSITIONS[conversation.owner]:
        raise NotAllowed(conversation, to)
    moved = replace(
        conversation,
        owner=to,
        epoch=conversation.epoch + 1,
        taken_epoch=conversation.epoch + 1 if to is Owner.HUMAN else conversation.taken_epoch,
        episode=episode or conversation.episode,
        agent_id=agent_id if to is Owner.HUMAN else "",
        agent_name=agent_name if to is Owner.HUMAN else "",
        handoff=handoff,
        proposal=conversation.proposal if to is Owner.HUMAN else None,
        helped=_helped(conversation, to, now),
    )
    return moved, _changed(conversation, moved, now, reason, detail=detail, agent_id=agent_id, agent_name=agent_name)


def _changed(
    conversation: Conversation, moved: Conversation, now: datetime, reason: str, *, detail: str = "",
    agent_id: str = "", agent_name: str = "",
) -> OwnerChanged:  # fmt: skip
    return OwnerChanged(
        conversation=conversation.key,
        at=now,
        before=conversation.owner,
        after=moved.owner,
        reason=reason,
        detail=detail,
        agent_id=agent_id,
        agent_name=agent_name,
        epoch=moved.epoch,
        episode=moved.episode,
    )


def _helped(conversation: Conversation, to: Owner, now: datetime) -> Helped | None:
    if conversation.owner is not Owner.HUMAN or to not in (Owner.BOT, Owner.CLOSED):
        return conversation.helped
    held = conversation.handoff
    intents = tuple(intent.name for intent in held.intents) if held else ()
    return Helped(by=conversation.agent_name, at=now, intents=intents, closed=to is Owner.CLOSED)


def open_handoff(
    conversation: Conversation, reason: Reason, now: datetime, answer_within: timedelta, detail: str = "", *,
    silencing: bool = False,
) -> Change:  # fmt: skip
    """The assistant steps back. The clock for the first human answer starts now.

    `silencing`: what it had composed before and what has not left yet is not said any more, because beside what the
    customer just wrote it would be out of place.
    """
    moved, event = _move(
        conversation, Owner.WAITING, now, reason, detail=detail,
        handoff=_context(conversation, reason, now, answer_within, detail),
    )  # fmt: skip
    return (replace(moved, taken_epoch=moved.epoch), event) if silencing else (moved, event)


def aggravate(conversation: Conversation, label: str, now: datetime) -> Change:
    """A risk comes to light while the conversation waits for another reason: from now on it waits for that, and what
    the assistant had composed before and what has not left yet is not said any more."""
    held = conversation.handoff
    if conversation.owner is not Owner.WAITING or held is None:
        raise NotAllowed(conversation, Owner.WAITING)
    epoch = conversation.epoch + 1
    handoff = replace(held, reason=Reason.TRIAGE, detail=label, label=label)
    moved = replace(conversation, epoch=epoch, taken_epoch=epoch, handoff=handoff)
    return moved, _changed(conversation, moved, now, Reason.TRIAGE, detail=label)


def claim(
    conversation: Conversation, agent_id: str, agent_name: str, now: datetime, answer_within: timedelta
) -> Change:
    """A person takes the conversation. Raises NotAllowed when another person has it."""
    if conversation.owner is Owner.HUMAN:
        raise NotAllowed(conversation, Owner.HUMAN)
    handoff = conversation.handoff or _context(conversation, Reason.HUMAN_TOOK_OVER, now, answer_within)
    return _move(
        conversation, Owner.HUMAN, now, handoff.reason, agent_id=agent_id, agent_name=agent_name,
        handoff=replace(handoff, claimed_at=now),
    )  # fmt: skip


def release(
    conversation: Conversation, agent_id: str, agent_name: str, now: datetime, answer_within: timedelta
) -> Change:
    """Somebody (who has it, or a supervisor) puts it back into the queue, with its reason; the clock starts again."""
    old = conversation.handoff
    reason = Reason(old.reason) if old else Reason.HUMAN_TOOK_OVER
    detail = old.detail if old else ""
    return _move(
        conversation, Owner.WAITING, now, reason, detail=detail, agent_id=agent_id, agent_name=agent_name,
        handoff=_context(conversation, reason, now, answer_within, detail),
    )  # fmt: skip


def give_back(conversation: Conversation, now: datetime) -> Change:
    """The person returns it to the assistant: a new episode, with a fresh memory of fallbacks and steps."""
    moved, event = _move(
        conversation, Owner.BOT, now, "returned", episode=conversation.episode + 1,
        agent_id=conversation.agent_id, agent_name=conversation.agent_name,
    )  # fmt: skip
    return _anew(moved), event


def close(conversation: Conversation, now: datetime) -> Change:
    """Nothing more to do. The customer's next message opens a new episode with the assistant."""
    return _move(
        conversation, Owner.CLOSED, now, "closed",
        agent_id=conversation.agent_id, agent_name=conversation.agent_name,
    )  # fmt: skip


def reopen(conversation: Conversation, now: datetime) -> Change:
    """A customer writes to a closed conversation."""
    moved, event = _move(conversation, Owner.BOT, now, "reopened", episode=conversation.episode + 1)
    return _anew(moved), event


def _anew(conversation: Conversation) -> Conversation:
    return replace(
        conversation,
        intents=(),
        steps=(),
        choices=(),
        offered=(),
        known={**conversation.known, **conversation.slots},
        slots={},
        held=(),
        draft="",
        # That public words need a second person outlives the hand-back and the close, or the next claim would get
        # round it.
        risk=Risk(approval=conversation.risk.approval),
    )


def _context(
    conversation: Conversation, reason: Reason, now: datetime, answer_within: timedelta, detail: str = ""
) -> Handoff:
    return Handoff(
        reason=reason,
        detail=detail,
        opened_at=now,
        answer_due_at=now + answer_within,
        intents=conversation.intents,
        slots=conversation.slots,
        steps=conversation.steps,
        skills=conversation.risk.skills,
        priority=conversation.risk.priority,
        label=detail if reason is Reason.TRIAGE else "",
    )
