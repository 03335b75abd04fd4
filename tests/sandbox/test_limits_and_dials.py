"""Flood control, errors and lost answers, as the bot meets them."""

from __future__ import annotations

import time

import pytest
from telegram.error import BadRequest, NetworkError, RetryAfter

from sandbox.dials import Dials
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.limits import FloodControl


async def test_a_flooded_chat_is_told_when_to_go_on(sandbox, bot):
    await sandbox.write(7, "hi")
    for number in range(5):
        await bot.send_message(7, str(number))
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(7, "too fast")
    assert refused.value.retry_after == 1
    assert len(await sandbox.seen(7)) == 6
    url = "/telegram/bot123456:sandbox/sendMessage"
    response = await sandbox.http.post(url, json={"chat_id": 7, "text": "x"})
    assert (response.status_code, response.json()) == (
        429,
        {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        },
    )


async def test_limits_can_be_switched_off(sandbox, bot):
    await sandbox.turn(per_chat_per_second=0, overall_per_second=0)
    await sandbox.write(7, "hi")
    for number in range(40):
        await bot.send_message(7, str(number))
    assert len(await sandbox.seen(7)) == 41


@pytest.mark.parametrize(
    ("dials", "chats", "group", "allowed", "retry_after"),
    [
        (Dials(), [7], False, 5, 1),
        (Dials(per_chat_per_second=0.1), [7], False, 5, 10),
        (Dials(), list(range(100)), False, 30, 1),
        (Dials(), [-7], True, 20, 3),
    ],
)
def test_buckets_refill(dials, chats, group, allowed, retry_after):
    now = 0.0
    flood = FloodControl(dials, lambda: now)
    sent = 0
    with pytest.raises(BotApiError) as refused:
        while True:
            flood.spend(chats[sent % len(chats)], group=group)
            sent += 1
    assert (sent, refused.value.parameters) == (allowed, {"retry_after": retry_after})
    now += retry_after
    flood.spend(chats[0], group=group)


async def test_errors_come_before_the_message_is_taken(sandbox, bot):
    await sandbox.write(7, "hi")
    await sandbox.turn(error_share=1)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(7, "lost")
    assert len(await sandbox.seen(7)) == 1


async def test_lost_answers_come_after_the_message_is_taken(sandbox, bot):
    await sandbox.write(7, "hi")
    await sandbox.turn(timeout_after_send_share=1)
    start = time.monotonic()
    with pytest.raises(NetworkError) as lost:
        await bot.send_message(7, "taken")
    assert not isinstance(lost.value, BadRequest) and time.monotonic() - start < 5
    assert [m["text"] for m in await sandbox.seen(7)] == ["hi", "taken"]


async def test_calls_take_as_long_as_dialled(sandbox, bot):
    await sandbox.write(7, "hi")
    await sandbox.turn(latency_s=0.3)
    start = time.monotonic()
    await bot.send_message(7, "slow")
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("wrong", [{"duplicate_share": 2}, {"no_such_dial": 1}, {"in_order": "yes"}, {"latency_s": -1}])
async def test_wrong_dials_change_nothing(sandbox, wrong):
    before = (await sandbox.http.get("/sandbox/api/dials")).json()
    response = await sandbox.http.post("/sandbox/api/dials", json={"error_share": 0.5, **wrong})
    assert response.status_code == 400 and next(iter(wrong)) in response.json()["error"]
    assert (await sandbox.http.get("/sandbox/api/dials")).json() == before
