"""What the actions say and remember. The sentences are rendered by Rasa from domain.yml, in both languages."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from actions.questions import ORDER
from actions.records import BackofficeUnavailable
from actions.topics import TOPICS
from tests.assistant.conftest import PROJECT, loops, slots_set

Run = Callable[..., Any]
SEED = json.loads((PROJECT / "sandbox/backoffice/seed.json").read_text(encoding="utf-8"))
DAYS = {
    "en": r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d",
    "id": r"(?:Senin|Selasa|Rabu|Kamis|Jumat|Sabtu|Minggu) \d",
}


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize(
    ("action", "slot", "table"),
    [
        ("action_order_status", "order_ref", "orders"),
        ("action_refund_status", "order_ref", "orders"),
        ("action_card_delivery", "card_ref", "card_deliveries"),
    ],
)
async def test_every_reference_of_the_back_office_is_answered_in_full(
    run: Run, say: Any, backoffice: str, language: str, action: str, slot: str, table: str
) -> None:
    responses = set()
    for row in SEED[table]:
        events, messages = await run(action, slots={slot: row["ref"], "language": language})
        (message,) = messages
        filled = say(message, language)
        responses.add(message["response"])
        assert row["ref"] in filled["text"]
        assert not re.search(r"[{}]|None|\s[,.]|\(\)|  ", filled["text"]), filled["text"]
        assert slots_set(events)[slot] is None  # so that the next question asks again
    assert len(responses) > 3


@pytest.mark.parametrize("language", ["en", "id"])
async def test_an_order_tells_status_carrier_and_day(run: Run, say: Any, backoffice: str, language: str) -> None:
    _, messages = await run("action_order_status", slots={"order_ref": "ar 20311", "language": language})
    text = say(messages[0], language)["text"]
    assert "AR-20311 (Nusa X5 Pro phone)" in text
    assert "Kilat Express" in text
    assert "KE77120311" in text
    assert re.search(DAYS[language], text)


async def test_amounts_are_written_as_the_language_writes_them(run: Run, say: Any, backoffice: str) -> None:
    for language, amount in (("en", "Rp749,000"), ("id", "Rp749.000")):
        _, messages = await run("action_refund_status", slots={"order_ref": "AR-20309", "language": language})
        assert amount in say(messages[0], language)["text"]


async def test_the_button_of_a_cancelled_order_brings_its_number_along(run: Run, say: Any, backoffice: str) -> None:
    _, messages = await run("action_order_status", slots={"order_ref": "AR-20309"})
    (button,) = say(messages[0], "en")["buttons"]
    assert button["payload"] == '/refund_status{"order_ref": "AR-20309"}'


async def test_every_order_of_a_message_is_answered(run: Run, say: Any, backoffice: str) -> None:
    asked = ["AR-20311", "ar20309", "AR-20311", "AR-99999"]
    events, messages = await run("action_order_status", slots={"order_ref": "AR-99999"}, entities={"order_ref": asked})
    said = [say(message, "en")["text"] for message in messages]
    assert [ref in text for ref, text in zip(("AR-20311", "AR-20309", "AR-99999"), said, strict=True)] == [True] * 3
    assert messages[2]["response"] == "utter_not_found_order_ref"
    assert loops(events) == ["order_form"]


async def test_of_many_orders_the_first_three_are_answered_and_the_others_named(
    run: Run, say: Any, backoffice: str
) -> None:
    asked = [row["ref"] for row in SEED["orders"][:5]]
    events, messages = await run("action_order_status", slots={"order_ref": asked[4]}, entities={"order_ref": asked})
    assert len(messages) == 4
    assert f"{asked[3]}, {asked[4]}" in say(messages[3], "en")["text"]
    assert slots_set(events)["order_ref"] is None


async def test_an_outage_among_several_hands_over_with_all_that_are_open(run: Run, nowhere: None) -> None:
    asked = ["TF-880101", "TF-880102"]
    _, messages = await run(
        "action_transfer_status", slots={"transfer_ref": asked[1]}, entities={"transfer_ref": asked}
    )
    assert messages[0]["ref"] == "TF-880101, TF-880102"


async def test_an_outage_half_way_tells_what_is_known_and_hands_over_the_rest(
    run: Run, say: Any, backoffice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = ORDER.find

    async def failing(ref: str) -> Any:
        if ref == "AR-20311":
            raise BackofficeUnavailable
        return await find(ref)

    monkeypatch.setattr("actions.orders.ORDER", replace(ORDER, find=failing))
    asked = ["AR-20301", "AR-99999", "AR-20311"]
    _, messages = await run("action_order_status", slots={"order_ref": asked[2]}, entities={"order_ref": asked})
    assert messages[0]["ref"] == "AR-20301"
    assert messages[1] == messages[1] | {"response": "utter_lookup_unavailable", "ref": "AR-20311, AR-99999"}


async def test_references_of_other_kinds_in_the_message_are_answered_too(run: Run, say: Any, backoffice: str) -> None:
    said = {"order_ref": ["AR-20311"], "transfer_ref": ["TF-500101"], "card_ref": ["KD-0000"]}
    events, messages = await run("action_order_status", slots={"order_ref": "AR-20311"}, entities=said)
    assert [message["ref"] for message in messages] == ["AR-20311", "TF-500101", "KD-0000"]
    assert messages[-1]["response"] == "utter_not_found_card_ref"
    assert loops(events) == ["card_form"], "the one that is unknown is asked about again"
    assert slots_set(events).items() >= {"order_ref": None, "transfer_ref": None, "card_ref": None}.items()


@pytest.mark.parametrize(
    ("text", "refs"),
    [
        ("where are AR-20301 and 20311", ["AR-20301", "AR-20311"]),
        ("ar 20301, 20311 dan 20309", ["AR-20301", "AR-20311", "AR-20309"]),
        ("AR-20301 and 15000 rupiah of it", ["AR-20301"]),
        ("AR-20301, 2025", ["AR-20301"]),
        ("AR-20301 and 20.311", ["AR-20301"]),
    ],
)
async def test_bare_numbers_go_on_a_list_of_references(run: Run, backoffice: str, text: str, refs: list[str]) -> None:
    _, messages = await run(
        "action_order_status", text=text, slots={"order_ref": "AR-20301"}, entities={"order_ref": ["AR-20301"]}
    )
    assert [message["ref"] for message in messages] == refs


async def test_a_reference_of_an_earlier_message_is_the_one_that_is_meant(run: Run, backoffice: str) -> None:
    _, messages = await run(
        "action_order_status", slots={"order_ref": "AR-20311"}, entities={"order_ref": ["AR-20309"]}
    )
    assert [message["ref"] for message in messages] == ["AR-20311"]


async def test_an_unknown_reference_is_asked_for_once_more_and_then_a_person_is_offered(
    run: Run, say: Any, backoffice: str
) -> None:
    events, messages = await run("action_order_status", slots={"order_ref": "AR-99999"})
    assert "AR-99999" in say(messages[0], "en")["text"]
    assert loops(events) == ["order_form"]
    assert slots_set(events) == {"order_ref": None, "lookup_misses": 1, "requested_slot": "order_ref"}
    assert {"event": "followup", "timestamp": None, "name": "action_listen"} in events

    events, messages = await run("action_order_status", slots={"order_ref": "AR-99998", "lookup_misses": 1})
    filled = say(messages[0], "id")
    assert "AR-99998" in filled["text"]
    assert "/talk_to_human" in [button["payload"] for button in filled["buttons"]]
    assert loops(events) == []
    assert slots_set(events) == {"order_ref": None, "lookup_misses": 0}


async def test_a_refund_that_is_unknown_asks_in_its_own_form(run: Run, backoffice: str) -> None:
    events, _ = await run("action_refund_status", slots={"order_ref": "AR-99999"})
    assert loops(events) == ["refund_form"]


@pytest.mark.parametrize(
    ("action", "slot", "ref"),
    [
        ("action_order_status", "order_ref", "AR-20311"),
        ("action_refund_status", "order_ref", "AR-20309"),
        ("action_card_delivery", "card_ref", "KD-4801"),
    ],
)
async def test_a_back_office_that_is_down_hands_over(
    run: Run, say: Any, nowhere: None, action: str, slot: str, ref: str
) -> None:
    events, (honest, handoff) = await run(action, slots={slot: ref})
    assert ref in say(honest, "en")["text"]
    assert handoff["custom"]["sigap"] == "handoff"
    assert handoff["custom"]["reason"] == "action_failed"
    assert ref in handoff["custom"]["detail"]
    assert say(handoff, "id")["text"]  # for channels that do not know Sigap
    assert slots_set(events)[slot] is None
    assert loops(events) == [None]


async def test_a_failing_back_office_hands_over(run: Run, backoffice: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{backoffice}/dials", json={"fail_share": 1})).raise_for_status()
    _, messages = await run("action_order_status", slots={"order_ref": "AR-20311"})
    assert messages[-1]["custom"]["reason"] == "action_failed"


async def test_a_slow_back_office_hands_over_in_time(
    run: Run, backoffice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.backoffice.TIMEOUT_S", 0.2)
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{backoffice}/dials", json={"delay_s": 2})).raise_for_status()
    _, messages = await run("action_order_status", slots={"order_ref": "AR-20311"})
    assert messages[-1]["custom"]["reason"] == "action_failed"


async def test_a_wrong_address_is_not_taken_for_an_unknown_reference(
    run: Run, backoffice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKOFFICE_URL", f"{backoffice}/elsewhere")
    _, messages = await run("action_order_status", slots={"order_ref": "AR-20311"})
    assert messages[-1]["custom"]["reason"] == "action_failed"


async def test_no_reference_reaches_the_log(run: Run, backoffice: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await run("action_order_status", slots={"order_ref": "AR-20311"})
    assert not [record for record in caplog.records if "20311" in record.getMessage() and record.name == "httpx"]


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ("talk_to_human", "customer_asked"),
        ("complaint", "complaint"),
        ("affirm", "customer_asked"),
    ],
)
async def test_a_handoff_names_its_reason_and_leaves_the_form(run: Run, say: Any, intent: str, reason: str) -> None:
    events, (message,) = await run("action_handoff", intent=intent, loop="order_form")
    assert message["custom"] == {"sigap": "handoff", "reason": reason, "detail": message["custom"]["detail"]}
    assert message["custom"]["detail"]
    assert say(message, "en")["text"] != say(message, "id")["text"]
    assert loops(events) == [None]


def turn(text: str, *actions: str) -> list[dict[str, Any]]:
    done = [{"event": "action", "name": action} for action in (*actions, "action_listen")]
    return [{"event": "user", "text": text}, *done]


async def test_the_first_message_not_understood_offers_topics_and_a_person(run: Run, say: Any) -> None:
    _, (message,) = await run("action_fallback", intent="nlu_fallback")
    payloads = [button["payload"] for button in say(message, "en")["buttons"]]
    assert 3 <= len(payloads) <= 4
    assert "/talk_to_human" in payloads


async def test_the_second_in_a_row_hands_over(run: Run) -> None:
    _, (message,) = await run("action_fallback", intent="nlu_fallback", events=turn("hm", "action_fallback"))
    assert message["custom"]["reason"] == "repeated_fallback"


@pytest.mark.parametrize(
    "between",
    [
        turn("fees", "utter_transfer_fee"),
        [{"event": "session_started"}, {"event": "action", "name": "action_listen"}],
        [{"event": "restart"}],
    ],
    ids=["another answer", "a new session", "a restart"],
)
async def test_two_that_are_not_in_a_row_do_not_hand_over(run: Run, between: list[dict[str, Any]]) -> None:
    events = [*turn("hm", "action_fallback"), *between]
    _, (message,) = await run("action_fallback", intent="nlu_fallback", events=events)
    assert message["response"] == "utter_rephrase"


async def test_inside_a_form_no_list_of_topics_is_shown(run: Run) -> None:
    _, (message,) = await run("action_fallback", intent="nlu_fallback", loop="order_form")
    assert message["response"] == "utter_form_not_understood"


async def test_only_the_first_greeting_of_a_session_introduces_the_assistant(run: Run, say: Any) -> None:
    _, (first,) = await run("action_greet", intent="greet", text="hi")
    assert "automated assistant" in say(first, "en")["text"]
    assert "asisten otomatis" in say(first, "id")["text"]
    _, (second,) = await run("action_greet", intent="greet", text="hi", events=turn("hi", "action_greet"))
    assert second["response"] == "utter_greet_again"
    later = [*turn("hi", "action_greet"), {"event": "session_started"}]
    _, (third,) = await run("action_greet", intent="greet", text="hi", events=later)
    assert third["response"] == first["response"]


async def test_after_a_person_the_greeting_knows_who_helped_with_what(run: Run, say: Any) -> None:
    helped = {"helped_by": "Dina", "helped_with": ["refund_status", "talk_to_human"]}
    _, (message,) = await run("action_greet", intent="greet", text="hi", metadata=helped)
    assert "Dina has looked after this: Refund status" in say(message, "en")["text"]
    _, (message,) = await run("action_greet", intent="greet", text="hi", metadata={"helped_by": "Dina"})
    assert "Dina has looked after you" in say(message, "en")["text"]


async def test_what_was_nearly_understood_is_asked_about(run: Run, say: Any) -> None:
    ranking = [("nlu_fallback", 0.5), ("order_return", 0.4), ("thank", 0.3), ("refund_status", 0.2), ("top_up", 0.1)]
    _, (message,) = await run("action_fallback", intent="nlu_fallback", ranking=ranking, slots={"language": "id"})
    assert message["response"] == "utter_did_you_mean"
    assert [(button["title"], button["payload"]) for button in message["buttons"]] == [
        ("Kembalikan barang", "/order_return"),
        ("Status refund", "/refund_status"),
        ("Hubungi petugas", "/talk_to_human"),
    ]


def test_every_topic_that_can_be_meant_is_an_intent_with_both_titles() -> None:
    domain = YAML(typ="safe").load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
    assert set(TOPICS) <= set(domain["intents"])
    assert all(title["en"] and title["id"] and max(map(len, title.values())) <= 20 for title in TOPICS.values())


@pytest.mark.parametrize(
    ("requested", "text", "value"),
    [
        ("order_ref", "20311", "AR-20311"),
        ("order_ref", "it's 20311 i think", "AR-20311"),
        ("order_ref", "Rp 20311", None),
        ("order_ref", "20.311", None),
        ("order_ref", "20311 or 20312", None),
        ("order_ref", "2031", None),
        ("order_ref", "my neighbour at number 20311 said that the parcel is lost", None),
        ("card_ref", "nomornya 4801 kak", "KD-4801"),
        ("card_ref", "20311", None),
        ("transfer_ref", "500101 kak", "TF-500101"),
        ("phone_last4", "it ends in 4417", "4417"),
        ("phone_last4", "44175", None),
        ("phone_last4", "0812 3456 4417", "4417"),
        ("phone_last4", "it's KD 4801", None),
        ("phone_last4", "i ordered in 2024", None),
        ("phone_last4", "४४१७", None),
        (None, "20311", None),
    ],
)
async def test_digits_alone_answer_the_question_of_a_form(
    run: Run, requested: str | None, text: str, value: str | None
) -> None:
    events, _ = await run("action_read_bare_reference", text=text, slots={"requested_slot": requested})
    assert slots_set(events) == ({requested: value} if value else {})
