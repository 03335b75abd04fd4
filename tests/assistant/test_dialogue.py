"""Rasa behind the Dialogue port, with the trained assistant: what was made faster says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.engine.exceptions import GraphRunError
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from ruamel.yaml import YAML

from bot.adapters import rasa_project, rasa_runner
from bot.adapters.rasa_dialogue import TURNS_KEPT, RasaDialogue
from bot.adapters.rasa_rules import Rules
from bot.adapters.rasa_runner import InOrder
from bot.core.conversation import Helped
from bot.core.ports import Turn
from bot.designer.project import unannotated
from bot.settings import PROJECT
from tests.scenarios.harness import TRAINED

SAID = (
    "hello",
    "what does a transfer cost",
    "halo kak",
    "jam buka cabang",
    "where is my order",
    "never mind",
    "thanks",
)


@pytest.fixture(scope="module")
def model() -> Path:
    return rasa_project.usable_model(TRAINED)


@pytest.fixture(scope="module")
def dialogue(model: Path) -> RasaDialogue:
    return RasaDialogue(model, PROJECT)


async def turn(dialogue: RasaDialogue, key: str, text: str, tracker: bytes, number: int = 0) -> Turn:
    return await dialogue.respond(
        key=key, channel="webchat", text=text, message_id=f"{key}-{number}", language="en", tracker=tracker
    )


async def responses(dialogue: RasaDialogue, key: str, *texts: str) -> list[list[str]]:
    """The names of what is said, turn by turn."""
    tracker, heard = b"", []
    for number, text in enumerate(texts):
        answered = await turn(dialogue, key, text, tracker, number)
        tracker = answered.tracker
        heard.append([said.response for said in answered.utterances])
    return heard


def test_the_graph_in_order_gives_what_dask_gives(model: Path) -> None:
    """Understanding, for every message; the policies' part is compared turn by turn by `rasa test core`."""
    runners = [
        load_predict_graph_runner(Path(mkdtemp()), model, LocalModelStorage, kind)[1]
        for kind in (DaskGraphRunner, InOrder)
    ]

    def understood(runner: Any, text: str) -> dict[str, Any]:
        message = UserMessage(text, message_id="1", metadata={})
        [found] = runner.run({"__message__": [message], "__tracker__": None}, ["run_RegexMessageHandler"]).values()
        return dict(found[0].as_dict(only_output_properties=True))

    for text in (*SAID, "/restart", "AR-20311 kak"):
        dask, ours = (understood(runner, text) for runner in runners)
        assert ours == dask
    with pytest.raises(GraphRunError):
        runners[1].run({"run_RegexMessageHandler": 1}, ["run_RegexMessageHandler"])


def conversations() -> Iterator[list[str]]:
    """What customers say in the designers' conversations, every fifth of them."""
    for path in sorted(Path(__file__).parent.glob("test_flows_*.yml")):
        for story in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["stories"][::5]:
            yield [unannotated(step["user"].strip()) for step in story["steps"] if "user" in step]


async def test_rules_found_sooner_are_the_rules_that_rasa_finds(
    model: Path, dialogue: RasaDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasa_runner, "QUICKER", {})
    stock = RasaDialogue(model, PROJECT)
    compared = 0
    for number, said in enumerate(conversations()):
        ours = theirs = b""
        # Forms left in the middle, resumed, and talked over: the next conversation follows without a break.
        for place, text in enumerate([*said, "what does a transfer cost", *reversed(said), "/restart", *said[:1]]):
            found = await turn(dialogue, f"ours-{number}", text, ours, place)
            expected = await turn(stock, f"stock-{number}", text, theirs, place)
            assert (found.actions, found.slots, found.intents, found.handoff) == (
                expected.actions, expected.slots, expected.intents, expected.handoff,
            )  # fmt: skip
            ours, theirs = found.tracker, expected.tracker
            compared += 1
    assert compared > 200


def test_a_rule_is_tried_where_it_asks_for_nothing_else() -> None:
    def key(**state: Any) -> str:
        return json.dumps([state])

    spoken = key(prev_action={"action_name": "action_listen"}, user={"intent": "greet"})
    after = key(prev_action={"action_name": "utter_hello"})
    unset = key(prev_action={"action_name": "should_not_be_set"}, active_loop={"name": "f"})
    rules = Rules([spoken, after, unset])
    listening = {"prev_action": {"action_name": "action_listen"}}
    assert rules.that_may_fit({**listening, "user": {"intent": "greet"}}) == {spoken, unset}
    assert rules.that_may_fit({**listening, "user": {"intent": "bye"}}) == {unset}
    assert rules.that_may_fit({"prev_action": {"action_name": "utter_hello"}, "user": {"intent": "greet"}}) == {
        after, unset,
    }  # fmt: skip
    assert rules.by_text, "the last rule may follow any message, whatever it says"
    assert not Rules([spoken, after]).by_text
    assert Rules([key(prev_action={"action_name": "action_listen"}, user={"text": "hi", "intent": "x"})]).by_text


async def test_a_conversation_told_from_memory_is_the_one_told_from_its_bytes(dialogue: RasaDialogue) -> None:
    remembered = told = b""
    for number, text in enumerate(SAID * 3):
        kept = await turn(dialogue, "kept", text, remembered, number)
        dialogue._trackers._read.clear()  # as in another worker
        read = await turn(dialogue, "read", text, told, number)
        assert (kept.utterances, kept.slots, kept.actions, kept.intents) == (
            read.utterances, read.slots, read.actions, read.intents,
        )  # fmt: skip
        remembered, told = kept.tracker, read.tracker
    assert len(SAID * 3) > TURNS_KEPT, "long enough for the beginning to be cut"


async def test_memory_never_wins_over_the_bytes_that_came_with_the_message(dialogue: RasaDialogue) -> None:
    first = await turn(dialogue, "other", "where is my order", b"")
    await turn(dialogue, "other", "never mind", first.tracker, 1)  # this turn was lost: it was never committed
    again = await turn(dialogue, "other", "AR-20311", first.tracker, 2)
    fresh = await turn(dialogue, "fresh", "where is my order", b"")
    dialogue._trackers._read.clear()
    expected = await turn(dialogue, "fresh", "AR-20311", fresh.tracker, 1)
    assert again.utterances == expected.utterances


async def test_warming_up_leaves_nothing_behind_and_asks_the_back_office_nothing(
    dialogue: RasaDialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = await responses(dialogue, "before", *SAID)
    remembered = dict(dialogue._trackers._read)

    async def called(*_: object) -> None:
        raise AssertionError("the back office was called")

    with monkeypatch.context() as patched:
        patched.setattr("actions.calls.Service._call", called)
        played = []
        respond = dialogue.respond

        async def listening(**given: Any) -> Turn:
            played.append(await respond(**given))
            return played[-1]

        patched.setattr(dialogue, "respond", listening)
        await dialogue.warm()
    assert {turn.language for turn in played} == {"en", "id"}
    assert all(turn.utterances and turn.handoff is None for turn in played)
    assert dialogue._trackers._read == remembered
    assert (dialogue._trackers._stored, dialogue._trackers._live) == ({}, {})
    assert await responses(dialogue, "after", *SAID) == fresh


@pytest.mark.parametrize("answer", ["yes 20302", "yes, cancel 20302", "ya batalin 20302", "yes, it's 4471"])
async def test_a_yes_that_names_another_number_cancels_nothing(dialogue: RasaDialogue, answer: str) -> None:
    heard = await responses(dialogue, answer, "cancel order AR-20301 please", "4417", answer)
    assert heard[1] == ["utter_confirm_cancel"]
    assert heard[2] in (["utter_confirm_cancel"], ["utter_confirm_cancel_digits"]), "asked again"


@pytest.mark.parametrize(
    "digits",
    [
        "4471",
        "it's 4471, sorry",
        "eh salah, 4471",
        "it ends in 4471",
        "oh sorry, I looked at my old phone: it should be 4471",
    ],
)
async def test_digits_that_were_wrong_can_be_put_right_before_the_yes(dialogue: RasaDialogue, digits: str) -> None:
    heard = await responses(dialogue, digits, "cancel order AR-20301 please", "4417", digits, "AR-20302")
    assert heard[1:] == [["utter_confirm_cancel"], ["utter_confirm_cancel_digits"], ["utter_confirm_cancel"]]


async def test_all_orders_of_a_message_are_told(dialogue: RasaDialogue, backoffice: str) -> None:
    (heard,) = await responses(dialogue, "two", "where are my orders AR-20301 and AR-20311?")
    assert heard == ["utter_order_processing", "utter_order_shipped"]


@pytest.mark.parametrize("said", ["AR-20311 and TF-500101", "where's AR-20311, and did TF-500101 arrive?"])
async def test_references_of_two_kinds_are_both_told(dialogue: RasaDialogue, backoffice: str, said: str) -> None:
    (heard,) = await responses(dialogue, said, said)
    assert heard[0] == "utter_order_shipped"
    assert heard[1].startswith("utter_transfer_")


async def test_after_a_question_left_open_the_next_order_to_cancel_is_asked_for(dialogue: RasaDialogue) -> None:
    said = ("cancel order AR-20301 please", "4417", "what does a transfer cost", "i want to cancel an order")
    heard = await responses(dialogue, "left", *said)
    assert heard[1] == ["utter_confirm_cancel"]
    assert heard[3] == ["utter_ask_cancel_form_order_ref"]


@pytest.mark.parametrize(
    ("said", "response"),
    [
        ("TF-500102 500rb", "utter_transfer_"),
        ("AR-20311 headset", "utter_order_shipped"),
        ("KD-4801 jakarta", "utter_card_"),
        ("AR-20311 tomorrow", "utter_order_shipped"),
    ],
)
async def test_a_reference_is_understood_whatever_stands_beside_it(
    dialogue: RasaDialogue, backoffice: str, said: str, response: str
) -> None:
    (heard,) = await responses(dialogue, said, said)
    assert heard[0].startswith(response)


@pytest.mark.parametrize("no", ["nvm", "biarin aja deh", "ok nevermind", "no wait, i changed my mind", "nggak usah"])
async def test_a_plain_no_keeps_the_order_at_once(dialogue: RasaDialogue, no: str) -> None:
    heard = await responses(dialogue, no, "cancel order AR-20301 please", "4417", no)
    assert heard[1:] == [["utter_confirm_cancel"], ["utter_cancel_kept"]]


@pytest.mark.parametrize(
    ("texts", "rating"),
    [(["👍"], 5), (["👎"], 1), (["😡"], 1), (["3"], 3), (["makasih kak", "5"], 5), (["thanks", "👍"], 5)],
)
async def test_points_alone_are_a_rating_after_a_person_closed_the_case(
    dialogue: RasaDialogue, texts: list[str], rating: int
) -> None:
    key, tracker = f"rated-{texts}", b""
    helped: Helped | None = Helped(by="Dina", at=datetime(2026, 3, 1, tzinfo=UTC), closed=True)
    for number, text in enumerate(texts):
        answered = await dialogue.respond(
            key=key, channel="webchat", text=text, message_id=str(number), language="id", tracker=tracker, helped=helped
        )
        tracker, helped = answered.tracker, None
    assert answered.rating == rating


async def test_a_thumb_out_of_nowhere_is_no_rating(dialogue: RasaDialogue) -> None:
    assert await responses(dialogue, "thumb", "👍") == [["utter_affirm"]]
