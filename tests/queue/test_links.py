"""Links between one customer's conversations, in memory and on a real Valkey: one contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from bot.adapters.memory_links import MemoryLinks
from bot.adapters.redis_links import RedisLinks
from bot.core.archive_ports import Links

if TYPE_CHECKING:
    Client = Redis[bytes]
else:
    Client = Redis


class LinksContract:
    """Subclasses provide `links`."""

    async def test_nobody_is_linked_at_first(self, links: Links) -> None:
        assert list(await links.of("chat:1")) == []

    async def test_both_sides_know(self, links: Links) -> None:
        await links.link("chat:1", "feed:9", "dina")
        await links.link("chat:1", "feed:9", "budi")
        assert list(await links.of("chat:1")) == ["feed:9"]
        assert list(await links.of("feed:9")) == ["chat:1"]

    async def test_who_is_linked_to_one_is_linked_to_all(self, links: Links) -> None:
        await links.link("a:1", "b:1", "dina")
        await links.link("c:1", "d:1", "dina")
        await links.link("b:1", "c:1", "dina")
        for key in ("a:1", "b:1", "c:1", "d:1"):
            assert list(await links.of(key)) == sorted({"a:1", "b:1", "c:1", "d:1"} - {key})

    async def test_the_other_one_leaves_everybody(self, links: Links) -> None:
        for other in ("b:1", "c:1"):
            await links.link("a:1", other, "dina")
        await links.unlink("a:1", "b:1")
        assert list(await links.of("a:1")) == ["c:1"]
        assert list(await links.of("b:1")) == []
        assert list(await links.of("c:1")) == ["a:1"]

    async def test_a_conversation_is_never_its_own(self, links: Links) -> None:
        await links.link("a:1", "a:1", "dina")
        assert list(await links.of("a:1")) == []
        await links.link("a:1", "b:1", "dina")
        await links.unlink("a:1", "a:1")
        assert list(await links.of("a:1")) == ["b:1"]

    async def test_a_stranger_leaves_nobody(self, links: Links) -> None:
        await links.link("a:1", "b:1", "dina")
        await links.link("c:1", "d:1", "dina")
        await links.unlink("a:1", "d:1")
        await links.unlink("a:1", "e:1")
        assert list(await links.of("c:1")) == ["d:1"]
        assert list(await links.of("a:1")) == ["b:1"]


class TestMemoryLinks(LinksContract):
    @pytest.fixture
    def links(self) -> MemoryLinks:
        return MemoryLinks()


class TestRedisLinks(LinksContract):
    @pytest.fixture
    def links(self, redis: Client) -> RedisLinks:
        return RedisLinks(redis)

    async def test_it_is_kept_who_said_so(self, redis: Client, links: RedisLinks) -> None:
        await links.link("a:1", "b:1", "dina")
        await links.link("a:1", "b:1", "budi")
        assert await redis.hgetall("sigap:links:b:1") == {b"a:1": b"dina"}
