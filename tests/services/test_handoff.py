from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.memory_store import MemoryStore
from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.ports import HandoffRequest, Lease, Loaded, SendLog, Turn, Utterance
from bot.services import handoff
from bot.services.change import BadReply, NoSuchConversation, NotYours
from bot.services.handoff import LONGEST_REPLY, TakenBy
from channels.messages import Sender
from tests.services.world import ANSWER_WITHIN, BUDI, DINA, KEY, World

PERSON = "a person please"


class Hesitant:
    """A store with a network between: everybody else gets a turn before each answer."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def load(self, key: str) -> Loaded:
        found = await self._store.load(key)
        await asyncio.sleep(0)
        return found

    async def commit(self, commit: Any) -> Lease | None:
        await asyncio.sleep(0)
        return await self._store.commit(commit)

    async def log(self, key: str, limit: int = 1000) -> Any:
        found = await self._store.log(key, limit)
        await asyncio.sleep(0)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
async def world() -> World:
    """A customer who is waiting for a person."""
    world = World()
    world.dialogue.script[PERSON] = Turn(
        utterances=(Utterance(text="of course"),), handoff=HandoffRequest(reason="customer_asked")
    )
    await world.write("hi", PERSON)
    return world


class TestClaiming:
    async def test_one_of_two_wins_and_the_other_is_told_who(self, world: World) -> None:
        desk = world.new_desk(Hesitant(world.store))
        outcomes = await asyncio.gather(desk.claim(KEY, DINA), desk.claim(KEY, BUDI), return_exceptions=True)
        [lost] = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert isinstance(lost, TakenBy)
        winner = (await world.conversation()).agent_name
        assert lost.agent_name == winner
        assert [move.agent_name for move in await world.log(e.OwnerChanged) if move.after == "human"] == [winner]
        assert len([text for text in await world.texts() if "claimed" in text]) == 1

    async def test_customer_is_told_who_is_there_and_the_context_stays(self, world: World) -> None:
        before = (await world.conversation()).handoff
        assert before is not None
        world.clock.forward(60)
        conversation = await world.desk.claim(KEY, DINA)
        assert (conversation.owner, conversation.agent_id, conversation.epoch) == (Owner.HUMAN, "dina", 2)
        held = (await world.conversation()).handoff
        assert held is not None
        assert (held.reason, held.opened_at, held.claimed_at) == (before.reason, before.opened_at, world.clock.now())
        notice = (await world.queued())[-1]
        assert (notice.text, notice.sender, notice.epoch) == (
            "[claimed/en] Dina Lestari Arunika", Sender.NOTICE, 2,
        )  # fmt: skip

    async def test_claiming_again_is_harmless(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        said, moved = await world.texts(), await world.moves()
        again = await world.desk.claim(KEY, DINA)
        assert again.agent_id == "dina"
        assert (await world.texts(), await world.moves()) == (said, moved)

    async def test_it_can_be_taken_from_the_bot(self) -> None:
        world = World()
        await world.write("hi")
        conversation = await world.desk.claim(KEY, DINA)
        assert conversation.handoff is not None
        assert conversation.handoff.reason == "human_took_over"
        assert await world.moves() == [("bot", "human", "human_took_over")]

    async def test_it_waits_for_what_is_on_its_way(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handoff, "IN_FLIGHT_LOOK_S", 0.001)
        answered = asyncio.Event()
        world.channel.before_answer = lambda message: answered.wait()
        sending = asyncio.create_task(world.deliver())
        await asyncio.sleep(0)
        assert len(world.channel.calls) == 1
        claiming = asyncio.create_task(world.desk.claim(KEY, DINA))
        await asyncio.sleep(0.02)
        assert not claiming.done(), "the customer may see that answer any moment"
        answered.set()
        await asyncio.wait_for(claiming, 1)
        world.channel.before_answer = None
        await sending
        assert world.channel.screen == ["echo: hi", "[claimed/en] Dina Lestari Arunika"]

    async def test_a_platform_that_hangs_does_not_keep_the_person_away(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handoff, "IN_FLIGHT_WAIT_S", 0.05)
        [first, *_] = await world.queued()
        await world.sends.begin(first, 0, "hangs:1")
        assert (await asyncio.wait_for(world.desk.claim(KEY, DINA), 1)).agent_id == "dina"

    async def test_unknown_conversation(self, world: World) -> None:
        with pytest.raises(NoSuchConversation):
            await world.desk.claim("fake:unknown", DINA)


class TestReplying:
    async def test_customer_gets_the_agents_words(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.reply(KEY, DINA, "  Hi Ani!\n", "c1")
        message = (await world.queued())[-1]
        assert (message.text, message.sender, message.agent_name) == ("Hi Ani!", Sender.AGENT, "Dina Lestari")
        line = (await world.lines())[-1]
        assert (line.author, line.name, line.status) == ("agent", "Dina Lestari", "queued")

    async def test_a_repeated_submit_is_said_once(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        first = await world.desk.reply(KEY, DINA, "Hi", "c1")
        assert await world.desk.reply(KEY, DINA, "Hi", "c1") == first
        assert await world.desk.reply(KEY, DINA, "Hi", "c2") != first
        assert (await world.texts()).count("Hi") == 2
        assert [line.text for line in await world.lines()].count("Hi") == 2

    async def test_a_double_click_is_said_once(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        desk = world.new_desk(Hesitant(world.store))
        await asyncio.gather(*(desk.reply(KEY, DINA, "Hi", "c1") for _ in range(3)))
        assert (await world.texts()).count("Hi") == 1
        assert [line.text for line in await world.lines()].count("Hi") == 1

    async def test_a_repeated_submit_after_the_end_is_not_an_error(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        first = await world.desk.reply(KEY, DINA, "Bye", "c1")
        await world.desk.close(KEY, DINA)
        assert await world.desk.reply(KEY, DINA, "Bye", "c1") == first

    @pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_REPLY + 1)])
    async def test_accidents_are_refused(self, world: World, text: str) -> None:
        await world.desk.claim(KEY, DINA)
        for attempt in (world.desk.reply(KEY, DINA, text, "c1"), world.desk.note(KEY, DINA, text)):
            with pytest.raises(BadReply):
                await attempt

    async def test_first_answer_ends_the_wait_and_teaches_the_promise(self, world: World) -> None:
        world.clock.forward(40)
        await world.desk.claim(KEY, DINA)
        world.clock.forward(5)
        await world.desk.reply(KEY, DINA, "Hi", "c1")
        world.clock.forward(100)
        await world.desk.reply(KEY, DINA, "Still there?", "c2")
        assert list((await world.store.queue()).recent_waits_s) == [45.0]
        held = (await world.conversation()).handoff
        assert held is not None
        assert held.first_answer_at is not None
        assert (held.first_answer_at - held.opened_at).total_seconds() == 45

    async def test_notes_are_for_colleagues_only(self, world: World) -> None:
        before = await world.texts()
        await world.desk.note(KEY, BUDI, " calls back at 5 ")
        assert await world.texts() == before
        line = (await world.lines())[-1]
        assert (line.kind, line.name, line.text) == ("note", "Budi Santoso", "calls back at 5")

    async def test_typing_is_shown_as_a_person(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        listening = world.signals.listen()
        first = asyncio.ensure_future(anext(listening))
        await asyncio.sleep(0)
        await world.desk.typing(KEY, DINA)
        signal = await first
        assert (signal.kind, signal.sender, signal.conversation_key) == ("typing", Sender.AGENT, KEY)


class TestWhoMay:
    @pytest.mark.parametrize(
        "act",
        [
            lambda desk: desk.reply(KEY, BUDI, "hi", "c1"),
            lambda desk: desk.give_back(KEY, BUDI),
            lambda desk: desk.close(KEY, BUDI),
            lambda desk: desk.release(KEY, BUDI),
            lambda desk: desk.typing(KEY, BUDI),
        ],
        ids=["reply", "give_back", "close", "release", "typing"],
    )
    @pytest.mark.parametrize("holder", ["Dina Lestari", ""])
    async def test_only_who_has_it(self, world: World, act: Any, holder: str) -> None:
        if holder:
            await world.desk.claim(KEY, DINA)
        before = (await world.conversation(), await world.texts(), await world.moves())
        with pytest.raises(NotYours) as refused:
            await act(world.desk)
        assert refused.value.agent_name == holder
        assert (await world.conversation(), await world.texts(), await world.moves()) == before


class TestEnding:
    async def test_given_back_to_the_bot(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        conversation = await world.conversation()
        assert (conversation.owner, conversation.episode, conversation.agent_id) == (Owner.BOT, 2, "")
        assert conversation.handoff is None
        assert (await world.queued())[-1].text == "[returned/en] Dina Lestari"
        await world.write("thanks")
        assert (await world.texts())[-1] == "echo: thanks"

    async def test_closed_with_a_word(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        assert (await world.conversation()).owner is Owner.CLOSED
        notice = (await world.queued())[-1]
        assert (notice.text, notice.epoch) == ("[closed/en] Dina Lestari", (await world.conversation()).epoch)

    async def test_a_supervisor_frees_it_in_their_own_name(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        with pytest.raises(NotYours):
            await world.desk.release(KEY, BUDI, "rina")
        await world.desk.release(KEY, BUDI, DINA.agent_id)
        freed = (await world.log(e.OwnerChanged))[-1]
        assert (freed.after, freed.agent_id, freed.agent_name) == (Owner.WAITING, BUDI.agent_id, BUDI.name)

    async def test_the_assistant_knows_once_who_helped_and_the_points_are_theirs(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        world.dialogue.script["5"] = Turn(utterances=(Utterance(text="thanks"),), rating=5)
        for text in ("thanks", "5", "and now?"):
            await world.receive(world.message(text))
            await world.work()
        first, *others = world.dialogue.helped[-3:]
        assert (first and first.by, others) == (DINA.name, [None, None])
        assert first and first.closed, "they were asked how it was"
        [rated] = await world.log(e.Rated)
        assert (rated.score, rated.agent_name) == (5, DINA.name)
        assert [(line.kind, line.detail) for line in await world.lines() if line.kind == "rated"] == [("rated", "5")]

    async def test_what_a_person_did_long_ago_is_not_spoken_of(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.give_back(KEY, DINA)
        world.clock.forward(timedelta(days=4).total_seconds())
        await world.receive(world.message("hi"))
        await world.work()
        assert world.dialogue.helped[-1] is None

    async def test_released_into_the_queue_with_a_clock_that_starts_again(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        world.clock.forward(600)
        await world.desk.release(KEY, DINA)
        conversation = await world.conversation()
        assert (conversation.owner, conversation.agent_id) == (Owner.WAITING, "")
        assert conversation.handoff is not None
        assert conversation.handoff.reason == "customer_asked"
        assert conversation.handoff.answer_due_at == world.clock.now() + ANSWER_WITHIN
        assert await world.store.owned("waiting") == [KEY]
        world.clock.forward(ANSWER_WITHIN.total_seconds())
        await world.work()
        assert len(await world.log(e.HandoffOverdue)) == 1
        assert (await world.desk.claim(KEY, BUDI)).agent_id == "budi"

    async def test_an_ended_conversation_can_be_taken_up_again(self, world: World) -> None:
        await world.desk.claim(KEY, DINA)
        await world.desk.close(KEY, DINA)
        assert (await world.desk.claim(KEY, BUDI)).owner is Owner.HUMAN


async def test_claim_during_a_claim_in_flight_check_needs_no_send_log_of_its_own(world: World) -> None:
    """The gate is shared: what a courier of another process marks is seen by every desk."""
    other: SendLog = world.sends
    [first, *_] = await world.queued()
    await other.begin(first, 0, "elsewhere:1")
    claiming = asyncio.create_task(world.desk.claim(KEY, DINA))
    await asyncio.sleep(0.05)
    assert not claiming.done()
    await other.finish(first, 0, "p1")
    await asyncio.wait_for(claiming, 1)
