"""The small adapters over Valkey: presence, polls, dead letters, signals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_events import RedisDeadLetters, RedisEventStream, RedisSignals
from bot.adapters.redis_polls import TURN_MS, RedisPolls
from bot.adapters.redis_presence import BEAT_S, FADES_S, Heartbeat, RedisPresence
from bot.adapters.redis_store import RedisStore
from tests.queue.store_conformance import reply, wrote

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def beat(process: str, *, ready: bool = True) -> Heartbeat:
    return Heartbeat(process=process, pid=7, ready=ready, started_at=NOW, at=NOW, rss_mb=100)


class TestPresence:
    async def test_all_that_live_are_seen_with_their_metrics(self, redis: Redis) -> None:
        presence = RedisPresence(redis)
        await presence.beat(beat("b/worker-1", ready=False), "two")
        await presence.beat(beat("a/gateway"), "one")
        assert await presence.alive() == [beat("a/gateway"), beat("b/worker-1", ready=False)]
        assert await presence.metrics() == [("a/gateway", "one"), ("b/worker-1", "two")]

    async def test_a_process_that_stops_beating_fades(self, redis: Redis) -> None:
        await RedisPresence(redis).beat(beat("a/gateway"), "one")
        ttls = [await redis.ttl(key) for key in await redis.keys("sigap:*a/gateway")]
        assert len(ttls) == 2
        assert all(2 * BEAT_S < ttl <= FADES_S for ttl in ttls)

    async def test_a_process_that_leaves_is_gone_at_once(self, redis: Redis) -> None:
        presence = RedisPresence(redis)
        await presence.beat(beat("a/gateway"), "one")
        await presence.leave("a/gateway")
        assert (await presence.alive(), await presence.metrics()) == ([], [])

    async def test_one_that_fades_while_it_is_read_does_not_break_the_reading(self, redis: Redis) -> None:
        presence = RedisPresence(redis)
        await presence.beat(beat("a/gateway"), "one")
        await presence.beat(beat("b/courier"), "two")
        await redis.pexpire("sigap:process:b/courier", 1)
        await asyncio.sleep(0.01)
        assert [found.process for found in await presence.alive()] == ["a/gateway"]


class TestPolls:
    async def test_one_process_polls_and_keeps_its_turn(self, redis: Redis) -> None:
        polls = RedisPolls(redis)
        assert await polls.take_turn("chat", "one")
        assert await polls.take_turn("chat", "one")
        assert not await polls.take_turn("chat", "two")
        assert await polls.take_turn("post", "two"), "each platform has a turn of its own"
        assert 0 < await redis.pttl("sigap:poll:chat") <= TURN_MS

    async def test_another_takes_over_when_it_stops(self, redis: Redis) -> None:
        polls = RedisPolls(redis)
        await polls.take_turn("chat", "one")
        await redis.pexpire("sigap:poll:chat", 1)
        await asyncio.sleep(0.01)
        assert await polls.take_turn("chat", "two")

    async def test_cursor_is_kept(self, redis: Redis) -> None:
        polls = RedisPolls(redis)
        assert await polls.cursor("chat") == ""
        await polls.advance("chat", "42")
        assert await polls.cursor("chat") == "42"
        assert await polls.cursor("post") == ""


class TestDeadLetters:
    async def test_newest_first_and_limited(self, redis: Redis) -> None:
        dead = RedisDeadLetters(redis)
        ids = [await dead.keep("webhook", "chat", f"{n}".encode(), "unreadable") for n in range(3)]
        assert [letter.dead_id for letter in await dead.list(2)] == [ids[2], ids[1]]
        assert await dead.count() == 3
        letter = await dead.get(ids[0])
        assert letter is not None
        assert (letter.mailbox, letter.key, letter.body, letter.attempts) == ("webhook", "chat", b"0", 1)

    @pytest.mark.parametrize("dead_id", ["1-0", "nonsense", "", "-", "9" * 30, "1-0 2-0"])
    async def test_an_id_that_nobody_has_is_no_error(self, redis: Redis, dead_id: str) -> None:
        dead = RedisDeadLetters(redis)
        await dead.keep("webhook", "chat", b"0", "unreadable")
        assert await dead.get(dead_id) is None
        assert not await dead.retry(dead_id)
        assert not await dead.drop(dead_id)
        assert await dead.count() == 1


class TestSignals:
    async def test_everybody_who_listens_hears(self, redis: Redis) -> None:
        signals = RedisSignals(redis)
        listening = [asyncio.ensure_future(anext(signals.listen())) for _ in range(2)]
        signal = reply("s", kind="typing")
        for _ in range(100):
            await signals.publish(signal)
            done, _pending = await asyncio.wait(listening, timeout=0.05)
            if len(done) == 2:
                break
        assert [task.result() for task in listening] == [signal, signal]


class TestTrimming:
    async def test_nothing_after_the_position_is_trimmed(self, redis: Redis) -> None:
        store, stream = RedisStore(redis), RedisEventStream(redis)
        for number in range(5):
            await store.record("chat:1", [wrote(f"{number}.{n}") for n in range(100)])
            await asyncio.sleep(0.002)
        events = await stream.read("0", block_ms=10)
        keep_from = events[300][0]
        await stream.trim(keep_from)
        left = await stream.read("0", block_ms=10)
        assert left[-200:] == events[300:]
        assert len(left) < len(events)
