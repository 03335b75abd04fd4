"""The protocol between the page and the gateway, over a real socket."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_visitor_feed import MemoryVisitorFeed
from bot.core.ports import Letter, StoreUnavailable
from tests.webchat.serving import AGENT, BUTTONS, Gateway, gateway, stored


async def closed_with(socket: Any, within: float = 5.0) -> tuple[int, str]:
    try:
        async with asyncio.timeout(within):
            while True:
                await socket.recv()
    except websockets.ConnectionClosed as closed:
        return closed.rcvd.code, closed.rcvd.reason


# ---- who may come in ----------------------------------------------------------------------------------


async def test_a_session_names_a_visitor_of_our_choosing(chat: Gateway) -> None:
    status, session = await chat.session()
    assert status == 200
    assert chat.channel.tokens.visitor_of(session["token"]) == session["visitor"]
    _, other = await chat.session()
    assert other["visitor"] != session["visitor"]


async def test_a_token_that_has_ended_still_names_the_same_visitor_to_a_refresh(chat: Gateway) -> None:
    _, session = await chat.session()
    ended = chat.channel.tokens.issue(session["visitor"], datetime.now(UTC) - timedelta(days=3))
    _, again = await chat.session(ended)
    assert (again["visitor"], again["known"]) == (session["visitor"], True)
    long_ended = chat.channel.tokens.issue(session["visitor"], datetime.now(UTC) - timedelta(days=90))
    _, stranger = await chat.session(long_ended)
    assert stranger["visitor"] != session["visitor"]


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "", "http://[bad"])
async def test_a_session_is_refused_to_other_origins(chat: Gateway, origin: str) -> None:
    assert (await chat.session(origin=origin))[0] == 403


async def test_a_listed_origin_may_open_a_session_and_a_socket() -> None:
    async with gateway(allowed_origins=["https://shop.example"]) as chat:
        assert (await chat.session(origin="https://shop.example"))[0] == 200
        assert (await chat.session(origin="https://shop.example.evil.example"))[0] == 403
        async with chat.connect(origin="https://elsewhere.example") as socket:
            assert (await closed_with(socket))[0] == 4403


@pytest.mark.parametrize(
    "hello",
    [
        {"t": "hello", "token": "nonsense"},
        {"t": "hello"},
        {"t": "message", "text": "hi"},
        {"t": "hello", "token": "x" * 5000},
        "not json",
        [],
    ],
)
async def test_a_socket_without_a_live_token_is_closed(chat: Gateway, hello: Any) -> None:
    async with chat.connect() as socket:
        await socket.send(hello if isinstance(hello, str) else json.dumps(hello))
        assert (await closed_with(socket))[0] == 4401


async def test_a_token_that_ends_while_the_page_is_open_closes_the_socket(chat: Gateway) -> None:
    almost = chat.channel.tokens.issue("v" + "a" * 22, datetime.now(UTC) - timedelta(minutes=60) + timedelta(seconds=2))
    async with chat.page(almost) as page:
        await asyncio.sleep(2.1)
        await page.send({"t": "ping"})
        assert (await closed_with(page.socket))[0] == 4401


async def test_sockets_from_one_address_are_limited_but_not_from_this_machine() -> None:
    from bot.webchat.limits import Open

    held = Open(2)
    assert [held.enter("203.0.113.7") for _ in range(3)] == [True, True, False]
    held.leave("203.0.113.7")
    assert held.enter("203.0.113.7")
    assert all(held.enter("127.0.0.1") for _ in range(10))


# ---- messages -----------------------------------------------------------------------------------------


async def test_an_acknowledged_message_is_stored_and_stands_in_the_feed(chat: Gateway) -> None:
    async with chat.page() as page:
        message_id = str(uuid.uuid4())
        ack = await page.write("Where is my card?", message_id)
        (event,) = await stored(chat.inbound)
        assert (event["type"], event["text"], event["external_id"]) == (
            "message",
            "Where is my card?",
            message_id,
        )
        assert event["thread_id"] == page.visitor
        (line,) = await chat.feed.after(page.visitor, 0)
        assert (line["seq"], line["text"], line["from"]) == (ack["seq"], "Where is my card?", "visitor")


async def test_a_resent_message_gets_the_same_acknowledgement_and_counts_once(chat: Gateway) -> None:
    async with chat.page() as page:
        message_id = str(uuid.uuid4())
        first = await page.write("hello", message_id)
        second = await page.write("hello", message_id)
        assert first == second
    async with chat.page(page.token) as later:
        assert (await later.write("hello", message_id)) == first
    assert len(await stored(chat.inbound)) == 1
    assert len(await chat.feed.after(page.visitor, 0)) == 1


async def test_a_tap_arrives_with_its_key_and_title(chat: Gateway) -> None:
    async with chat.page() as page:
        tap_id = str(uuid.uuid4())
        await page.send({"t": "tap", "client_msg_id": tap_id, "button": "b1", "title": "Track my order"})
        await page.until("ack", client_msg_id=tap_id)
        (event,) = await stored(chat.inbound)
        assert (event["type"], event["button"], event["title"]) == ("tap", "b1", "Track my order")
        (line,) = await page.read_items(1)
        assert (line["text"], line["tap"]) == ("Track my order", "b1")


async def test_messages_keep_their_order(chat: Gateway) -> None:
    async with chat.page() as page:
        ids = [str(uuid.uuid4()) for _ in range(50)]
        for number, message_id in enumerate(ids):
            await page.send({"t": "message", "client_msg_id": message_id, "text": str(number)})
        await page.until("ack", client_msg_id=ids[-1])
    assert [event["text"] for event in await stored(chat.inbound)] == [str(number) for number in range(50)]


class BrokenMailbox(MemoryMailbox):
    """Says that the store is away until told otherwise."""

    broken = True

    async def append(self, letters: Any) -> int:
        if self.broken:
            raise StoreUnavailable("test")
        return await super().append(letters)


async def test_nothing_is_acknowledged_while_it_cannot_be_stored() -> None:
    inbound = BrokenMailbox("inbound", MemoryDeadLetters())
    async with gateway(inbound=inbound) as chat, chat.page() as page:
        message_id = str(uuid.uuid4())
        refusal = await page.write("hello", message_id)
        assert (refusal["t"], refusal["code"]) == ("error", "unavailable")
        assert refusal["retry_after"] > 0
        assert await chat.feed.after(page.visitor, 0) == []
        inbound.broken = False
        assert (await page.write("hello", message_id))["t"] == "ack"


async def test_a_page_gets_the_same_acknowledgement_when_the_first_was_lost_on_the_way(chat: Gateway) -> None:
    async with chat.page() as page:
        message_id = str(uuid.uuid4())
        # The gateway died between the two steps: stored, but neither in the feed nor acknowledged.
        body = chat.channel.name.encode()
        await chat.inbound.append([Letter(key="x", dedupe_id=f"webchat:{page.visitor}:{message_id}", body=body)])
        assert (await page.write("hello", message_id))["t"] == "ack"
        assert len(await chat.feed.after(page.visitor, 0)) == 1


# ---- what the brand says ------------------------------------------------------------------------------


async def test_the_brands_words_arrive_in_order_with_who_speaks(chat: Gateway) -> None:
    async with chat.page() as page:
        await chat.say(page.visitor, "Hello, how can I help?", buttons=BUTTONS)
        await chat.say(page.visitor, "I am Sari.", sender=AGENT, agent_name="Sari")
        first, second = await page.read_items(2)
        assert first["buttons"] == [
            {"key": "b1", "title": "Track my order"},
            {"key": "b2", "title": "Talk to a person"},
        ]
        assert (second["from"], second["name"], second["text"]) == ("agent", "Sari", "I am Sari.")
        assert second["seq"] == first["seq"] + 1


async def test_typing_is_shown_and_never_kept(chat: Gateway) -> None:
    async with chat.page() as page:
        await chat.say(page.visitor, "", kind="typing")
        sign = await page.until("typing")
        assert "seq" not in sign
        assert await chat.feed.after(page.visitor, 0) == []


async def test_what_was_said_while_away_comes_first_and_once(chat: Gateway) -> None:
    async with chat.page() as page:
        await chat.say(page.visitor, "one")
        last = (await page.read_items(1))[-1]["seq"]
    for text in ("two", "three"):
        await chat.say(page.visitor, text)
    async with chat.page(page.token, last) as again:
        assert again.welcome["replay"] == 2
        await chat.say(page.visitor, "four")
        assert [item["text"] for item in await again.read_items(3)] == ["two", "three", "four"]


async def test_a_courier_that_repeats_itself_says_it_once(chat: Gateway) -> None:
    async with chat.page() as page:
        for _ in range(3):
            await chat.say(page.visitor, "only once", message_id="m-1")
        await chat.say(page.visitor, "next", message_id="m-2")
        assert [item["text"] for item in await page.read_items(2)] == ["only once", "next"]


async def test_two_tabs_see_the_same_talk(chat: Gateway) -> None:
    async with chat.page() as left, chat.page(left.token) as right:
        await left.write("from the left")
        await chat.say(left.visitor, "to both")
        for page in (left, right):
            assert [item["text"] for item in await page.read_items(2)] == ["from the left", "to both"]


async def test_no_visitor_sees_anothers_lines(chat: Gateway) -> None:
    async with chat.page() as mine, chat.page() as theirs:
        await chat.say(mine.visitor, "private")
        await chat.say(theirs.visitor, "yours")
        assert [item["text"] for item in await theirs.read_items(1)] == ["yours"]


async def test_a_flood_of_lines_reaches_a_page_whole_and_in_order(chat: Gateway) -> None:
    async with chat.page() as page:
        await asyncio.gather(*(chat.say(page.visitor, f"line {number}") for number in range(300)))
        items = await page.read_items(300)
        numbers = [item["seq"] for item in items]
        assert numbers == list(range(numbers[0], numbers[0] + 300))


class ForgetfulFeed(MemoryVisitorFeed):
    """Loses most rings, repeats the others, and cannot be read at first."""

    def __init__(self) -> None:
        super().__init__()
        self.rings = 0
        self.away = 2

    async def ring(self, key: str, item: Any) -> None:
        self.rings += 1
        if self.rings % 4 == 0:
            await super().ring(key, item)
            await super().ring(key, item)

    async def after(self, key: str, seq: int) -> Any:
        self.away -= 1
        if self.away >= 0:
            raise StoreUnavailable("test")
        return await super().after(key, seq)


async def test_lost_and_repeated_rings_change_nothing() -> None:
    feed = ForgetfulFeed()
    async with gateway(feed=feed) as chat:
        visitor = "v" + "a" * 22
        await chat.say(visitor, "line 0")
        async with chat.page(chat.channel.tokens.issue(visitor, datetime.now(UTC))) as page:
            assert [item["text"] for item in await page.read_items(1)] == ["line 0"]
            for number in range(1, 40):
                await chat.say(visitor, f"line {number}")
                await asyncio.sleep(0)
            assert [item["text"] for item in await page.read_items(40)] == [f"line {n}" for n in range(40)]


# ---- limits -------------------------------------------------------------------------------------------


async def test_too_fast_is_told_to_wait_and_then_closed() -> None:
    async with gateway(messages_per_second=2, burst=5) as chat, chat.page() as page:
        answers = [await page.write(f"message {number}") for number in range(6)]
        assert [answer["t"] for answer in answers] == ["ack"] * 5 + ["error"]
        assert answers[-1]["code"] == "rate"
        assert 0 < answers[-1]["retry_after"] <= 0.5
        await asyncio.sleep(answers[-1]["retry_after"])
        assert (await page.write("patient"))["t"] == "ack"
        for number in range(40):
            await page.send({"t": "message", "client_msg_id": str(uuid.uuid4()), "text": str(number)})
        code, reason = await closed_with(page.socket)
        assert code == 4429
        assert reason.startswith("retry_after=")


async def test_an_oversized_frame_closes_the_socket(chat: Gateway) -> None:
    async with chat.page() as page:
        await page.send({"t": "message", "client_msg_id": str(uuid.uuid4()), "text": "x" * 70_000})
        assert (await closed_with(page.socket))[0] == 1009
    assert await stored(chat.inbound) == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"t": "message", "client_msg_id": "1", "text": "hi"}, "bad_frame"),
        ({"t": "message", "client_msg_id": str(uuid.uuid4()), "text": "x" * 4001}, "bad_frame"),
        ({"t": "message", "client_msg_id": str(uuid.uuid4()), "text": "  "}, "bad_frame"),
        ({"t": "message", "client_msg_id": str(uuid.uuid4()), "text": 7}, "bad_frame"),
        ({"t": "dance", "client_msg_id": str(uuid.uuid4())}, "unsupported"),
    ],
)
async def test_a_frame_that_cannot_be_used_is_named_and_not_stored(chat: Gateway, frame: Any, code: str) -> None:
    async with chat.page() as page:
        await page.send(frame)
        refusal = await page.until("error")
        assert (refusal["code"], refusal["client_msg_id"]) == (code, frame["client_msg_id"])
        await page.send({"t": "ping"})
        await page.until("pong")
    assert await stored(chat.inbound) == []


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_fields = st.fixed_dictionaries(
    {"t": st.sampled_from(["message", "tap", "ping", "hello", "ack", ""]) | _json},
    optional={
        "client_msg_id": st.uuids().map(str) | _json,
        "text": _json,
        "button": _json,
        "title": _json,
        "lang": _json,
    },
)
_frames = st.one_of(_fields.map(json.dumps), _json.map(json.dumps), st.text(max_size=60), st.binary(max_size=60))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_frames, min_size=1, max_size=30))
async def test_no_frame_breaks_the_socket(chat: Gateway, frames: list[str | bytes]) -> None:
    async with chat.page() as page:
        for frame in frames:
            await page.socket.send(frame)
        assert (await page.write("still here"))["t"] == "ack"


async def test_the_gateway_says_good_bye_when_it_restarts() -> None:
    async with gateway() as chat:
        page = chat.page()
        opened = await page.__aenter__()
        await chat.server.before_stop()
        assert (await closed_with(opened.socket))[0] == 1012
        await page.__aexit__(None, None, None)
