"""Pairs of messages that the trees learn from."""

from __future__ import annotations

import numpy as np
import pytest

from bot.triage.examples import Example
from bot.triage.joining import BETWEEN, LONGEST, SHORT, join

HARMLESS = [Example(f"where is parcel {number}", frozenset(), "en", "routine") for number in range(6)]
ALARMS = [Example(f"thief number {number}", frozenset({"fraud"}), "en", "fraud") for number in range(6)]
EXAMPLES = [*HARMLESS, *ALARMS]
RISK = np.array([bool(example.labels) for example in EXAMPLES])


def test_every_other_pair_carries_the_risk_of_one_of_the_two() -> None:
    pairs = join(EXAMPLES, RISK, np.arange(len(EXAMPLES)), 40)
    assert len(pairs) == 40
    texts = [example.text for example in EXAMPLES]
    possible = {f"{one}{between}{other}" for one in texts for between in BETWEEN for other in texts}
    for number, pair in enumerate(pairs):
        assert pair.text in possible
        assert pair.text.count("thief") == number % 2
        assert pair.labels == ({"fraud"} if number % 2 else set())


def test_only_the_given_rows_are_used() -> None:
    pairs = join(EXAMPLES, RISK, np.array([0, 1, 6, 7]), 40)
    assert {word for pair in pairs for word in pair.text.replace(",", "").replace(".", "").split()} == {
        "where", "is", "parcel", "thief", "number", "0", "1",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "x" * (SHORT + 1)])
def test_what_is_long_is_no_second_message_and_what_is_longer_no_first_one(text: str) -> None:
    long = Example(text, frozenset({"fraud"}), "en", "fraud")
    examples = [*EXAMPLES, long]
    risk = np.append(RISK, True)
    assert not any("xx" in pair.text for pair in join(examples, risk, np.arange(len(examples)), 200))


def test_a_language_without_one_kind_gives_none() -> None:
    assert join(HARMLESS, RISK[:6], np.arange(6), 10) == []
