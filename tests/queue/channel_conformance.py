"""What every implementation of Threads, Limits and ChannelStates must do, in memory and on Valkey.

Inherited by the tests of each, like the mailboxes' contract. Subclasses provide fixtures named after the ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.channel_ports import ChannelState, ChannelStates, Limits, Threads
from channels.capabilities import Limit, Usage
from channels.messages import Health, Probe

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def at_most(count: int, window_s: float, scope: str = "app") -> Limit:
    return Limit(scope=scope, count=count, window_s=window_s)


class ThreadsContract:
    """Subclasses provide `threads`, and `begun`, which makes a conversation by its key."""

    async def test_what_was_never_learned_is_not_found(self, threads: Threads) -> None:
        assert dict(await threads.find("chat", ["a", "post:1"])) == {}
        assert dict(await threads.find("chat", [])) == {}

    async def test_learned_names_are_found_and_only_those(self, threads: Threads) -> None:
        await threads.learn("chat", {"post:1": "7", "psid": "7", "post:2": "8"})
        assert dict(await threads.find("chat", ["post:2", "unknown", "psid"])) == {"post:2": "8", "psid": "7"}

    async def test_each_channel_has_its_own(self, threads: Threads) -> None:
        await threads.learn("chat", {"post:1": "7"})
        assert dict(await threads.find("feed", ["post:1"])) == {}

    async def test_a_name_stays_what_it_is(self, threads: Threads) -> None:
        """A case must not be torn apart by a later event that knows less."""
        await threads.learn("chat", {"post:1": "7"})
        await threads.learn("chat", {"post:1": "8", "post:2": "8"})
        assert dict(await threads.find("chat", ["post:1", "post:2"])) == {"post:1": "7", "post:2": "8"}

    async def test_unless_it_is_replaced(self, threads: Threads) -> None:
        await threads.learn("chat", {"0812": "7", "psid": "7"})
        await threads.replace("chat", {"0812": "8", "last:1": "8"})
        await threads.learn("chat", {"0812": "9"})
        assert dict(await threads.find("chat", ["0812", "psid", "last:1"])) == {"0812": "8", "psid": "7", "last:1": "8"}
        assert dict(await threads.find("feed", ["0812"])) == {}

    async def test_nothing_to_learn(self, threads: Threads) -> None:
        await threads.learn("chat", {})
        await threads.replace("chat", {})

    async def test_other_names_count_when_a_conversation_has_them(
        self, threads: Threads, begun: Callable[[str], Awaitable[None]]
    ) -> None:
        await begun("chat:0812")
        found = await threads.find("chat", ["bsuid", "0812", "0813"], ["0812", "0813"])
        assert dict(found) == {"0812": "0812"}
        assert dict(await threads.find("chat", ["0812"])) == {}, "only where that was asked for"
        assert dict(await threads.find("feed", [], ["0812"])) == {}
        assert dict(await threads.find("chat", [], ["0812"])) == {"0812": "0812"}

    async def test_what_was_learned_counts_more_than_a_conversation_of_that_name(
        self, threads: Threads, begun: Callable[[str], Awaitable[None]]
    ) -> None:
        await begun("chat:0812")
        await threads.learn("chat", {"0812": "7"})
        assert dict(await threads.find("chat", ["0812"], ["0812"])) == {"0812": "7"}

    async def test_odd_names(self, threads: Threads) -> None:
        odd = {"urn:li:comment:(1,2)": "urn:li:person:ü", "a b": "c:d", "": "7"}
        await threads.learn("chat", odd)
        assert dict(await threads.find("chat", list(odd))) == odd


class LimitsContract:
    """Subclasses provide `limits`, and `other`, the same limits as a second courier has them.

    Time is real: windows are short, and waits are compared loosely.
    """

    async def test_none_is_no_limit(self, limits: Limits) -> None:
        assert [await limits.take("chat", []) for _ in range(5)] == [0.0] * 5
        assert dict(await limits.used("chat")) == {}

    async def test_as_many_as_allowed_and_then_the_time_to_wait(self, limits: Limits) -> None:
        three = [at_most(3, 30.0)]
        assert [await limits.take("chat", three) for _ in range(3)] == [0.0] * 3
        for _ in range(3):
            assert 28 < await limits.take("chat", three) <= 30

    async def test_two_couriers_share_one_limit(self, limits: Limits, other: Limits) -> None:
        two = [at_most(2, 30.0)]
        assert await limits.take("chat", two) == 0
        assert await other.take("chat", two) == 0
        assert await limits.take("chat", two) > 0
        assert await other.take("chat", two) > 0

    async def test_many_at_once_never_more_than_allowed(self, limits: Limits, other: Limits) -> None:
        ten = [at_most(10, 30.0)]
        waits = await asyncio.gather(*((limits, other)[n % 2].take("chat", ten) for n in range(40)))
        assert waits.count(0.0) == 10

    async def test_the_wait_is_long_enough(self, limits: Limits) -> None:
        one = [at_most(1, 0.15)]
        for _ in range(3):
            while (wait := await limits.take("chat", one)) > 0:
                assert wait <= 0.16
                await asyncio.sleep(wait)

    async def test_the_window_slides(self, limits: Limits) -> None:
        """No burst at the border of two windows: each call leaves when it is a window old."""
        two = [at_most(2, 0.4)]
        await limits.take("chat", two)
        await asyncio.sleep(0.25)
        await limits.take("chat", two)
        await asyncio.sleep(0.2)  # the first is out, the second is not
        assert await limits.take("chat", two) == 0
        assert await limits.take("chat", two) > 0

    async def test_all_or_none(self, limits: Limits) -> None:
        """What has to wait for one limit takes nothing from another."""
        both = [at_most(5, 30.0), at_most(1, 30.0, "page:send")]
        assert await limits.take("chat", both) == 0
        for _ in range(10):
            assert await limits.take("chat", both) > 0
        assert (await limits.used("chat"))["app"][0] == 1
        assert await limits.take("chat", [at_most(5, 30.0)]) == 0

    async def test_the_longest_wait_of_all_limits(self, limits: Limits) -> None:
        both = [at_most(1, 5.0), at_most(1, 60.0, "page:send")]
        await limits.take("chat", both)
        assert 55 < await limits.take("chat", both) <= 60

    async def test_scopes_and_channels_are_independent(self, limits: Limits) -> None:
        one = [at_most(1, 30.0)]
        assert await limits.take("chat", one) == 0
        assert await limits.take("feed", one) == 0
        assert await limits.take("chat", [at_most(1, 30.0, "pair:7")]) == 0

    async def test_a_stop_holds_everybody_for_so_long(self, limits: Limits, other: Limits) -> None:
        await limits.note("chat", [Usage(scope="app", used=0.2, wait_s=20.0)])
        assert 18 < await other.take("chat", [at_most(100, 60.0)]) <= 20
        assert await other.take("chat", [at_most(100, 60.0, "page:send")]) == 0, "another scope goes on"
        assert await other.take("feed", [at_most(100, 60.0)]) == 0, "and another channel"

    async def test_who_was_stopped_used_nothing(self, limits: Limits) -> None:
        await limits.note("chat", [Usage(scope="app", used=1.0, wait_s=0.1)])
        for _ in range(5):
            await limits.take("chat", [at_most(100, 60.0)])
        await asyncio.sleep(0.12)
        assert await limits.take("chat", [at_most(100, 60.0)]) == 0
        assert (await limits.used("chat"))["app"][0] == 1

    async def test_a_stop_ends(self, limits: Limits) -> None:
        await limits.note("chat", [Usage(scope="app", used=0.0, wait_s=0.1)])
        assert await limits.take("chat", [at_most(100, 60.0)]) > 0
        await asyncio.sleep(0.12)
        assert await limits.take("chat", [at_most(100, 60.0)]) == 0

    async def test_a_short_stop_does_not_end_a_long_one(self, limits: Limits) -> None:
        """Two calls were under way: the one said "wait a minute", the other came back with an older figure."""
        await limits.note("chat", [Usage(scope="app", used=1.0, wait_s=60.0)])
        await limits.note("chat", [Usage(scope="app", used=0.8)])
        assert await limits.take("chat", [at_most(100, 60.0)]) > 50

    @pytest.mark.parametrize(("used", "least", "most"), [(0.74, 0, 0), (0.75, 0.3, 0.5), (0.9, 1, 2), (1.0, 25, 30)])
    async def test_the_closer_to_a_limit_the_slower(
        self, limits: Limits, used: float, least: float, most: float
    ) -> None:
        await limits.note("chat", [Usage(scope="app", used=used)])
        assert least <= await limits.take("chat", [at_most(100, 60.0)]) <= most

    async def test_figures_for_people(self, limits: Limits) -> None:
        per_customer = [at_most(5, 60.0, "pair:7"), at_most(5, 60.0, "chat:7")]
        for _ in range(3):
            await limits.take("chat", [at_most(10, 60.0), *per_customer])
        assert dict(await limits.used("chat")) == {"app": (3, 10, 60.0)}, "one customer's are nobody's to read"
        assert dict(await limits.used("feed")) == {}

    async def test_figures_are_of_the_window_alone(self, limits: Limits) -> None:
        for _ in range(2):
            await limits.take("chat", [at_most(10, 0.3)])
        await asyncio.sleep(0.2)
        await limits.take("chat", [at_most(10, 0.3)])
        await asyncio.sleep(0.15)
        assert dict(await limits.used("chat")) == {"app": (1, 10, 0.3)}


class StatesContract:
    """Subclasses provide `states`."""

    async def test_nothing_known(self, states: ChannelStates) -> None:
        assert await states.read("chat", NOW) == ChannelState()

    async def test_what_was_heard_and_sent(self, states: ChannelStates) -> None:
        await states.heard("chat", NOW)
        await states.heard("chat", NOW + timedelta(seconds=5))
        await states.sent("chat", NOW)
        await states.sent("chat", NOW + timedelta(seconds=7))
        await states.sent("chat", NOW + timedelta(seconds=9), failed=True)
        assert await states.read("chat", NOW) == ChannelState(
            last_event_at=NOW + timedelta(seconds=5), last_sent_at=NOW + timedelta(seconds=7), sent=2, failures=1
        )
        assert await states.read("feed", NOW) == ChannelState()

    async def test_figures_are_of_one_day(self, states: ChannelStates) -> None:
        late = NOW.replace(hour=23, minute=59)
        await states.sent("chat", late)
        await states.sent("chat", late, failed=True)
        tomorrow = await states.read("chat", late + timedelta(minutes=2))
        assert (tomorrow.sent, tomorrow.failures, tomorrow.last_sent_at) == (0, 0, late)

    async def test_health_is_kept_whole(self, states: ChannelStates) -> None:
        probes = [
            Probe(name="token", ok=False, detail="abgelaufen – ü", fix="Make a new one"),
            Probe(name="a", ok=True),
        ]
        health = Health.of(probes, token_expires_at=NOW, clock_skew_s=-1.5)
        await states.checked("chat", health, NOW)
        state = await states.read("chat", NOW)
        assert (state.health, state.checked_at) == (health, NOW)

    async def test_stopped_until_it_is_let_go_or_something_goes_out(self, states: ChannelStates) -> None:
        await states.stop("chat", "token revoked")
        await states.sent("chat", NOW, failed=True)
        assert (await states.read("chat", NOW)).stopped == "token revoked"
        await states.sent("chat", NOW)
        assert (await states.read("chat", NOW)).stopped == ""
        await states.stop("chat", "again")
        await states.stop("chat", "")
        assert (await states.read("chat", NOW)).stopped == ""

    async def test_one_word_does_not_erase_another(self, states: ChannelStates) -> None:
        await states.heard("chat", NOW)
        await states.checked("chat", Health(ok=True), NOW)
        await states.stop("chat", "why")
        state = await states.read("chat", NOW)
        assert (state.last_event_at, state.checked_at, state.stopped) == (NOW, NOW, "why")
