"""The looked-at cases as a floor: a change may raise it and must not lower it. The unread ones are never in a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.triage_project import open_triage
from bot.settings import PROJECT
from bot.triage.evaluation import evaluate, read_cases
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
