"""Amounts and days as entities of Rasa's graph, read by rules (`values.py`).

In config.yml:

    - name: bot.nlu.entities.ValueExtractor
      timezone: Asia/Jakarta    # where "tomorrow" begins

Entity `amount` has values such as `IDR 1500000`, entity `day` such as `2026-12-25`. References, cities, currencies and
products need no code: they are patterns and lookup tables of the training data, read by Rasa's RegexEntityExtractor.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.values import amounts, days

TIMEZONE = "Asia/Jakarta"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class ValueExtractor(GraphComponent, EntityExtractorMixin):
    """See the module. It learns nothing, and it is thread-safe."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"timezone": TIMEZONE}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raises InvalidConfigException that names the key and the fix."""
        name = config.get("timezone", TIMEZONE)
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, TypeError, ValueError):
            raise InvalidConfigException(
                f"config.yml: timezone {name!r} is none. Write a name such as {TIMEZONE}."
            ) from None

    def __init__(self, config: dict[str, Any]) -> None:
        self._timezone = ZoneInfo({**self.get_default_config(), **config}["timezone"])

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource,
        execution_context: ExecutionContext,
    ) -> ValueExtractor:  # fmt: skip
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                found = self.add_extractor_name(self._entities(text))
                message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages

    def _entities(self, text: str) -> list[dict[str, Any]]:
        today = datetime.now(self._timezone).date()
        return [
            {
                ENTITY_ATTRIBUTE_TYPE: found.kind,
                ENTITY_ATTRIBUTE_START: found.start,
                ENTITY_ATTRIBUTE_END: found.end,
                ENTITY_ATTRIBUTE_VALUE: found.value,
            }
            for found in (*amounts(text), *days(text, today))
        ]
