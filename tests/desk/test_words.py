"""The two catalogues say the same things, and the pages ask only for what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bot.adapters.yaml_house import read_house
from bot.core import policy
from bot.core.conversation import LANGUAGES
from bot.core.handoff import Reason
from bot.core.personal import Kind
from bot.desk import words
from channels.registry import CHANNELS, channel_class

DESK = Path(words.__file__).parent
PROJECT = DESK.parents[1]


def strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def refusals(argument: str) -> set[str]:
    """Every value that the policy gives to this argument of a Refusal, also by way of a variable."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(Path(policy.__file__).read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Refusal"):
                continue
            given = next(keyword.value for keyword in call.keywords if keyword.arg == argument)
            if isinstance(given, ast.Name):
                given = next(
                    line.value
                    for line in ast.walk(function)
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == given.id
                )
            found |= strings(given)
    return found


def slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower())  # as static/rules.js


def test_both_languages_have_the_same_keys_and_the_same_blanks() -> None:
    assert set(words.CATALOGUE) == set(LANGUAGES)
    english, indonesian = words.CATALOGUE["en"], words.CATALOGUE["id"]
    assert english.keys() == indonesian.keys()
    for key, text in english.items():
        assert text.strip()
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", indonesian[key]), key


def test_every_reason_and_channel_has_a_name() -> None:
    for language in LANGUAGES:
        for reason in Reason:
            assert f"reason.{reason}" in words.CATALOGUE[language]
        for channel in CHANNELS:
            assert f"channel.{channel}" in words.CATALOGUE[language]


def test_every_rule_and_every_step_has_words() -> None:
    rules, steps = refusals("rule"), refusals("next_step")
    assert len(rules) >= 18  # the scan must not come back with nothing
    told = set(re.findall(r"[a-z_]+", (policy.Refusal.__doc__ or "").split("Next steps:")[1]))
    assert steps <= told
    for language in LANGUAGES:
        catalogue = words.CATALOGUE[language]
        assert {f"error.rule_{rule}" for rule in rules} - catalogue.keys() == set()
        assert {f"step.{step}" for step in steps | {"own_app", "none"}} - catalogue.keys() == set()


def test_every_unit_and_every_kind_of_personal_data_has_words() -> None:
    units = {can.unit for channel in CHANNELS for can in channel_class(channel).surfaces.values()}
    house = read_house(PROJECT / "data" / "policy.yml")
    kinds = {kind.name for kind in house.personal} | house.personal_slots | set(Kind)
    assert "bytes" in units
    assert "amount" in kinds
    for language in LANGUAGES:
        catalogue = words.CATALOGUE[language]
        assert {f"unit.{slug(unit)}" for unit in units} - catalogue.keys() == set()
        assert {f"personal.{slug(kind)}" for kind in kinds} - catalogue.keys() == set()


def test_every_refusal_becomes_a_sentence() -> None:
    for language in LANGUAGES:
        for rule in refusals("rule"):
            assert words.words(language, f"error.rule_{rule}", detail="x").endswith(".")


def test_every_key_that_is_asked_for_exists() -> None:
    asked: set[str] = set()
    for path in [*DESK.glob("static/*.js"), *DESK.glob("templates/*.html")]:
        asked |= set(re.findall(r"""\bt\(\s*["']([\w.]+)["']""", path.read_text(encoding="utf-8")))
        asked |= set(re.findall(r"""part\(["']([\w.]+)["']""", path.read_text(encoding="utf-8")))
    groups = {key.split(".")[0] for key in words.CATALOGUE["en"]}
    for path in DESK.glob("static/*.js"):
        named = re.findall(r"""["'`](\w+(?:\.\w+)+)["'`]""", path.read_text(encoding="utf-8"))
        asked |= {key for key in named if key.split(".")[0] in groups}
    asked |= set(re.findall(r'"(login\.\w+|history\.\w+)"', (DESK / "routes.py").read_text(encoding="utf-8")))
    codes = re.findall(
        r'Refusal\(\d+, "(\w+)"', "".join(path.read_text(encoding="utf-8") for path in DESK.glob("*.py"))
    )
    asked = {key for key in asked if not key.endswith((".", ".html"))}  # "." begins a name that is put together
    asked |= {f"error.{code}" for code in codes}
    assert len(asked) > 80
    assert asked - words.CATALOGUE["en"].keys() == set()


@pytest.mark.parametrize(
    ("chosen", "browser", "language"),
    [
        ("", "", "en"),
        ("", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("", "fr-FR,fr;q=0.9,id;q=0.3", "id"),
        ("en", "id-ID", "en"),
        ("xx", "de", "en"),
    ],
)
def test_the_chosen_language_wins_then_the_browsers(chosen: str, browser: str, language: str) -> None:
    assert words.preferred(chosen, browser) == language
