"""Nobody answered: what may be there already is looked for before anything is sent again. And the shared limits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Owner
from bot.core.house import House
from bot.core.ports import Commit, StoreUnavailable, Turn, Utterance
from bot.services.deliver import ASK_AGAIN_S, AUTH_PAUSE_S, CLOCKS_APART, MOST_LOOKS
from channels.capabilities import Limit, Usage
from channels.errors import Ambiguous, AuthFailed, Duplicate, RateLimited, Unavailable
from channels.messages import HumanEcho, MessageDeleted, OutboundMessage, Surface, post_thread
from tests.services.world import ANSWER_WITHIN, CHANNEL, AnswerLost, SocialChannel, World

PRIVATE, PUBLIC = Surface.PRIVATE, Surface.PUBLIC
TIMED_OUT = Ambiguous("timed out")


@pytest.fixture
def channel() -> SocialChannel:
    channel = SocialChannel()
    channel.set(PRIVATE, lookup=True)
    return channel


@pytest.fixture
def world(channel: SocialChannel) -> World:
    return World(channel)


async def tries(world: World, times: int = 1, life: str = "") -> None:
    """The courier comes by, each time when the message's next time has come."""
    for _ in range(times):
        await world.deliver(world.new_courier(life) if life else None)
        world.clock.forward(ASK_AGAIN_S)


async def claimed(world: World) -> None:
    """A person takes over, without waiting for what is in flight."""
    before = await world.conversation()
    moved, event = handoff.claim(before, "dina", "Dina Lestari", world.clock.now(), ANSWER_WITHIN)
    await world.store.commit(Commit(conversation=moved, expected_version=before.version, events=[event]))


def at_most(count: int, window_s: float, scope: str) -> Limit:
    return Limit(scope=scope, count=count, window_s=window_s)


def used(scope: str, share: float, wait_s: float = 0.0) -> Usage:
    return Usage(scope=scope, used=share, wait_s=wait_s)


class TestLookingForIt:
    async def test_found_it_is_sent_and_not_sent_again(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world, 2)
        assert channel.calls == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]
        [sent] = await world.log(e.ReplySent)
        assert sent.external_ids == (channel.posts[0].external_id,)
        assert (await world.conversation()).owner is Owner.BOT
        assert not await world.sends.in_flight(world_key())

    async def test_not_found_twice_it_is_sent_once_more(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [TIMED_OUT]
        await tries(world, 2)
        assert channel.calls == ["echo: hi"], "once is not enough: the platform's index may be behind"
        await tries(world)
        assert (channel.calls, channel.looked) == (["echo: hi"] * 2, 2)
        assert channel.private == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]

    async def test_an_index_that_is_a_moment_behind(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        channel.lookups = [None]
        await tries(world, 3)
        assert channel.calls == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]

    async def test_each_resend_is_looked_for_twice_as_well(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [TIMED_OUT, AnswerLost(TIMED_OUT)]
        channel.lookups = [None, None, None]  # after the resend, too, the index is behind at first
        await tries(world, 6)
        assert channel.private == ["echo: hi"], "shown once"
        assert len(channel.calls) == 2
        assert (await world.statuses())[0] == ("echo: hi", "sent")

    async def test_it_comes_to_an_end(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [TIMED_OUT] * 50
        await tries(world, 3 * MOST_LOOKS)
        assert (await world.statuses())[0] == ("echo: hi", "unconfirmed")
        assert channel.calls.count("echo: hi") <= 3
        assert await world.moves() == [("bot", "waiting", "send_unconfirmed")]

    async def test_nobody_can_tell_then_it_waits_and_a_person_looks(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        channel.lookups = [Unavailable("502"), RateLimited("429", retry_after=9)] * MOST_LOOKS
        await tries(world, MOST_LOOKS)
        assert await world.statuses() == [("echo: hi", "queued")], "still hoping"
        await tries(world)
        assert (await world.statuses())[0] == ("echo: hi", "unconfirmed")
        assert channel.calls.count("echo: hi") == 1, "never sent again on a guess"
        assert await world.moves() == [("bot", "waiting", "send_unconfirmed")]
        assert channel.private == ["echo: hi", "[unsure_delivery/en]"]

    async def test_the_look_up_comes_back(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        channel.lookups = [Unavailable("502")] * 3
        await tries(world, 5)
        assert channel.calls == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]

    async def test_it_looks_from_before_the_message_because_clocks_differ(
        self, world: World, channel: SocialChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun = world.clock.now()
        since: list[datetime] = []

        async def find(message: OutboundMessage, index: int, at: datetime, besides: frozenset[str]) -> str:
            since.append(at)
            return "p5"

        monkeypatch.setattr(channel, "find_sent", find)
        await world.write("hi")
        channel.script = [TIMED_OUT]
        await tries(world, 2)
        assert since == [begun - CLOCKS_APART]

    async def test_the_same_words_from_before_are_not_the_proof(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi", "hi")
        channel.script = [None, TIMED_OUT]
        await tries(world, 3)
        assert channel.private == ["echo: hi", "echo: hi"], "the lost one was said again"
        assert channel.looked == 2
        assert await world.statuses() == [("echo: hi", "sent")] * 2
        first, second = await world.log(e.ReplySent)
        assert first.external_ids != second.external_ids

    async def test_the_same_words_twice_in_one_message(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["hi"] = Turn(utterances=(Utterance(text="Halo!\n\nHalo!"),))
        await world.write("hi")
        channel.script = [None, TIMED_OUT]
        await tries(world, 3)
        assert channel.private == ["Halo!", "Halo!"]

    async def test_later_messages_wait_for_it(self, world: World, channel: SocialChannel) -> None:
        await world.write("one", "two")
        channel.script = [AnswerLost(TIMED_OUT)]
        channel.lookups = [None]
        await tries(world, 2)
        assert channel.calls == ["echo: one"]
        await tries(world)
        assert channel.private == ["echo: one", "echo: two"]

    async def test_only_the_part_that_is_in_doubt(self, world: World, channel: SocialChannel) -> None:
        await world.write("a\n\nb\n\nc")
        channel.script = [None, AnswerLost(TIMED_OUT)]
        await tries(world, 2)
        assert channel.calls == ["echo: a", "b", "c"]

    async def test_a_public_post_that_is_lost_is_looked_for_there(self, world: World, channel: SocialChannel) -> None:
        channel.set(PUBLIC, lookup=True)
        world.dialogue.script["?"] = Turn()
        await world.post("?")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world, 2)
        assert channel.public == ["[handoff_public/en]"]


def world_key() -> str:
    return f"{CHANNEL}:7"


class TestDuplicate:
    async def test_after_nobody_answered_it_is_the_proof(self, world: World, channel: SocialChannel) -> None:
        """The resend tells that the first one arrived, while the index still hides it."""
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT), Duplicate("duplicate content", code="187")]
        channel.lookups = [None, None]
        await tries(world, 5)
        assert channel.private == ["echo: hi"]
        assert await world.statuses() == [("echo: hi", "sent")]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_of_words_that_were_never_ours_is_a_persons(self, world: World, channel: SocialChannel) -> None:
        channel.set(PRIVATE, lookup=False)
        await world.write("hi")
        channel.script = [Duplicate("duplicate content", code="187")]
        await tries(world)
        assert (await world.statuses())[0] == ("echo: hi", "failed")
        assert await world.moves() == [("bot", "waiting", "send_failed")]


class TestEchoesOnly:
    @pytest.fixture(autouse=True)
    def echoes(self, channel: SocialChannel) -> None:
        channel.set(PRIVATE, lookup=False, echoes=True)

    async def test_it_waits_for_one_and_then_a_person_looks(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world, MOST_LOOKS)
        assert await world.statuses() == [("echo: hi", "queued")]
        await tries(world)
        assert channel.calls == ["echo: hi", "[unsure_delivery/en]"]
        assert (await world.statuses())[0] == ("echo: hi", "unconfirmed")
        assert channel.looked == 0

    async def test_where_there_is_neither_a_person_looks_at_once(self, world: World, channel: SocialChannel) -> None:
        channel.set(PRIVATE, echoes=False)
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world)
        assert (await world.statuses())[0] == ("echo: hi", "unconfirmed")


class TestKilled:
    async def kill(self, world: World, channel: SocialChannel, *, arrived: bool) -> None:
        channel.script = [AnswerLost(RuntimeError("kill -9")) if arrived else RuntimeError("kill -9")]
        with pytest.raises(RuntimeError):
            await world.deliver(world.new_courier("killed"))
        await world.outbox.reclaim("courier")

    @pytest.mark.parametrize("arrived", [True, False])
    async def test_another_life_looks_first(self, world: World, channel: SocialChannel, arrived: bool) -> None:
        await world.write("hi")
        await self.kill(world, channel, arrived=arrived)
        await tries(world, 3, life="restarted")
        assert channel.private == ["echo: hi"]
        assert len(channel.calls) == (1 if arrived else 2)
        assert await world.statuses() == [("echo: hi", "sent")]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_killed_again_while_it_looks(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        await self.kill(world, channel, arrived=True)
        channel.lookups = [None, ValueError("kill -9")]
        await tries(world, 1, life="second")
        with pytest.raises(ValueError, match="kill -9"):
            await world.deliver(world.new_courier("second"))
        await world.outbox.reclaim("courier")
        await tries(world, 3, life="third")
        assert channel.private == ["echo: hi"]
        assert len(channel.calls) == 1


class TestAPersonComesMeanwhile:
    @pytest.mark.parametrize("arrived", [True, False])
    @pytest.mark.parametrize("abilities", [{}, {"lookup": False, "echoes": True}])
    async def test_nothing_of_the_bots_is_sent_any_more(
        self, world: World, channel: SocialChannel, arrived: bool, abilities: dict[str, bool]
    ) -> None:
        channel.set(PRIVATE, **abilities)
        await world.write("hi")
        channel.script = [AnswerLost(TIMED_OUT) if arrived else TIMED_OUT]
        await tries(world)
        await claimed(world)
        await tries(world, 2 * MOST_LOOKS)
        assert channel.calls == ["echo: hi"], "the call from before, and never another"
        known = "sent" if arrived else "dropped"
        assert await world.statuses() == [("echo: hi", known if not abilities else "unconfirmed")]
        assert (await world.conversation()).agent_id == "dina"
        assert (await world.outbox.depth()).messages == 0


class TestARuleForbidsItMeanwhile:
    """What may be there already is not called refused, nor is it forgotten that it used up what a rule allows."""

    @pytest.fixture
    def world(self, channel: SocialChannel) -> World:
        channel.set(PUBLIC, lookup=True, echoes=True)
        channel.rule(PUBLIC, automatic_replies=1)
        world = World(channel, House(public_responses=frozenset({"utter_fee"}), opt_out=("stop",)))
        world.dialogue.script["fee?"] = Turn(utterances=(Utterance(text="Little.", response="utter_fee"),))
        return world

    async def forbid(self, world: World, comment: str, how: str) -> None:
        if how == "deleted":
            await world.receive(world.event(MessageDeleted, external_id=comment, surface=PUBLIC))
        else:
            await world.receive(world.message("stop"))
        await world.work()

    @pytest.mark.parametrize("how", ["deleted", "opted out"])
    async def test_then_nobody_knows(self, world: World, channel: SocialChannel, how: str) -> None:
        comment = await world.post("fee?")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world)
        await self.forbid(world, comment, how)
        await tries(world, MOST_LOOKS)
        assert channel.calls.count("Little.") == 1
        assert (await world.statuses())[0] == ("Little.", "unconfirmed")
        assert await world.log(e.ReplyRefused) == []
        conversation = await world.conversation()
        assert conversation.owner is Owner.WAITING
        assert len(conversation.answers_to(comment)) == 1, "the one answer that was allowed"

    @pytest.mark.parametrize("how", ["deleted", "opted out"])
    async def test_what_never_left_is_refused_and_uses_nothing_up(
        self, world: World, channel: SocialChannel, how: str
    ) -> None:
        comment = await world.post("fee?")
        channel.script = [Unavailable("502")]
        await tries(world)
        await self.forbid(world, comment, how)
        world.clock.forward(60)
        await tries(world)
        assert channel.public == []
        assert (await world.statuses())[0] == ("Little.", "refused")
        assert (await world.conversation()).answers_to(comment) == ()

    @pytest.mark.parametrize("how", ["deleted", "opted out"])
    async def test_what_was_seen_there_meanwhile_is_sent(self, world: World, channel: SocialChannel, how: str) -> None:
        comment = await world.post("fee?")
        channel.script = [AnswerLost(TIMED_OUT)]
        await tries(world)
        echo = {"thread_id": post_thread(comment), "surface": PUBLIC, "external_id": "p5", "text": "Little."}
        await world.receive(world.event(HumanEcho, maybe_ours=True, **echo))
        await self.forbid(world, comment, how)
        await tries(world, 2)
        assert (await world.statuses())[0] == ("Little.", "sent")
        assert (await world.conversation()).owner is Owner.BOT, "nobody needs to look"
        assert (await world.outbox.depth()).messages == 0

    async def test_half_of_a_message_is_refused_and_its_half_not_forgotten(
        self, world: World, channel: SocialChannel
    ) -> None:
        world.notices.words["disclosure"] = "Assistant:"
        await world.write("a\n\nb")
        channel.script = [None, Unavailable("502")]
        await tries(world)
        await self.forbid(world, "", "opted out")
        world.clock.forward(60)
        await tries(world)
        assert channel.private == ["Assistant: echo: a", "[opted_out/en]"]
        assert (await world.statuses())[0] == ("Assistant: echo: a\n\nb", "refused")
        assert (await world.conversation()).disclosed_in, "the half that arrived said so"


class TestLimits:
    @pytest.fixture(autouse=True)
    def fast(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        """A short wait on the spot moves the world's clock."""
        sleep = asyncio.sleep

        async def passing(seconds: float) -> None:
            world.clock.forward(seconds)
            await sleep(0)

        monkeypatch.setattr("bot.services.deliver.asyncio.sleep", passing)

    async def two_customers(self, world: World) -> None:
        await world.write("hi")
        await world.receive(world.message("hi", thread_id="8"))
        await world.work()

    async def test_two_couriers_share_them(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1, 60.0, "app")]
        await self.two_customers(world)
        for life in ("one", "two"):
            lease = await world.outbox.lease(life, 0)
            assert lease is not None
            await world.new_courier(life).handle(lease)
        assert len(channel.calls) == 1
        world.clock.forward(60)
        await world.deliver(world.new_courier("two"))
        assert len(channel.calls) == 2
        assert world.meter.counts["sends", CHANNEL, "paced"] == 1

    async def test_a_call_counts_against_all_or_none(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(10, 60.0, "app"), at_most(1, 60.0, "pair:7")]
        await world.write("one", "two")
        for _ in range(5):
            await world.deliver()
            world.clock.forward(5)
        assert channel.calls == ["echo: one"]
        assert (await world.limits.used(CHANNEL))["app"][0] == 1, "what had to wait took nobody's turn"

    async def test_a_short_wait_is_waited_for_and_the_order_kept(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1, 0.5, "app")]
        await world.write("one", "two", "three")
        await world.deliver()
        assert channel.private == ["echo: one", "echo: two", "echo: three"]

    async def test_parked_letters_keep_their_order(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1, 30.0, "app")]
        await world.write("one", "two", "three")
        for _ in range(3):
            await world.deliver()
            world.clock.forward(30)
        assert channel.private == ["echo: one", "echo: two", "echo: three"]

    async def test_parking_is_nobodys_fault(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1, 30.0, "app")]
        channel.script = [None, Unavailable("502")]
        await world.write("one", "two")
        for _ in range(65):
            await world.deliver()
            world.clock.forward(1)
        assert channel.private == ["echo: one", "echo: two"]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_a_long_message_comes_to_its_end(self, world: World, channel: SocialChannel) -> None:
        """Parts that are there already count no more, or each new try would use up what the next part needs."""
        channel.limited = [at_most(1, 6.0, "pair:7")]
        await world.write("a\n\nb\n\nc")
        for _ in range(4):
            await world.deliver()
            world.clock.forward(6)
        assert channel.private == ["echo: a", "b", "c"]
        assert channel.calls == ["echo: a", "b", "c"]

    async def test_nothing_is_on_its_way_while_it_waits(self, world: World, channel: SocialChannel) -> None:
        """So that a person who claims need not wait with it, and it is not looked for in vain."""
        channel.limited = [at_most(1, 30.0, "app")]
        await world.write("one", "two")
        await world.deliver()
        assert not await world.sends.in_flight(world_key())
        await claimed(world)
        world.clock.forward(30)
        await world.deliver()
        assert channel.calls == ["echo: one"]
        assert (await world.statuses())[-1] == ("echo: two", "dropped")
        assert channel.looked == 0

    async def test_who_claims_during_a_short_wait_is_respected(
        self, world: World, channel: SocialChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        channel.limited = [at_most(1, 0.9, "app")]
        await world.write("one", "two")

        async def claim(seconds: float) -> None:
            world.clock.forward(seconds)
            await claimed(world)

        monkeypatch.setattr("bot.services.deliver.asyncio.sleep", claim)
        await world.deliver()
        assert channel.calls == ["echo: one"]

    @pytest.mark.parametrize(("share", "pause"), [(0.5, 0.0), (0.75, 0.5), (0.85, 2.0), (0.95, 10.0), (1.0, 30.0)])
    async def test_what_the_platforms_headers_say_slows_everybody_down(
        self, world: World, channel: SocialChannel, share: float, pause: float
    ) -> None:
        channel.limited = [at_most(1000, 60.0, "app")]
        channel.told = [used("app", share)]
        await self.two_customers(world)
        begun = world.clock.seconds()
        for life in ("one", "two"):
            lease = await world.outbox.lease(life, 0)
            assert lease is not None
            await world.new_courier(life).handle(lease)
        if pause > 1:
            assert len(channel.calls) == 1
            world.clock.forward(pause)
            await world.deliver()
        assert len(channel.calls) == 2
        assert world.clock.seconds() - begun == pytest.approx(pause)

    async def test_a_stop_is_a_stop_also_when_it_comes_with_an_error(
        self, world: World, channel: SocialChannel
    ) -> None:
        channel.limited = [at_most(1000, 60.0, "app")]
        channel.told = [used("app", 1.0, wait_s=120.0)]
        channel.script = [RateLimited("slow down", retry_after=1)]
        await self.two_customers(world)
        await world.deliver()
        world.clock.forward(118)
        await world.deliver()
        assert len(channel.calls) == 1, "nobody of this app"
        world.clock.forward(2)
        await world.deliver()
        assert len(channel.private) == 2

    async def test_who_is_told_to_wait_tells_the_other_couriers(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1000, 60.0, "app")]
        channel.script = [RateLimited("slow down", retry_after=30, whole_channel=True)]
        await self.two_customers(world)
        for life in ("one", "two"):
            lease = await world.outbox.lease(life, 0)
            assert lease is not None
            await world.new_courier(life).handle(lease)
        assert len(channel.calls) == 1
        world.clock.forward(30)
        await world.deliver(world.new_courier("two"))
        assert len(channel.private) == 2

    async def test_another_scope_goes_on(self, world: World, channel: SocialChannel) -> None:
        channel.limited = [at_most(1000, 60.0, "page:send")]
        channel.told = [used("page:comments", 1.0, wait_s=120.0)]
        await world.write("one", "two")
        await world.deliver()
        assert len(channel.private) == 2

    async def test_a_store_that_is_away_for_a_moment_makes_nothing_doubtful(
        self, world: World, channel: SocialChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A clear answer of the platform's must not turn into "nobody knows" because it could not be noted."""
        channel.set(PRIVATE, lookup=False)
        channel.limited = [at_most(1000, 60.0, "app")]
        channel.told = [used("app", 0.1)] * 2
        channel.script = [RateLimited("slow down", retry_after=2)]
        away = {"take": 2, "note": 2}

        def flaky(name: str) -> Any:
            method = getattr(world.limits, name)

            async def call(*args: Any) -> Any:
                if away[name]:
                    away[name] -= 1
                    raise StoreUnavailable("gone")
                return await method(*args)

            return call

        for name in away:
            monkeypatch.setattr(world.limits, name, flaky(name))
        await world.write("hi")
        await world.deliver()
        world.clock.forward(2)
        await world.deliver()
        assert away == {"take": 0, "note": 0}
        assert await world.statuses() == [("echo: hi", "sent")]
        assert channel.private == ["echo: hi"]


class TestHowTheChannelDoes:
    async def test_is_counted_by_day(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi", "two")
        await world.deliver()
        state = await world.states.read(CHANNEL, world.clock.now())
        assert (state.sent, state.failures, state.last_sent_at) == (2, 0, world.clock.now())
        tomorrow = world.clock.now() + timedelta(days=1)
        assert (await world.states.read(CHANNEL, tomorrow)).sent == 0

    async def test_dead_credentials_stop_it_until_something_goes_out(
        self, world: World, channel: SocialChannel
    ) -> None:
        channel.script = [AuthFailed("token revoked")]
        await world.write("hi")
        with pytest.raises(AuthFailed):
            await world.deliver()
        assert (await world.states.read(CHANNEL, world.clock.now())).stopped == "token revoked"
        world.clock.forward(60)
        await world.deliver()
        assert (await world.states.read(CHANNEL, world.clock.now())).stopped == ""

    async def rounds(self, world: World, channel: SocialChannel, count: int, *, others: int) -> None:
        """A minute each, in which nothing reaches customer 7, and (`others` times) something another one."""

        async def refuse(message: OutboundMessage) -> None:
            if message.thread_id == "7" or not others:
                raise AuthFailed("no permission for this one")

        channel.before_answer = refuse
        for number in range(count):
            if number < others:
                await world.receive(world.message(f"again {number}", thread_id="8"))
                await world.work()
            for _ in range(2):
                with suppress(AuthFailed):
                    await world.deliver()
            world.clock.forward(AUTH_PAUSE_S)

    async def test_one_message_that_is_refused_while_others_go_out_is_a_persons(
        self, world: World, channel: SocialChannel
    ) -> None:
        await world.write("hi")
        await self.rounds(world, channel, 2, others=2)
        assert await world.statuses() == [("echo: hi", "queued")], "it may be about who we are"
        await self.rounds(world, channel, 1, others=1)
        assert (await world.statuses())[0] == ("echo: hi", "failed")
        assert await world.moves() == [("bot", "waiting", "send_failed")]
        await self.rounds(world, channel, 5, others=5)
        assert (await world.outbox.depth()).messages == 0, "and the word of it comes to an end as well"
        assert len([text for text in channel.private if text.startswith("echo: again")]) == 8
        assert (await world.states.read(CHANNEL, world.clock.now())).stopped == ""

    @pytest.mark.parametrize("just_before", [True, False])
    async def test_where_nothing_goes_out_everything_waits(
        self, world: World, channel: SocialChannel, just_before: bool
    ) -> None:
        if just_before:
            await world.receive(world.message("hello", thread_id="8"))
            await world.work()
            await world.deliver()
            world.clock.forward(1)
        await world.write("hi")
        await self.rounds(world, channel, 10, others=0)
        assert await world.statuses() == [("echo: hi", "queued")]
        assert (await world.conversation()).owner is Owner.BOT
        assert (await world.states.read(CHANNEL, world.clock.now())).stopped
        channel.before_answer = None
        await world.deliver()
        assert await world.statuses() == [("echo: hi", "sent")]

    async def test_what_was_refused_for_good_is_a_failure(self, world: World, channel: SocialChannel) -> None:
        world.dialogue.script["hi"] = Turn(utterances=(Utterance(text="one"),))
        channel.set(PRIVATE, lookup=False)
        channel.script = [Duplicate("no")]
        await world.write("hi")
        await world.deliver()
        state = await world.states.read(CHANNEL, world.clock.now())
        assert (state.failures, state.sent) == (1, 1), "the answer failed, the notice of the handover went out"
