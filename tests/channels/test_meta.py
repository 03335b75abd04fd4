"""What Facebook, Instagram and WhatsApp share: proof, transport, errors, usage, times, messaging items."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from channels.base import Transport
from channels.errors import Ambiguous, AuthFailed, RateLimited, Rejected, SignatureError, Unavailable
from channels.messages import (
    ApiCall,
    ApiResponse,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageReceived,
    OwnEcho,
    RawRequest,
    Unsupported,
)
from channels.meta import errors, graph, webhook
from channels.meta.envelope import moment
from channels.meta.messaging import read_messaging
from channels.meta.settings import GraphSettings
from channels.meta.usage import usage

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APP_SECRET, TOKEN, VERIFY = "a-secret-of-the-app", "a-token-of-the-page", "a-token-to-verify"


# ---- proof ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "proof"),
    [
        (b'{"object":"page","entry":[]}', "7c605ec144382de2b5475423fae08104da4c70edb2eec420a84f21899172103d"),
        (
            rb'{"text":"caf\u00e9 \ud83d\ude00"}',
            "4c28e93be5bca2d723d58a5b37cb94748653aa3ff5a10f3c59bd36113624f7b4",
        ),
    ],
)
def test_known_signatures_over_untouched_bytes(body: bytes, proof: str) -> None:
    headers = {"x-hub-signature-256": f"sha256={proof}"}
    webhook.verify(RawRequest(method="POST", path="/", headers=headers, body=body), "app_secret_test")


def test_the_older_signature_alone_proves_nothing() -> None:
    older = "sha1=" + hmac.new(b"app_secret_test", b"{}", hashlib.sha1).hexdigest()
    for headers in ({"x-hub-signature": older}, {"x-hub-signature-256": older}):
        with pytest.raises(SignatureError):
            webhook.verify(RawRequest(method="POST", path="/", headers=headers, body=b"{}"), "app_secret_test")


def test_an_empty_secret_proves_nothing() -> None:
    anybodys = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    request = RawRequest(method="POST", path="/", headers={"x-hub-signature-256": anybodys}, body=b"{}")
    with pytest.raises(SignatureError):
        webhook.verify(request, "")


def test_a_challenge_is_answered_raw_and_only_to_who_knows_the_token() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY}
    request = RawRequest(method="GET", path="/", query=query)
    answer = webhook.handshake(request, VERIFY)
    assert answer is not None
    assert (answer.status, answer.body) == (200, "1158201444")
    assert answer.content_type.startswith("text/plain")
    for token in ("another", ""):
        with pytest.raises(SignatureError):
            webhook.handshake(request, token)
    for other in (
        msgspec.structs.replace(request, method="POST"),
        msgspec.structs.replace(request, query={"hub.mode": "unsubscribe"}),
    ):
        assert webhook.handshake(other, VERIFY) is None


# ---- transport -----------------------------------------------------------------------------------------


class Seen(msgspec.Struct):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: dict[str, Any]


@asynccontextmanager
async def server(seen: list[Seen], status: int = 200) -> AsyncIterator[str]:
    """A real server that remembers what reached it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := (await reader.readline()).decode():
                method, target, _ = line.split()
                headers: dict[str, str] = {}
                while header := (await reader.readline()).decode().strip():
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                parts = urlsplit(target)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                seen.append(Seen(method, parts.path, query, headers, json.loads(body or b"{}")))
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        finally:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/graph/v26.0"
    finally:
        listening.close()


def settings(url: str, **more: Any) -> GraphSettings:
    given = {"app_id": "900100", "app_secret": APP_SECRET, "verify_token": VERIFY, "graph_url": url, **more}
    return GraphSettings(**given)


def proof_of(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


async def test_calls_carry_the_token_in_a_header_and_never_in_the_address() -> None:
    seen: list[Seen] = []
    async with server(seen) as url:
        transport = graph.transport(settings(url), TOKEN)
        await transport.call(ApiCall(method="POST", path="1/messages", json={"a": "b"}), idempotency_key="m/0")
        await transport.close()
    (call,) = seen
    assert (call.method, call.path, call.query, call.json) == ("POST", "/graph/v26.0/1/messages", {}, {"a": "b"})
    assert call.headers["authorization"] == f"Bearer {TOKEN}"


async def test_every_call_is_proven_where_the_app_asks_for_it() -> None:
    seen: list[Seen] = []
    async with server(seen) as url:
        transport = graph.transport(settings(url, appsecret_proof=True), TOKEN)
        await graph.ask(transport, "GET", "me", query={"fields": "id"})
        await graph.ask(transport, "GET", "900100/subscriptions", as_app=True)
        await transport.close()
    assert seen[0].query == {"fields": "id", "appsecret_proof": proof_of(TOKEN)}
    assert seen[1].query == {"appsecret_proof": proof_of(f"900100|{APP_SECRET}")}


async def test_the_apps_own_calls_get_its_proof_and_the_secrets_only_on_the_way() -> None:
    seen: list[Seen] = []
    async with server(seen) as url:
        transport = graph.transport(settings(url), TOKEN)
        await graph.subscribe(
            transport,
            "900100",
            kind="whatsapp_business_account",
            fields=("messages",),
            callback_url="https://a.example/hook",
            account="555",
            account_fields=(),
        )
        await graph.ask(transport, "GET", graph.DEBUG_TOKEN, as_app=True)
        await transport.close()
    app, account, debug = seen
    assert app.headers["authorization"] == f"Bearer 900100|{APP_SECRET}"
    assert app.json["verify_token"] == VERIFY
    assert not [name for name in graph.AS_APP if name in app.headers], "our mark never leaves"
    assert account.headers["authorization"] == f"Bearer {TOKEN}"
    assert (account.path, account.json) == ("/graph/v26.0/555/subscribed_apps", {})
    assert debug.query == {"input_token": TOKEN}


async def test_the_apps_own_calls_may_go_elsewhere() -> None:
    accounts: list[Seen] = []
    apps: list[Seen] = []
    async with server(accounts) as url, server(apps) as app_url:
        transport = graph.transport(settings(url), TOKEN, app_url=app_url)
        await graph.ask(transport, "GET", "me")
        await graph.ask(transport, "GET", graph.DEBUG_TOKEN, as_app=True)
        await transport.close()
    assert [[call.path for call in seen] for seen in (accounts, apps)] == [
        ["/graph/v26.0/me"],
        ["/graph/v26.0/debug_token"],
    ]


async def test_a_question_is_never_ambiguous() -> None:
    class Silent:
        async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
            raise Ambiguous("ReadTimeout")

        async def close(self) -> None:
            pass

    silent: Transport = Silent()
    with pytest.raises(Unavailable):
        await graph.ask(silent, "GET", "me")
    async with server([], status=504) as url:
        transport = graph.transport(settings(url), TOKEN)
        with pytest.raises(Unavailable):
            await graph.ask(transport, "GET", "me")
        await transport.close()


# ---- errors --------------------------------------------------------------------------------------------


def refusal(code: int, subcode: int | None = None, headers: dict[str, str] | None = None, **more: Any) -> ApiResponse:
    error = {"code": code, "error_subcode": subcode, "type": "OAuthException", **more}
    return ApiResponse(status=400, body={"error": error}, headers=headers or {})


def raised(response: ApiResponse, extra: errors.Table | None = None) -> Exception:
    with pytest.raises(Exception) as caught:
        errors.raise_for(response, extra)
    return caught.value


def test_a_limit_waits_as_long_as_the_headers_say() -> None:
    header = json.dumps({"1": [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 19}]})
    told = raised(refusal(80006, headers={"x-business-use-case-usage": header}))
    untold = raised(refusal(4))
    abuse = raised(refusal(613, 2018338))
    for error, seconds in ((told, 19 * 60), (untold, 60), (abuse, 600)):
        assert isinstance(error, RateLimited)
        assert (error.retry_after, error.whole_channel) == (seconds, True)


def test_an_error_never_quotes_the_platform() -> None:
    words = "kartu saya 4111"
    error = raised(refusal(100, 2018001, message=words, type=words, error_user_msg=words))
    assert words not in str(error)
    assert "100/2018001" in str(error)


def test_a_channels_own_table_comes_first_and_the_subcode_before_the_code() -> None:
    extra: errors.Table = {100: AuthFailed, (190, 463): Rejected, 190: Unavailable, (7, None): Rejected}
    cases = [((100, 1), AuthFailed), ((190, 463), Rejected), ((190, 460), Unavailable), ((7, None), Rejected)]
    for (code, subcode), expected in cases:
        assert type(raised(refusal(code, subcode), extra)) is expected
    # What the common table knows more exactly stays so.
    assert type(raised(refusal(100, 2018300), extra)).__name__ == "OwnedElsewhere"


def test_a_success_gives_its_body() -> None:
    assert errors.raise_for(ApiResponse(status=200, body={"id": "1"})) == {"id": "1"}


def test_usage_is_read_per_use_case() -> None:
    header = json.dumps({"1": [{"type": "whatsapp", "call_count": 40}, {"type": "pages", "total_time": 80}]})
    response = ApiResponse(status=200, headers={"x-business-use-case-usage": header})
    assert [(item.scope, item.used) for item in usage(response)] == [("page", 0.8)]
    assert {item.scope: item.used for item in usage(response, {"whatsapp": "number"})} == {"number": 0.4, "page": 0.8}


# ---- times and items -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1701427704837, "2023-12-01T10:48:24.837000+00:00"),
        ("1701427704837", "2023-12-01T10:48:24.837000+00:00"),
        (1701427704, "2023-12-01T10:48:24+00:00"),
        ("1527459824", "2018-05-27T22:23:44+00:00"),
        ("2021-09-08T06:34:04+0000", "2021-09-08T06:34:04+00:00"),
        ("2021-09-08T06:34:04+07:00", "2021-09-07T23:34:04+00:00"),
        ("yesterday", None),
        ("nan", None),
        ("1e400", None),
        (-5, None),
        (10**30, None),
        (None, None),
    ],
)
def test_times_come_in_many_forms(value: Any, expected: str | None) -> None:
    assert moment(value, NOW) == (datetime.fromisoformat(expected) if expected else NOW)


def item(message: dict[str, Any] | None = None, *, own: bool = False, **content: Any) -> msgspec.Raw:
    people = {"sender": {"id": "page" if own else "42"}, "recipient": {"id": "42" if own else "page"}}
    body = people | {"timestamp": 1701427704837} | ({"message": message} if message else {}) | content
    return msgspec.Raw(json.dumps(body).encode())


def read(raw: msgspec.Raw, *, maybe_ours: bool = False, standby: bool = False) -> InboundEvent:
    return read_messaging(
        raw,
        channel="instagram",
        account_id="page",
        app_id="900100",
        standby=standby,
        received_at=NOW,
        maybe_ours=maybe_ours,
    )


def test_whose_an_echo_is() -> None:
    ours = read(item({"mid": "m", "is_echo": True, "app_id": 900100, "metadata": "m-1/0"}, own=True))
    assert isinstance(ours, OwnEcho)
    assert (ours.message_id, ours.thread_id) == ("m-1/0", "42")
    assert isinstance(read(item({"mid": "m", "is_echo": True, "metadata": "m-1/0"}, own=True)), OwnEcho)
    for maybe in (True, False):
        unnamed = read(item({"mid": "m", "is_echo": True, "text": "Halo"}, own=True), maybe_ours=maybe)
        assert isinstance(unnamed, HumanEcho)
        assert unnamed.maybe_ours is maybe
        other = read(item({"mid": "m", "is_echo": True, "app_id": 5}, own=True), maybe_ours=maybe)
        assert isinstance(other, HumanEcho)
        assert not other.maybe_ours


def test_what_the_account_itself_did_is_never_a_customers() -> None:
    for raw in (
        item({"mid": "m", "text": "not marked as an echo"}, own=True),
        item(own=True, reaction={"mid": "m", "action": "react", "emoji": "❤"}),
        item(own=True, postback={"mid": "m", "payload": "b1", "title": "Yes"}),
        item(own=True, referral={"ref": "r"}),
        item(own=True, message_edit={"mid": "m", "text": "t", "num_edit": 1}),
        item({"mid": "m", "is_echo": True, "is_deleted": True}, own=True),
    ):
        event = read(raw)
        assert isinstance(event, HumanEcho | Unsupported)
        assert event.thread_id == "42"


def test_a_story_reply_says_what_it_answers() -> None:
    event = read(item({"mid": "m", "text": "wow", "reply_to": {"story": {"id": 17, "url": "https://a.example/s"}}}))
    assert isinstance(event, MessageReceived)
    assert (event.reply_to, event.link) == ("17", "https://a.example/s")


def test_an_unsent_message_and_a_new_one_are_two_events() -> None:
    new, unsent = read(item({"mid": "m", "text": "a"})), read(item({"mid": "m", "is_deleted": True}))
    assert isinstance(unsent, MessageDeleted)
    assert new.event_id != unsent.event_id


def test_what_cannot_be_read_is_kept_whole() -> None:
    for raw in (item({"mid": "m", "text": 7}), msgspec.Raw(b"[1]"), msgspec.Raw(b'"words"')):
        event = read(raw)
        assert isinstance(event, Unsupported)
        assert event.raw == bytes(raw).decode()


def test_in_standby_everything_said_is_read_along_only() -> None:
    tap = {"mid": "m", "text": "Yes", "quick_reply": {"payload": "b1"}}
    for raw in (item(tap), item(postback={"mid": "m", "title": "Yes"}), item({"mid": "m", "text": "Yes"})):
        event = read(raw, standby=True)
        assert isinstance(event, MessageReceived)
        assert (event.text, event.standby) == ("Yes", True)
