"""The customers' side over HTTP, as the page and the replay use it."""

from __future__ import annotations

import asyncio
import json

import pytest


async def test_demo_customers_are_there_from_the_start(sandbox):
    chats = (await sandbox.http.get("/sandbox/api/telegram/chats")).json()["chats"]
    assert len(chats) >= 4 and {"id", "en"} <= {chat["language_code"] for chat in chats}
    assert not any(chat["started"] for chat in chats)


async def test_reading_waits_for_what_is_new(sandbox, bot):
    await sandbox.write(7, "hi")
    everything = "/sandbox/api/telegram/messages"
    last = (await sandbox.http.get(everything)).json()["last_seq"]
    reading = [
        asyncio.create_task(sandbox.seen(7, after=last, wait=10)),
        asyncio.create_task(sandbox.http.get(everything, params={"after": last, "wait": 10})),
    ]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in reading)
    await bot.send_message(7, "hello")
    seen, response = await asyncio.wait_for(asyncio.gather(*reading), 5)
    assert seen == response.json()["messages"]
    (entry,) = seen
    assert (entry["text"], entry["chat_id"]) == ("hello", 7) and entry["at"] > 1_600_000_000_000
    assert (await sandbox.seen(7, after=entry["seq"], wait=0.1)) == []


async def test_everything_is_read_in_pages_over_all_chats(sandbox):
    for number in range(12):
        await sandbox.write(100 + number % 3, str(number))
    texts, after = [], 0
    while True:
        params = {"after": after, "limit": 5}
        page = (await sandbox.http.get("/sandbox/api/telegram/messages", params=params)).json()
        if not page["messages"]:
            break
        texts += [m["text"] for m in page["messages"]]
        after = page["last_seq"]
    assert texts == [str(number) for number in range(12)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("chats/7/messages", {"text": " "}, 400),
        ("chats/7/messages", {"text": "x" * 4097}, 400),
        ("chats/7/messages", {"text": "hi", "attachment": "sticker"}, 400),
        ("chats/7/messages", {"text": 5}, 400),
        ("chats/7/messages", {"words": "hi"}, 400),
        ("chats/0/messages", {"text": "hi"}, 400),
        ("chats/-5/messages", {"text": "hi"}, 404),
        ("chats/7/taps", {"message_id": 1, "callback_data": "y"}, 404),
        ("chats", {"name": ""}, 400),
        ("chats", {"title": "x", "members": []}, 400),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(sandbox, path, body, status):
    response = await sandbox.http.post(f"/sandbox/api/telegram/{path}", json=body)
    assert response.status_code == status and response.json()["error"]
    assert await sandbox.pending() == 0


async def test_a_customer_who_blocked_the_bot_cannot_write(sandbox):
    await sandbox.write(7, "hi")
    await sandbox.http.post("/sandbox/api/telegram/chats/7/block", json={"blocked": True})
    response = await sandbox.http.post("/sandbox/api/telegram/chats/7/messages", json={"text": "hi"})
    assert response.status_code == 409


async def test_other_sites_cannot_write(sandbox):
    path = "/sandbox/api/telegram/chats/7/messages"
    response = await sandbox.http.post(path, content='{"text":"hi"}', headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert "access-control-allow-origin" not in response.headers


async def test_bot_messages_cannot_be_changed_by_customers(sandbox, bot):
    await sandbox.write(7, "hi")
    sent = await bot.send_message(7, "hello")
    path = f"/sandbox/api/telegram/chats/7/messages/{sent.message_id}"
    assert (await sandbox.http.patch(path, json={"text": "x"})).status_code == 403
    assert (await sandbox.http.delete(path)).status_code == 403


async def test_the_stream_catches_up_and_goes_on(sandbox, bot):
    await sandbox.write(7, "hi")
    events: list[tuple[str, dict]] = []

    async def read() -> None:
        async with sandbox.http.stream("GET", "/sandbox/api/stream", params={"after": 0}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            name = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    events.append((name, json.loads(line[6:])))

    reading = asyncio.create_task(read())
    async with asyncio.timeout(5):
        while not events:
            await asyncio.sleep(0.01)
        await bot.send_chat_action(7, "typing")
        await bot.send_message(7, "hello")
        while [data["text"] for name, data in events if name == "entry"] != ["hi", "hello"]:
            await asyncio.sleep(0.01)
    reading.cancel()
    assert [data["seconds"] for name, data in events if name == "typing"] == [5.0, 0]


async def test_the_page_is_served_with_a_strict_policy(sandbox):
    root = await sandbox.http.get("/")
    assert (root.status_code, root.headers["location"]) == (302, "/sandbox")
    page = await sandbox.http.get("/sandbox")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "<style" not in page.text and "style=" not in page.text and "onclick" not in page.text
    for asset in ("main.js", "page.css"):
        response = await sandbox.http.get(f"/sandbox/assets/{asset}")
        assert response.status_code == 200 and response.headers["x-content-type-options"] == "nosniff"
    assert (await sandbox.http.get("/sandbox/assets/../routes.py")).status_code == 404
    assert (await sandbox.http.get("/health")).json()["status"] == "ok"


async def test_the_back_office_is_mounted(sandbox):
    response = await sandbox.http.get("/backoffice/orders/no-such-order")
    assert response.status_code == 404 and response.headers["content-type"].startswith("application/json")
