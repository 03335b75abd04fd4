"""The chain: whatever is altered, left out or cut off is found, and by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.core import events as e
from bot.core.audit import FIRST, Entry, Seals, deeds

SEALS = Seals("s" * 32)
AT = datetime(2026, 3, 1, tzinfo=UTC)


def chain(length: int, seals: Seals = SEALS) -> list[Entry]:
    entries: list[Entry] = []
    previous = FIRST
    for seq in range(1, length + 1):
        entry = Entry(
            seq=seq, at=AT + timedelta(seconds=seq), actor="dina", action="saw", case=seals.case("x:1"),
            previous=previous,
        )  # fmt: skip
        entries.append(seals.sealed(entry))
        previous = entries[-1].seal
    return entries


def head(entries: Sequence[Entry]) -> tuple[int, str]:
    return entries[-1].seq, entries[-1].seal


def test_an_untouched_chain_holds() -> None:
    entries = chain(20)
    assert SEALS.first_break(entries, head(entries)) is None
    assert SEALS.first_break([], None) is None


@given(st.integers(1, 12), st.data())
def test_any_change_is_found_where_it_was_made(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 1))
    field, value = data.draw(
        st.sampled_from(
            [("actor", "budi"), ("action", "said"), ("case", "other"), ("detail", {"a": 1}), ("seal", "0" * 64),
             ("previous", "1" * 64), ("at", AT)]
        )
    )  # fmt: skip
    entries[at] = replace(entries[at], **{field: value})
    found = SEALS.first_break(entries, head(chain(length)))
    assert found is not None
    assert (found.seq, found.what) == (at + 1, "altered")


@given(st.integers(2, 12), st.data())
def test_a_missing_entry_is_found(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    at = data.draw(st.integers(0, length - 2))
    found = SEALS.first_break(entries[:at] + entries[at + 1 :], head(entries))
    assert found is not None
    assert (found.seq, found.what) == (at + 1, "missing")


def test_a_cut_off_end_is_found_by_the_head() -> None:
    entries = chain(5)
    found = SEALS.first_break(entries[:3], head(entries))
    assert found is not None
    assert (found.seq, found.what) == (4, "cut_off")


def test_nobody_makes_a_chain_without_the_key() -> None:
    forged = chain(5, Seals("another secret that is long enough"))
    found = SEALS.first_break(forged)
    assert found is not None
    assert found.seq == 1


def test_what_people_do_is_told_without_a_customers_words() -> None:
    said = e.ReplyComposed(
        conversation="x:1", at=AT, message_id="m1", sender="agent", text="the card of Ani", agent_id="dina",
        agent_name="Dina",
    )  # fmt: skip
    [deed] = deeds(said, SEALS)
    assert (deed.actor, deed.action, deed.detail["words"]) == ("dina", "said", SEALS.words("the card of Ani"))
    assert "Ani" not in str(deed)
    assert list(deeds(replace(said, agent_id="", sender="bot"), SEALS)) == []


def test_every_step_of_four_eyes_is_told() -> None:
    common = {"conversation": "x:1", "at": AT, "proposal_id": "p", "agent_id": "dina", "agent_name": "D"}
    told = [
        *deeds(e.ReplyProposed(**common, text="sorry"), SEALS),
        *(
            deed
            for outcome in ("approved", "overridden", "rejected", "withdrawn")
            for deed in deeds(e.ProposalSettled(**common, outcome=outcome, version=1, note="why"), SEALS)
        ),
    ]
    assert [deed.action for deed in told] == ["proposed", "approved", "overridden", "rejected", "withdrawn"]


def test_what_was_done_in_the_platforms_own_app_is_told_without_a_name() -> None:
    said = e.ReplyComposed(
        conversation="x:1", at=AT, message_id="echo-77", sender="agent", text="halo", agent_name="@arunika"
    )
    taken = e.OwnerChanged(conversation="x:1", at=AT, before="bot", after="human", reason="human_took_over")
    waited = replace(taken, before="waiting", reason="triage", detail="fraud", agent_name="@arunika")
    told = [deed for event in (said, taken, waited) for deed in deeds(event, SEALS)]
    assert [(deed.actor, deed.action) for deed in told] == [
        ("platform app", "said"), ("platform app", "owner_changed"), ("platform app", "owner_changed"),
    ]  # fmt: skip
    assert told[0].detail["words"] == SEALS.words("halo")
    assert "arunika" not in str(told)
    assert "echo" not in str(told[0].detail)  # the message's id is erased with the customer
    assert list(deeds(replace(taken, before="human", after="bot", reason="returned"), SEALS)) == []
