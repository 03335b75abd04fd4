"""Telegram: the conformance suite, and what is Telegram's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from channels.errors import (
    Ambiguous,
    AuthFailed,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    SettingsError,
    SignatureError,
    Unavailable,
)
from channels.messages import (
    ApiCall,
    ApiResponse,
    Attachment,
    Button,
    MessageReceived,
    RawRequest,
    Unsupported,
)
from channels.telegram.channel import TelegramChannel
from tests.channels.conformance import ChannelConformance

TOKEN = "700001:AAE-not_a_real_token_0123456789abcde"
SECRET = "a-secret_that-Telegram_repeats"
SETTINGS = {"token": TOKEN, "secret_token": SECRET, "bot_username": "arunika_bot"}


def answer(status: int, description: str, **parameters: Any) -> ApiResponse:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return ApiResponse(status=status, body=body | ({"parameters": parameters} if parameters else {}))


def result(value: Any) -> ApiResponse:
    return ApiResponse(status=200, body={"ok": True, "result": value})


class TestTelegram(ChannelConformance):
    channel_class = TelegramChannel
    settings = SETTINGS
    secrets = ("token", "secret_token")
    fixtures = Path(__file__).parents[2] / "channels" / "telegram" / "fixtures"
    signs_body = False  # a plain shared secret in a header
    thread_id = "23"
    exempt: ClassVar = {
        "batch": "a webhook request carries one update; test_polling_reads_every_update_in_order has many",
        "handshake": "Telegram has none",
    }
    errors: ClassVar = {
        "sent": (result({"message_id": 77, "chat": {"id": 23}, "date": 1}), "77"),
        "signal": (result(True), ""),
        "flood": (answer(429, "Too Many Requests: retry after 17", retry_after=17), RateLimited),
        "flood without time": (answer(429, "Too Many Requests"), RateLimited),
        "blocked": (answer(403, "Forbidden: bot was blocked by the user"), RecipientGone),
        "unknown chat": (answer(400, "Bad Request: chat not found"), RecipientGone),
        "wrong token": (answer(401, "Unauthorized"), AuthFailed),
        "malformed token": (answer(404, "Not Found"), AuthFailed),
        "second consumer": (answer(409, "Conflict: terminated by other getUpdates request"), AuthFailed),
        "too long": (answer(400, "Bad Request: message is too long"), Rejected),
        "late tap": (
            answer(400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
            "",
        ),
        "edit without change": (answer(400, "Bad Request: message is not modified: same content"), ""),
        "migrated": (
            answer(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100),
            Rejected,
        ),
        "internal": (answer(500, "Internal Server Error"), Unavailable),
        "bad gateway": (ApiResponse(status=502), Unavailable),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
        "nonsense": (ApiResponse(status=200, body={"hello": 1}), Ambiguous),
        "redirected": (ApiResponse(status=302), AuthFailed),
        "too large": (answer(413, "Request Entity Too Large"), Rejected),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret or SECRET}
        return RawRequest(method="POST", path="/webhooks/telegram/webhook", headers=headers, body=body)

    def said(self, call: ApiCall) -> str:
        return str(call.json.get("text", call.json.get("caption", "")))

    def test_flood_waits_as_long_as_told_and_stops_only_this_conversation(self) -> None:
        with pytest.raises(RateLimited) as caught:
            self.channel().classify(self.errors["flood"][0])
        assert caught.value.retry_after == 17
        assert not caught.value.whole_channel

    def test_every_recorded_kind_of_event_is_known_to_the_golden_files(self) -> None:
        kinds = {type(event).__name__ for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds >= {
            "MessageReceived",
            "ButtonTapped",
            "MessageEdited",
            "Reacted",
            "Reachability",
            "OwnEcho",
        }

    def test_a_group_without_a_known_name_is_not_listened_to(self) -> None:
        channel = TelegramChannel.from_mapping({**SETTINGS, "bot_username": ""})
        (event,) = channel.parse(self.request(self.body("group_mention")))
        assert isinstance(event, Unsupported)

    def test_a_restarted_update_id_does_not_hide_a_new_message(self) -> None:
        first = self.events("text_with_language")[0].event_id
        other = self.body("text_with_language").replace(b'"message_id":1', b'"message_id":2')
        assert self.channel().parse(self.request(other))[0].event_id != first

    def test_an_answer_in_a_group_hangs_under_the_question(self) -> None:
        import msgspec

        message = msgspec.structs.replace(self.message(text="Halo", reply_to="503"), thread_id="-100123_23")
        (call,) = self.channel().render(message)
        assert call.json["chat_id"] == -100123
        assert call.json["reply_parameters"] == {"message_id": 503, "allow_sending_without_reply": True}

    def test_buttons_go_under_the_last_part(self) -> None:
        message = self.message(text="word " * 2000, buttons=(Button(key="k", title="Yes"),))
        calls = self.channel().render(message)
        assert ["reply_markup" in call.json for call in calls] == [False, False, True]

    def test_a_title_that_is_too_long_becomes_a_numbered_line(self) -> None:
        message = self.message(text="Which?", buttons=(Button(key="k", title="t" * 65), Button(key="l", title="No")))
        (call,) = self.channel().render(message)
        assert call.json["text"] == f"Which?\n\n1. {'t' * 65}\n2. No"
        assert "reply_markup" not in call.json

    def test_a_long_text_beside_an_image_goes_first(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        calls = self.channel().render(self.message(text="x" * 1025, attachments=(image,)))
        assert [call.path for call in calls] == ["sendMessage", "sendPhoto"]
        assert "caption" not in calls[1].json

    def test_a_document_that_cannot_go_by_url_is_a_link(self) -> None:
        sheet = Attachment(kind="file", url="https://arunika.example/fees.xlsx")
        pdf = Attachment(kind="file", url="https://arunika.example/fees.pdf")
        (link,) = self.channel().render(self.message(text="Fees", attachments=(sheet,)))
        assert link.json["text"] == "Fees\n\nhttps://arunika.example/fees.xlsx"
        (document,) = self.channel().render(self.message(text="Fees", attachments=(pdf,)))
        assert document.path == "sendDocument"

    def test_signals(self) -> None:
        (tap,) = self.channel().render(self.message(kind="acknowledge", acknowledge="77001"))
        assert (tap.path, tap.json) == ("answerCallbackQuery", {"callback_query_id": "77001"})

    def test_nothing_to_say_is_no_call(self) -> None:
        assert self.channel().render(self.message(text="  \n")) == []

    def test_a_foreign_conversation_id_is_rejected(self) -> None:
        import msgspec

        with pytest.raises(Rejected):
            self.channel().render(msgspec.structs.replace(self.message(text="Hi"), thread_id="visitor-1"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", "hello"),
        ("mode", "push"),
        ("secret_token", "with space"),
        ("secret_token", "x" * 257),
        ("bot_username", "@arunika_bot"),
        ("webhook_url", "http://arunika.example"),
        ("base_url", "api.telegram.org"),
        ("max_connections", 101),
        ("poll_timeout_s", 51),
    ],
)
def test_wrong_settings_name_the_key_and_never_the_value(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        TelegramChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"telegram.{key}"
    if key in {"token", "secret_token"}:
        assert str(value) not in str(caught.value)


def test_the_link_into_the_private_chat() -> None:
    section = {"token": "123456:ABC-def", "mode": "polling"}
    named = TelegramChannel.from_mapping({**section, "bot_username": "arunika_bot"})
    assert named.private_link() == "https://t.me/arunika_bot"
    assert TelegramChannel.from_mapping(section).private_link() == ""


def test_polling_needs_no_secret_and_then_refuses_every_webhook() -> None:
    channel = TelegramChannel.from_mapping({"token": TOKEN, "mode": "polling"})
    assert channel.polls
    for headers in ({}, {"x-telegram-bot-api-secret-token": ""}):
        with pytest.raises(SignatureError):
            channel.verify(RawRequest(method="POST", path="/", headers=headers, body=b"{}"))


class FakeApi:
    """A transport that answers from a table and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, ApiResponse | SendError]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.asked.append((call.path, call.json))
        found = self.answers.get(call.path, result(True))
        if isinstance(found, SendError):
            raise found
        return found

    async def close(self) -> None: ...


def polling(answers: Mapping[str, ApiResponse | SendError]) -> tuple[TelegramChannel, FakeApi]:
    api = FakeApi(answers)
    channel = TelegramChannel.from_mapping({"token": TOKEN, "mode": "polling"}, api)
    assert isinstance(channel, TelegramChannel)
    return channel, api


def update(number: int, text: str) -> dict[str, Any]:
    person = {"id": 23, "first_name": "Rina"}
    chat = {"id": 23, "type": "private"}
    message = {"message_id": number, "from": person, "chat": chat, "date": 1760000000, "text": text}
    return {"update_id": number, "message": message}


async def test_polling_reads_every_update_in_order_and_confirms_by_the_next_cursor() -> None:
    broken = {"update_id": 12, "message": {"message_id": "?"}}
    channel, api = polling({"getUpdates": result([update(11, "one"), broken, update(13, "two")])})
    events, cursor = await channel.poll("")
    assert [type(event) for event in events] == [MessageReceived, Unsupported, MessageReceived]
    assert cursor == "14"
    await channel.poll(cursor)
    assert "offset" not in api.asked[0][1]
    assert api.asked[1][1]["offset"] == 14


async def test_polling_with_nothing_new_keeps_the_cursor() -> None:
    channel, _ = polling({"getUpdates": result([])})
    assert await channel.poll("14") == ([], "14")


async def test_polling_against_another_consumer_says_what_to_do() -> None:
    channel, _ = polling({"getUpdates": answer(409, "Conflict: terminated by other getUpdates request")})
    with pytest.raises(AuthFailed, match="Stop the other one"):
        await channel.poll("")


async def test_a_poll_that_timed_out_can_simply_be_repeated() -> None:
    channel, _ = polling({"getUpdates": Ambiguous("getUpdates: ReadTimeout")})
    with pytest.raises(Unavailable):
        await channel.poll("5")


async def test_start_registers_the_webhook_and_learns_the_name() -> None:
    api = FakeApi({"getMe": result({"id": 700001, "is_bot": True, "username": "arunika_bot"})})
    channel = TelegramChannel.from_mapping({**SETTINGS, "bot_username": ""}, api)
    await channel.start("https://arunika.example/webhooks/telegram")
    asked = dict(api.asked)
    assert asked["setWebhook"]["url"] == "https://arunika.example/webhooks/telegram"
    assert "message_reaction" in asked["setWebhook"]["allowed_updates"]
    assert asked["setWebhook"]["drop_pending_updates"] is False
    assert "secret_token" not in asked["setWebhook"], "an ApiCall never holds a secret"
    case = TestTelegram()
    (event,) = channel.parse(case.request(case.body("group_mention")))
    assert isinstance(event, MessageReceived)


async def test_start_in_polling_mode_removes_the_webhook_and_keeps_what_waits() -> None:
    channel, api = polling({"getMe": result({"username": "arunika_bot"})})
    await channel.start("https://arunika.example/webhooks/telegram")
    assert ("deleteWebhook", {"drop_pending_updates": False}) in api.asked
    assert "setWebhook" not in dict(api.asked)


ME = result({"username": "arunika_bot"})


@pytest.mark.parametrize(
    ("answers", "ok", "says"),
    [
        (
            {"getMe": ME, "getWebhookInfo": result({"url": "https://a", "pending_update_count": 2})},
            True,
            "2 updates",
        ),
        ({"getMe": ME, "getWebhookInfo": result({"url": ""})}, False, "no webhook"),
        (
            {
                "getMe": ME,
                "getWebhookInfo": result(
                    {
                        "url": "https://a",
                        "pending_update_count": 3,
                        "last_error_message": "Connection refused",
                    }
                ),
            },
            False,
            "Connection refused",
        ),
        ({"getMe": answer(401, "Unauthorized")}, False, "token"),
        ({"getMe": Unavailable("getMe: ConnectError")}, False, "reached"),
    ],
)
async def test_check_finds_what_is_wrong_and_tells_the_fix(
    answers: Mapping[str, ApiResponse | SendError], ok: bool, says: str
) -> None:
    health = await TelegramChannel.from_mapping(SETTINGS, FakeApi(answers)).check()
    assert health.ok is ok
    assert says in health.detail
    assert bool(health.fix) is not ok
    assert TOKEN not in health.detail + health.fix


async def test_check_sees_a_webhook_that_stands_in_the_way_of_polling() -> None:
    channel, _ = polling({"getMe": ME, "getWebhookInfo": result({"url": "https://a"})})
    health = await channel.check()
    assert not health.ok
    assert "webhook" in health.detail
