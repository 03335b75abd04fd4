"""The trained assistant: what it understands of messages it has never read, and whole conversations with it.

Uses the model of the project when it is current, and trains one otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa_sdk.executor import ActionExecutor
from ruamel.yaml import YAML

from bot import settings
from bot.adapters import rasa_project
from bot.nlu.measured import measure, read_messages
from bot.nlu.model import OUT_OF_SCOPE
from tests.assistant.conftest import PROJECT, InProcess

pytestmark = pytest.mark.timeout(900)  # training, on a busy machine

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def agent(executor: ActionExecutor, tmp_path_factory: pytest.TempPathFactory) -> Agent:
    models = PROJECT / ".sigap" / "models"
    if not rasa_project.is_current(PROJECT, models):
        models = tmp_path_factory.mktemp("models")
        rasa_project.train(PROJECT, models, lambda line: None)
    return Agent.load(str(rasa_project.usable_model(models)), action_endpoint=InProcess(executor))


def held_out(language: str) -> list[tuple[str, str]]:
    blocks = YAML(typ="safe").load((HERE / f"nlu_unseen.{language}.yml").read_text(encoding="utf-8"))["nlu"]
    annotation = re.compile(r"\[([^\]]+)\]\([^)]+\)")
    return [
        (block["intent"], annotation.sub(r"\1", line[2:]))
        for block in blocks
        for line in block["examples"].splitlines()
    ]


@pytest.mark.parametrize("language", ["en", "id"])
async def test_unseen_messages_are_understood(agent: Agent, language: str) -> None:
    cases = held_out(language)
    assert len(cases) >= 3 * 29
    wrong = []
    for intent, text in cases:
        understood = (await agent.parse_message(text))["intent"]["name"]
        if understood != intent:
            wrong.append((text, intent, understood))
    assert len(wrong) / len(cases) <= 0.05, wrong


@pytest.mark.parametrize("file", ["blind.jsonl", "blind.unread.jsonl"])
async def test_messages_written_without_sight_of_the_examples_are_understood(agent: Agent, file: str) -> None:
    """Real people's way of writing, from the intents' descriptions alone. Nobody looks at the unread ones: a change is
    judged by them, never made for them."""
    for language in ("en", "id"):
        cases = [message for message in read_messages(HERE / file) if message.language == language]
        found = [(await agent.parse_message(message.text))["intent"]["name"] for message in cases]
        wanted = ["nlu_fallback" if case.intent == OUT_OF_SCOPE else case.intent for case in cases]
        right = [one == other for one, other in zip(found, wanted, strict=True)]
        assert len(cases) >= 50
        assert sum(right) / len(right) >= 0.9, (language, sum(right) / len(right))


@pytest.mark.parametrize(
    "text",
    [
        "lost card replacement",
        "burglars took everything including my debit card, I need a replacement asap",
        "My card was stolen, can I get a replacement",
        "don't unfreeze my card, I still haven't found it",
        "I unblocked it by mistake, block it again",
        "kartuku dicuri, minta kartu pengganti",
        "kartunya ga ketemu ketemu, tolong jangan dibuka blokirnya",
        "salah pencet buka blokir, tolong blokir lagi",
    ],
)
async def test_a_card_that_is_gone_is_never_told_how_to_be_used_again(agent: Agent, text: str) -> None:
    understood = (await agent.parse_message(text))["intent"]["name"]
    assert understood in {"card_block", "talk_to_human", "nlu_fallback"}


@pytest.mark.parametrize("text", ["no, I want a real person", "no! agent!", "tidak, saya mau bicara dengan orang"])
async def test_a_no_to_the_bot_is_a_wish_for_a_person(agent: Agent, text: str) -> None:
    assert (await agent.parse_message(text))["intent"]["name"] == "talk_to_human"


def test_the_examples_confirm_each_other_no_less_than_before() -> None:
    """A change may raise the floor, never lower it. `sigap nlu check` shows which intents get mixed up."""
    floor = json.loads((HERE / "nlu_floor.json").read_text(encoding="utf-8"))
    f1 = measure(settings.load(), None, with_encoder=False).f1
    assert all(f1[language] >= least for language, least in floor.items()), (f1, floor)


async def test_what_is_out_of_scope_is_mostly_not_guessed(agent: Agent) -> None:
    lines = (HERE / "out_of_scope.txt").read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line and not line.startswith("#")]
    assert len(texts) >= 50
    guessed = [text for text in texts if (await agent.parse_message(text))["intent"]["name"] != "nlu_fallback"]
    assert len(guessed) / len(texts) <= 0.25, guessed


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("AR-20311", "order_ref", "AR-20311"),
        ("ar20311", "order_ref", "ar20311"),
        ("AR 20311", "order_ref", "AR 20311"),
        ("cek ar.20311 dong", "order_ref", "ar.20311"),
        ("kd4801?", "card_ref", "kd4801"),
        ("(KD-4801)", "card_ref", "KD-4801"),
        ("AR-203119", "order_ref", None),
        ("bazar20311", "order_ref", None),
        ("KD-48015", "card_ref", None),
    ],
)
async def test_references_are_found_however_they_are_typed(
    agent: Agent, text: str, entity: str, value: str | None
) -> None:
    entities = (await agent.parse_message(text))["entities"]
    assert [found["value"] for found in entities if found["entity"] == entity] == ([value] if value else [])


@pytest.fixture
def talk(agent: Agent, backoffice: str) -> Callable[..., Any]:
    """Say something and collect the answers, as one customer."""
    sender = f"webchat:{uuid4().hex}"

    async def talk(text: str, parse_data: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        channel = CollectingOutputChannel()
        sent: list[dict[str, Any]] = []

        async def collect(recipient: str, message: dict[str, Any]) -> None:
            sent.append(dict(message))

        channel.send_response = collect  # the stock one splits texts
        await agent.handle_message(UserMessage(text, channel, sender, parse_data=parse_data))
        return sent

    return talk


Talk = Callable[..., Any]


async def test_an_order_is_asked_for_found_and_forgotten(talk: Talk) -> None:
    (greeting,) = await talk("hello")
    assert "automated assistant" in greeting["text"]
    assert greeting["buttons"][-1]["payload"] == "/talk_to_human"
    (question,) = await talk("where is my order?")
    assert "AR-12345" in question["text"]
    (answer,) = await talk("ar20311")
    assert "AR-20311 (Nusa X5 Pro phone) is on its way with Kilat Express" in answer["text"]
    (again,) = await talk("and where is my order?")
    assert again["text"] == question["text"]


async def test_an_indonesian_customer_is_answered_in_indonesian(talk: Talk) -> None:
    (answer,) = await talk("kak pesanan AR-20312 udah sampe mana ya")
    assert "AR-20312 (Denyut smartwatch) terlambat di Bahtera Kargo" in answer["text"]
    (thanks,) = await talk("ok thx")
    assert thanks["text"].startswith("Sama-sama")
    (card,) = await talk("kartu atm saya kok blm sampai ya, KD-4805")
    assert "tidak berhasil mengantar kartu Kakak (KD-4805)" in card["text"]


async def test_other_questions_are_answered_and_the_form_goes_on(talk: Talk) -> None:
    (question,) = await talk("track my parcel")
    fees, asked_again = await talk("how much is a transfer to another bank?")
    assert "Rp2,500" in fees["text"]
    assert asked_again["text"] == question["text"]
    (answer,) = await talk("20307")
    assert "AR-20307" in answer["text"]


def meant(intent: str, text: str = "x") -> dict[str, Any]:
    return {"text": text, "intent": {"name": intent, "confidence": 1.0}, "entities": []}


OPENERS = {
    "order_form": ["order_status"],
    "refund_form": ["refund_status"],
    "card_form": ["card_delivery_status"],
    "cancel_form": ["order_cancel"],
    "transfer_form": ["pending_transfer"],
    "password_form": ["reset_password", "affirm"],
    "address_form": ["change_address", "affirm"],
}
ASIDE = (
    "transfer_fee transfer_limit top_up exchange_rate deposit_rate account_balance account_statement open_account "
    "close_account app_problem branch_hours payment_methods promo_code order_return card_activate card_declined "
    "card_unblock card_replace make_transfer transfer_cancel "
    "capabilities thank praise bot_challenge greet service_rating media"
).split()


@pytest.mark.parametrize("form", OPENERS)
async def test_whatever_is_asked_in_between_the_form_goes_on(talk: Talk, form: str) -> None:
    for intent in OPENERS[form]:
        *_, question = await talk("x", parse_data=meant(intent))
    for intent in ASIDE:
        answers = await talk("x", parse_data=meant(intent))
        assert len(answers) >= 2, (form, intent)
        assert answers[-1]["text"] == question["text"], (form, intent)
        assert not any("didn't get that" in answer["text"] for answer in answers), (form, intent)


@pytest.mark.parametrize("leave", ["never mind", "cancel", "i don't have the number"])
async def test_a_form_can_be_left(talk: Talk, leave: str) -> None:
    await talk("track my parcel")
    (answer,) = await talk(leave)
    assert "I've stopped looking that up" in answer["text"]
    (balance,) = await talk("check my balance")
    assert "home screen" in balance["text"]


async def test_another_question_of_the_same_kind_takes_over_the_form(talk: Talk) -> None:
    await talk("where is my order")
    (question,) = await talk("actually, where is my refund?")
    assert question["text"].startswith("Which order is the refund for?")
    (answer,) = await talk("AR-20316")
    assert "Rp1,250,000" in answer["text"]


async def test_an_unknown_number_twice_ends_with_the_offer_of_a_person(talk: Talk) -> None:
    (first,) = await talk("where is AR-99999")
    assert "can't find an order AR-99999" in first["text"]
    (second,) = await talk("AR-99998")
    assert [button["payload"] for button in second["buttons"]] == ["/talk_to_human", "/order_status"]
    (handoff,) = await talk("/talk_to_human")
    assert handoff["custom"]["reason"] == "customer_asked"


async def test_a_lost_card_gets_its_first_aid_and_a_person(talk: Talk) -> None:
    await talk("where is my order")
    first_aid, handoff = await talk("help, my card was stolen, please block it")
    assert "Freeze" in first_aid["text"]
    assert handoff["custom"] == {"sigap": "handoff", "reason": "urgent", "detail": handoff["custom"]["detail"]}


async def test_two_messages_in_a_row_that_nobody_understands_hand_over(talk: Talk) -> None:
    (rephrase,) = await talk("who won the football match last night")
    assert rephrase["buttons"][-1]["payload"] == "/talk_to_human"
    (handoff,) = await talk("how far is the moon")
    assert handoff["custom"]["reason"] == "repeated_fallback"


async def test_yes_takes_up_the_offer_of_a_person(talk: Talk) -> None:
    (answer,) = await talk("aplikasinya error terus ga bisa dibuka")
    assert answer["text"].endswith("Mau saya panggilkan rekan kami?")
    (handoff,) = await talk("iya boleh")
    assert handoff["custom"]["reason"] == "customer_asked"


async def test_a_turn_that_no_rule_covers_counts_as_not_understood(agent: Agent, talk: Talk) -> None:
    unforeseen = {"text": "x", "intent": {"name": "unforeseen", "confidence": 1.0}, "entities": []}
    (rephrase,) = await talk("x", parse_data=unforeseen)
    assert rephrase["buttons"][-1]["payload"] == "/talk_to_human"
    (handoff,) = await talk("x", parse_data=unforeseen)
    assert handoff["custom"]["reason"] == "repeated_fallback"


@pytest.mark.parametrize("intent", ["nlu_fallback", "unforeseen"])
async def test_a_form_asks_again_after_what_it_did_not_understand(talk: Talk, intent: str) -> None:
    (question,) = await talk("track my parcel")
    not_understood = meant(intent)
    sorry, again = await talk("x", parse_data=not_understood)
    assert "never mind" in sorry["text"]
    assert again["text"] == question["text"]
    (answer,) = await talk("AR-20307")
    assert "AR-20307" in answer["text"]


async def test_restart_and_session_start_work_as_in_any_rasa_assistant(talk: Talk) -> None:
    await talk("halo kak")
    (answer,) = await talk("/restart")
    assert answer["text"]
    assert await talk("/session_start") == []
    (greeting,) = await talk("hi")
    assert "automated assistant" in greeting["text"]
