"""The way to the Bot API over a real socket: what counts as an answer, and what as none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from channels.errors import Ambiguous, RateLimited, Unavailable
from channels.messages import ApiCall
from channels.telegram import client
from channels.telegram.channel import TelegramChannel
from channels.telegram.client import TelegramTransport
from channels.telegram.settings import TelegramSettings
from tests.channels.test_telegram import SECRET, TOKEN
from tests.channels.test_telegram import TestTelegram as Case

Answerer = Callable[[str, str], Awaitable[bytes]]
WORDS = "my card number is 4111"


@asynccontextmanager
async def bot_api(answer: Answerer) -> AsyncIterator[str]:
    """A server that reads one request per connection and answers with raw bytes; b"" hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")),
            0,
        )
        body = (await reader.readexactly(length)).decode()
        writer.write(await answer(head.split()[1], body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot"
    finally:
        server.close()


def http(status: str, body: str) -> bytes:
    raw = body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode() + raw


@asynccontextmanager
async def transport(base_url: str) -> AsyncIterator[TelegramTransport]:
    made = TelegramTransport(TelegramSettings(token=TOKEN, secret_token=SECRET, base_url=base_url))
    try:
        yield made
    finally:
        await made.close()


SEND = ApiCall(method="POST", path="sendMessage", json={"chat_id": 23, "text": WORDS, "x": {"is_disabled": True}})


async def test_a_call_arrives_with_token_parameters_and_nested_json() -> None:
    seen: list[tuple[str, str]] = []

    async def answer(path: str, body: str) -> bytes:
        seen.append((path, body))
        return http("200 OK", '{"ok":true,"result":{"message_id":9}}')

    async with bot_api(answer) as url, transport(url) as made:
        response = await made.call(SEND, idempotency_key="m/0")
    assert response.body == {"ok": True, "result": {"message_id": 9}}
    path, body = seen[0]
    assert path == f"/bot{TOKEN}/sendMessage"
    assert parse_qs(body) == {"chat_id": ["23"], "text": [WORDS], "x": ['{"is_disabled": true}']}


async def test_the_webhook_secret_is_added_on_the_way() -> None:
    seen: list[str] = []

    async def answer(path: str, body: str) -> bytes:
        seen.append(body)
        return http("200 OK", '{"ok":true,"result":true}')

    async with bot_api(answer) as url, transport(url) as made:
        await made.call(ApiCall(method="POST", path="setWebhook", json={"url": "https://a"}), idempotency_key="s")
        await made.call(SEND, idempotency_key="m/0")
    assert parse_qs(seen[0])["secret_token"] == [SECRET]
    assert SECRET not in seen[1]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("429 Too Many Requests", '{"ok":false,"description":"d","parameters":{"retry_after":17}}', 429),
        ("400 Bad Request", '{"ok":false,"description":"d","parameters":{"migrate_to_chat_id":-1}}', 400),
        ("403 Forbidden", '{"ok":false,"description":"d"}', 403),
        ("404 Not Found", '{"ok":false,"description":"d"}', 404),
        ("502 Bad Gateway", "<html>bad gateway</html>", 502),
        ("504 Gateway Timeout", "", 504),
        ("200 OK", "<html>hello</html>", 200),
        ("200 OK", "[1]", 200),
    ],
)
async def test_every_answer_keeps_its_status_and_its_words(status: str, body: str, expected: int) -> None:
    async def answer(path: str, _: str) -> bytes:
        return http(status, body)

    async with bot_api(answer) as url, transport(url) as made:
        response = await made.call(SEND, idempotency_key="m/0")
    assert response.status == expected
    assert not response.body.get("ok")
    assert ("parameters" in response.body) == ("parameters" in body)


async def test_no_connection_means_that_nothing_left() -> None:
    async with bot_api(lambda *_: asyncio.sleep(0, b"")) as url:
        pass  # closed again: nobody listens there now
    async with transport(url) as made:
        with pytest.raises(Unavailable):
            await made.call(SEND, idempotency_key="m/0")


async def test_a_connection_lost_after_sending_is_ambiguous() -> None:
    async with bot_api(lambda *_: asyncio.sleep(0, b"")) as url, transport(url) as made:
        with pytest.raises(Ambiguous):
            await made.call(SEND, idempotency_key="m/0")


async def test_no_answer_in_time_is_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_S", 0.1)
    async with bot_api(lambda *_: asyncio.sleep(0.5, b"")) as url, transport(url) as made:
        with pytest.raises(Ambiguous, match="ReadTimeout"):
            await made.call(SEND, idempotency_key="m/0")


async def test_neither_token_nor_words_reach_logs_or_errors(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)

    async def answer(path: str, body: str) -> bytes:
        return b"" if "acknowledge" in body else http("200 OK", "not json: " + WORDS)

    async with bot_api(answer) as url, transport(url) as made:
        await made.call(SEND, idempotency_key="m/0")
        with pytest.raises(Ambiguous) as caught:
            await made.call(ApiCall(method="POST", path="x", json={"text": "acknowledge"}), idempotency_key="m/1")
    assert "HTTP Request" in caplog.text, "httpx does log, so the filter is what keeps the token out"
    for secret in (TOKEN, TOKEN.partition(":")[2], WORDS):
        assert secret not in caplog.text
        assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_message_goes_out_part_by_part_and_a_flood_stops_it() -> None:
    answers = iter(
        [
            http("200 OK", '{"ok":true,"result":{"message_id":1}}'),
            http("429 Too Many Requests", '{"ok":false,"description":"d","parameters":{"retry_after":3}}'),
        ]
    )

    async def answer(path: str, body: str) -> bytes:
        return next(answers)

    async with bot_api(answer) as url:
        channel = TelegramChannel.from_mapping({"token": TOKEN, "mode": "polling", "base_url": url})
        message = Case().message(text="word " * 1000)
        assert (await channel.send_part(message, 0)).external_id == "1"
        with pytest.raises(RateLimited) as caught:
            await channel.send_part(message, 1)
        assert caught.value.retry_after == 3
        await channel.close()
