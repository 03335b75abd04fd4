"""With a moved clock: what is older than a channel allows is emptied, in the live store, the archive and the files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.sql_cases import cases_table
from bot.core.conversation import Owner
from bot.core.events import CustomerWrote
from bot.core.forgetting import FORGOTTEN, Keep
from bot.core.ports import Turn, Utterance
from bot.services.forget import Forget
from channels.messages import Customer
from tests.adapters.customers import Place, place
from tests.services.world import CHANNEL, DINA

RINA = Customer(external_id="rina-4711-abc", name="Rina Zwaluwenberg")
KEY = f"{CHANNEL}:{RINA.external_id}"
WHO = {"thread_id": RINA.external_id, "customer": RINA}
KEEP = {CHANNEL: Keep(messages="48 hours", profile="24 hours"), "quiet": Keep(messages="2 years")}


class Clock:
    """The stream numbers events by the server's clock, so "later" has to be later than that."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""
    async with place(tmp_path / "home", url) as made:
        made.clock._now = datetime.now(UTC)
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forget(world: Place, clock: Clock) -> Forget:
    return Forget(world.live, world.kept, KEEP, clock)


async def talk(world: Place) -> None:
    await world.receive(world.message("my xylophone is late", **WHO))
    await world.work()
    await world.deliver()
    await world.desk.claim(KEY, DINA)
    await world.desk.note(KEY, DINA, "the xylophone again")
    await world.desk.reply(KEY, DINA, "We look for your xylophone.", "c1")
    await world.deliver()
    await world.record()
    await world.feed.append(RINA.external_id, "d1", {"text": "a xylophone", "at": world.clock.now().isoformat()})
    await world.dead.keep("in", KEY, b"the xylophone letter", "broke")


async def test_nothing_goes_before_its_time(world: Place, clock: Clock, forget: Forget) -> None:
    await talk(world)
    before = await world.live.export(KEY)
    clock.ahead = timedelta(hours=23)
    assert await forget.once() == 0
    assert await world.live.export(KEY) == before
    assert [row["text"] for row in world.archive.search("xylophone")] == ["We look for your xylophone."]


async def test_who_said_it_goes_first(world: Place, clock: Clock, forget: Forget) -> None:
    await talk(world)
    clock.ahead = timedelta(hours=25)
    assert await forget.once() > 0
    assert await world.where("zwaluwenberg") == []
    assert await world.where("xylophone") != []
    assert (await world.conversation(KEY)).customer.name == ""
    assert [row["customer"] for row in world.archive.search("xylophone")] == [""]


async def test_content_goes_and_the_case_stays(world: Place, clock: Clock, forget: Forget) -> None:
    await talk(world)
    before = await world.conversation(KEY)
    clock.ahead = timedelta(hours=49)
    assert await forget.once() > 0
    assert await world.where("xylophone", "zwaluwenberg") == []
    after = await world.conversation(KEY)
    assert (after.owner, after.agent_id, after.opened_at) == (Owner.HUMAN, DINA.agent_id, before.opened_at)
    events = await world.store.log(KEY)
    assert [event.text for event in events if isinstance(event, CustomerWrote)] == [FORGOTTEN]
    archived = world.kept.export(KEY)["events"]
    assert [event["type"] for event in archived] == [event.__struct_config__.tag for event in events]
    assert world.archive.search("xylophone") == []
    assert (await world.store.load(KEY)).tracker == b""
    assert await forget.once() == 0, "the second time there is nothing to do"


async def test_a_case_goes_on_afterwards(world: Place, clock: Clock, forget: Forget) -> None:
    await talk(world)
    clock.ahead = timedelta(hours=49)
    await forget.once()
    world.clock.forward(49 * 3600)
    await world.desk.give_back(KEY, DINA)
    await world.receive(world.message("and my marimba?", **WHO))
    await world.work()
    assert await forget.once() == 0
    texts = [event.text for event in await world.store.log(KEY) if isinstance(event, CustomerWrote)]
    assert texts == [FORGOTTEN, "and my marimba?"]
    assert (await world.conversation(KEY)).customer.name == RINA.name


async def test_who_writes_every_day_leaves_nothing_of_three_days_ago(
    world: Place, clock: Clock, forget: Forget
) -> None:
    found = Turn(utterances=(Utterance(text="Noted."),), slots={"item": "xylophone"})
    world.dialogue.script["my xylophone is late"] = found
    for text in ("my xylophone is late", "hello?", "any news?"):
        await world.receive(world.message(text, **WHO))
        await world.work()
        world.clock.forward(24 * 3600)
    assert (await world.conversation(KEY)).slots == {"item": "xylophone"}
    clock.ahead = timedelta(hours=72)
    await forget.once()
    assert await world.where("xylophone") == []
    events = await world.store.log(KEY)
    said = [event.text for event in events if isinstance(event, CustomerWrote)]
    assert (said[0], said[-1]) == (FORGOTTEN, "any news?")
    assert await forget.once() == 0


async def test_what_the_archive_brings_late_is_not_overlooked(world: Place, clock: Clock, forget: Forget) -> None:
    """The database was away while the time ran out."""
    await talk(world)
    await world.receive(world.message("a second xylophone", **WHO))
    await world.work()
    read = await world.stream.read(world.archive.position(), block_ms=1)
    clock.ahead = timedelta(hours=49)
    await forget.once()
    world.archive.write(read)  # the recorder had them in hand
    assert world.archive.search("second") != []
    await forget.once()
    assert world.archive.search("second") == []
    assert await world.where("second") == []


async def test_what_waits_in_the_stream_reaches_the_archive_emptied(world: Place, clock: Clock, forget: Forget) -> None:
    await world.receive(world.message("my xylophone is late", **WHO))
    await world.work()
    await world.deliver()
    clock.ahead = timedelta(hours=49)
    await forget.once()
    await world.record()
    assert await world.where("xylophone") == []
    assert "customer_wrote" in [event["type"] for event in world.kept.export(KEY)["events"]]


async def test_each_channel_has_its_own_time(world: Place, clock: Clock) -> None:
    await talk(world)
    clock.ahead = timedelta(hours=49)
    other = Forget(world.live, world.kept, {"other": KEEP[CHANNEL], CHANNEL: Keep(messages="2 years")}, clock)
    assert await other.once() == 0
    assert await world.where("xylophone") != []


async def test_a_solved_case_is_no_example_for_longer_than_its_words_are_kept(
    world: Place, clock: Clock, forget: Forget
) -> None:
    await talk(world)
    await world.desk.give_back(KEY, DINA)
    await world.record()
    with world.archive.begin() as connection:
        connection.execute(
            cases_table.insert().values(
                position="1-0", conversation=KEY, channel=CHANNEL, language="en", labels="fraud", intents="",
                question="my xylophone is late", answer="We look for it.", at=datetime.now(UTC),
            )
        )  # fmt: skip
    clock.ahead = timedelta(hours=47)
    await forget.once()
    assert await world.where("xylophone") != []
    clock.ahead = timedelta(hours=49)
    await forget.once()
    assert await world.where("xylophone") == []
