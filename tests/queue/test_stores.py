from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemoryEventStream, MemorySendLog, MemoryStore
from bot.adapters.redis_events import RedisDeadLetters, RedisEventStream, RedisSignals
from bot.adapters.redis_mailbox import RedisMailbox
from bot.adapters.redis_people import RedisSessions
from bot.adapters.redis_polls import RedisPolls
from bot.adapters.redis_presence import RedisPresence
from bot.adapters.redis_send_log import IN_FLIGHT_MS, RedisSendLog
from bot.adapters.redis_store import LOG_MAX, RedisStore
from bot.core.ports import Commit, StoreUnavailable
from tests.queue.store_conformance import KEY, SendLogContract, StoreContract, World, conversation, reply, wrote


@pytest.fixture
def memory_world() -> SimpleNamespace:
    dead = MemoryDeadLetters()
    inbound = MemoryMailbox("in", dead)
    store = MemoryStore(inbound, dead)

    async def be_present(agents: int) -> None:
        store.agents_present = agents

    return SimpleNamespace(
        store=store, sends=MemorySendLog(store), inbound=inbound, stream=MemoryEventStream(store), outbox=store.outbox,
        be_present=be_present,
    )  # fmt: skip


@pytest.fixture
def redis_world(redis: Redis) -> SimpleNamespace:
    async def be_present(agents: int) -> None:
        for number in range(agents):
            await RedisSessions(redis).seen(f"agent{number}")

    return SimpleNamespace(
        store=RedisStore(redis), sends=RedisSendLog(redis), inbound=RedisMailbox(redis, "in"),
        stream=RedisEventStream(redis), outbox=lambda channel: RedisMailbox(redis, f"out.{channel}"),
        be_present=be_present,
    )  # fmt: skip


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def world(self, memory_world: World) -> World:
        return memory_world


class TestMemorySendLog(SendLogContract):
    @pytest.fixture
    def world(self, memory_world: World) -> World:
        return memory_world


class TestRedisStore(StoreContract):
    @pytest.fixture
    def world(self, redis_world: World) -> World:
        return redis_world

    async def test_live_log_takes_no_more_room_than_its_limit(self, world: World, redis: Redis) -> None:
        await world.store.record(KEY, [wrote(number) for number in range(LOG_MAX + 20)])
        assert await redis.llen(f"sigap:log:{KEY}") == LOG_MAX

    async def test_scripts_survive_a_server_that_forgot_them(self, world: World, redis: Redis) -> None:
        await world.store.commit(Commit(conversation=conversation(), expected_version=0))
        await redis.script_flush()
        await world.store.commit(Commit(conversation=conversation(), expected_version=1, events=[wrote(1)]))
        assert list(await world.store.log(KEY)) == [wrote(1)]

    async def test_full_server_refuses_a_commit_whole(self, world: World, redis: Redis) -> None:
        await redis.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(StoreUnavailable):
                await world.store.commit(Commit(conversation=conversation(), expected_version=0, events=[wrote(1)]))
        finally:
            await redis.config_set("maxmemory", "0")
        assert (await world.store.load(KEY)).conversation is None
        assert list(await world.store.log(KEY)) == []


class TestRedisSendLog(SendLogContract):
    @pytest.fixture
    def world(self, redis_world: World) -> World:
        return redis_world

    async def test_a_dead_couriers_mark_fades(self, world: World, redis: Redis) -> None:
        await world.sends.begin(reply("m"), 0, "dead:1")
        assert 0 < await redis.pttl(f"sigap:inflight:{KEY}") <= IN_FLIGHT_MS
        assert await redis.ttl("sigap:send:m") > 86_400, "what was begun is remembered for days"


async def _listen_once(redis: Redis) -> None:
    async for _ in RedisSignals(redis).listen():
        break


UNREACHABLE: dict[str, Callable[[Redis], Awaitable[object]]] = {
    "store.load": lambda r: RedisStore(r).load(KEY),
    "store.commit": lambda r: RedisStore(r).commit(Commit(conversation=conversation(), expected_version=0)),
    "store.record": lambda r: RedisStore(r).record(KEY, [wrote(1)]),
    "store.log": lambda r: RedisStore(r).log(KEY),
    "store.logs": lambda r: RedisStore(r).logs([KEY], 1),
    "store.owned": lambda r: RedisStore(r).owned("waiting"),
    "store.states": lambda r: RedisStore(r).states([KEY]),
    "store.queue": lambda r: RedisStore(r).queue(),
    "store.note_wait": lambda r: RedisStore(r).note_wait(1.0),
    "sends.begin": lambda r: RedisSendLog(r).begin(reply("m"), 0, "a"),
    "sends.finish": lambda r: RedisSendLog(r).finish(reply("m"), 0, "p"),
    "sends.abort": lambda r: RedisSendLog(r).abort(reply("m"), 0),
    "sends.in_flight": lambda r: RedisSendLog(r).in_flight(KEY),
    "events.follow": lambda r: anext(RedisEventStream(r).follow()),
    "events.trim": lambda r: RedisEventStream(r).trim("1-0"),
    "dead.keep": lambda r: RedisDeadLetters(r).keep("webhook", "chat", b"{}", "unreadable"),
    "dead.list": lambda r: RedisDeadLetters(r).list(),
    "dead.retry": lambda r: RedisDeadLetters(r).retry("1-0"),
    "dead.drop": lambda r: RedisDeadLetters(r).drop("1-0"),
    "signals.publish": lambda r: RedisSignals(r).publish(reply("m", kind="typing")),
    "signals.listen": _listen_once,
    "polls.take_turn": lambda r: RedisPolls(r).take_turn("chat", "me"),
    "polls.cursor": lambda r: RedisPolls(r).cursor("chat"),
    "presence.alive": lambda r: RedisPresence(r).alive(),
    "presence.leave": lambda r: RedisPresence(r).leave("me"),
}


@pytest.mark.parametrize("call", UNREACHABLE.values(), ids=UNREACHABLE.keys())
async def test_unreachable_server_is_said_so(call: Callable[[Redis], Awaitable[object]]) -> None:
    with pytest.raises(StoreUnavailable):
        await call(Redis.from_url("redis://127.0.0.1:1/0"))


async def test_a_state_that_cannot_be_read_does_not_hide_the_others(redis: Redis) -> None:
    store = RedisStore(redis)
    for key in ("chat:a", "chat:b"):
        await store.commit(Commit(conversation=conversation(key), expected_version=0))
    await redis.hset("sigap:conv:chat:a", "state", b"{broken")
    assert [state.key for state in await store.states(["chat:a", "chat:b"])] == ["chat:b"]


async def test_an_event_that_cannot_be_read_does_not_hide_the_others(redis: Redis) -> None:
    store = RedisStore(redis)
    await store.record(KEY, [wrote(1)])
    await redis.rpush(f"sigap:log:{KEY}", b"{broken")
    assert [list(log) for log in await store.logs([KEY], 5)] == [[wrote(1)]]
