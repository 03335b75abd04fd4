from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.redis_events import RedisDeadLetters
from bot.adapters.redis_mailbox import RedisMailbox
from bot.core.ports import LeaseLost, Letter, Mailbox, StoreUnavailable
from tests.queue.conformance import MailboxContract, letter

TERM_S = 0.3  # short, so that a dead consumer is followed soon


class TestMemoryMailbox(MailboxContract):
    @pytest.fixture
    def dead(self) -> MemoryDeadLetters:
        return MemoryDeadLetters()

    @pytest.fixture
    def mailbox(self, dead: MemoryDeadLetters) -> MemoryMailbox:
        return MemoryMailbox("in", dead, lease_s=TERM_S)

    async def flush(self, mailbox: Mailbox) -> None:
        assert isinstance(mailbox, MemoryMailbox)
        mailbox.flush()


class TestRedisMailbox(MailboxContract):
    @pytest.fixture
    async def mailbox(self, redis: Redis) -> AsyncIterator[RedisMailbox]:
        yield RedisMailbox(redis, "in", lease_s=TERM_S)

    @pytest.fixture
    def dead(self, redis: Redis) -> RedisDeadLetters:
        return RedisDeadLetters(redis)

    async def flush(self, mailbox: Mailbox) -> None:
        assert isinstance(mailbox, RedisMailbox)
        await mailbox._redis.flushall()

    async def test_nothing_is_left_behind_by_handled_conversations(self, mailbox: RedisMailbox, redis: Redis) -> None:
        await mailbox.append([letter(f"k{number}", 0) for number in range(50)])
        while lease := await mailbox.lease("w", 0.02):
            await mailbox.ack(lease)
        keys = [key for key in await redis.keys("*") if b":seen:" not in key]
        assert len(keys) <= 3, "the bell, the fence and the counter"

    async def test_scripts_survive_a_server_that_forgot_them(self, mailbox: RedisMailbox, redis: Redis) -> None:
        await mailbox.append([letter("a", 0)])
        await redis.script_flush()
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        assert await mailbox.ack(lease) is None

    async def test_unreachable_server_is_said_so(self) -> None:
        mailbox = RedisMailbox(Redis.from_url("redis://127.0.0.1:1/0"), "in")
        with pytest.raises(StoreUnavailable):
            await mailbox.append([letter("a", 0)])

    async def test_full_server_is_said_so(self, mailbox: RedisMailbox, redis: Redis) -> None:
        await redis.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(StoreUnavailable):
                for number in range(100):
                    await mailbox.append([Letter(key="a", dedupe_id=str(number), body=b"x" * 100_000)])
        finally:
            await redis.config_set("maxmemory", "0")

    async def test_lease_outlives_its_term_until_somebody_else_takes_it(self, mailbox: RedisMailbox) -> None:
        """A late acknowledgement is good as long as the fence was not raised: the work is done, why repeat it."""
        await mailbox.append([letter("a", 0)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        await asyncio.sleep(TERM_S + 0.1)
        assert await mailbox.ack(lease) is None
        with pytest.raises(LeaseLost):
            await mailbox.ack(lease)
