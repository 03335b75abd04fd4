"""Nothing is lost, doubled or out of order when Valkey, a gateway or the page's connection goes away."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from redis.asyncio import Redis

from bot.adapters.redis_link import connect
from bot.adapters.redis_mailbox import RedisMailbox
from bot.adapters.redis_visitor_feed import RedisVisitorFeed
from channels.errors import SendError
from tests.webchat.serving import Gateway, Page, gateway, stored
from tests.webchat.valkey import Valkey


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    server = Valkey()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[Redis]:
    redis = connect(valkey.url)
    yield redis
    await redis.close()
    await redis.connection_pool.disconnect()


def over(redis: Redis) -> dict[str, Any]:
    return {"inbound": RedisMailbox(redis, "inbound"), "feed": RedisVisitorFeed(redis)}


async def patiently(page: Page, text: str) -> dict[str, Any]:
    """Write as the page does: the same message again until it is acknowledged."""
    message_id = str(uuid.uuid4())
    while True:
        answer = await page.write(text, message_id)
        if answer["t"] == "ack":
            return answer
        await asyncio.sleep(0.05)


async def insistently(chat: Gateway, visitor: str, text: str) -> None:
    """Say as the courier does: the same message again until it is taken."""
    message_id = str(uuid.uuid4())
    while True:
        try:
            return await chat.say(visitor, text, message_id=message_id)
        except SendError:
            await asyncio.sleep(0.05)


async def test_an_open_page_outlives_a_killed_valkey(valkey: Valkey, client: Redis) -> None:
    async with gateway(**over(client)) as chat, chat.page() as page:
        written = asyncio.create_task(_all(patiently(page, f"in {number}") for number in range(30)))
        said = asyncio.create_task(_all(insistently(chat, page.visitor, f"out {number}") for number in range(60)))
        while len(page.items) < 10:
            await asyncio.sleep(0.001)
        valkey.kill()
        assert not written.done()
        assert not said.done()
        await asyncio.sleep(0.3)
        valkey.start()
        async with asyncio.timeout(20):
            await asyncio.gather(written, said)
            await page.read_items(90, within=20)
        items = page.items
        assert [item["text"] for item in items if item["from"] == "bot"] == [f"out {n}" for n in range(60)]
        assert [item["text"] for item in items if item["from"] == "visitor"] == [f"in {n}" for n in range(30)]
        assert [item["seq"] for item in items] == list(range(items[0]["seq"], items[0]["seq"] + 90))
        assert [event["text"] for event in await stored(chat.inbound)] == [f"in {n}" for n in range(30)]


async def test_a_page_may_be_opened_while_valkey_is_away(valkey: Valkey, client: Redis) -> None:
    async with gateway(**over(client)) as chat:
        async with chat.page() as page:
            await chat.say(page.visitor, "before")
            await page.read_items(1)
        valkey.kill()
        async with chat.page(page.token) as again:
            assert (await again.write("hello"))["code"] == "unavailable"
            valkey.start()
            assert [item["text"] for item in await again.read_items(1, within=10)] == ["before"]


async def test_a_page_goes_on_at_another_gateway_where_it_stopped(client: Redis) -> None:
    async with gateway(**over(client)) as second:
        async with gateway(**over(client)) as first, first.page() as page:
            await second.say(page.visitor, "said by another process")
            await page.read_items(1)
            await page.write("mine")
            last = (await page.read_items(2))[-1]["seq"]
            await first.server.before_stop()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await page.socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        await second.say(page.visitor, "while nobody listened")
        async with second.page(page.token, last) as again:
            await second.say(page.visitor, "and after")
            texts = [item["text"] for item in await again.read_items(2)]
            assert texts == ["while nobody listened", "and after"]


async def _all(steps: Any) -> None:
    for step in steps:
        await step
