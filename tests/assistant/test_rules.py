"""What the rules make of a message that was understood: the policies are trained here, understanding is given."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.model_training import train_core
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa_sdk.executor import ActionExecutor

from tests.assistant.conftest import PROJECT, InProcess

Talk = Callable[..., Any]
CLOSED = {"helped_by": "Dina", "rating_asked": True}


@pytest.fixture(scope="module")
def agent(executor: ActionExecutor, tmp_path_factory: pytest.TempPathFactory) -> Agent:
    told = tmp_path_factory.mktemp("told")
    for folder in ("rules", "stories"):
        shutil.copytree(PROJECT / "data" / folder, told / folder)
    files = (str(PROJECT / "domain.yml"), str(PROJECT / "config.yml"), str(told))
    model = train_core(*files, output=str(tmp_path_factory.mktemp("model")))
    assert model is not None
    return Agent.load(model, action_endpoint=InProcess(executor))


@pytest.fixture
def talk(agent: Agent, backoffice: str) -> Talk:
    """Say something that is taken for `intent`, as one customer: what is answered, and what is known then."""
    sender = f"webchat:{uuid4().hex}"

    async def talk(
        text: str, intent: str, metadata: dict[str, Any] | None = None, **entities: str
    ) -> tuple[list[str], DialogueStateTracker]:
        channel = CollectingOutputChannel()
        sent: list[str] = []

        async def collect(recipient: str, message: dict[str, Any]) -> None:
            custom = message.get("custom") or {}
            sent.append(str(message.get("utter_action") or custom.get("score") or custom.get("reason")))

        channel.send_response = collect
        found = [{"entity": name, "value": value, "start": 0, "end": 1} for name, value in entities.items()]
        parsed = {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": found}
        await agent.handle_message(UserMessage(text, channel, sender, parse_data=parsed, metadata=metadata))
        return sent, await agent.tracker_store.get_or_create_tracker(sender)

    return talk


# ---- references ----------------------------------------------------------------------------------------

BESIDE = {
    "amount": "IDR 500000", "day": "2026-12-25", "city": "Jakarta", "currency": "USD", "product": "headset",
    "rating": "5",
}  # fmt: skip


@pytest.mark.parametrize("intent", ["inform_reference", "nlu_fallback"])
@pytest.mark.parametrize("beside", BESIDE)
async def test_a_reference_is_understood_whatever_stands_beside_it(talk: Talk, intent: str, beside: str) -> None:
    more = {beside: BESIDE[beside]}
    assert (await talk("x", intent, transfer_ref="TF-500102", **more))[0][0].startswith("utter_transfer_")
    assert (await talk("x", intent, order_ref="AR-20311", **more))[0] == ["utter_order_shipped"]
    answers, tracker = await talk("x", intent, card_ref="KD-4801", **more)
    assert answers[0].startswith("utter_card_")
    if beside in ("amount", "product"):
        assert tracker.get_slot(beside) == BESIDE[beside], "a person who takes over sees it"


@pytest.mark.parametrize("intent", ["inform_reference", "nlu_fallback"])
async def test_references_of_several_kinds_are_all_answered(talk: Talk, intent: str) -> None:
    (order, transfer), _ = await talk("x", intent, order_ref="AR-20311", transfer_ref="TF-500102", city="Jakarta")
    assert (order, transfer[:15]) == ("utter_order_shipped", "utter_transfer_")
    (transfer, card), _ = await talk("x", intent, card_ref="KD-4801", transfer_ref="TF-500102")
    assert (transfer[:15], card[:11]) == ("utter_transfer_", "utter_card_")


async def test_a_form_takes_a_reference_whatever_stands_beside_it(talk: Talk) -> None:
    assert (await talk("x", "order_status", product="headset"))[0] == ["utter_ask_order_ref"]
    assert (await talk("x", "inform_reference", order_ref="AR-20311", city="Jakarta"))[0] == ["utter_order_shipped"]
    assert (await talk("x", "card_delivery_status", order_ref="AR-20311", day="2026-12-25"))[0] == [
        "utter_order_shipped"
    ]


async def test_what_comes_alone_is_still_no_reference(talk: Talk) -> None:
    assert (await talk("x", "inform_reference", amount="IDR 500000"))[0] == ["utter_reference_format"]


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_kind_of_reference_is_named_where_none_can_be_read(language: str) -> None:
    responses = Domain.load(str(PROJECT / "domain.yml")).responses["utter_reference_format"]
    texts = [each["text"] for each in responses if bool(each.get("condition")) == (language == "id")]
    assert texts
    assert all(shape in text for text in texts for shape in ("AR-12345", "KD-1234", "TF-123456"))


# ---- a yes or no to cancelling -------------------------------------------------------------------------


async def asked(talk: Talk) -> None:
    assert (await talk("x", "order_cancel", order_ref="AR-20314"))[0] == ["utter_ask_phone_last4"]
    assert (await talk("8802", "inform_reference"))[0] == ["utter_confirm_cancel"]


@pytest.mark.parametrize("intent", ["deny", "affirm", "nlu_fallback", "inform_reference", "order_cancel"])
async def test_a_refusal_keeps_the_order_whatever_it_was_taken_for(talk: Talk, intent: str) -> None:
    await asked(talk)
    assert (await talk("ok nevermind", intent))[0] == ["utter_cancel_kept"]


async def test_what_was_not_understood_leaves_the_question_open(talk: Talk) -> None:
    await asked(talk)
    assert (await talk("hm hm", "nlu_fallback"))[0] == ["utter_confirm_cancel"]
    assert (await talk("no", "deny"))[0] == ["utter_cancel_kept"]
    await asked(talk)
    assert (await talk("hm hm", "nlu_fallback"))[0] == ["utter_confirm_cancel"]
    assert (await talk("hm hm hm", "nlu_fallback"))[0][-1].endswith("repeated_fallback")


@pytest.mark.parametrize("intent", ["inform_reference", "nlu_fallback"])
async def test_another_order_is_asked_about_in_its_turn(talk: Talk, intent: str) -> None:
    await asked(talk)
    answers, tracker = await talk("AR-20301, the headset", intent, order_ref="AR-20301", product="headset")
    assert (answers, tracker.get_slot("cancel_ref")) == (["utter_confirm_cancel"], "AR-20301")


# ---- points alone --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent", "score"),
    [
        ("👍", "affirm", "5"), ("👎", "deny", "1"), ("😡", "complaint", "1"), ("😍", "praise", "5"),
        ("🙂", "nlu_fallback", "4"), ("3", "inform_reference", "3"), ("5", "service_rating", "5"),
    ],
)  # fmt: skip
async def test_points_alone_are_a_rating_after_a_person_closed_the_case(
    talk: Talk, text: str, intent: str, score: str
) -> None:
    answers, _ = await talk(text, intent, CLOSED)
    assert answers[0] == score
    assert answers[1].startswith("utter_rating_")
    assert not (await talk("👍", "affirm"))[0][0].isdecimal(), "they are given once"


@pytest.mark.parametrize(("text", "intent"), [("5", "service_rating"), ("👍", "affirm"), ("4", "nlu_fallback")])
async def test_points_after_a_thank_you_are_not_lost(talk: Talk, text: str, intent: str) -> None:
    assert (await talk("makasih kak", "thank", CLOSED))[0] == ["utter_thank"]
    assert (await talk(text, intent))[0][0] in {"5", "4"}


async def test_a_thumb_answers_what_was_asked_before_it_rates_anything(talk: Talk) -> None:
    assert (await talk("👍", "affirm"))[0] == ["utter_affirm"]
    await talk("thanks", "thank", CLOSED)
    assert (await talk("👎", "deny"))[0] == ["utter_goodbye"]
    await talk("x", "card_declined")
    assert (await talk("👍", "affirm"))[0][-1].endswith("customer_asked")
