"""Actions that change something or look something up, against the real back office of the sandbox over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from actions.branches import next_open
from actions.links import SeveralContacts, contact_in
from actions.records import Branch, Branches
from actions.wording import weekdays
from tests.assistant.conftest import PROJECT, loops, slots_set

Run = Callable[..., Any]
LANGUAGES = ("en", "id")
SEED = json.loads((PROJECT / "sandbox/backoffice/seed.json").read_text(encoding="utf-8"))


def whole(text: str) -> bool:
    """Nothing was left unfilled."""
    return not re.search(r"[{}]|None|\s[,.]|\(\)|  ", text)


async def links_of(backoffice: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        return list((await client.get(f"{backoffice}/outbox")).json()["links"])


# ---- cancelling ---------------------------------------------------------------------------------------


async def test_an_order_is_cancelled_once_however_often_the_turn_runs(run: Run, say: Any, backoffice: str) -> None:
    slots = {"order_ref": "ar 20301", "phone_last4": "4417", "cancel_ref": "AR-20301"}
    events, (deed, message) = await run("action_cancel_order", text="yes", slots=slots)
    assert deed["custom"] == {"sigap": "done", "what": "Order AR-20301 was cancelled."}
    assert message["response"] == "utter_cancel_cancelled"
    assert set(slots_set(events).values()) == {None, 0}
    _, (_, again) = await run("action_cancel_order", text="yes", slots=slots)  # a worker died before it could say so
    assert again["response"] == "utter_cancel_cancelled"
    _, (later,) = await run("action_cancel_order", text="yes", slots=slots, message_id="m2")
    assert later["response"] == "utter_cancel_already_cancelled"
    _, (refund,) = await run("action_refund_status", slots={"order_ref": "AR-20301"})
    assert refund["response"] == "utter_refund_requested"
    assert whole(say(refund, "en")["text"])


async def test_a_yes_that_everybody_can_read_cancels_nothing(run: Run, backoffice: str) -> None:
    slots = {"phone_last4": "4417", "cancel_ref": "AR-20301"}
    _, (message,) = await run("action_cancel_order", text="yes", slots=slots, metadata={"public": True})
    assert message["response"] == "utter_confirm_cancel"
    _, (message,) = await run("action_cancel_order", text="no", slots=slots, metadata={"public": True})
    assert message["response"] == "utter_cancel_kept", "a no costs nothing"


async def test_digits_that_everybody_can_read_are_no_proof(run: Run) -> None:
    asked = {"requested_slot": "phone_last4"}
    events, _ = await run("action_read_bare_reference", text="4417", slots=asked, metadata={"public": True})
    assert slots_set(events) == {}
    slots = {"order_ref": "AR-20302", "phone_last4": "4417"}
    text = "cancel AR-20302, the number ends in 2471"
    events, (message,) = await run("action_confirm_cancel", text=text, slots=slots, metadata={"public": True})
    assert message["response"] == "utter_confirm_cancel"
    assert "phone_last4" not in slots_set(events)


async def test_what_has_left_cannot_be_cancelled(run: Run, say: Any, backoffice: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{backoffice}/orders/AR-20305")).json()["status"] == "shipped"
    digits = next(row["phone_last4"] for row in SEED["orders"] if row["ref"] == "AR-20305")
    slots = {"cancel_ref": "AR-20305", "phone_last4": digits}
    _, (*_, message) = await run("action_cancel_order", text="yes", slots=slots)
    assert message["response"] == "utter_cancel_too_late"


async def test_wrong_digits_and_an_unknown_order_sound_the_same(run: Run, say: Any, backoffice: str) -> None:
    said = []
    for ref, digits in (("AR-20314", "0000"), ("AR-99999", "8802")):
        slots = {"cancel_ref": ref, "phone_last4": digits}
        events, (message,) = await run("action_cancel_order", text="yes", slots=slots)
        said.append(say(message, "en")["text"])
        assert loops(events) == ["cancel_form"]
    assert said[0] == said[1]
    slots = {"cancel_ref": "AR-20314", "phone_last4": "0000", "lookup_misses": 1}
    events, (message,) = await run("action_cancel_order", text="yes", slots=slots)
    assert message["response"] == "utter_cancel_no_match_again"
    assert loops(events) == []


async def test_a_cancellation_that_fails_says_so_and_calls_a_person(run: Run, say: Any, nowhere: None) -> None:
    slots = {"cancel_ref": "AR-20320", "phone_last4": "1290"}
    _, (honest, handoff) = await run("action_cancel_order", text="yes", slots=slots)
    assert "don't know whether that went through" in say(honest, "en")["text"]
    assert "perhaps done" in handoff["custom"]["detail"]
    assert "AR-20320" in handoff["custom"]["detail"]


CANCELLING = ("action_cancel_order", "action_keep_order", "action_hear_cancel")


@pytest.mark.parametrize("action", CANCELLING)
@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("yes", "utter_cancel_cancelled"),
        ("no", "utter_cancel_kept"),
        ("ok nevermind, i keep my order", "utter_cancel_kept"),
        ("ya udah biarin aja", "utter_cancel_kept"),
        ("what happens then?", "utter_confirm_cancel"),
        ("ok, but later", "utter_confirm_cancel"),
    ],
)
async def test_what_is_heard_decides_whatever_intent_it_was_taken_for(
    run: Run, backoffice: str, action: str, text: str, response: str
) -> None:
    digits = next(row["phone_last4"] for row in SEED["orders"] if row["ref"] == "AR-20323")
    slots = {"order_ref": "AR-20323", "phone_last4": digits, "cancel_ref": "AR-20323"}
    events, (*_, message) = await run(action, text=text, slots=slots)
    assert message["response"] == response
    if response == "utter_confirm_cancel":  # the question stands
        assert [event["name"] for event in events if event["event"] == "action"] == ["action_confirm_cancel"]


async def test_a_yes_that_was_taken_for_a_no_cancels_nothing(run: Run, backoffice: str) -> None:
    slots = {"phone_last4": "8802", "cancel_ref": "AR-20314"}
    _, (message,) = await run("action_keep_order", text="ok", intent="deny", slots=slots)
    assert message["response"] == "utter_confirm_cancel"


async def test_two_answers_in_a_row_that_nobody_understands_call_a_person(run: Run, backoffice: str) -> None:
    slots = {"phone_last4": "8802", "cancel_ref": "AR-20314"}
    first = [{"event": "user", "text": "blub"}, {"event": "action", "name": "action_hear_cancel"}]
    _, (handoff,) = await run("action_hear_cancel", text="bla", intent="nlu_fallback", slots=slots, events=first)
    assert handoff["custom"]["reason"] == "repeated_fallback"
    assert "AR-20314" in handoff["custom"]["detail"]
    _, (kept,) = await run("action_hear_cancel", text="nvm", intent="nlu_fallback", slots=slots, events=first)
    assert kept["response"] == "utter_cancel_kept"


@pytest.mark.parametrize("action", CANCELLING)
async def test_another_order_in_the_answer_is_never_cancelled(run: Run, say: Any, backoffice: str, action: str) -> None:
    slots = {"order_ref": "AR-20314", "phone_last4": "8802", "cancel_ref": "AR-20302"}
    events, (message,) = await run(
        action, text="yes cancel it, AR-20314 is fine", slots=slots, entities={"order_ref": "AR-20314"}
    )
    assert "AR-20302" in say(message, "en")["text"]
    assert message["response"] == "utter_confirm_cancel"
    assert slots_set(events)["order_ref"] is None, "only cancel_ref keeps what was asked about"


@pytest.mark.parametrize(
    "text",
    [
        "sorry, 8802", "eh salah, yang bener 8802 kak", "0812 3456 8802", "yes, it's 8802", "no, 8802", "bukan, 8802",
        "not 1234 but 8802", "AR-20314, 8802",
    ],
)  # fmt: skip
async def test_other_digits_are_taken_and_the_question_asked_again(run: Run, backoffice: str, text: str) -> None:
    slots = {"phone_last4": "1234", "cancel_ref": "AR-20314"}
    events, (message,) = await run("action_hear_cancel", text=text, slots=slots)
    assert (message["response"], message["ref"]) == ("utter_confirm_cancel_digits", "AR-20314")
    slots |= slots_set(events)
    assert slots["phone_last4"] == "8802"
    _, (*_, message) = await run("action_cancel_order", text="yes", slots=slots)
    assert message["response"] == "utter_cancel_cancelled"


@pytest.mark.parametrize(
    "text",
    ["yes, i paid Rp 5000 for it", "5000 rupiah", "before 1700", "is it the one from 2024?", "card ending 1234x", ""],
)
async def test_other_numbers_leave_the_digits_alone(run: Run, backoffice: str, text: str) -> None:
    slots = {"phone_last4": "8802", "cancel_ref": "AR-20314"}
    events, (message,) = await run("action_hear_cancel", text=text, slots=slots)
    assert message["response"] == "utter_confirm_cancel"
    assert "phone_last4" not in slots_set(events)


async def test_the_verb_inside_the_form_goes_on_asking_or_leaves(run: Run, backoffice: str) -> None:
    events, _ = await run("action_hear_cancel", text="cancel", loop="cancel_form")
    assert [event["name"] for event in events if event["event"] == "followup"] == ["cancel_form"]
    events, (message,) = await run("action_hear_cancel", text="jangan dibatalin deh", loop="cancel_form")
    assert (message["response"], loops(events)) == ("utter_cancel_kept", [None])


# ---- links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("sari.wulandari@example.com", "sari.wulandari@example.com"),
        ("pake email Sari.W@Example.com aja kak", "sari.w@example.com"),
        ("0812 001 001 ya", "+62812001001"),
        ("+62 812-001-001", "+62812001001"),
        ("my number", None),
        ("o'brien@example.com", None),
        ("x%sari.wulandari@example.com", None),
        ("(sari.w@example.com)", "sari.w@example.com"),
        ("a" * 20_000 + "@", None),
        ("AR-20311", None),
    ],
)
def test_a_contact_is_read_however_it_is_typed(text: str, contact: str | None) -> None:
    assert contact_in(text) == contact


def test_several_contacts_are_asked_about() -> None:
    for text in ("not sari@example.com please, but 0812001003", "sari@example.com or james@example.com"):
        with pytest.raises(SeveralContacts):
            contact_in(text)


async def test_only_so_many_links_go_out_in_one_conversation(run: Run, backoffice: str) -> None:
    slots = {"contact": "sari.wulandari@example.com", "links_sent": 3}
    _, (message,) = await run("action_send_password_link", slots=slots)
    assert message["response"] == "utter_link_enough"
    assert await links_of(backoffice) == []


@pytest.mark.parametrize(
    ("done", "follows"),
    [
        ("utter_reset_password", "password_form"),
        ("utter_change_address", "address_form"),
        ("utter_top_up", "order_form"),
    ],
)
async def test_a_yes_inside_a_form_takes_up_the_latest_offer(run: Run, done: str, follows: str) -> None:
    before = [{"event": "user", "text": "x"}, *({"event": "action", "name": name} for name in (done, "order_form"))]
    events, _ = await run("action_yes_in_form", text="yes", events=before, loop="order_form")
    assert [event["name"] for event in events if event["event"] == "followup"] == [follows]
    before[1]["name"] = "utter_app_problem"
    _, (handoff,) = await run("action_yes_in_form", text="yes", events=before, loop="order_form")
    assert handoff["custom"]["reason"] == "customer_asked"


@pytest.mark.parametrize(
    ("action", "kind"),
    [("action_send_password_link", "password_reset"), ("action_send_address_link", "address_change")],
)
async def test_a_link_goes_to_who_is_registered_and_the_answer_tells_nobody_who_is(
    run: Run, backoffice: str, action: str, kind: str
) -> None:
    said = []
    for contact in ("sari.wulandari@example.com", "nobody@example.com"):
        for _ in range(2):  # a worker died in between
            events, (_, message) = await run(action, slots={"contact": contact}, message_id=f"{kind} {contact}")
        said.append(message)
        assert slots_set(events) == {"contact": None, "links_sent": 1}
    assert said[0] == said[1]
    assert len([link for link in await links_of(backoffice) if link["kind"] == kind]) == 1


async def test_a_link_that_cannot_be_sent_calls_a_person(run: Run, nowhere: None) -> None:
    _, (_, handoff) = await run("action_send_password_link", slots={"contact": "sari.wulandari@example.com"})
    assert handoff["custom"]["reason"] == "action_failed"
    assert "sari" not in handoff["custom"]["detail"]


async def test_a_lost_card_gets_first_aid_a_link_where_the_number_is_known_and_a_person(
    run: Run, say: Any, backoffice: str
) -> None:
    for known, response in (({}, "utter_card_block"), ({"phone": "+62812001001"}, "utter_card_block_link")):
        _, (first_aid, *deeds, handoff) = await run("action_card_block", metadata=known)
        assert first_aid["response"] == response
        assert "Freeze" in say(first_aid, "en")["text"]
        assert [deed["custom"]["sigap"] for deed in deeds] == ["done"] * bool(known)
        assert handoff["custom"]["reason"] == "urgent"
    assert "card_freeze" in [link["kind"] for link in await links_of(backoffice)]


async def test_a_lost_card_waits_for_no_back_office(run: Run, nowhere: None) -> None:
    _, (first_aid, handoff) = await run("action_card_block", metadata={"phone": "+62812001001"})
    assert (first_aid["response"], handoff["custom"]["reason"]) == ("utter_card_block", "urgent")


# ---- transfers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_transfer_is_answered_in_full(run: Run, say: Any, backoffice: str, language: str) -> None:
    responses = set()
    for row in SEED["transfers"]:
        events, (message,) = await run(
            "action_transfer_status", slots={"transfer_ref": row["ref"].lower(), "language": language}
        )
        responses.add(message["response"])
        text = say(message, language)["text"]
        assert row["ref"] in text
        assert row["bank"] not in text
        assert "Rp" not in text, "whoever guesses a reference learns of no money"
        assert whole(text), text
        assert slots_set(events)["transfer_ref"] is None
    assert len(responses) == 4


async def test_an_unknown_transfer_asks_in_its_own_form(run: Run, backoffice: str) -> None:
    events, _ = await run("action_transfer_status", slots={"transfer_ref": "TF-999999"})
    assert loops(events) == ["transfer_form"]


# ---- branches -----------------------------------------------------------------------------------------


async def test_branches_by_city_and_by_day(run: Run, say: Any, backoffice: str) -> None:
    async def ask(**entities: str) -> tuple[str, str]:
        _, (message,) = await run("action_branch_hours", entities=entities)
        text = say(message, "en")["text"]
        assert whole(text), text
        return message["response"], text

    assert "Jakarta, Bandung and Surabaya" in (await ask())[1]
    assert "Sudirman" in (await ask(city="Jakarta"))[1]
    assert (await ask(city="Medan"))[0] == "utter_branch_no_city"
    assert (await ask(day="2026-01-01"))[0] == "utter_branch_closed"
    assert (await ask(day="2026-11-28"))[1].startswith("On Saturday 28 November our branches are closed")
    assert (await ask(day="2026-11-30", city="Bandung"))[0] == "utter_branch_open"
    assert (await ask(day="2026-11-30", city="medan"))[1].startswith("We have no branch in Medan")
    assert (await ask(day="x"))[0] == "utter_branch_hours"
    assert "open Monday to Friday, 08:30-15:30" in (await ask(city="Surabaya"))[1]


async def test_the_days_of_a_branch_are_those_of_the_back_office(
    run: Run, say: Any, backoffice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = Branch(city="Medan", name="x", address="x", opens="09:00", closes="14:00", days=(1, 2, 3, 4, 6))

    async def branches() -> Branches:
        return Branches((branch,), ())

    monkeypatch.setattr("actions.backoffice.branches", branches)
    for language, days in (("en", "Monday to Thursday and Saturday"), ("id", "Senin sampai Kamis dan Sabtu")):
        for entities in ({}, {"city": "medan"}):
            _, (message,) = await run("action_branch_hours", entities=entities, slots={"language": language})
            assert f"{days}, 09:00-14:00" in say(message, language)["text"]


@pytest.mark.parametrize(
    ("days", "en", "indonesian"),
    [
        ([1, 2, 3, 4, 5], "Monday to Friday", "Senin sampai Jumat"),
        ([7, 6], "Saturday and Sunday", "Sabtu dan Minggu"),
        ([1, 3, 5], "Monday, Wednesday and Friday", "Senin, Rabu, dan Jumat"),
        (range(1, 8), "every day", "setiap hari"),
        ([2], "Tuesday", "Selasa"),
    ],
)
def test_weekdays_are_told_as_people_tell_them(days: Any, en: str, indonesian: str) -> None:
    assert (weekdays(days, "en"), weekdays(days, "id")) == (en, indonesian)


def test_the_next_day_that_they_are_open_passes_over_holidays() -> None:
    branch = Branch(city="x", name="x", address="x", opens="08:30", closes="15:30", days=(1, 2, 3, 4, 5))
    thursday = date(2026, 12, 24)
    assert next_open(thursday, [branch], [thursday + timedelta(days=1)]) == date(2026, 12, 28)
