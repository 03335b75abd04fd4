"""The figures of `make bench-turns`, from seconds that are given."""

from __future__ import annotations

from collections import Counter

from benchmarks.contenders import SAID
from benchmarks.turns import COLD, LONGS, OURS, SHOWN, WARMED, Start, at, figure, said, spread

STOCK = "Rasa"


def test_every_text_is_said_at_every_turn_equally_often() -> None:
    conversations = [said(max(SHOWN), number) for number in range(LONGS)]
    for turn in SHOWN:
        heard = Counter(conversation[turn - 1] for conversation in conversations)
        assert heard == dict.fromkeys(SAID, LONGS // len(SAID))


def test_a_turn_is_that_turn_alone() -> None:
    conversations = [[3.0, 1.0, 1.0], [4.0, 1.0, 2.0]]
    assert at(conversations, 1) == [3.0, 4.0]
    assert at(conversations, 3) == [1.0, 2.0]


def test_p50_and_p99_are_milliseconds() -> None:
    assert spread([0.001] * 50 + [0.003] * 51) == "3.0 · 3.0"
    assert spread([number / 1000 for number in range(101)]) == "50.0 · 99.0"


def figures(*, with_stock: bool) -> dict[str, str]:
    took = {OURS: [0.002] * 99 + [0.004]} | ({STOCK: [0.02]} if with_stock else {})
    longs = {OURS: [[0.001, *[0.002] * 199]] * 3 + [[9.0, *[0.002] * 199]]}
    fresh = {
        WARMED: [Start(0.002, 0.002), Start(0.004, 0.002), Start(0.02, 0.002)],
        COLD: [Start(0.6, 0.002)],
    }
    line = figure(took, longs, 700.0, fresh)
    return dict(part.split("=") for part in line.split() if "=" in part)


def test_the_line_of_figures() -> None:
    assert figures(with_stock=True) == {
        "turns_per_s": "495", "vs_stock": "9.9", "p99_ms": "2.0", "turn200_vs_turn1": "2.00",
        "first_vs_median": "2.00", "first_vs_median_worst": "10.00", "first_vs_median_cold": "300.00",
        "two_workers": "700",
    }  # fmt: skip
    assert "vs_stock" not in figures(with_stock=False)
