from __future__ import annotations

import pytest

from bot.core.sla import LONGEST_PROMISE_MIN, QueueState, promise_minutes


@pytest.mark.parametrize(
    ("ahead", "present", "waits", "minutes"),
    [
        (0, 1, (), 5),  # nothing to learn from yet: the usual five minutes
        (3, 1, (), 20),  # everybody before you takes as long
        (3, 3, (), 10),  # and is shared among those present
        (0, 1, (60.0, 120.0, 6000.0), 2),  # the median: one odd evening does not spoil the promise
        (0, 1, (1.0,), 1),  # never less than a minute
        (0, 1, (61.0,), 2),  # rounded up: rather early than late
    ],
)
def test_promise_is_computed_from_the_queue(ahead: int, present: int, waits: tuple[float, ...], minutes: int) -> None:
    assert promise_minutes(QueueState(ahead=ahead, agents_present=present, recent_waits_s=waits)) == minutes


def test_no_promise_without_people() -> None:
    assert promise_minutes(QueueState(ahead=0, agents_present=0, recent_waits_s=(10.0,))) is None


def test_no_promise_that_nobody_would_believe() -> None:
    waits = (LONGEST_PROMISE_MIN * 60.0,)
    assert promise_minutes(QueueState(ahead=0, agents_present=1, recent_waits_s=waits)) == LONGEST_PROMISE_MIN
    assert promise_minutes(QueueState(ahead=1, agents_present=1, recent_waits_s=waits)) is None
