"""What agents do at the desk, over its JSON interface and its live feed."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_events import RedisEventStream
from bot.adapters.redis_store import RedisStore
from bot.core.events import NoteAdded, ReplyComposed, ReplyDropped
from bot.core.handoff import Reason
from bot.core.ports import StoreUnavailable
from bot.desk import feed as feed_module
from tests.desk.room import VOICE, Room, serving


async def test_a_handoff_shows_why_and_what_was_tried(room: Room) -> None:
    key = await room.customer("Dewi", "kartu saya", reason=Reason.ACTION_FAILED, detail="card system timed out")
    async with room.browser("dina") as dina:
        view = await dina.read(key)
        assert (view["reason"], view["detail"]) == ("action_failed", "card system timed out")
        assert view["intents"][0] == {"name": "card_blocked", "confidence": 0.91}
        assert {"name": "card_last4", "shown": "4321", "hidden": False} in view["slots"]
        assert view["steps"] == ["action_card_status", "action_default_fallback"]
        assert (view["channel"], view["customer"], view["language"]) == ("telegram", "Dewi", "id")
        assert view["due"] > view["since"]
        assert view["may"] == ["claim", "note"]


async def test_of_two_who_claim_one_is_told_who_has_it(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, room.browser("budi", **{"Accept-Language": "id"}) as budi:
        answers = await asyncio.gather(dina.ask("claim", key), budi.ask("claim", key))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        lost = next(answer for answer in answers if answer.status_code == 409)
        held = await room.conversation(key)
        assert lost.json()["error"] == "taken"
        assert lost.json()["message"] in (
            "Dina Lestari sudah mengambil percakapan ini.",
            "Budi Santoso has taken this conversation.",
        )
        assert held.agent_name in lost.json()["message"]


async def test_a_reply_is_queued_once_however_often_it_is_submitted(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        first = await dina.ask("reply", key, text="Halo Kak", client_id="c1")
        again = await dina.ask("reply", key, text="Halo Kak", client_id="c1")
        assert first.json() == again.json()
        said = [line for line in (await dina.read(key))["lines"] if line["author"] == "agent"]
        assert [(line["text"], line["status"], line["name"]) for line in said] == [
            ("Halo Kak", "queued", "Dina Lestari")
        ]
        assert said[0]["line_id"] == "dina.c1"  # what the page expects for a reply of its own


async def test_only_who_has_it_may_reply(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, room.browser("budi") as budi:
        assert (await budi.ask("reply", key, text="hi", client_id="1")).status_code == 409
        await dina.ask("claim", key)
        answer = await budi.ask("reply", key, text="hi", client_id="1")
        assert answer.json()["message"] == "Dina Lestari has taken this conversation."
        assert [line for line in (await dina.read(key))["lines"] if line["author"] == "agent"] == []


async def test_note_return_close_and_put_back(room: Room) -> None:
    async with room.browser("dina") as dina:
        for action, owner in (("give_back", "bot"), ("close", "closed"), ("release", "waiting")):
            key = await room.customer("Dewi", "halo")
            assert (await dina.ask("note", key, text="calls back at nine")).status_code == 200
            await dina.ask("claim", key)
            assert (await dina.ask(action, key)).status_code == 200
            view = await dina.read(key)
            assert view["owner"] == owner
            assert "claim" in view["may"]
            assert [line["text"] for line in view["lines"] if line["kind"] == "note"] == ["calls back at nine"]


async def test_typing_reaches_the_customers_side(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    listening = room.signals.listen()
    heard = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        await dina.ask("typing", key)
    signal = await asyncio.wait_for(heard, 2)
    assert (signal.kind, signal.conversation_key) == ("typing", key)


async def test_the_transcript_tells_apart_who_spoke_and_what_became_of_it(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    now = room.clock.now()
    await room.writes(key, "", attachments=(VOICE,))
    await room.store.record(
        key,
        [
            ReplyComposed(conversation=key, at=now, message_id="m1", sender="bot", text="Sebentar ya"),
            ReplyDropped(conversation=key, at=now, message_id="m1"),
        ],
    )
    async with room.browser("dina") as dina:
        lines = (await dina.read(key))["lines"]
    assert [(line["author"], line["kind"], line.get("status", "")) for line in lines] == [
        ("customer", "message", ""),
        ("system", "owner", ""),
        ("customer", "message", ""),
        ("bot", "message", "dropped"),
    ]
    assert lines[2]["attachments"][0]["kind"] == "voice"


async def test_a_long_transcript_opens_at_its_end(room: Room) -> None:
    key = await room.customer("Dewi", "first")
    for number in range(320):
        await room.writes(key, f"line {number}")
    async with room.browser("dina") as dina:
        view = await dina.read(key)
    assert len(view["lines"]) == 300
    assert view["lines"][-1]["text"] == "line 319"
    assert view["earlier_lines"] == 22


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "request"),
        (b'{"key": 5}', 400, "request"),
        (b'{"key": "KEY", "text": "  ", "client_id": "1"}', 400, "empty"),
        (b'{"key": "KEY", "text": "' + b"a" * 8001 + b'", "client_id": "1"}', 400, "too_long"),
        (b'{"key": "KEY", "text": "hi"}', 400, "request"),
        (b'{"key": "telegram:none", "text": "hi", "client_id": "1"}', 404, "not_found"),
    ],
    ids=["no JSON", "wrong type", "empty", "too long", "no client id", "no such conversation"],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(room: Room, body: bytes, status: int, code: str) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        answer = await dina.http.post(
            "/desk/api/reply", content=body.replace(b"KEY", key.encode()), headers={"X-CSRF-Token": dina.csrf}
        )
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert answer.json()["message"].endswith(".")


# ---- the live feed ----


async def test_the_feed_begins_with_the_board_and_tells_what_changes(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, room.browser("budi") as budi, budi.live() as feed:
        board = await feed.next("board")
        assert [(card["key"], card["owner"], card["last_text"]) for card in board["cards"]] == [
            (key, "waiting", "halo")
        ]
        new = await room.customer("Andi", "tolong", channel="webchat")
        assert (await feed.next("card"))["key"] == new
        await dina.ask("claim", key)
        card = await feed.next("card")
        assert (card["key"], card["owner"], card["agent_name"]) == (key, "human", "Dina Lestari")
        await dina.ask("give_back", key)
        assert await feed.next("gone") == {"key": key}


async def test_an_open_conversation_is_live_whoever_has_it(room: Room) -> None:
    key = await room.customer("Dewi", "halo", waiting=False)
    other = await room.customer("Andi", "halo", waiting=False)
    async with room.browser("dina") as dina, dina.live(key) as feed:
        assert (await feed.next("board"))["cards"] == []
        await room.writes(other, "not watched")
        await room.writes(key, "watched")
        assert await feed.next("changed") == {"key": key, "type": "customer_wrote"}


async def test_the_feed_lives_on_valkey_as_it_does_in_memory(redis: Redis) -> None:
    room = Room()
    await room.staff()
    room.store = RedisStore(redis)  # type: ignore[assignment]
    room.door = dataclasses.replace(room.door, store=room.store, events=RedisEventStream(redis))
    key = await room.customer("Dewi", "halo")
    async with serving(room), room.browser("dina") as dina:
        for _ in range(2):  # the second time after the last desk has closed
            async with dina.live() as feed:
                assert key in [card["key"] for card in (await feed.next("board"))["cards"]]
                new = await room.customer("Andi", "tolong")
                assert (await feed.next("card"))["key"] == new


async def test_an_open_desk_counts_as_present_and_hears_a_heartbeat(room: Room) -> None:
    async with room.browser("dina") as dina, dina.live() as feed:
        await feed.next("alive")
        assert await room.people.present() == ["dina"]


async def test_a_desk_that_cannot_keep_up_gets_the_board_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "BEHIND", 5)
    feed = feed_module.Feed(room.store, room.door.events, room.clock)
    async with feed.open("k") as desk:
        await asyncio.wait_for(desk.frames.get(), 2)  # the board
        for number in range(9):
            await room.customer(f"Customer {number}", "halo")
            await asyncio.sleep(0.01)
        frames: list[bytes] = []
        while not desk.frames.empty():
            frames.append(desk.frames.get_nowait())
    assert len(frames) <= 5
    assert any(frame.startswith(b"event: board") for frame in frames)
    assert any(b"missed" in frame for frame in frames)


async def test_the_desk_comes_back_by_itself_when_the_store_does(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "RETRY_S", 0.05)
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, dina.live() as feed:
        await feed.next("board")
        room.store.broken = True
        await room.store.record(
            key,
            [NoteAdded(conversation=key, at=room.clock.now(), agent_id="dina", agent_name="Dina", text="x")],
        )
        await feed.next("trouble")
        answer = await dina.http.get("/desk/api/conversation", params={"key": key})
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        room.store.broken = False
        assert [card["key"] for card in (await feed.next("board"))["cards"]] == [key]
        assert (await dina.read(key))["owner"] == "waiting"


async def test_the_pages_answer_503_and_try_again_when_nobody_can_be_looked_up(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room.browser("dina") as dina:

        async def unplugged(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("unplugged")

        monkeypatch.setattr(room.sessions, "agent_of", unplugged)
        page = await dina.http.get("/desk/")
        assert page.status_code == 503
        assert 'http-equiv="refresh"' in page.text
        assert (await dina.http.get("/desk/events")).status_code == 503
        monkeypatch.undo()
        assert (await dina.http.get("/desk/")).status_code == 200


async def test_a_mistake_of_ours_is_told_without_a_traceback(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await room.customer("Dewi", "halo")

    async def broken(*_: Any) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(room.service, "claim", broken)
    async with room.browser("dina") as dina:
        answer = await dina.ask("claim", key)
    assert answer.status_code == 500
    assert "secret words" not in answer.text
    assert "Traceback" not in answer.text


# ---- history ----


async def test_history_finds_and_links_and_says_when_there_is_nothing(room: Room) -> None:
    async with room.browser("dina") as dina:
        assert "There are no conversations yet" in (await dina.http.get("/desk/history")).text
        room.archive.rows = [
            {
                "key": "webchat:a b",
                "channel": "webchat",
                "customer": "Dewi",
                "text": "kartu hilang",
                "at": room.clock.now(),
            }
        ]
        found = (await dina.http.get("/desk/history", params={"q": "KARTU"})).text
        assert "/desk/?open=webchat%3Aa%20b" in found
        assert "Web chat" in found
        assert "No conversation matches" in (await dina.http.get("/desk/history", params={"q": "paket"})).text
        room.archive.broken = True
        answer = await dina.http.get("/desk/history", params={"q": "kartu"})
        assert answer.status_code == 503
        assert "The archive cannot be reached" in answer.text


async def test_whoever_is_shown_a_case_in_the_history_is_noted(room: Room) -> None:
    now = room.clock.now()
    room.archive.rows = [
        {"key": f"telegram:{number}", "channel": "telegram", "customer": "Dewi", "text": text, "at": now}
        for number, text in enumerate(("kartu hilang", "kartu baru", "paket"))
    ]
    async with room.browser("dina") as dina:
        room.trail.noted.clear()
        await dina.http.get("/desk/history", params={"q": "kartu"})
    noted = [(note.actor, note.action, note.conversation) for note in room.trail.noted]
    assert noted == [("dina", "searched", ""), ("dina", "found", "telegram:0"), ("dina", "found", "telegram:1")]
    assert "kartu" not in str(room.trail.noted)


async def test_earlier_and_linked_cases_that_are_shown_are_noted(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    await room.links.link(key, "webchat:1", "sari")
    async with room.browser("dina") as dina:
        room.trail.noted.clear()
        answer = await dina.http.get("/desk/api/more", params={"key": key})
        assert answer.json()["linked"] == ["webchat:1"]
    noted = {(note.actor, note.action, note.conversation) for note in room.trail.noted}
    assert noted == {("dina", "saw", key), ("dina", "saw_linked", "webchat:1")}
