"""The lookup tables as Rasa reads them: each of their words is found whole, and means what amounts take it for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.extractors.entity_synonyms import EntitySynonymMapper
from rasa.nlu.extractors.regex_entity_extractor import RegexEntityExtractor
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.values import amounts

LOOKUPS = load_data(str(Path(__file__).parents[2] / "data/nlu/lookups.yml"))
Find = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> Find:
    storage, context = LocalModelStorage(tmp_path_factory.mktemp("lookups")), ExecutionContext(GraphSchema({}))
    parts = []
    for component in (RegexEntityExtractor, EntitySynonymMapper):
        part = component.create(component.get_default_config(), storage, Resource(component.__name__), context)
        part.train(LOOKUPS)
        parts.append(part)

    def find(text: str) -> list[dict[str, Any]]:
        messages = [Message.build(text=text)]
        for part in parts:
            messages = part.process(messages)
        return list(messages[0].get("entities"))

    return find


def entries() -> Iterator[tuple[str, str]]:
    for table in LOOKUPS.lookup_tables:
        yield from ((table["name"], word) for word in table["elements"])


@pytest.mark.parametrize(("table", "word"), list(entries()))
def test_no_entry_is_hidden_behind_a_shorter_one(find: Find, table: str, word: str) -> None:
    [found] = [each for each in find(f"x {word} x") if each["entity"] == table]
    assert (found["start"], found["end"]) == (2, 2 + len(word))


def test_a_currency_is_the_same_with_an_amount_and_without(find: Find) -> None:
    codes = {word: find(word)[0]["value"] for table, word in entries() if table == "currency"}
    known = {word: code for word, code in codes.items() if code.isupper()}
    assert len(known) >= 100
    assert {word: [each.value for each in amounts(f"100 {word}")] for word in known} == {
        word: [f"{code} 100"] for word, code in known.items()
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("what's the dollar at", "USD"),
        ("kurs dolar hari ini", "USD"),
        ("Dolar Singapura berapa", "SGD"),
        ("dolar singapur skrg brp", "SGD"),
        ("rate for singapore dollars", "SGD"),
        ("how is the Aussie dollar doing", "AUD"),
        ("dolar aussie turun gak", "AUD"),
        ("kurs dollar ausie", "AUD"),
        ("sg dollar?", "SGD"),
        ("australian dollars please", "AUD"),
        ("hong kong dollar to idr", "HKD"),
        ("dolar kanada ada kursnya gak", "CAD"),
        ("do u have canadian dollars", "CAD"),
        ("nz dollar rate?", "NZD"),
        ("new zealand dollars", "NZD"),
        ("kurs dolar taiwan", "TWD"),
        ("dolar brunei", "BND"),
        ("qatari riyal", "QAR"),
        ("riyal saudi", "SAR"),
    ],
)
def test_a_dollar_is_the_one_of_its_country(find: Find, text: str, code: str) -> None:
    assert [each["value"] for each in find(text) if each["entity"] == "currency"] == [code]
