"""The circuit breaker: when it opens, when it lets somebody try, and what does not count."""

from __future__ import annotations

import asyncio
import logging

import pytest

from actions.breaker import Breaker, BreakerOpen


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("the service", clock=clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(OSError, match="down"), breaker.call():
            raise OSError("down")


def succeed(breaker: Breaker) -> None:
    with breaker.call():
        pass


def test_four_failures_leave_it_closed_and_the_fifth_opens_it(breaker: Breaker) -> None:
    fail(breaker, 4)
    succeed(breaker)
    fail(breaker, 4)
    assert not breaker.is_open
    fail(breaker)
    assert breaker.is_open
    with pytest.raises(BreakerOpen), breaker.call():
        pytest.fail("it was called")


def test_failures_that_are_far_apart_do_not_open_it(breaker: Breaker, clock: Clock) -> None:
    for _ in range(10):
        fail(breaker)
        clock.now += 8  # the fifth comes 32 s after the first
    assert not breaker.is_open
    clock.now -= 1
    fail(breaker)
    fail(breaker)
    assert breaker.is_open


def test_ten_seconds_later_one_at_a_time_may_try(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.now += 9.9
    with pytest.raises(BreakerOpen), breaker.call():
        pass
    clock.now += 0.1
    with breaker.call(), pytest.raises(BreakerOpen), breaker.call():
        pass
    assert not breaker.is_open
    fail(breaker, 4)
    assert not breaker.is_open  # it counts from nought again


def test_a_failed_trial_keeps_it_open_for_ten_seconds_more(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.now += 10
    fail(breaker)
    clock.now += 9
    with pytest.raises(BreakerOpen), breaker.call():
        pass
    clock.now += 1
    succeed(breaker)
    assert not breaker.is_open


async def test_a_cancelled_trial_says_nothing_and_lets_the_next_one_try(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 5)
    clock.now += 10

    async def hang() -> None:
        with breaker.call():
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert breaker.is_open
    succeed(breaker)
    assert not breaker.is_open


async def test_what_began_before_it_opened_neither_closes_it_nor_prolongs_it(breaker: Breaker, clock: Clock) -> None:
    ends = {True: asyncio.Event(), False: asyncio.Event()}

    async def slow(well: bool) -> None:
        with breaker.call():
            await ends[well].wait()
            if not well:
                raise OSError("down")

    tasks = {well: asyncio.create_task(slow(well)) for well in (True, False)}
    await asyncio.sleep(0)
    fail(breaker, 5)
    ends[True].set()
    await tasks[True]
    assert breaker.is_open
    clock.now += 5
    ends[False].set()
    with pytest.raises(OSError, match="down"):
        await tasks[False]
    clock.now += 5
    succeed(breaker)
    assert not breaker.is_open


def test_openings_and_closings_are_logged_once_and_tell_no_cause(
    breaker: Breaker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="actions.breaker"):
        fail(breaker, 5)
        clock.now += 10
        fail(breaker)
        clock.now += 10
        succeed(breaker)
    assert [record.getMessage() for record in caplog.records] == [
        "the service fails: it is not called for 10 s",
        "the service answers again",
    ]
