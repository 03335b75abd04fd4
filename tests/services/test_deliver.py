from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Owner
from bot.core.ports import Commit, HandoffRequest, Lease, LeaseLost, Letter, StoreUnavailable, Turn, Utterance
from bot.services import deliver
from bot.services.patience import AUTH_PAUSE_S, MOST_ATTEMPTS, back_off
from channels.errors import (
    Ambiguous,
    AuthFailed,
    OwnedElsewhere,
    RateLimited,
    RecipientGone,
    Rejected,
    Unavailable,
    WindowClosed,
)
from channels.messages import OwnEcho
from tests.services.world import ANSWER_WITHIN, BUDI, DINA, KEY, IdempotentChannel, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the store takes no time."""
    sleep = asyncio.sleep
    monkeypatch.setattr(deliver.asyncio, "sleep", lambda seconds: sleep(0))


async def head(world: World) -> Lease:
    lease = await world.outbox.lease("courier", 0)
    assert lease is not None
    return lease


async def due_in(world: World) -> float:
    """Seconds until the outbox has work again."""
    assert (await world.outbox.depth()).delayed == 1
    begun = world.clock.seconds()
    while (lease := await world.outbox.lease("courier", 0)) is None:
        world.clock.forward(0.1)
    await world.outbox.release(lease)
    return world.clock.seconds() - begun


def statuses(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line.text, line.status) for line in lines if line.kind == "message" and line.author != "customer"]


class Flaky:
    """A port whose named calls fail a few times, before or after they took effect."""

    def __init__(self, port: Any, times: int = 2, *, applied: bool = False, only: str = "") -> None:
        self._port = port
        self._left = times
        self._applied = applied
        self._only = only

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if self._only and name != self._only:
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._left > 0:
                self._left -= 1
                if self._applied:
                    await method(*args, **kwargs)
                raise StoreUnavailable("gone")
            return await method(*args, **kwargs)

        return call


class TestSending:
    async def test_in_order_and_told_as_sent(self, world: World) -> None:
        await world.write("one", "two")
        world.clock.forward(3)
        await world.deliver()
        assert world.channel.screen == ["echo: one", "echo: two"]
        assert statuses(await world.lines()) == [("echo: one", "sent"), ("echo: two", "sent")]
        assert all(line.external_ids for line in await world.lines() if line.author == "bot")
        assert world.meter.counts["sends", "fake", "sent"] == 2
        assert world.meter.observed == [("answer", 3.0), ("answer", 3.0)]
        assert not await world.sends.in_flight(KEY)

    async def test_a_long_message_leaves_in_parts_in_order(self, world: World) -> None:
        await world.write("a\n\nb\n\nc")
        await world.deliver()
        assert world.channel.screen == ["echo: a", "b", "c"]
        [sent] = await world.log(e.ReplySent)
        assert len(sent.external_ids) == 3

    async def test_a_tap_is_confirmed_and_leaves_no_line(self, world: World) -> None:
        await world.tap("k", "hi", acknowledge="cb")
        await world.deliver()
        assert [signal.acknowledge for signal in world.channel.signals] == ["cb"]
        assert statuses(await world.lines()) == [("echo: hi", "sent")]

    async def test_a_confirmation_that_fails_holds_nothing_up(self, world: World) -> None:
        world.channel.script = [Rejected("query is too old")]
        await world.tap("k", "hi", acknowledge="cb")
        await world.deliver()
        assert world.channel.screen == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_typing_is_best_effort(self, world: World) -> None:
        await world.write("hi")
        [message] = await world.queued()
        typing = msgspec.structs.replace(message, kind="typing")
        await world.courier.signal(typing)
        world.channel.script = [Unavailable("down")]
        await world.courier.signal(typing)
        assert len(world.channel.signals) == 1


class TestWhoMaySpeak:
    async def test_composed_before_a_claim_is_not_said_after_it(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        assert world.channel.screen == ["[claimed/en] Dina Lestari Arunika"]
        assert statuses(await world.lines())[0] == ("echo: hi", "dropped")
        assert world.meter.counts["sends", "fake", "dropped"] == 1

    async def test_what_the_bot_answered_before_it_handed_over_is_still_said(self, world: World) -> None:
        """A busy courier: the customer's first question was answered, and the answer must not get lost."""
        world.dialogue.script["person"] = Turn(handoff=HandoffRequest(reason="customer_asked"))
        await world.write("hi", "person")
        await world.deliver()
        assert world.channel.screen == ["echo: hi", "[handoff/en] 5"]

    async def test_an_agents_words_are_said_whoever_has_it_by_then(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.desk.reply(KEY, DINA, "Hello Ani", "c1")
        await world.desk.release(KEY, DINA)
        await world.desk.claim(KEY, BUDI)
        await world.deliver()
        assert "Hello Ani" in world.channel.screen

    async def test_parts_that_have_not_left_when_a_person_claims_never_leave(self, world: World) -> None:
        await world.write("a\n\nb")

        async def claim(message: Any) -> None:
            if len(world.channel.calls) == 1:
                world.channel.before_answer = None
                claiming.append(asyncio.create_task(world.desk.claim(KEY, DINA)))
                await asyncio.sleep(0.01)

        claiming: list[asyncio.Task[Any]] = []
        world.channel.before_answer = claim
        await world.deliver()
        await claiming[0]
        await world.deliver()
        assert world.channel.screen == ["echo: a", "[claimed/en] Dina Lestari Arunika"]


class TestRateLimits:
    async def test_one_conversation_waits_as_long_as_it_is_told(self, world: World) -> None:
        world.channel.script = [RateLimited("slow down", retry_after=7)] * 20
        await world.write("hi")
        for _ in range(20):
            await world.deliver()
            assert await due_in(world) == pytest.approx(7, abs=0.2)
        world.channel.script = [Unavailable("502")]
        await world.deliver()
        world.clock.forward(60)
        await world.deliver()
        assert world.channel.screen == ["echo: hi"], "however often: a rate limit is not the message's fault"
        assert world.courier.paused_until == 0

    async def test_the_whole_channel_waits_when_told(self, world: World) -> None:
        world.channel.script = [RateLimited("slow down", retry_after=7, whole_channel=True)]
        await world.write("hi")
        await world.deliver()
        left = world.courier.paused_until - asyncio.get_running_loop().time()
        assert 6 < left <= 7

    async def test_later_messages_of_the_conversation_do_not_overtake(self, world: World) -> None:
        world.channel.script = [RateLimited("slow down", retry_after=7)]
        await world.write("one", "two")
        await world.deliver()
        assert world.channel.screen == []
        world.clock.forward(7)
        await world.deliver()
        assert world.channel.screen == ["echo: one", "echo: two"]


class TestPlatformDown:
    async def test_tried_again_with_growing_pauses_until_it_is_back(self, world: World) -> None:
        world.channel.script = [Unavailable("502")] * 3
        await world.write("hi")
        pauses = []
        for _ in range(3):
            await world.deliver()
            pauses.append(await due_in(world))
        await world.deliver()
        assert world.channel.screen == ["echo: hi"]
        assert pauses[0] < pauses[1] < pauses[2]

    async def test_a_person_sees_it_when_it_stays_down(self, world: World) -> None:
        world.channel.script = [Unavailable("502")] * MOST_ATTEMPTS
        await world.write("hi")
        for _ in range(MOST_ATTEMPTS):
            world.clock.forward(100)
            await world.deliver()
        [failed] = await world.log(e.ReplyFailed)
        assert (failed.error, failed.detail) == ("Unavailable", "502")
        assert await world.moves() == [("bot", "waiting", "send_failed")]
        assert world.meter.counts["handoffs", "send_failed"] == 1
        world.clock.forward(100)
        await world.deliver()
        assert world.channel.screen == ["[handoff/en] 5"], "told as soon as anything arrives again"

    def test_back_off_doubles_to_a_minute(self) -> None:
        for attempt in range(1, 30):
            assert 0.8 * min(60, 2 ** (attempt - 1)) <= back_off(attempt) <= 1.2 * min(60, 2 ** (attempt - 1))


class TestNobodyKnows:
    async def test_unconfirmed_is_never_sent_again_and_goes_to_a_person_with_a_notice(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        await world.deliver()
        assert world.channel.calls == ["echo: hi", "[unsure_delivery/en]"]
        assert statuses(await world.lines()) == [("echo: hi", "unconfirmed"), ("[unsure_delivery/en]", "sent")]
        assert await world.moves() == [("bot", "waiting", "send_unconfirmed")]
        assert (await world.inbound.depth()).delayed == 1, "the handoff's clock runs"
        assert not await world.sends.in_flight(KEY)
        assert world.meter.counts["sends", "fake", "unconfirmed"] == 1

    async def test_nothing_is_in_flight_once_a_person_has_to_look(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        lease = await head(world)
        await world.courier.handle(lease)
        assert not await world.sends.in_flight(KEY), "or a claim would wait for it in vain"

    async def test_where_a_message_shows_once_however_often_it_is_sent_it_is_sent_again(self) -> None:
        world = World(IdempotentChannel())
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        await world.deliver()
        world.clock.forward(2)
        await world.deliver()
        assert world.channel.screen == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_a_handoffs_notice_that_may_be_lost_is_said_in_other_words(self, world: World) -> None:
        world.dialogue.script["person"] = Turn(handoff=HandoffRequest(reason="customer_asked"))
        await world.write("person")
        world.channel.script = [Ambiguous("timed out")]
        await world.deliver()
        assert world.channel.calls == ["[handoff/en] 5", "[still_waiting/en] 5"]
        assert await world.moves() == [("bot", "waiting", "customer_asked")]

    async def test_a_platform_that_never_answers_is_not_told_for_ever(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")] * 50
        await world.write("hi")
        await world.deliver()
        assert world.channel.calls == ["echo: hi", "[unsure_delivery/en]", "[still_waiting/en] 5"]
        assert all(status == "unconfirmed" for _, status in statuses(await world.lines()))

    async def test_an_agents_unconfirmed_message_is_theirs_to_judge(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        await world.desk.reply(KEY, DINA, "Hello", "c1")
        world.channel.script = [Ambiguous("timed out")]
        await world.deliver()
        assert statuses(await world.lines())[-1] == ("Hello", "unconfirmed")
        assert world.channel.calls.count("Hello") == 1
        assert (await world.conversation()).agent_id == "dina"

    async def test_an_echo_settles_it_later(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        [message] = await world.queued()
        await world.deliver()
        await world.receive(world.event(OwnEcho, external_id="p5", message_id=f"{message.message_id}/0"))
        await world.work()
        assert statuses(await world.lines())[0] == ("echo: hi", "sent")


class TestRefused:
    async def test_a_person_sees_why_and_the_customer_hears_of_it(self, world: World) -> None:
        world.channel.script = [Rejected("can't parse entities", code="400")]
        await world.write("hi")
        await world.deliver()
        [failed] = await world.log(e.ReplyFailed)
        assert (failed.error, failed.detail, failed.code) == ("Rejected", "can't parse entities", "400")
        assert (await world.conversation()).handoff.detail == "can't parse entities"  # type: ignore[union-attr]
        assert world.channel.screen == ["[handoff/en] 5"]

    async def test_a_refused_notice_does_not_lead_to_another(self, world: World) -> None:
        world.channel.script = [Rejected("no"), Rejected("no"), Rejected("no")]
        await world.write("hi")
        await world.deliver()
        assert len(world.channel.calls) == 2
        assert await world.moves() == [("bot", "waiting", "send_failed")]

    @pytest.mark.parametrize("error", [WindowClosed("24 h are over"), OwnedElsewhere("another app has it")])
    async def test_nothing_is_said_where_nothing_would_arrive(self, world: World, error: Rejected) -> None:
        world.channel.script = [error]
        await world.write("hi")
        await world.deliver()
        assert len(world.channel.calls) == 1
        assert (await world.conversation()).owner is Owner.WAITING

    async def test_a_customer_who_left_is_known_to_be_unreachable(self, world: World) -> None:
        world.channel.script = [RecipientGone("bot was blocked by the user", code="403")]
        await world.write("hi")
        await world.deliver()
        conversation = await world.conversation()
        assert not conversation.reachable
        assert conversation.owner is Owner.WAITING
        assert len(world.channel.calls) == 1

    async def test_an_agents_refused_message_stays_with_them(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        await world.desk.reply(KEY, DINA, "Hello", "c1")
        world.channel.script = [RecipientGone("blocked")]
        await world.deliver()
        conversation = await world.conversation()
        assert (conversation.agent_id, conversation.reachable) == ("dina", False)
        assert statuses(await world.lines())[-1] == ("Hello", "failed")


class TestAfterTheClose:
    async def test_last_words_that_did_not_arrive_come_back_into_the_queue(self, world: World) -> None:
        await world.write("hi")
        await world.desk.claim(KEY, DINA)
        await world.deliver()
        await world.desk.reply(KEY, DINA, "Done, bye", "c1")
        await world.desk.close(KEY, DINA)
        world.channel.script = [Rejected("no")]
        await world.deliver()
        assert (await world.moves())[-1] == ("closed", "waiting", "send_failed")
        assert statuses(await world.lines())[-3:][0] == ("Done, bye", "failed")


class TestDeadCredentials:
    async def test_the_channel_stops_is_said_and_the_message_is_kept(self, world: World) -> None:
        world.channel.script = [AuthFailed("token revoked")] * MOST_ATTEMPTS * 2
        await world.write("hi")
        for _ in range(MOST_ATTEMPTS * 2):
            with pytest.raises(AuthFailed):
                await world.deliver()
            assert world.courier.paused_until - asyncio.get_running_loop().time() > AUTH_PAUSE_S - 1
            assert await due_in(world) == pytest.approx(AUTH_PAUSE_S, abs=0.2)
        await world.deliver()
        assert world.channel.screen == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT


class TestKilled:
    async def begin(self, world: World, part: int = 0, life: str = "killed") -> None:
        """A courier that marked a part as leaving and was killed before it learned what became of it."""
        courier = world.new_courier(life)
        world.channel.script = [None] * part + [RuntimeError("kill -9")]
        with pytest.raises(RuntimeError):
            await world.deliver(courier)
        await world.outbox.reclaim("courier")
        world.channel.calls.clear()

    async def test_what_it_had_begun_is_not_repeated_and_a_person_looks(self, world: World) -> None:
        await world.write("hi")
        await self.begin(world)
        await world.deliver(world.new_courier("restarted"))
        assert world.channel.calls == ["[unsure_delivery/en]"]
        assert statuses(await world.lines())[0] == ("echo: hi", "unconfirmed")
        assert await world.moves() == [("bot", "waiting", "send_unconfirmed")]

    async def test_where_it_is_harmless_it_is_sent_again(self) -> None:
        world = World(IdempotentChannel())
        await world.write("hi")
        await self.begin(world)
        await world.deliver(world.new_courier("restarted"))
        assert world.channel.calls == ["echo: hi"]
        assert (await world.conversation()).owner is Owner.BOT

    async def test_parts_that_arrived_are_not_repeated(self) -> None:
        world = World(IdempotentChannel())
        await world.write("a\n\nb\n\nc")
        await self.begin(world, part=1)
        await world.deliver(world.new_courier("restarted"))
        assert world.channel.calls == ["b", "c"]
        assert world.channel.screen == ["echo: a", "b", "c"]
        [sent] = await world.log(e.ReplySent)
        assert len(sent.external_ids) == 3

    async def test_killed_between_two_parts_goes_on_with_the_next(self, world: World) -> None:
        await world.write("a\n\nb")
        [message] = await world.queued()
        await world.sends.begin(message, 0, "killed:1")
        await world.sends.finish(message, 0, "p0")
        await world.deliver()
        assert world.channel.calls == ["b"]
        [sent] = await world.log(e.ReplySent)
        assert sent.external_ids[0] == "p0"

    async def test_killed_after_the_last_part_only_records(self, world: World) -> None:
        await world.write("hi")
        [message] = await world.queued()
        await world.sends.begin(message, 0, "killed:1")
        await world.sends.finish(message, 0, "p0")
        await world.deliver()
        assert world.channel.calls == []
        assert statuses(await world.lines()) == [("echo: hi", "sent")]

    async def test_a_claim_does_not_hide_that_it_may_have_arrived(self, world: World) -> None:
        await world.write("hi")
        await self.begin(world)
        await world.store.commit(await claimed(world))
        await world.deliver(world.new_courier("restarted"))
        assert statuses(await world.lines())[0] == ("echo: hi", "unconfirmed")
        assert (await world.conversation()).agent_id == "dina"


async def claimed(world: World) -> Any:
    """A claim's commit, without waiting for what is in flight."""
    before = await world.conversation()
    moved, event = handoff.claim(before, "dina", "Dina Lestari", world.clock.now(), ANSWER_WITHIN)
    return Commit(conversation=moved, expected_version=before.version, events=[event])


@pytest.mark.usefixtures("fast")
class TestTheStoreAway:
    @pytest.mark.parametrize("applied", [False, True], ids=["refused", "answer lost"])
    @pytest.mark.parametrize("call", ["begin", "finish"])
    async def test_the_send_log_is_asked_until_it_answers(self, world: World, call: str, applied: bool) -> None:
        sends: Any = Flaky(world.sends, 3, applied=applied, only=call)
        await world.write("hi")
        await world.deliver(world.new_courier("life1", sends=sends))
        assert world.channel.calls == ["echo: hi"]
        assert statuses(await world.lines()) == [("echo: hi", "sent")]

    async def test_a_delivery_is_recorded_when_the_store_is_back(self, world: World) -> None:
        store: Any = Flaky(world.store, 3, only="record")
        await world.write("hi", "two")
        await world.deliver(world.new_courier("life1", store=store))
        assert world.channel.calls == ["echo: hi", "echo: two"]
        assert len(await world.log(e.ReplySent)) == 2

    async def test_recorded_and_not_confirmed_is_not_recorded_twice(self, world: World) -> None:
        store: Any = Flaky(world.store, 1, applied=True, only="record")
        await world.write("hi", "two")
        lease = await head(world)
        with pytest.raises(LeaseLost):
            await world.new_courier("life1", store=store).handle(lease)
        await world.outbox.release(lease)
        await world.deliver()
        assert world.channel.calls == ["echo: hi", "echo: two"]
        assert len(await world.log(e.ReplySent)) == 2

    async def test_a_handover_that_could_not_be_stored_is_repeated_without_a_resend(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        lease = await head(world)
        store: Any = Flaky(world.store, 1, only="commit")
        with pytest.raises(StoreUnavailable):
            await world.new_courier("life1", store=store).handle(lease)
        await world.outbox.release(lease)
        await world.deliver()
        assert world.channel.calls == ["echo: hi", "[unsure_delivery/en]"]
        assert await world.moves() == [("bot", "waiting", "send_unconfirmed")]

    async def test_a_handover_whose_answer_was_lost_is_not_made_twice(self, world: World) -> None:
        world.channel.script = [Ambiguous("timed out")]
        await world.write("hi")
        lease = await head(world)
        store: Any = Flaky(world.store, 1, applied=True, only="commit")
        with pytest.raises(StoreUnavailable):
            await world.new_courier("life1", store=store).handle(lease)
        await world.outbox.release(lease)
        await world.deliver()
        assert world.channel.calls == ["echo: hi", "[unsure_delivery/en]"]
        assert len(await world.log(e.ReplyUnconfirmed)) == 1


class TestOurOwnMistakes:
    async def test_an_unforeseen_error_goes_to_a_person(self, world: World) -> None:
        world.channel.script = [ZeroDivisionError()]
        await world.write("hi", "two")
        lease = await head(world)
        with pytest.raises(ZeroDivisionError):
            await world.courier.handle(lease)
        following = await world.courier.give_up(lease, "ZeroDivisionError")
        assert following is not None
        [failed] = await world.log(e.ReplyFailed)
        assert failed.detail == "unforeseen ZeroDivisionError"
        assert await world.moves() == [("bot", "waiting", "send_failed")]
        await world.outbox.release(following)
        await world.deliver()
        assert world.channel.screen == ["echo: two", "[handoff/en] 5"]

    async def test_a_signal_that_breaks_is_let_go(self, world: World) -> None:
        world.channel.script = [ZeroDivisionError()]
        await world.tap("k", "hi", acknowledge="cb")
        lease = await head(world)
        with pytest.raises(ZeroDivisionError):
            await world.courier.handle(lease)
        following = await world.courier.give_up(lease, "ZeroDivisionError")
        assert following is not None
        assert (await world.conversation()).owner is Owner.BOT
        assert await world.log(e.ReplyFailed) == []

    async def test_a_letter_that_is_no_message_is_buried(self, world: World) -> None:
        await world.outbox.append([Letter(key=KEY, dedupe_id="", body=b'{"odd": 1}')])
        lease = await head(world)
        with pytest.raises(msgspec.DecodeError):
            await world.courier.handle(lease)
        assert await world.courier.give_up(lease, "ValidationError") is None
        [letter] = await world.dead.list()
        assert (letter.mailbox, letter.body, letter.error) == ("out.fake", b'{"odd": 1}', "ValidationError")

    async def test_a_conversation_that_is_gone_loses_only_its_context(self, world: World) -> None:
        await world.write("hi")
        world.channel.script = [Rejected("no")]
        world.store._conversations.clear()
        await world.deliver()
        assert len(await world.log(e.ReplyFailed)) == 1


async def test_two_utterances_keep_their_order_over_a_retry(world: World) -> None:
    world.dialogue.script["hi"] = Turn(utterances=(Utterance(text="one"), Utterance(text="two")))
    world.channel.script = [Unavailable("502")]
    await world.write("hi")
    await world.deliver()
    world.clock.forward(5)
    await world.deliver()
    assert world.channel.screen == ["one", "two"]
