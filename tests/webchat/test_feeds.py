"""Visitors' feeds: one list of demands, held to by both implementations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.memory_visitor_feed import ITEMS_KEPT, MISSED, MemoryVisitorFeed
from bot.adapters.redis_visitor_feed import RedisVisitorFeed
from bot.adapters.visitor_feed_transport import FeedTransport
from bot.core.ports import StoreUnavailable, VisitorFeed
from channels.messages import ApiCall
from tests.webchat.valkey import Valkey


def line(text: str) -> dict[str, Any]:
    return {"kind": "message", "from": "bot", "text": text}


class FeedConformance:
    """Inherit and provide the fixture `feed`."""

    async def test_numbers_grow_by_one_and_items_keep_their_content(self, feed: VisitorFeed) -> None:
        numbers = [await feed.append("v1", f"m{count}", line(f"text {count} 🌅 \"'\\")) for count in range(5)]
        assert numbers == list(range(numbers[0], numbers[0] + 5))
        items = await feed.after("v1", 0)
        assert items == [{"seq": number, **line(f"text {count} 🌅 \"'\\")} for count, number in enumerate(numbers)]

    async def test_the_same_dedupe_id_gives_the_same_number_once(self, feed: VisitorFeed) -> None:
        first = await feed.append("v1", "m1", line("one"))
        await feed.append("v1", "m2", line("two"))
        assert await feed.append("v1", "m1", line("one, again")) == first
        assert [item["text"] for item in await feed.after("v1", 0)] == ["one", "two"]

    async def test_feeds_do_not_mix(self, feed: VisitorFeed) -> None:
        await feed.append("v1", "m1", line("mine"))
        await feed.append("v2", "m1", line("yours"))
        assert [item["text"] for item in await feed.after("v2", 0)] == ["yours"]
        assert await feed.after("v3", 0) == []

    async def test_after_gives_only_what_came_later(self, feed: VisitorFeed) -> None:
        numbers = [await feed.append("v1", f"m{count}", line(str(count))) for count in range(10)]
        assert [item["text"] for item in await feed.after("v1", numbers[6])] == ["7", "8", "9"]
        assert await feed.after("v1", numbers[-1]) == []

    async def test_only_the_latest_are_kept(self, feed: VisitorFeed) -> None:
        for count in range(ITEMS_KEPT + 20):
            await feed.append("v1", f"m{count}", line(str(count)))
        items = await feed.after("v1", 0)
        assert [items[0]["text"], len(items)] == ["20", ITEMS_KEPT]
        # What is no longer kept is still known, so that a late repetition is not a new line.
        assert await feed.append("v1", "m0", line("0")) == items[0]["seq"] - 20

    async def test_many_at_once_get_different_numbers(self, feed: VisitorFeed) -> None:
        numbers = await asyncio.gather(*(feed.append("v1", f"m{count}", line("x")) for count in range(100)))
        assert len(set(numbers)) == 100
        assert max(numbers) - min(numbers) == 99

    async def test_who_listens_hears_what_is_appended_and_what_is_only_rung(self, feed: VisitorFeed) -> None:
        async with feed.listen() as rings:
            assert await anext(rings) == MISSED
            number = await feed.append("v1", "m1", line("one"))
            await feed.append("v1", "m1", line("one"))
            await feed.ring("v1", {"kind": "typing"})
            async with asyncio.timeout(5):
                assert await anext(rings) == ("v1", {"seq": number, **line("one")})
                assert await anext(rings) == ("v1", {"kind": "typing"})

    async def test_the_transport_numbers_lines_and_passes_signals(self, feed: VisitorFeed) -> None:
        transport = FeedTransport(feed)
        call = ApiCall(method="POST", path="/feed/v1", json=line("hello"))
        first = await transport.call(call, idempotency_key="m/0")
        assert (first.status, first.body) == (200, (await transport.call(call, idempotency_key="m/0")).body)
        sign = ApiCall(method="POST", path="/feed/v1/signal", json={"kind": "typing"})
        assert (await transport.call(sign, idempotency_key="t/0")).status == 202
        assert len(await feed.after("v1", 0)) == 1
        odd = ApiCall(method="POST", path="/feed/../x", json={})
        assert (await transport.call(odd, idempotency_key="x")).status == 404


class TestMemoryFeed(FeedConformance):
    @pytest.fixture
    def feed(self) -> MemoryVisitorFeed:
        return MemoryVisitorFeed()


class TestRedisFeed(FeedConformance):
    @pytest.fixture
    def feed(self, redis: Redis) -> RedisVisitorFeed:
        return RedisVisitorFeed(redis)

    async def test_a_feed_that_was_lost_goes_on_above_its_old_numbers(
        self, feed: RedisVisitorFeed, redis: Redis
    ) -> None:
        last = [await feed.append("v1", f"m{count}", line("x")) for count in range(3)][-1]
        await asyncio.sleep(0.01)
        await redis.flushdb()
        assert await feed.append("v1", "m9", line("after")) > last
        assert [item["text"] for item in await feed.after("v1", last)] == ["after"]

    async def test_feeds_are_forgotten_after_a_month(self, feed: RedisVisitorFeed, redis: Redis) -> None:
        await feed.append("v1", "m1", line("x"))
        keys = await redis.keys("*webchat*")
        assert len(keys) == 3
        for key in keys:
            assert 29 * 86400 < await redis.ttl(key) <= 30 * 86400


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    server = Valkey()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_a_killed_server_loses_no_line_and_listeners_come_back(valkey: Valkey) -> None:
    client = Redis.from_url(valkey.url)
    feed = RedisVisitorFeed(client)
    heard: list[tuple[str, Mapping[str, Any]]] = []

    async def listen() -> None:
        async with feed.listen() as rings:
            async for rung in rings:
                heard.append(rung)

    listening = asyncio.create_task(listen())
    try:
        await until(lambda: heard == [MISSED])
        await feed.append("v1", "m1", line("before"))
        valkey.kill()
        with pytest.raises(StoreUnavailable):
            await feed.append("v1", "m2", line("meanwhile"))
        with pytest.raises(StoreUnavailable):
            await feed.after("v1", 0)
        transport = FeedTransport(feed)
        call = ApiCall(method="POST", path="/feed/v1", json=line("meanwhile"))
        assert (await transport.call(call, idempotency_key="m2")).status == 503
        valkey.start()
        await until(lambda: heard.count(MISSED) == 2)
        await feed.append("v1", "m2", line("meanwhile"))
        await until(lambda: heard[-1][0] == "v1" and heard[-1][1]["text"] == "meanwhile")
        assert [item["text"] for item in await feed.after("v1", 0)] == ["before", "meanwhile"]
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await client.close()
        await client.connection_pool.disconnect()


async def until(condition: Any, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.01)
