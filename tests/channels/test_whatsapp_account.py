"""WhatsApp's settings, and what goes through its transport: sending, registering, checking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from channels.errors import RateLimited, SendError, SettingsError, Unavailable
from channels.messages import ApiCall, ApiResponse, Customer, OutboundMessage
from channels.whatsapp.channel import WhatsappChannel

SETTINGS = {
    "app_id": "900100",
    "app_secret": "an-app-secret-that-signs",
    "verify_token": "a-token-that-meta-repeats",
    "phone_number_id": "1122334455667",
    "business_account_id": "1234567890987654321",
    "token": "EAA-not-a-real-token",
}
SECRETS = ("app_secret", "verify_token", "token")
PATH = "1122334455667/messages"
ADDRESS = "https://arunika.example/webhooks/whatsapp"
FIELDS = [{"name": name} for name in ("messages", "smb_message_echoes", "user_preferences")]


def message(text: str) -> OutboundMessage:
    return OutboundMessage(
        message_id="m-1",
        channel="whatsapp",
        thread_id="US.1",
        customer=Customer(external_id="US.1"),
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        text=text,
        to="972987654321",
    )


def refused(code: int, status: int = 400) -> ApiResponse:
    return ApiResponse(status=status, body={"error": {"message": "…", "type": "OAuthException", "code": code}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app_id", "hello"),
        ("phone_number_id", ""),
        ("phone_number_id", "+62 811"),
        ("business_account_id", "waba"),
        ("token", " "),
        ("graph_url", "http://graph.facebook.com/v26.0"),
        ("webhook_url", "http://arunika.example"),
        ("list_label", ""),
        ("list_label", "x" * 21),
        ("webhook_fields", ["user_preferences"]),
        ("templates", [{"name": "", "language": "id"}]),
        ("templates", [{"name": "a", "language": "id", "text": "A"}, {"name": "a", "language": "id", "text": "A"}]),
        ("templates", [{"name": "a", "language": "id"}]),
    ],
)
def test_wrong_settings_name_the_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        WhatsappChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"whatsapp.{key}"
    assert caught.value.fix


def test_templates_are_read_from_the_settings() -> None:
    templates = [{"name": "follow_up", "language": "id", "text": "Halo {{1}}"}]
    channel = WhatsappChannel.from_mapping({**SETTINGS, "templates": templates})
    assert channel.settings.templates[0].text == "Halo {{1}}"


class FakeGraph:
    """A transport that answers by method and path, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, ApiResponse | SendError]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ApiCall]] = []

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.asked.append((f"{call.method} {call.path}", call))
        found = self.answers.get(f"{call.method} {call.path}", ApiResponse(status=200, body={"success": True}))
        if isinstance(found, SendError):
            raise found
        return found

    async def close(self) -> None: ...


def over(answers: Mapping[str, ApiResponse | SendError]) -> tuple[WhatsappChannel, FakeGraph]:
    graph = FakeGraph(answers)
    channel = WhatsappChannel.from_mapping(SETTINGS, graph)
    assert isinstance(channel, WhatsappChannel)
    return channel, graph


async def test_sending_returns_the_id_of_every_part() -> None:
    channel, graph = over({f"POST {PATH}": ApiResponse(status=200, body={"messages": [{"id": "wamid.new"}]})})
    sent = await channel.send(message("word " * 1000))
    assert sent.external_ids == ("wamid.new", "wamid.new")
    assert [name for name, _ in graph.asked] == [f"POST {PATH}"] * 2


async def test_a_refused_part_carries_the_headers_news() -> None:
    answer = msgspec.structs.replace(refused(130429), headers={"x-app-usage": '{"call_count":99}'})
    channel, _ = over({f"POST {PATH}": answer})
    with pytest.raises(RateLimited) as caught:
        await channel.send_part(message("Halo"), 0)
    assert [item.scope for item in caught.value.usage] == ["app"]


async def test_start_registers_the_app_and_then_the_account() -> None:
    channel, graph = over({})
    await channel.start("https://arunika.example/webhooks/whatsapp/webhook")
    names = [name for name, _ in graph.asked]
    assert names == ["POST 900100/subscriptions", "POST 1234567890987654321/subscribed_apps"]
    first = graph.asked[0][1].json
    assert first["object"] == "whatsapp_business_account"
    assert first["callback_url"] == "https://arunika.example/webhooks/whatsapp/webhook"
    assert first["fields"] == "messages,smb_message_echoes,user_preferences"
    shown = json.dumps([msgspec.to_builtins(call) for _, call in graph.asked])
    assert not [key for key in SECRETS if str(SETTINGS[key]) in shown], "an ApiCall never holds a secret"


async def test_start_without_an_address_changes_nothing() -> None:
    channel, graph = over({})
    await channel.start("")
    assert graph.asked == []


def healthy(**changes: ApiResponse | SendError) -> dict[str, ApiResponse | SendError]:
    now = format_datetime(datetime.now(UTC), usegmt=True)
    token = {"is_valid": True, "app_id": "900100", "expires_at": 0}
    scopes = {"scopes": ["whatsapp_business_messaging", "whatsapp_business_management"]}
    ours = {"whatsapp_business_api_data": {"id": "900100", "name": "Sigap"}}
    hook = {"object": "whatsapp_business_account", "callback_url": ADDRESS, "active": True, "fields": FIELDS}
    return {
        "GET 1122334455667": ApiResponse(
            status=200, headers={"date": now}, body={"id": "1122334455667", "verified_name": "Arunika"}
        ),
        "GET debug_token": ApiResponse(status=200, body={"data": token | scopes}),
        "GET 1234567890987654321/subscribed_apps": ApiResponse(status=200, body={"data": [ours]}),
        "GET 900100/subscriptions": ApiResponse(status=200, body={"data": [hook]}),
        **changes,
    }


async def test_check_finds_nothing_wrong() -> None:
    channel, _ = over(healthy())
    await channel.start(ADDRESS)
    health = await channel.check()
    assert health.ok, health.detail
    assert {probe.name for probe in health.probes} >= {"credentials", "permissions", "subscription", "token", "clock"}


@pytest.mark.parametrize(
    ("name", "found", "probe"),
    [
        ("GET 1122334455667", refused(190, 401), "credentials"),
        ("GET 1122334455667", Unavailable("GET …: ConnectError"), "credentials"),
        ("GET debug_token", ApiResponse(status=200, body={"data": {"is_valid": False}}), "token"),
        ("GET debug_token", ApiResponse(status=200, body={"data": {"is_valid": True, "scopes": []}}), "permissions"),
        ("GET 1234567890987654321/subscribed_apps", ApiResponse(status=200, body={"data": []}), "subscription"),
        ("GET 900100/subscriptions", ApiResponse(status=200, body={"data": []}), "delivery"),
    ],
)
async def test_check_says_what_is_wrong_and_what_to_do(name: str, found: ApiResponse | SendError, probe: str) -> None:
    channel, _ = over(healthy(**{name: found}))
    health = await channel.check()
    wrong = {item.name: item for item in health.probes if not item.ok}
    assert set(wrong) == {probe}
    assert wrong[probe].fix
    assert not [key for key in SECRETS if str(SETTINGS[key]) in health.detail + health.fix]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"callback_url": "https://other.example"}, "another address"),
        ({"fields": FIELDS[:1]}, "smb_message_echoes, user_preferences"),
    ],
)
async def test_check_compares_what_is_registered(change: Mapping[str, Any], detail: str) -> None:
    hook = {"object": "whatsapp_business_account", "callback_url": ADDRESS, "active": True, "fields": FIELDS, **change}
    told = ApiResponse(status=200, body={"data": [hook]})
    channel, _ = over(healthy(**{"GET 900100/subscriptions": told}))
    await channel.start(ADDRESS)
    health = await channel.check()
    assert [item.name for item in health.probes if not item.ok] == ["delivery"]
    assert detail in health.detail
    assert health.fix


async def test_check_sees_a_wrong_clock() -> None:
    late = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    answer = ApiResponse(status=200, headers={"date": late}, body={"id": "1122334455667"})
    channel, _ = over(healthy(**{"GET 1122334455667": answer}))
    health = await channel.check()
    assert not health.ok
    assert health.clock_skew_s is not None
    assert health.clock_skew_s > 60
