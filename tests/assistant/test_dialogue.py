"""Rasa behind the Dialogue port, with the trained assistant: what was made faster says the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.engine.exceptions import GraphRunError
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage

from bot.adapters import rasa_project
from bot.adapters.rasa_dialogue import TURNS_KEPT, RasaDialogue
from bot.adapters.rasa_runner import InOrder
from bot.core.ports import Turn
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
