"""Handoffs that wait: who gets them, what is promised, what happens when nobody comes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.ports import Agent, HandoffRequest, Turn
from bot.services.handoff import TakenBy
from bot.services.route import NotRouted
from tests.services.world import ANSWER_WITHIN, KEY, World

PERSON = "a person please"
THEFT = "my money is gone"
RINA = Agent(agent_id="rina", name="Rina", password_hash="")
FIA = Agent(agent_id="fia", name="Fia", password_hash="", skills=("fraud",))
DEWI = Agent(agent_id="dewi", name="Dewi", password_hash="", role="supervisor")


@pytest.fixture
def world() -> World:
    world = World()
    world.dialogue.script[PERSON] = Turn(handoff=HandoffRequest(reason="customer_asked"))
    world.triage.expect(THEFT, "fraud", skills=("fraud",), priority=5, answer_within=5)
    world.staff.agents = [RINA, FIA, DEWI]
    world.staff.there = ["rina"]
    return world


async def ask(world: World, text: str, thread: str) -> str:
    await world.receive(world.message(text, thread_id=thread))
    await world.work()
    return f"fake:{thread}"


class TestClaiming:
    async def test_only_who_can_do_it_gets_it(self, world: World) -> None:
        await world.write(THEFT)
        with pytest.raises(NotRouted):
            await world.desk.claim(KEY, RINA)
        assert (await world.conversation()).owner is Owner.WAITING
        await world.desk.claim(KEY, FIA)

    async def test_the_next_one_is_the_most_urgent_that_fits(self, world: World) -> None:
        plain = await ask(world, PERSON, "1")
        world.clock.forward(60)
        theft = await ask(world, THEFT, "2")
        assert [one.key for one in await world.floor.queue()] == [theft, plain]
        taken = await world.desk.claim_next(RINA)
        assert taken is not None
        assert taken.key == plain
        taken = await world.desk.claim_next(FIA)
        assert taken is not None
        assert taken.key == theft
        assert await world.desk.claim_next(RINA) is None

    async def test_full_hands(self, world: World) -> None:
        world.desk_rules = replace(world.desk_rules, capacity=1)
        world.desk = world.new_desk(world.store)
        await world.desk.claim(await ask(world, PERSON, "1"), RINA)
        second = await ask(world, PERSON, "2")
        with pytest.raises(NotRouted):
            await world.desk.claim(second, RINA)
        await world.desk.claim(second, DEWI)
        with pytest.raises(TakenBy):
            await world.desk.claim(second, FIA)


class TestPromise:
    async def test_counts_only_people_who_can_do_it(self, world: World) -> None:
        await world.write(THEFT)
        assert (await world.texts())[1:] == ["[handoff_no_promise/en]", "[offer_callback/en]"]

    async def test_and_only_what_they_have_to_do_first(self, world: World) -> None:
        world.staff.there = ["rina", "fia"]
        for number in range(3):
            await ask(world, PERSON, str(number))
        world.clock.forward(1)
        await world.write(THEFT)
        assert (await world.texts())[-1] == "[handoff/en] 5"

    async def test_outside_the_hours_it_says_when_the_desk_opens(self, world: World) -> None:
        world.desk_rules = replace(world.desk_rules, hours={"all": {"mon-fri": "09:00-17:00"}})
        world.converse = world.new_converse(world.store)
        world.clock.forward((datetime(2026, 3, 1, 13, 0, tzinfo=UTC) - world.clock.now()).total_seconds())  # Sunday
        await world.write(PERSON)
        closed, _ = await world.texts()
        assert closed.startswith("[handoff_closed/en]")
        assert "09:00" in closed

    async def test_nobody_who_could_ever_do_it_is_seen_at_once(self, world: World) -> None:
        world.staff.agents = [RINA]
        await world.write(THEFT)
        [stranded] = await world.log(e.HandoffStranded)
        assert stranded.skills == ("fraud",)
        held = (await world.conversation()).handoff
        assert held is not None
        assert held.stranded


class TestCallback:
    async def test_what_the_customer_leaves_is_kept_and_confirmed_once(self, world: World) -> None:
        world.staff.there = []
        await world.write(PERSON, "call me on +62 812-3456-7890", "or write to ani@example.com")
        callback = (await world.conversation()).callback
        assert callback is not None
        assert (callback.kind, callback.value) == ("email", "ani@example.com")
        assert (await world.texts()).count("[callback_noted/en]") == 1
        assert [event.kind for event in await world.log(e.CallbackAsked)] == ["phone", "email"]

    async def test_a_number_that_nobody_asked_for_is_none(self, world: World) -> None:
        await world.write(PERSON, "my number is +62 812-3456-7890")
        assert (await world.conversation()).callback is None


class TestNobodyComes:
    async def test_every_deadline_escalates_until_anybody_may_take_it(self, world: World) -> None:
        await world.write(THEFT)
        for _ in range(6):
            world.clock.forward(300)
            await world.work()
        escalated = await world.log(e.HandoffEscalated)
        assert [(event.level, event.anybody) for event in escalated] == [(1, False), (2, True), (3, True), (4, True)]
        assert len(await world.log(e.HandoffOverdue)) == 1
        assert sum("still_waiting" in text for text in await world.texts()) == 1
        await world.desk.claim(KEY, RINA)

    async def test_a_claim_ends_it(self, world: World) -> None:
        await world.write(PERSON)
        world.clock.forward(ANSWER_WITHIN.total_seconds())
        await world.work()
        await world.desk.claim(KEY, RINA)
        world.clock.forward(10_000)
        await world.work()
        assert len(await world.log(e.HandoffEscalated)) == 1
