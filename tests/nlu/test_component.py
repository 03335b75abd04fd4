"""The classifier as a component: its settings, and what Rasa gets from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.classifier import IntentClassifier
from tests.nlu.test_intents import PAIRS


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"answered": 1.2}, "answered"),
        ({"answered": True}, "answered"),
        ({"static": -1}, "static"),
        ({"encoder": "yes"}, "encoder"),
    ],
)
def test_a_wrong_setting_names_the_key(config: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidConfigException, match=named):
        IntentClassifier.validate_config({**IntentClassifier.get_default_config(), **config})


def component(folder: Path, pairs: list[tuple[str, str]]) -> IntentClassifier:
    """Trained, kept, and loaded again."""
    storage, resource = LocalModelStorage(folder), Resource("intents")
    context = ExecutionContext(GraphSchema({}))
    made = IntentClassifier.create(IntentClassifier.get_default_config(), storage, resource, context)
    made.train(TrainingData([Message.build(text=text, intent=intent) for text, intent in pairs]))
    return IntentClassifier.load(IntentClassifier.get_default_config(), storage, resource, context)


def understood(classifier: IntentClassifier, text: str) -> tuple[str, list[str]]:
    [message] = classifier.process([Message.build(text=text)])
    return message.get("intent")["name"], [each["name"] for each in message.get("intent_ranking")]


def test_what_is_known_is_ranked_and_the_rest_falls_back(tmp_path: Path) -> None:
    classifier = component(tmp_path, PAIRS)
    intent, ranking = understood(classifier, "where is my order please")
    assert intent == ranking[0] == "order_status"
    for text in ("siapa menang bola", "", "🤷"):
        intent, ranking = understood(classifier, text) if text else ("nlu_fallback", ["nlu_fallback"])
        assert intent == ranking[0] == "nlu_fallback"
        assert "out_of_scope" not in ranking


def test_without_examples_it_stays_silent(tmp_path: Path) -> None:
    [message] = component(tmp_path, []).process([Message.build(text="hello")])
    assert not message.get("intent")


def test_an_intent_with_one_example_is_left_out(tmp_path: Path) -> None:
    classifier = component(tmp_path, [*PAIRS, ("sing me a song", "sing")])
    assert "sing" not in understood(classifier, "sing me a song")[1]
