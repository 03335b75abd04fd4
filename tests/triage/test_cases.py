"""The looked-at cases as a floor: a change may raise it and must not lower it. The unread ones are never in a test. And
what customers say in the designers' conversations, which no part was trained on, is left to the assistant."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.adapters.triage_project import open_triage
from bot.designer.project import unannotated
from bot.settings import PROJECT
from bot.triage.evaluation import Case, evaluate, read_cases
from tests.scenarios.harness import TRAINED

CASES = Path(__file__).parent / "cases"
LEAST_KEPT, MOST_HELD_BACK = 0.98, 0.06


@pytest.mark.parametrize("encoder", [True, False], ids=["encoder", "no encoder"])
@pytest.mark.parametrize("language", ["en", "id"])
def test_regulated_messages_are_kept_from_the_bot_and_routine_ones_are_not(language: str, encoder: bool) -> None:
    screen = open_triage(PROJECT, TRAINED, encoder=encoder)
    if encoder and not screen.can_ask:
        pytest.skip("the sentence encoder is not made for this machine")
    report = evaluate(screen, read_cases(CASES / f"{language}.jsonl"), lambda: None)
    missed = [result.case.text for result in report.results if not result.case.routine and not result.held]
    assert report.recall >= LEAST_KEPT, missed
    assert report.held_back <= MOST_HELD_BACK


# What these intents say is for a person, or at the edge of it.
FOR_A_PERSON = frozenset({"card_block", "close_account", "complaint", "media", "out_of_scope", "talk_to_human"})
MOST_OF_A_CONVERSATION = 0.04


def said_in_conversations() -> set[str]:
    """What customers say in tests/assistant, without annotations and pressed buttons."""
    said = set()
    for path in (PROJECT / "tests" / "assistant").glob("test_*.yml"):
        for story in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["stories"]:
            steps = [step for step in story["steps"] if "user" in step and step.get("intent") not in FOR_A_PERSON]
            said |= {unannotated(step["user"]).strip() for step in steps}
    return {text for text in said if not text.startswith("/")}


@pytest.mark.parametrize("encoder", [True, False], ids=["encoder", "no encoder"])
def test_what_the_assistant_answers_is_left_to_it(encoder: bool) -> None:
    screen = open_triage(PROJECT, TRAINED, encoder=encoder)
    if encoder and not screen.can_ask:
        pytest.skip("the sentence encoder is not made for this machine")
    said = sorted(said_in_conversations())
    assert len(said) > 400
    report = evaluate(screen, [Case(text=text, routine=True) for text in said])
    assert report.held_back <= MOST_OF_A_CONVERSATION, [one.case.text for one in report.results if one.held]
