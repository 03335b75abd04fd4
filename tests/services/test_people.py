"""Agents, sessions, presence and the brake on guessing: one suite, in memory and on Valkey."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.argon2_passwords import Argon2Passwords
from bot.adapters.memory_people import MemoryAgents, MemorySessions
from bot.adapters.redis_people import RedisAgents, RedisSessions
from bot.adapters.redis_store import RedisStore
from bot.core.ports import StoreUnavailable
from bot.services import people as service
from bot.services.people import BadAgent, NoSuchAgent, People, TooManyAttempts, WrongLogin

PASSWORD = "correct horse battery"
HERE = "192.0.2.7"
SHORT_S = 0.15  # stands in for twelve hours


@dataclass
class Office:
    people: People
    sessions: Any
    hurried: Any  # the same sessions, where everything that fades does so within SHORT_S


@pytest.fixture(params=["memory", "valkey"])
def office(request: pytest.FixtureRequest) -> Office:
    times = {"idle_s": SHORT_S, "present_s": SHORT_S, "window_s": SHORT_S}
    passwords = Argon2Passwords(memory_kib=64)
    if request.param == "memory":
        sessions = MemorySessions()
        return Office(People(MemoryAgents(), sessions, passwords), sessions, MemorySessions(**times))
    redis = request.getfixturevalue("redis")
    redis_sessions = RedisSessions(redis)
    return Office(People(RedisAgents(redis), redis_sessions, passwords), redis_sessions, RedisSessions(redis, **times))


async def test_who_is_added_can_log_in_and_is_listed(office: Office) -> None:
    await office.people.add(" Dina ", "Dina  Lestari", PASSWORD)
    await office.people.add("sari", "Sari", PASSWORD, "supervisor")
    token = await office.people.log_in("DINA", PASSWORD, HERE)
    agent = await office.people.agent_for(token)
    assert agent is not None
    assert (agent.agent_id, agent.name, agent.role) == ("dina", "Dina Lestari", "agent")
    assert [(a.agent_id, a.role) for a in await office.people.list()] == [
        ("dina", "agent"),
        ("sari", "supervisor"),
    ]


async def test_passwords_are_kept_as_salted_argon2_hashes(office: Office) -> None:
    one = await office.people.add("dina", "Dina", PASSWORD)
    two = await office.people.add("budi", "Budi", PASSWORD)
    assert one.password_hash.startswith("$argon2id$")
    assert one.password_hash != two.password_hash
    assert PASSWORD not in one.password_hash


@pytest.mark.parametrize(
    ("login", "name", "password", "role"),
    [
        ("a b", "Dina", PASSWORD, "agent"),
        ("", "Dina", PASSWORD, "agent"),
        ("x" * 65, "Dina", PASSWORD, "agent"),
        ("dina", "", PASSWORD, "agent"),
        ("dina", "D" * 61, PASSWORD, "agent"),
        ("dina", "Dina", "short", "agent"),
        ("dina", "Dina", "x" * 257, "agent"),
        ("dina", "Dina", PASSWORD, "owner"),
    ],
)
async def test_bad_details_are_refused(office: Office, login: str, name: str, password: str, role: str) -> None:
    with pytest.raises(BadAgent):
        await office.people.add(login, name, password, role)
    assert list(await office.people.list()) == []


async def test_an_existing_login_is_replaced_only_when_asked(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    token = await office.people.log_in("dina", PASSWORD, HERE)
    with pytest.raises(BadAgent, match="exists"):
        await office.people.add("dina", "Impostor", "another password")
    assert await office.people.agent_for(token) is not None
    await office.people.add("dina", "Dina", "another password", replacing=True)
    assert await office.people.agent_for(token) is None  # a new password ends what the old one opened
    with pytest.raises(WrongLogin):
        await office.people.log_in("dina", PASSWORD, HERE)
    assert await office.people.log_in("dina", "another password", HERE)


@pytest.mark.parametrize(("login", "password"), [("dina", "wrong"), ("nobody", PASSWORD), ("dina", ""), ("d\0", "x")])
async def test_a_wrong_login_is_refused(office: Office, login: str, password: str) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    with pytest.raises(WrongLogin):
        await office.people.log_in(login, password, HERE)


async def test_a_disabled_agent_is_out_and_stays_out(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    tokens = [await office.people.log_in("dina", PASSWORD, HERE) for _ in range(2)]
    await office.people.disable("dina")
    assert [await office.people.agent_for(token) for token in tokens] == [None, None]
    with pytest.raises(WrongLogin):
        await office.people.log_in("dina", PASSWORD, HERE)
    with pytest.raises(NoSuchAgent):
        await office.people.disable("nobody")


async def test_five_wrong_passwords_close_the_door_to_this_login_from_this_address(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    await office.people.add("budi", "Budi", PASSWORD)
    for _ in range(service.PAIR_MAX):
        with pytest.raises(WrongLogin):
            await office.people.log_in("dina", "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        await office.people.log_in("dina", PASSWORD, HERE)
    assert await office.people.log_in("budi", PASSWORD, HERE)
    assert await office.people.log_in("dina", PASSWORD, "192.0.2.8")  # a guesser elsewhere does not lock Dina out


async def test_a_right_password_forgets_mistyped_ones(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    for _ in range(3):
        for _ in range(service.PAIR_MAX - 1):
            with pytest.raises(WrongLogin):
                await office.people.log_in("dina", "wrong", HERE)
        assert await office.people.log_in("dina", PASSWORD, HERE)


async def test_one_address_with_many_names_and_one_name_from_many_addresses_are_braked(
    office: Office,
) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    for number in range(service.ADDRESS_MAX):
        with pytest.raises(WrongLogin):
            await office.people.log_in(f"guess{number}", "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        await office.people.log_in("dina", PASSWORD, HERE)
    for number in range(service.NAME_FAILURES_MAX):
        with pytest.raises(WrongLogin):
            await office.people.log_in("dina", "wrong", f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        await office.people.log_in("dina", PASSWORD, "203.0.113.9")


async def test_guesses_sent_side_by_side_are_all_counted(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    guesses = [office.people.log_in("dina", f"wrong {number}", HERE) for number in range(30)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(answer, WrongLogin) for answer in answers) <= service.PAIR_MAX
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) >= 30 - service.PAIR_MAX


async def test_a_log_out_ends_one_session(office: Office) -> None:
    await office.people.add("dina", "Dina", PASSWORD)
    here, there = [await office.people.log_in("dina", PASSWORD, HERE) for _ in range(2)]
    await office.people.log_out(here)
    assert await office.people.agent_for(here) is None
    assert await office.people.agent_for(there) is not None
    assert await office.people.agent_for("") is None
    assert await office.people.agent_for("made up") is None


async def test_a_session_lives_while_it_is_used_and_looking_is_no_use(office: Office) -> None:
    token = await office.hurried.open("dina")
    for _ in range(4):
        await asyncio.sleep(SHORT_S / 2)
        assert await office.hurried.agent_of(token) == "dina"
    for _ in range(2):
        await asyncio.sleep(SHORT_S * 0.7)
        looked = await office.hurried.agent_of(token, active=False)
    assert looked is None


async def test_presence_fades_and_ends_with_the_sessions(office: Office) -> None:
    await office.hurried.seen("dina")
    await office.sessions.seen("budi")
    if isinstance(office.sessions, RedisSessions):
        assert list(await office.sessions.present()) == ["budi", "dina"]
        await asyncio.sleep(SHORT_S * 1.2)
        assert list(await office.sessions.present()) == ["budi"]
    else:
        assert list(await office.hurried.present()) == ["dina"]
        await asyncio.sleep(SHORT_S * 1.2)
        assert list(await office.hurried.present()) == []
    await office.sessions.end_all("budi")
    assert list(await office.sessions.present()) == []


async def test_failures_fade(office: Office) -> None:
    assert await office.hurried.failed_logins("name:dina", add=True) == 1
    assert await office.hurried.failed_logins("name:dina", add=True) == 2
    assert await office.hurried.failed_logins("name:budi") == 0
    await asyncio.sleep(SHORT_S * 1.2)
    assert await office.hurried.failed_logins("name:dina") == 0
    await office.hurried.failed_logins("name:dina", add=True)
    assert await office.hurried.failed_logins("name:dina", clear=True) == 0


async def test_the_promise_to_customers_counts_who_is_present(redis: Redis) -> None:
    sessions, store = RedisSessions(redis), RedisStore(redis)
    assert (await store.queue()).agents_present == 0
    await sessions.seen("dina")
    await sessions.seen("budi")
    await sessions.seen("dina")
    assert (await store.queue()).agents_present == 2


async def test_valkey_holds_no_token_and_no_guessed_name(redis: Redis) -> None:
    people = People(RedisAgents(redis), RedisSessions(redis), Argon2Passwords(memory_kib=64))
    await people.add("dina", "Dina", PASSWORD)
    token = await people.log_in("dina", PASSWORD, HERE)
    with pytest.raises(WrongLogin):
        await people.log_in("my secret typed into the wrong box", "x", HERE)
    keys = b" ".join([key async for key in redis.scan_iter()])
    assert token.encode() not in keys
    assert b"my secret" not in keys


async def test_an_unreachable_server_is_called_unavailable() -> None:
    redis: Redis[bytes] = Redis.from_url("redis://127.0.0.1:1/0")
    with pytest.raises(StoreUnavailable):
        await RedisSessions(redis).agent_of("token")
    with pytest.raises(StoreUnavailable):
        await RedisAgents(redis).list()
