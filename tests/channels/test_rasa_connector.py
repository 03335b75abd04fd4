"""The adapters inside stock Rasa: its own server code, our classes, an agent that plays back answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("rasa")

from rasa.core.channels.channel import UserMessage
from rasa.core.run import configure_app, create_http_input_channels
from rasa.shared.exceptions import RasaException
from sanic import Sanic

from channels import rasa_connector
from channels.errors import RateLimited, SettingsError, Unavailable
from channels.messages import ApiResponse
from channels.rasa_connector import Connector
from channels.registry import CHANNELS, class_name
from tests.channels.test_telegram import SECRET, SETTINGS, TOKEN, FakeApi, answer, result, update

TELEGRAM = "channels.rasa_connector.Telegram"
HOOK = "/webhooks/telegram/webhook"
# Sanic rewrites its own methods when an app starts; only in this mode may a second app start in a process.
Sanic.test_mode = True
SIGNED = {"x-telegram-bot-api-secret-token": SECRET}


class Agent:
    """Where Rasa's server hands messages to. Says what it was told to say, after a while for slow words."""

    def __init__(self) -> None:
        self.heard: list[UserMessage] = []
        self.says: list[dict[str, Any]] = [{"text": "Halo!"}]

    async def handle_message(self, message: UserMessage) -> None:
        if message.text == "slow":
            await asyncio.sleep(0.05)
        if message.text.startswith("broken"):
            raise RuntimeError(message.text)
        self.heard.append(message)
        for response in self.says:
            await message.output_channel.send_response(message.sender_id, dict(response))


class Served:
    """Rasa's Sanic app with one connector on it."""

    def __init__(self, connector: Connector, api: FakeApi, agent: Agent, http: httpx.AsyncClient) -> None:
        self.connector, self.api, self.agent, self.http = connector, api, agent, http

    async def post(self, document: Any, headers: dict[str, str] = SIGNED) -> int:
        answered = await self.http.post(HOOK, content=json.dumps(document), headers=headers)
        await self.connector.drain()
        return answered.status_code

    def heard(self) -> list[str]:
        return [message.text for message in self.agent.heard]

    def sent(self) -> list[dict[str, Any]]:
        return [dict(call) for path, call in self.api.asked if path == "sendMessage"]


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(Sanic, "_app_registry", {})
    api, agent = FakeApi({"sendMessage": result({"message_id": 1}), "getMe": result({})}), Agent()
    connector = getattr(rasa_connector, "Telegram").from_credentials(SETTINGS)
    connector._channel._transport = api
    app = configure_app(input_channels=[connector], enable_api=False)
    app.ctx.agent = agent
    await app._startup()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sigap") as client:
        yield Served(connector, api, agent, client)


def test_rasa_finds_a_class_for_every_channel_and_its_name() -> None:
    assert {getattr(rasa_connector, class_name(name)).name() for name in CHANNELS} == set(CHANNELS)


def test_rasas_own_loader_reads_the_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGAP_TEST_TOKEN", TOKEN)
    path = tmp_path / "credentials.yml"
    path.write_text(f"{TELEGRAM}:\n  token: ${{SIGAP_TEST_TOKEN}}\n  mode: polling\n", encoding="utf-8")
    (connector,) = create_http_input_channels(None, str(path))
    assert connector.name() == "telegram"
    assert connector.url_prefix() == "telegram"


def test_stock_rasa_starts_with_the_projects_own_file_and_nothing_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`rasa run` and `rasa shell` read credentials.yml too, and stop at a variable that is not set."""
    monkeypatch.delenv("SIGAP_SECRET", raising=False)
    connectors = create_http_input_channels(None, str(Path(__file__).parents[2] / "credentials.yml"))
    assert "webchat" in {connector.name() for connector in connectors}


def test_wrong_settings_are_one_line_for_rasas_command_line(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yml"
    path.write_text(f"{TELEGRAM}:\n  token: ''\n", encoding="utf-8")
    with pytest.raises(RasaException) as caught:
        create_http_input_channels(None, str(path))
    assert isinstance(caught.value, SettingsError)
    assert "telegram.token" in str(caught.value)


async def test_web_chat_steps_aside_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    connector = getattr(rasa_connector, "Webchat").from_credentials({"allowed_origins": []})
    assert "sigap up" in caplog.text
    assert connector.get_output_channel() is None
    assert not connector.blueprint(Agent().handle_message).routes


async def test_a_message_is_heard_and_answered(served: Served) -> None:
    assert await served.post(update(5, "kartu saya hilang")) == 200
    (message,) = served.agent.heard
    assert (message.text, message.sender_id, message.input_channel) == (
        "kartu saya hilang",
        "telegram:23",
        "telegram",
    )
    assert message.output_channel.name() == "telegram"
    assert message.metadata["external_id"] == "5"
    assert [(call["chat_id"], call["text"]) for call in served.sent()] == [(23, "Halo!")]


async def test_without_proof_nothing_is_heard(served: Served) -> None:
    assert await served.post(update(5, "hello"), {}) == 401
    assert await served.post(update(5, "hello"), {"x-telegram-bot-api-secret-token": "guess"}) == 401
    assert served.heard() == []


async def test_what_cannot_be_read_is_answered_200(served: Served) -> None:
    assert await served.post({"update_id": 1, "message": "?"}) == 200
    assert served.heard() == []


async def test_a_repeated_delivery_is_heard_once(served: Served) -> None:
    for _ in range(3):
        await served.post(update(5, "hello"))
    assert served.heard() == ["hello"]


async def test_a_conversation_keeps_its_order_and_does_not_hold_up_others(served: Served) -> None:
    other = update(7, "other")
    other["message"]["from"]["id"] = other["message"]["chat"]["id"] = 99
    posts = [update(5, "slow"), update(6, "fast"), other]
    for document in posts:
        await served.http.post(HOOK, content=json.dumps(document), headers=SIGNED)
    await served.connector.drain()
    assert served.heard() == ["other", "slow", "fast"]


async def test_the_answer_to_the_platform_does_not_wait_for_the_turn(served: Served) -> None:
    await served.http.post(HOOK, content=json.dumps(update(5, "slow")), headers=SIGNED)
    assert served.heard() == []
    await served.connector.drain()
    assert served.heard() == ["slow"]


async def test_a_failing_turn_stops_neither_the_next_nor_leaks(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    await served.post(update(5, "broken 4111"))
    await served.post(update(6, "hello"))
    assert served.heard() == ["hello"]
    assert "RuntimeError" in caplog.text
    assert "4111" not in caplog.text


async def test_a_customer_cannot_write_an_intent(served: Served) -> None:
    await served.post(update(5, ' / /admin{"x": 1}'))
    assert served.heard() == ['admin{"x": 1}']


async def test_a_start_is_a_greeting_in_the_customers_language(served: Served) -> None:
    await served.post(update(5, "/start"))
    indonesian = update(6, "/start promo")
    indonesian["message"]["from"]["language_code"] = "id"
    await served.post(indonesian)
    assert served.heard() == ["hi", "halo"]


async def test_a_tap_means_what_its_button_was_made_for(served: Served) -> None:
    served.agent.says = [{"text": "Sure?", "buttons": [{"title": "Yes", "payload": '/confirm{"card": 1}'}]}]
    await served.post(update(5, "block"))
    (choice,) = served.sent()[0]["reply_markup"]["inline_keyboard"][0]
    assert choice["text"] == "Yes"
    assert len(choice["callback_data"]) <= 32
    shown = {"message_id": 1, "chat": {"id": 23}, "date": 1, "reply_markup": {"inline_keyboard": [[choice]]}}
    query = {"id": "q", "from": {"id": 23}, "data": choice["callback_data"], "message": shown}
    await served.post({"update_id": 6, "callback_query": query})
    assert served.heard()[-1] == '/confirm{"card": 1}'
    assert ("answerCallbackQuery", {"callback_query_id": "q"}) in served.api.asked


async def test_a_button_from_before_a_restart_counts_as_its_title(served: Served) -> None:
    shown = {"message_id": 1, "chat": {"id": 23}, "date": 1}
    shown["reply_markup"] = {"inline_keyboard": [[{"text": "/Yes", "callback_data": "old"}]]}
    query = {"id": "q", "from": {"id": 23}, "data": "old", "message": shown}
    await served.post({"update_id": 6, "callback_query": query})
    assert served.heard() == ["Yes"]


async def test_everything_rasa_can_say_is_said_except_custom_json(served: Served) -> None:
    served.agent.says = [
        {"text": "A " * 3000},
        {"image": "https://arunika.example/a.png"},
        {"attachment": {"type": "file", "payload": {"url": "https://arunika.example/a.pdf"}}},
        {"elements": [{"title": "Card", "subtitle": "Gold", "buttons": [{"title": "Take", "payload": "/take"}]}]},
        {"custom": {"sigap": {"handoff": {"reason": "customer"}}}},
    ]
    await served.post(update(5, "hello"))
    paths = [path for path, _ in served.api.asked]
    assert paths == ["sendMessage", "sendMessage", "sendPhoto", "sendDocument", "sendMessage"]
    assert served.sent()[-1]["text"] == "Card: Gold"
    assert served.sent()[-1]["reply_markup"]["inline_keyboard"][0][0]["text"] == "Take"
    assert "handoff" not in json.dumps(served.api.asked)


async def test_media_without_words_are_named(served: Served) -> None:
    document = update(5, "")
    document["message"]["photo"] = [{"file_id": "f", "width": 1, "height": 1}]
    await served.post(document)
    assert served.heard() == ["[image]"]
    assert served.agent.heard[0].metadata["attachments"] == ({"kind": "image", "external_id": "f"},)


async def test_a_flood_is_waited_out_and_an_outage_retried(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    troubles: list[Any] = [answer(429, "d", retry_after=3), Unavailable("down"), result({"message_id": 1})]

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    async def call(*_: Any, **__: Any) -> ApiResponse:
        trouble = troubles.pop(0)
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    monkeypatch.setattr(rasa_connector.asyncio, "sleep", pause)
    monkeypatch.setattr(served.api, "call", call)
    output = served.connector.get_output_channel()
    await output.send_text_message("telegram:23", "Halo")
    assert waited == [3.0, 2.0]
    assert troubles == []


async def test_what_cannot_be_delivered_is_said_and_does_not_break_the_turn(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.api.answers = {"sendMessage": answer(403, "Forbidden: bot was blocked by the user")}
    await served.connector.get_output_channel().send_text_message("telegram:23", "secret words")
    assert "RecipientGone" in caplog.text
    assert "secret words" not in caplog.text


async def test_a_wait_of_minutes_is_given_up(served: Served) -> None:
    served.api.answers = {"sendMessage": RateLimited("d", retry_after=600)}
    started = asyncio.get_running_loop().time()
    await served.connector.get_output_channel().send_text_message("telegram:23", "Halo")
    assert asyncio.get_running_loop().time() - started < 1


async def test_polling_is_served_too(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [[update(5, "one"), update(6, "two")], [update(6, "two"), update(7, "three")]]

    class Polled(FakeApi):
        async def call(self, call: Any, *, idempotency_key: str) -> ApiResponse:
            if call.path == "getUpdates":
                if not batches:
                    await asyncio.sleep(3600)
                return result(batches.pop(0))
            return await super().call(call, idempotency_key=idempotency_key)

    monkeypatch.setattr(Sanic, "_app_registry", {})
    agent = Agent()
    connector = getattr(rasa_connector, "Telegram").from_credentials({"token": TOKEN, "mode": "polling"})
    connector._channel._transport = Polled({"sendMessage": result({"message_id": 1}), "getMe": result({})})
    blueprint = connector.blueprint(agent.handle_message)
    listeners = {future.event: future.listener for future in blueprint._future_listeners}
    await listeners["after_server_start"](None, None)
    while len(agent.heard) < 3:
        await asyncio.sleep(0.01)
    await listeners["before_server_stop"](None, None)
    assert [message.text for message in agent.heard] == ["one", "two", "three"]
