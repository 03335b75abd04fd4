"""Erasing one customer leaves no byte of them, and everybody else as they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bot.core.customer_ports import AlreadyErasing
from bot.core.events import CustomerWrote
from bot.core.ports import LeaseLost, Timer
from channels.capabilities import Limit
from channels.messages import Customer, OutboundMessage
from tests.adapters.customers import Place, place
from tests.services.world import CHANNEL, DINA

RINA = Customer(external_id="rina-4711-abc", name="Rina Zwaluwenberg", username="nickzwaluw")
OTHER = Customer(external_id="tono-4711-xyz", name="Tono Sastroamidjojo")
KEY, OTHERS = f"{CHANNEL}:{RINA.external_id}", f"{CHANNEL}:{OTHER.external_id}"
SAID = "my xylophone order is “late” again"


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""
    async with place(tmp_path / "home", url) as made:
        yield made


async def live_through(world: Place, customer: Customer, word: str) -> None:
    """Private and public words, answers, a handoff, a claim, a note, a person's reply; things waiting everywhere."""
    who = {"thread_id": customer.external_id, "customer": customer}
    key = f"{CHANNEL}:{customer.external_id}"
    await world.receive(world.message(f"{SAID} {word}", external_id=f"private-{customer.external_id}", **who))
    await world.work()
    await world.receive(
        world.comment(f"hello {word}", external_id=f"comment-{customer.external_id}", root="post1", **who)
    )
    await world.work()
    await world.deliver()
    await world.desk.claim(key, DINA)
    await world.desk.note(key, DINA, f"asked about the {word}")
    await world.desk.reply(key, DINA, f"We look for your {word}.", f"c1-{len(word)}")
    await world.deliver()
    await world.record()
    await world.feed.append(customer.external_id, "d1", {"text": f"line about {word}"})
    await world.links.link(key, f"feed:{word}", "dina")
    await world.limits.take(CHANNEL, [Limit(scope=f"pair:{customer.external_id}", count=5, window_s=60)])
    await world.inbound.schedule(
        Timer(timer_id=f"t:{key}", key=key, due_at=world.clock.now().replace(year=2030), body=word.encode())
    )
    body = msgspec.json.encode(world.message(f"unread {word}", **who))
    await world.dead.keep("in", key, body, "broke")
    await world.dead.keep("webhook", CHANNEL, f'{{"from": "{customer.external_id}", "{word}": 1'.encode(), "no JSON")
    # Behind the archive, in both mailboxes, and in a place that a later part of Sigap brought.
    await world.receive(world.message(f"waiting {word}", external_id=f"late-{customer.external_id}", **who))
    await world.desk.reply(key, DINA, f"Found the {word}!", f"c2-{len(word)}")
    await world.redis.hset("sigap:newthing", key, word)
    await world.redis.set(f"sigap:draft:{key}", word)


async def test_no_byte_is_left_and_nobody_else_loses_one(world: Place) -> None:
    await live_through(world, OTHER, "aardvark")
    await live_through(world, RINA, "quokka")
    others = await world.live.export(OTHERS)
    words = ("quokka", "zwaluwenberg", "nickzwaluw", "rina-4711", "comment-rina", "feed:quokka")
    assert {found.split(" in ")[0] for found in await world.where(*words)} == set(words)
    report = await world.erase(KEY)
    assert report.left == ()
    assert report.clean
    assert report.pieces > 20
    assert await world.where(*words) == []
    assert await world.live.export(OTHERS) == others
    assert world.archive.search("quokka") == []
    assert [row["key"] for row in world.archive.search("aardvark")] == [OTHERS]
    assert [row["key"] for row in world.archive.search("xylophone")] == [OTHERS]
    await world.deliver()
    await world.work()
    assert not any("Found the quokka" in post.text for post in world.channel.posts), "nothing that waited goes out"


async def test_the_audit_log_still_tells_who_did_what_and_who_erased(world: Place) -> None:
    await live_through(world, RINA, "quokka")
    await world.erase(KEY)
    deeds = [(entry.actor, entry.action) for entry in world.archive.audit(KEY)]
    assert [deed for deed in deeds if deed[0] == "dina"].count(("dina", "said")) == 2, "also what was not archived yet"
    assert deeds[-1] == ("cli:me", "erased_customer")
    assert world.archive.first_break(None) is None


async def test_export_has_all_of_it_in_one_document(world: Place) -> None:
    await live_through(world, RINA, "quokka")
    document = await world.customers.export([KEY], "cli:me")
    [part] = document["conversations"]
    assert part["state"]["customer"]["name"] == "Rina Zwaluwenberg"
    texts = [event.get("text") for event in part["events"] if event.get("text")]
    assert texts[0] == f"{SAID} quokka"
    assert "Found the quokka!" in texts, "what the archive does not have yet"
    assert len(texts) == len(set(texts)), "nothing twice"
    assert part["linked"] == {"feed:quokka": "dina"}
    assert part["web_page"][0]["text"] == "line about quokka"
    assert [letter["mailbox"] for letter in part["waiting"]] == ["in", f"out.{CHANNEL}", "in"]
    assert part["dead_letters"][0]["letter"]["text"] == "unread quokka"
    assert f"post:comment-{RINA.external_id}" in part["names"]
    msgspec.json.encode(document)


async def test_linked_conversations_go_too_when_asked(world: Place) -> None:
    await live_through(world, RINA, "quokka")
    await live_through(world, OTHER, "aardvark")
    await world.links.link(KEY, OTHERS, "dina")
    assert OTHERS in await world.customers.keys(KEY, linked=True)
    assert await world.customers.keys(KEY, linked=False) == (KEY,)
    report = await world.erase(*await world.customers.keys(KEY, linked=True))
    assert report.clean
    assert await world.where("quokka", "aardvark", "4711") == []


class TestMeanwhile:
    """Somebody has the conversation in hand when it is erased."""

    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[Place]:
        async with place(tmp_path / "home") as made:
            yield made

    async def test_a_worker_in_the_middle_of_a_turn_brings_nothing_back(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        lease = await world.inbound.lease("worker", 0)
        assert lease is not None

        async def erase() -> None:
            world.dialogue.meanwhile = None
            await world.erase(KEY)

        world.dialogue.meanwhile = erase
        await world.desk.give_back(KEY, DINA)
        with pytest.raises(LeaseLost):
            await world.converse.handle(lease)
        assert not await world.live.begun_again(KEY)
        assert await world.where("quokka") == []

    async def test_a_courier_in_the_middle_of_a_call_brings_nothing_back(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        erasing: list[asyncio.Task[object]] = []

        async def erase(_: OutboundMessage) -> None:
            world.channel.before_answer = None
            erasing.append(asyncio.create_task(world.erase(KEY)))
            await asyncio.sleep(0.5)  # it waits for this call

        world.channel.before_answer = erase
        lease = await world.outbox.lease("courier", 0)
        assert lease is not None
        with pytest.raises(LeaseLost):
            await world.courier.handle(lease)
        report = await erasing[0]
        assert report.clean  # type: ignore[attr-defined]
        assert await world.where("quokka") == []

    async def test_a_courier_that_has_a_letter_in_hand_does_not_send_it_any_more(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        lease = await world.outbox.lease("courier", 0)
        assert lease is not None
        await world.erase(KEY)
        sent = len(world.channel.posts)
        with pytest.raises(LeaseLost):
            await world.courier.handle(lease)
        assert len(world.channel.posts) == sent
        assert await world.where("quokka") == []

    async def test_a_recorder_that_had_read_the_events_does_not_write_them(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        read = await world.stream.read(world.archive.position() or "0", block_ms=1)
        assert any(isinstance(event, CustomerWrote) or "quokka" in str(event) for _, event in read)
        await world.erase(KEY)
        world.archive.write(read)
        assert world.archive.search("quokka") == []
        assert world.kept.export(KEY) == {"events": []}
        assert world.archive.position() == read[-1][0], "it goes on behind them"

    async def test_what_the_customer_writes_meanwhile_is_new_and_is_answered(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        who = {"thread_id": RINA.external_id, "customer": RINA}
        settle = world.live.settle

        async def settle_late() -> str:
            await world.receive(world.message("me again", external_id="again", **who))
            await world.work()
            return await settle()

        world.live.settle = settle_late  # type: ignore[method-assign]
        report = await world.erase(KEY)
        assert report.begun_again == (KEY,)
        assert report.left == ()
        await world.record()
        [part] = (await world.customers.export([KEY], "cli:me"))["conversations"]
        assert [event["text"] for event in part["events"] if event["type"] == "customer_wrote"] == ["me again"]
        assert (await world.conversation(KEY)).version == 1
        await world.deliver()
        assert world.channel.posts[-1].text == "echo: me again"
        assert await world.where("quokka") == []

    async def test_a_repeated_webhook_of_an_erased_message_is_still_a_repetition(self, world: Place) -> None:
        who = {"thread_id": RINA.external_id, "customer": RINA}
        message = world.message("about the quokka", external_id="once", **who)
        await world.receive(message)
        await world.work()
        await world.erase(KEY)
        await world.receive(message)
        await world.work()
        assert not await world.live.begun_again(KEY)

    async def test_two_erasures_do_not_undo_each_other(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        await live_through(world, OTHER, "aardvark")
        done = await asyncio.gather(world.erase(KEY), world.erase(OTHERS), return_exceptions=True)
        refused = [one for one in done if isinstance(one, AlreadyErasing)]
        if refused:
            await world.erase(OTHERS)
            await world.erase(KEY)
        assert await world.where("quokka", "aardvark") == []


class TestWhatIsLeft:
    @pytest.fixture
    async def world(self, tmp_path: Path) -> AsyncIterator[Place]:
        async with place(tmp_path / "home") as made:
            yield made

    async def test_a_file_that_has_it_is_named(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        (world.home / "old.log").write_text(f"somebody printed {RINA.external_id} and Rina Zwaluwenberg")
        report = await world.erase(KEY)
        assert not report.clean
        assert {(trace.place, trace.needle) for trace in report.left} == {
            (str(world.home / "old.log"), RINA.external_id),
            (str(world.home / "old.log"), "Rina Zwaluwenberg"),
        }

    async def test_a_key_that_holds_it_under_another_name_is_named(self, world: Place) -> None:
        await live_through(world, RINA, "quokka")
        await world.redis.set("sigap:newthing2", f'{{"about": "{RINA.external_id}"}}')
        report = await world.erase(KEY)
        assert [(trace.place, trace.needle) for trace in report.left if trace.place.startswith("redis")] == [
            ("redis newthing2", RINA.external_id)
        ]

    async def test_words_that_others_use_too_are_theirs(self, world: Place) -> None:
        for customer in (RINA, OTHER):
            who = {"thread_id": customer.external_id, "customer": customer}
            await world.receive(world.message("where is my order please", **who))
            await world.work()
        await world.record()
        report = await world.erase(KEY)
        assert report.clean
        assert {trace.needle for trace in report.elsewhere} >= {"where is my order please"}

    async def test_nothing_known_is_nothing_done(self, world: Place) -> None:
        report = await world.erase(f"{CHANNEL}:nobody-here")
        assert report.clean
        assert report.pieces == 2, "only that it was asked for, in the live store and in the archive"
