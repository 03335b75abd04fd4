"""A channel's connection: looked after, mended, and somebody is told once when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.adapters.memory_channels import MemoryChannelStates
from bot.core.ports import StoreUnavailable
from bot.services import watch
from bot.services.look import Fetch, examine
from bot.services.watch import LATEST_S, SOONEST_S, Watch
from channels.base import ChannelSettings, PollingChannel
from channels.errors import AuthFailed, Unavailable
from channels.messages import Health, InboundEvent, Probe
from tests.services.world import CHANNEL, FakeChannel, FakeClock, FakeMeter

WELL = Health(ok=True, detail="subscribed")
LOST = Health(ok=False, detail="the page is not subscribed", fix="Restart the gateway")
EVERY_S = 600.0


class Platform(FakeChannel):
    """Answers looks and connections from its scripts; the last entry is repeated."""

    def __init__(self, *looks: Health | Exception, starts: tuple[Exception | None, ...] = (None,)) -> None:
        super().__init__()
        self.looks = list(looks)
        self.starts = list(starts)
        self.started: list[str] = []
        self.checked = 0

    async def start(self, webhook_url: str) -> None:
        self.started.append(webhook_url)
        error = self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        if error is not None:
            raise error

    async def check(self) -> Health:
        self.checked += 1
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found


class Post:
    """Runs a watch for so many rounds; `pauses` are the times between."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states: Any = MemoryChannelStates()
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.alarms: list[tuple[str, Health]] = []
        self.pauses: list[float] = []
        self.between: Callable[[], None] = lambda: None
        self._monkeypatch = monkeypatch

    async def keep(self, channel: FakeChannel, rounds: int) -> None:
        stopping = asyncio.Event()

        async def sleep(event: asyncio.Event, seconds: float) -> None:
            self.pauses.append(seconds)
            self.between()
            if len(self.pauses) >= rounds:
                event.set()

        self._monkeypatch.setattr(watch, "_sleep", sleep)
        guard = Watch(
            channel, "https://gate.example/webhooks/fake", self.states, self.clock, self.meter,
            lambda name, health: self.alarms.append((name, health)), EVERY_S,
        )  # fmt: skip
        await asyncio.wait_for(guard.keep(stopping), 5)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    return Post(monkeypatch)


async def test_connects_once_and_then_only_looks(post: Post) -> None:
    platform = Platform(WELL)
    await post.keep(platform, 5)
    assert platform.started == ["https://gate.example/webhooks/fake"]
    assert platform.checked == 5
    assert post.pauses == [EVERY_S] * 5
    assert post.alarms == []
    state = await post.states.read(CHANNEL, post.clock.now())
    assert (state.health, state.checked_at) == (WELL, post.clock.now())


async def test_a_lost_subscription_raises_the_alarm_once_and_is_made_again(post: Post) -> None:
    platform = Platform(WELL, LOST, LOST, LOST, WELL)
    await post.keep(platform, 6)
    assert post.alarms == [(CHANNEL, LOST)]
    assert len(platform.started) == 4, "once at first, and after each look that found it lost"
    assert post.meter.counts["channel_alarms", CHANNEL] == 1
    assert (await post.states.read(CHANNEL, post.clock.now())).health == WELL
    assert post.pauses == [EVERY_S, SOONEST_S, SOONEST_S * 2, SOONEST_S * 4, EVERY_S, EVERY_S]


async def test_lost_again_is_a_new_alarm(post: Post) -> None:
    await post.keep(Platform(LOST, WELL, LOST, WELL), 4)
    assert len(post.alarms) == 2


async def test_another_ill_is_another_alarm(post: Post) -> None:
    other = Health(ok=False, detail="the token is dead", fix="Make a new one")
    await post.keep(Platform(LOST, other, other), 3)
    assert [health.detail for _, health in post.alarms] == [LOST.detail, other.detail]


async def test_an_ill_without_words_is_one_all_the_same(post: Post) -> None:
    await post.keep(Platform(Health.of([Probe(name="token", ok=False)])), 3)
    assert len(post.alarms) == 1


@pytest.mark.parametrize("error", [Unavailable("502"), AuthFailed("token revoked"), OSError("no route"), KeyError("x")])
async def test_a_platform_that_cannot_be_reached(post: Post, error: Exception) -> None:
    """Whatever it raises: nobody would notice a channel that is not looked after any more."""
    platform = Platform(WELL, starts=(error, error, None))
    await post.keep(platform, 4)
    assert len(platform.started) == 3
    assert len(post.alarms) == 1
    assert post.alarms[0][1].fix
    assert post.pauses == [SOONEST_S, SOONEST_S * 2, EVERY_S, EVERY_S]
    assert (await post.states.read(CHANNEL, post.clock.now())).health == WELL


async def test_a_look_that_breaks_is_an_ill(post: Post) -> None:
    platform = Platform(WELL, RuntimeError("broken"), WELL)
    await post.keep(platform, 4)
    assert [health.detail for _, health in post.alarms] == ["RuntimeError"], "never what it says: it may hold a token"
    assert len(platform.started) == 2


async def test_the_pauses_have_an_end(post: Post) -> None:
    await post.keep(Platform(LOST), 20)
    assert max(post.pauses) == LATEST_S
    assert post.pauses == sorted(post.pauses)
    assert len(post.alarms) == 1


async def test_a_store_that_is_away_is_survived(post: Post) -> None:
    states = post.states

    class Away:
        async def checked(self, *what: Any) -> None:
            raise StoreUnavailable("gone")

    def comes_back() -> None:
        if len(post.pauses) == 2:
            guard_states["now"] = states

    guard_states: dict[str, Any] = {"now": Away()}

    class Store:
        def __getattr__(self, name: str) -> Any:
            return getattr(guard_states["now"], name)

    post.states, post.between = Store(), comes_back
    await post.keep(Platform(WELL), 4)
    assert (await states.read(CHANNEL, post.clock.now())).health == WELL


async def test_it_stops_when_asked_and_at_once() -> None:
    stopping = asyncio.Event()
    guard = Watch(Platform(WELL), "", MemoryChannelStates(), FakeClock(), FakeMeter(), lambda *_: None, EVERY_S)
    running = asyncio.create_task(guard.keep(stopping))
    await asyncio.sleep(0.01)
    assert not running.done()
    stopping.set()
    await asyncio.wait_for(running, 1)


async def test_asked_before_it_began_it_touches_nothing() -> None:
    stopping = asyncio.Event()
    stopping.set()
    platform = Platform(WELL)
    await Watch(platform, "", MemoryChannelStates(), FakeClock(), FakeMeter(), lambda *_: None, EVERY_S).keep(stopping)
    assert platform.started == []


class Poller(Platform, PollingChannel[ChannelSettings]):
    """The same platform, asked for its news."""

    polls = True

    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        return (), cursor


async def answering(address: str) -> int:
    return 200


class TestLookingFromOutside:
    async def look(self, address: str, fetch: Fetch = answering, channel: FakeChannel | None = None) -> Probe:
        health = await examine(channel or Platform(WELL), address, fetch)
        assert health.ok is health.probes[-1].ok
        return health.probes[-1]

    async def test_well_and_reachable(self) -> None:
        health = await examine(Platform(WELL), "https://gate.example/webhooks/fake", answering)
        assert health.ok
        assert [probe.name for probe in health.probes] == ["platform", "public address"]

    @pytest.mark.parametrize(
        ("address", "fix"),
        [("", "SIGAP_PUBLIC_URL"), ("http://gate.example/webhooks/fake", "certificate"), ("not an address", "SIGAP")],
    )
    async def test_an_address_that_no_platform_delivers_to(self, address: str, fix: str) -> None:
        probe = await self.look(address)
        assert not probe.ok
        assert fix in probe.fix

    async def test_this_machine_is_fine_for_the_sandbox(self) -> None:
        probe = await self.look("http://127.0.0.1:8080/webhooks/fake")
        assert probe.ok
        assert "this machine only" in probe.detail

    async def test_nobody_or_somebody_else_there(self) -> None:
        async def nobody(address: str) -> int:
            raise OSError("secret inside")

        async def somebody(address: str) -> int:
            return 404

        for fetch in (nobody, somebody):
            probe = await self.look("https://gate.example/webhooks/fake", fetch)
            assert not probe.ok
            assert probe.fix
            assert "secret" not in probe.detail

    async def test_who_polls_needs_no_address(self) -> None:
        health = await examine(Poller(WELL), "", answering)
        assert health.ok
        assert [probe.name for probe in health.probes] == ["platform"]

    async def test_a_platform_that_does_not_answer(self) -> None:
        health = await examine(Platform(Unavailable("502")), "https://gate.example/webhooks/fake", answering)
        assert (health.ok, health.detail) == (False, "502")
        assert health.fix

    async def test_single_findings_are_kept(self) -> None:
        found = Health.of([Probe(name="token", ok=False, detail="dead", fix="Make one")], clock_skew_s=90.0)
        health = await examine(Platform(found), "https://gate.example/webhooks/fake", answering)
        assert [probe.name for probe in health.probes] == ["token", "public address"]
        assert (health.fix, health.clock_skew_s) == ("Make one", 90.0)
