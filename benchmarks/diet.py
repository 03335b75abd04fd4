"""Rasa's default pipeline (DIET, 100 epochs) on public data, and its result kept: the full set takes an hour or more.

Kept in benchmarks/kept/diet.json with the date and the versions, so that a table can show it without the hour.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from bot.adapters import rasa_project
from bot.settings import PROJECT

KEPT = PROJECT / "benchmarks" / "kept" / "diet.json"
# Rasa 3.6's default NLU pipeline; its features are those that turns.py gives stock Rasa, too.
FEATURES: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer", "use_lookup_tables": False},  # there are none in public data
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
PIPELINE: list[dict[str, Any]] = [
    *FEATURES,
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
]


def learn(train: Sequence[tuple[str, str]]) -> Callable[[str], tuple[str, float]]:
    """Trains stock Rasa; what it returns tells a message's intent and confidence."""
    from rasa.core.agent import Agent  # noqa: PLC0415 - Rasa takes seconds to load

    by: dict[str, list[str]] = {}
    for text, intent in train:
        by.setdefault(intent, []).append(" ".join(text.split()))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "data" / "nlu").mkdir(parents=True)
        nlu = [{"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in by.items()]
        for name, content in (
            ("config.yml", {"recipe": "default.v1", "assistant_id": "diet", "language": "en", "pipeline": PIPELINE}),
            ("domain.yml", {"version": "3.1", "intents": sorted(by)}),
            ("data/nlu/nlu.yml", {"version": "3.1", "nlu": nlu}),
        ):
            with (folder / name).open("w", encoding="utf-8") as file:
                YAML().dump(content, file)
        agent = Agent.load(str(rasa_project.train(folder, folder / "models", lambda line: None)))
    loop = asyncio.new_event_loop()

    def answer(text: str) -> tuple[str, float]:
        intent = loop.run_until_complete(agent.parse_message(text))["intent"]
        return str(intent["name"]), float(intent["confidence"])

    return answer


def keep(what: str, outcome: Mapping[str, float]) -> None:
    """Beside the results of other sets."""
    kept = read()
    kept[what] = {
        **outcome,
        "date": date.today().isoformat(),
        "rasa": version("rasa"),
        "tensorflow": version("tensorflow"),
    }
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def read() -> dict[str, dict[str, Any]]:
    return dict(json.loads(KEPT.read_text())) if KEPT.is_file() else {}
