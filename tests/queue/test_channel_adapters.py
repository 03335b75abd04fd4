"""Threads, limits, channel states: in memory and on a real Valkey."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from redis.asyncio import Redis

from bot.adapters.memory_channels import MemoryChannelStates, MemoryLimits, MemoryThreads
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemoryStore
from bot.adapters.redis_channel_states import DAY_KEPT_S, RedisChannelStates
from bot.adapters.redis_limits import RedisLimits
from bot.adapters.redis_send_log import ECHO_S, RedisSendLog
from bot.adapters.redis_store import RedisStore
from bot.adapters.redis_threads import REMEMBERED_S, RedisThreads
from bot.core.echo import under_root
from bot.core.ports import Commit, ConversationStore, StoreUnavailable
from channels.capabilities import Usage
from channels.messages import Health, Surface
from tests.queue.channel_conformance import NOW, LimitsContract, StatesContract, ThreadsContract, at_most
from tests.queue.store_conformance import KEY, conversation, reply

if TYPE_CHECKING:
    Client = Redis[bytes]
else:
    Client = Redis


def beginning(store: ConversationStore) -> Callable[[str], Awaitable[None]]:
    async def begin(key: str) -> None:
        await store.commit(Commit(conversation=conversation(key), expected_version=0))

    return begin


class TestMemoryThreads(ThreadsContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        dead = MemoryDeadLetters()
        return MemoryStore(MemoryMailbox("in", dead), dead)

    @pytest.fixture
    def threads(self, store: MemoryStore) -> MemoryThreads:
        return MemoryThreads(store)

    @pytest.fixture
    def begun(self, store: MemoryStore) -> Callable[[str], Awaitable[None]]:
        return beginning(store)


class TestMemoryLimits(LimitsContract):
    @pytest.fixture
    def limits(self) -> MemoryLimits:
        return MemoryLimits(time.monotonic)

    @pytest.fixture
    def other(self, limits: MemoryLimits) -> MemoryLimits:
        return limits


class TestMemoryChannelStates(StatesContract):
    @pytest.fixture
    def states(self) -> MemoryChannelStates:
        return MemoryChannelStates()


class TestRedisThreads(ThreadsContract):
    @pytest.fixture
    def threads(self, redis: Client) -> RedisThreads:
        return RedisThreads(redis)

    @pytest.fixture
    def begun(self, redis: Client) -> Callable[[str], Awaitable[None]]:
        return beginning(RedisStore(redis))

    async def test_names_fade_after_ninety_days(self, threads: RedisThreads, redis: Client) -> None:
        await threads.learn("chat", {"post:1": "7"})
        await threads.replace("chat", {"last:1": "7"})
        for name in ("post:1", "last:1"):
            assert REMEMBERED_S - 5 < await redis.ttl(f"sigap:thread:chat:{name}") <= REMEMBERED_S

    async def test_but_not_while_they_are_used(self, threads: RedisThreads, redis: Client) -> None:
        """A customer who writes every month stays in one case."""
        await threads.learn("chat", {"psid": "7", "unused": "7"})
        for name in ("psid", "unused"):
            await redis.expire(f"sigap:thread:chat:{name}", 60)
        assert dict(await threads.find("chat", ["psid"])) == {"psid": "7"}
        assert await redis.ttl("sigap:thread:chat:psid") > REMEMBERED_S - 5
        assert await redis.ttl("sigap:thread:chat:unused") <= 60


class TestRedisLimits(LimitsContract):
    @pytest.fixture
    def limits(self, redis: Client) -> RedisLimits:
        return RedisLimits(redis)

    @pytest.fixture
    def other(self, redis: Client) -> RedisLimits:
        return RedisLimits(redis)

    async def test_nothing_is_kept_longer_than_its_window(self, limits: RedisLimits, redis: Client) -> None:
        await limits.take("chat", [at_most(5, 2.0), at_most(5, 900.0, "pair:7")])
        await limits.note("chat", [Usage(scope="app", used=1.0)])
        assert 0 < await redis.pttl("sigap:limit:chat:app") <= 2000
        assert 0 < await redis.pttl("sigap:limit:chat:pair:7") <= 900_000
        assert 0 < await redis.pttl("sigap:stop:chat:app") <= 30_000

    async def test_a_server_that_forgot_everything(self, limits: RedisLimits, redis: Client) -> None:
        await limits.take("chat", [at_most(1, 60.0)])
        await redis.flushall()
        await redis.script_flush()
        assert await limits.take("chat", [at_most(1, 60.0)]) == 0


class TestRedisChannelStates(StatesContract):
    @pytest.fixture
    def states(self, redis: Client) -> RedisChannelStates:
        return RedisChannelStates(redis)

    async def test_a_days_figures_fade(self, states: RedisChannelStates, redis: Client) -> None:
        await states.sent("chat", NOW)
        assert 0 < await redis.ttl("sigap:channel:chat:2026-03-01") <= DAY_KEPT_S


class TestRedisSendLogInTime:
    async def test_sent_words_count_for_ten_minutes_and_doubtful_ones_for_days(
        self, redis: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A person may say the same an hour later; a message that nobody confirmed may show up late."""
        sends = RedisSendLog(redis)
        await sends.begin(reply("sent"), 0, "a")
        await sends.finish(reply("sent"), 0, "p1")
        await sends.begin(reply("doubt"), 0, "a")
        await sends.give_up(reply("doubt"), 0)
        now = time.time()
        monkeypatch.setattr("bot.adapters.redis_send_log.time.time", lambda: now + ECHO_S - 5)
        assert await sends.whose(KEY, "p9", "reply sent") == "sent/0"
        monkeypatch.setattr("bot.adapters.redis_send_log.time.time", lambda: now + ECHO_S + 5)
        assert await sends.whose(KEY, "p9", "reply sent") == ""
        assert await sends.whose(KEY, "p1", "reply sent") == "sent/0", "its id is its id"
        assert await sends.whose(KEY, "p9", "reply doubt") == "doubt/0"

    @pytest.mark.parametrize("surface", Surface)
    async def test_a_busy_thread_takes_no_more_room_and_knows_its_latest_words(
        self, redis: Client, monkeypatch: pytest.MonkeyPatch, surface: Surface
    ) -> None:
        monkeypatch.setattr("bot.adapters.redis_send_log.MOST_FIELDS", 20)
        sends = RedisSendLog(redis)
        places = [KEY] if surface is Surface.PRIVATE else [KEY, under_root("chat", "r1")]
        for number in range(100):
            message = reply(f"m{number}", surface=surface, root="r1")
            await sends.begin(message, 0, "a")
            await sends.finish(message, 0, f"p{number}")
            for place, latest in ((place, back) for place in places for back in range(min(number + 1, 10))):
                known = f"m{number - latest}/0"
                assert await sends.whose(place, f"p{number - latest}") == known
                assert await sends.whose(place, "another-id", f"reply m{number - latest}") == known
        for place in places:
            for key in (f"sigap:words:{place}", f"sigap:words:{place}:older"):
                assert 0 < await redis.hlen(key) <= 22
                assert await redis.ttl(key) > 86_400
            assert await sends.whose(place, "p0", "reply m0") == "", "nobody will show us that any more"
        assert await sends.conversation_of("m0/0") == KEY

    async def test_taken_back_in_the_older_half_as_well(self, redis: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.adapters.redis_send_log.MOST_FIELDS", 1)
        sends = RedisSendLog(redis)
        await sends.begin(reply("m"), 0, "a")
        await sends.begin(reply("n"), 0, "a")
        assert await sends.whose(KEY, "p", "reply m") == "m/0"
        await sends.abort(reply("m"), 0)
        assert await sends.whose(KEY, "p", "reply m") == ""
        assert await sends.whose(KEY, "p", "reply n") == "n/0"

    async def test_everything_fades(self, redis: Client) -> None:
        sends = RedisSendLog(redis)
        await sends.confirm(KEY, "m/0", "p1")
        await sends.asked(reply("m"), 0)
        assert await redis.ttl("sigap:send:m") > 86_400
        assert await redis.ttl(f"sigap:words:{KEY}") > 86_400


AT = datetime(2026, 3, 1, tzinfo=UTC)
UNREACHABLE: dict[str, Callable[[Client], Awaitable[object]]] = {
    "threads.find": lambda r: RedisThreads(r).find("chat", ["a"]),
    "threads.learn": lambda r: RedisThreads(r).learn("chat", {"a": "b"}),
    "threads.replace": lambda r: RedisThreads(r).replace("chat", {"a": "b"}),
    "limits.take": lambda r: RedisLimits(r).take("chat", [at_most(1, 1.0)]),
    "limits.note": lambda r: RedisLimits(r).note("chat", [Usage(scope="app", used=1.0)]),
    "limits.used": lambda r: RedisLimits(r).used("chat"),
    "states.heard": lambda r: RedisChannelStates(r).heard("chat", AT),
    "states.sent": lambda r: RedisChannelStates(r).sent("chat", AT),
    "states.checked": lambda r: RedisChannelStates(r).checked("chat", Health(ok=True), AT),
    "states.stop": lambda r: RedisChannelStates(r).stop("chat", "why"),
    "states.read": lambda r: RedisChannelStates(r).read("chat", AT),
    "sends.give_up": lambda r: RedisSendLog(r).give_up(reply("m"), 0),
    "sends.confirm": lambda r: RedisSendLog(r).confirm(KEY, "m/0", "p"),
    "sends.whose": lambda r: RedisSendLog(r).whose(KEY, "p", "words"),
    "sends.others": lambda r: RedisSendLog(r).others(reply("m"), 0),
    "sends.conversation_of": lambda r: RedisSendLog(r).conversation_of("m/0"),
    "sends.arrived": lambda r: RedisSendLog(r).arrived(reply("m")),
    "sends.asked": lambda r: RedisSendLog(r).asked(reply("m"), 0),
}


@pytest.mark.parametrize("call", UNREACHABLE.values(), ids=UNREACHABLE.keys())
async def test_unreachable_server_is_said_so(call: Callable[[Any], Awaitable[object]]) -> None:
    with pytest.raises(StoreUnavailable):
        await call(Redis.from_url("redis://127.0.0.1:1/0"))
