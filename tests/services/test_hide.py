"""Hiding a customer's public message: from `Outgoing.hide` to what the transcript says."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.ports import Commit, Turn, Utterance
from bot.services.compose import Outgoing
from bot.services.patience import AUTH_PAUSE_S, MOST_ATTEMPTS, REFUSALS_BEFORE_BLAME
from channels.capabilities import Hiding, Limit, Usage
from channels.errors import Ambiguous, AuthFailed, RateLimited, Rejected, SendError, Unavailable
from channels.messages import MessageDeleted, OutboundMessage, Surface
from tests.services.test_deliver import due_in
from tests.services.test_policy import denied, taken
from tests.services.world import CHANNEL, DINA, KEY, SocialChannel, World

PUBLIC = Surface.PUBLIC
HIDING = Hiding(source="https://v/hide")


@pytest.fixture
def channel() -> SocialChannel:
    channel = SocialChannel()
    channel.set(PUBLIC, hiding=HIDING)
    return channel


@pytest.fixture
def world(channel: SocialChannel) -> World:
    return World(channel)


async def hide(world: World, external_id: str, **changes: Any) -> bool:
    before = await world.conversation()
    out = Outgoing(world.speech, msgspec.structs.replace(before, **changes), world.clock.now())
    able = out.hide(external_id)
    await world.store.commit(
        Commit(conversation=out.conversation, expected_version=before.version, outbox=out.messages)
    )
    return able


async def commented(world: World, **fields: Any) -> str:
    """A comment whose answers are out of the way."""
    comment = await world.post("Look at my card", **fields)
    await world.deliver()
    return comment


def hidden(channel: SocialChannel) -> list[str]:
    return [signal.reply_to for signal in channel.signals if signal.kind == "hide"]


async def told(world: World) -> list[tuple[bool, str]]:
    return [(event.hidden, event.detail) for event in await world.log(e.MessageHidden)]


async def shown(world: World) -> list[str]:
    return [line.hidden for line in await world.lines() if line.author == "customer"]


class TestQueueing:
    async def test_it_is_hidden_and_the_transcript_says_so(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        said = len(channel.posts)
        assert await hide(world, comment)
        await world.deliver()
        assert hidden(channel) == [comment]
        assert len(channel.posts) == said, "hiding says nothing"
        assert await told(world) == [(True, "")]
        assert await shown(world) == ["hidden"]
        assert world.meter.counts["sends", CHANNEL, "hidden"] == 1

    async def test_where_the_platform_cannot_nothing_is_queued(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        channel.set(PUBLIC, hiding=None)
        assert not await hide(world, comment)
        assert not await world.queued()

    async def test_nor_when_this_message_cannot_be_hidden(self, world: World) -> None:
        """X hides answers in the brand's own conversations only."""
        assert not await hide(world, await commented(world, hidable=False))
        assert await hide(world, await commented(world)), "another one can"

    async def test_hiding_twice_does_no_harm(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        assert await hide(world, comment)
        assert await hide(world, comment)
        await world.deliver()
        assert hidden(channel) == [comment, comment]
        assert await shown(world) == ["hidden"]


class TestNothingStopsIt:
    async def test_a_persons_takeover_does_not(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        await hide(world, comment)
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        assert hidden(channel) == [comment]

    async def test_an_opt_out_and_the_policy_do_not(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        channel.rule(PUBLIC, drafts_only=True, drafts_source="https://v/drafts")
        await hide(world, comment, opted_out="some message")
        await world.deliver()
        assert hidden(channel) == [comment]
        assert not await world.log(e.ReplyRefused)

    async def test_its_author_was_faster(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        await hide(world, comment)
        await world.receive(world.event(MessageDeleted, external_id=comment, surface=PUBLIC))
        await world.work()
        await world.deliver()
        assert hidden(channel) == []
        assert await told(world) == [(True, "its author had deleted it")]


class TestWhatThePlatformAnswers:
    @pytest.mark.parametrize("error", [Unavailable("down"), Ambiguous("timed out")])
    async def test_what_may_have_been_done_is_done_again(
        self, world: World, channel: SocialChannel, error: SendError
    ) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.script = [error] * (MOST_ATTEMPTS - 1)
        for _ in range(MOST_ATTEMPTS):
            await world.deliver()
            world.clock.forward(75)
        assert hidden(channel) == [comment]
        assert channel.looked == 0
        assert await told(world) == [(True, "")]

    async def test_in_the_end_it_is_said_that_it_stayed_in_sight(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.script = [Unavailable("down for long")] * MOST_ATTEMPTS
        for _ in range(MOST_ATTEMPTS):
            await world.deliver()
            world.clock.forward(75)
        assert await told(world) == [(False, "down for long")]
        assert await shown(world) == ["failed"]
        assert not await world.queued()
        assert world.meter.counts["sends", CHANNEL, "not_hidden"] == 1

    async def test_a_refusal_is_final_and_what_follows_goes_on(self, world: World, channel: SocialChannel) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.script = [Rejected("not yours")]
        await world.write("hi")
        await world.deliver()
        assert await told(world) == [(False, "not yours")]
        assert channel.private[-1] == "echo: hi"

    async def test_what_stays_in_sight_calls_a_person_and_posts_nothing(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        said = len(channel.posts)
        await hide(world, comment)
        channel.script = [Rejected("not yours")]
        await world.deliver()
        after = await world.conversation()
        assert after.owner is Owner.WAITING
        assert after.handoff is not None
        assert "could not be hidden: not yours" in after.handoff.detail
        assert len(channel.posts) == said

    async def test_a_rate_limit_is_waited_for_and_the_whole_channel_where_it_says_so(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.script = [RateLimited("slow down", retry_after=7, whole_channel=True)] * (MOST_ATTEMPTS + 1)
        for _ in range(MOST_ATTEMPTS + 1):
            await world.deliver()
            assert await due_in(world) == pytest.approx(7, abs=0.2)
        assert world.courier.paused_until > asyncio.get_running_loop().time()
        await world.deliver()
        assert hidden(channel) == [comment], "however often: a rate limit is not its fault"

    async def test_it_counts_against_the_limits_and_their_headers_are_heard(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        channel.limited = [Limit(scope="hide", count=1, window_s=100)]
        channel.told = [Usage(scope="hide", used=1.0, wait_s=300)]
        await hide(world, comment)
        await hide(world, comment)
        await world.deliver()
        assert hidden(channel) == [comment]
        assert await due_in(world) > 100
        await world.deliver()
        assert hidden(channel) == [comment, comment]

    async def test_a_right_that_only_hiding_lacks_does_not_silence_the_channel(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.script = [AuthFailed("no right to moderate")] * REFUSALS_BEFORE_BLAME
        for _ in range(REFUSALS_BEFORE_BLAME):
            await world.deliver()
            world.clock.forward(10)
        assert await told(world) == [(False, "no right to moderate")]
        assert world.courier.paused_until == 0
        assert not (await world.states.read(CHANNEL, world.clock.now())).stopped

    async def test_on_a_stopped_channel_it_waits_with_everything_else(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        await hide(world, comment)
        await world.states.stop(CHANNEL, "dead token")
        channel.script = [AuthFailed("dead token")] * 5
        for _ in range(5):
            await world.deliver()
            assert await due_in(world) == pytest.approx(AUTH_PAUSE_S, abs=0.2)
        await world.deliver()
        assert hidden(channel) == [comment]
        assert not (await world.states.read(CHANNEL, world.clock.now())).stopped

    async def test_what_can_be_hidden_no_longer_or_breaks_us_is_told_too(
        self, world: World, channel: SocialChannel
    ) -> None:
        comment = await commented(world)
        await hide(world, comment)
        channel.set(PUBLIC, hiding=None)
        await world.deliver()
        channel.set(PUBLIC, hiding=HIDING)
        await hide(world, comment)
        lease = await world.outbox.lease("courier", 0)
        assert lease is not None
        assert msgspec.json.decode(lease.body, type=OutboundMessage).kind == "hide"
        await world.courier.give_up(lease, "KeyError")
        assert await told(world) == [(False, "the platform cannot hide it"), (False, "unforeseen KeyError")]


class TestAnsweringWhatIsHidden:
    """Instagram takes no answers under a hidden comment."""

    @pytest.fixture(autouse=True)
    def silenced(self, world: World, channel: SocialChannel) -> None:
        channel.set(PUBLIC, hiding=Hiding(source="https://v/hide", answerable=False))
        world.house = msgspec.structs.replace(world.house, public_responses=frozenset({"utter_fee"}))
        world.speech = msgspec.structs.replace(world.speech, house=world.house)
        world.converse = world.new_converse(world.store)
        world.dialogue.script["fee?"] = Turn(utterances=(Utterance(text="Little.", response="utter_fee"),))

    async def test_is_done_in_private(self, world: World, channel: SocialChannel) -> None:
        await world.write("hi")
        comment = await commented(world)
        before = channel.public
        await hide(world, comment)
        await world.post("fee?", root=comment)
        await world.deliver()
        assert channel.public == before
        assert channel.private[-1] == "Little."

    async def test_a_person_is_told_at_once(self, world: World) -> None:
        comment = await commented(world)
        await hide(world, comment)
        await taken(world)
        await denied(
            world.desk.reply(KEY, DINA, "Hello", "c1", surface=PUBLIC), "target_hidden", "private", "https://v/hide"
        )

    async def test_elsewhere_in_public_as_ever(self, world: World, channel: SocialChannel) -> None:
        await hide(world, await commented(world))
        await world.post("fee?")
        await world.deliver()
        assert channel.public[-1] == "Little."
