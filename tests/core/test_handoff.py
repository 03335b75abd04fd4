from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest

from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.events import IntentSeen
from bot.core.handoff import TRANSITIONS, Change, NotAllowed, Reason
from channels.messages import Customer

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
WITHIN = timedelta(minutes=15)

MOVES = {
    Owner.WAITING: lambda c: handoff.open_handoff(c, Reason.URGENT, NOW, WITHIN, "why"),
    Owner.HUMAN: lambda c: handoff.claim(c, "dina", "Dina", NOW, WITHIN),
    Owner.BOT: lambda c: handoff.give_back(c, NOW),
    Owner.CLOSED: lambda c: handoff.close(c, NOW),
}


def owned(owner: Owner) -> Conversation:
    holder = ("budi", "Budi") if owner is Owner.HUMAN else ("", "")
    return Conversation(
        key="a:1", channel="a", thread_id="1", customer=Customer(external_id="1"), opened_at=NOW, owner=owner, epoch=4,
        taken_epoch=2, agent_id=holder[0], agent_name=holder[1],
        intents=(IntentSeen("greet", 0.9),), steps=("action_x",), slots={"order": "A1"},
    )  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(Owner, Owner)))
def test_every_move_keeps_to_the_table(before: Owner, after: Owner) -> None:
    conversation = owned(before)
    if after not in TRANSITIONS[before]:
        with pytest.raises(NotAllowed) as refused:
            MOVES[after](conversation)
        assert (refused.value.owner, refused.value.agent_name) == (before, conversation.agent_name)
        return
    moved, event = MOVES[after](conversation)
    assert (event.before, event.after, event.epoch) == (before, after, 5)
    assert (moved.owner, moved.epoch) == (after, 5)
    assert moved.taken_epoch == (5 if after is Owner.HUMAN else 2), "only a person's takeover silences what was said"
    assert (moved.agent_id != "") == (after is Owner.HUMAN)
    assert (moved.handoff is not None) == (after in (Owner.WAITING, Owner.HUMAN))
    assert moved.version == conversation.version, "the store counts versions"


def test_nobody_stays_where_they_are() -> None:
    assert all(owner not in allowed for owner, allowed in TRANSITIONS.items())
    assert set(TRANSITIONS) == set(Owner)


def test_a_handoff_takes_the_context_along() -> None:
    moved, event = handoff.open_handoff(owned(Owner.BOT), Reason.COMPLAINT, NOW, WITHIN, "third card")
    held = moved.handoff
    assert held is not None
    assert (held.reason, held.detail) == ("complaint", "third card")
    assert (held.intents, held.slots, held.steps) == ((IntentSeen("greet", 0.9),), {"order": "A1"}, ("action_x",))
    assert held.answer_due_at - held.opened_at == WITHIN
    assert (event.reason, event.detail) == ("complaint", "third card")


def test_a_claim_keeps_the_handoffs_reason_and_clock() -> None:
    waiting, _ = handoff.open_handoff(owned(Owner.BOT), Reason.COMPLAINT, NOW, WITHIN)
    later = NOW + timedelta(minutes=3)
    moved, event = handoff.claim(waiting, "dina", "Dina", later, WITHIN)
    assert moved.handoff == msgspec.structs.replace(waiting.handoff, claimed_at=later)
    assert (event.reason, event.agent_id, event.agent_name) == ("complaint", "dina", "Dina")


def test_release_starts_the_clock_again_and_says_who_left() -> None:
    waiting, _ = handoff.open_handoff(owned(Owner.BOT), Reason.URGENT, NOW, WITHIN, "lost card")
    held, _ = handoff.claim(waiting, "dina", "Dina", NOW, WITHIN)
    later = NOW + timedelta(minutes=30)
    released, event = handoff.release(held, "dina", "Dina", later, WITHIN)
    assert released.handoff is not None
    assert (released.handoff.reason, released.handoff.detail) == ("urgent", "lost card")
    assert (released.handoff.opened_at, released.handoff.claimed_at) == (later, None)
    assert (released.agent_id, event.agent_name) == ("", "Dina")


@pytest.mark.parametrize("ending", ["given back", "closed and reopened"])
def test_a_new_episode_forgets_the_old_ones_steps(ending: str) -> None:
    def end() -> Change:
        if ending == "given back":
            return handoff.give_back(owned(Owner.HUMAN), NOW)
        return handoff.reopen(handoff.close(owned(Owner.HUMAN), NOW)[0], NOW)

    moved, event = end()
    assert (moved.episode, event.episode) == (2, 2)
    assert (moved.intents, moved.steps, moved.choices) == ((), (), ())
