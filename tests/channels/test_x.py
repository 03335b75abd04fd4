"""X: the conformance suite, and what is X's own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote

import msgspec
import pytest

from channels.errors import (
    Ambiguous,
    AuthFailed,
    Duplicate,
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
    HumanEcho,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Sender,
    Surface,
    Unsupported,
)
from channels.webhook import Refused, receive
from channels.x.channel import XChannel
from channels.x.client import XTransport
from channels.x.settings import XSettings
from channels.x.text import comparable, spoken, weight
from tests.channels.conformance import NOW, ChannelConformance

US, THEM = "1111111111111111111", "2222222222222222222"
SECRET = "consumer_secret_test"
SETTINGS: Mapping[str, Any] = {
    "user_id": US,
    "username": "ExampleUser",
    "consumer_key": "consumer-key-of-a-test",
    "consumer_secret": SECRET,
    "access_token": "access-token-of-a-test",
    "access_token_secret": "access-token-secret-of-a-test",
    "bearer_token": "bearer-token-of-a-test",
}
PROBLEMS = "https://api.x.com/2/problems"


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def refusal(status: int, detail: str = "", kind: str = "", **headers: str) -> ApiResponse:
    body: dict[str, Any] = {"title": "Forbidden", "detail": detail, "status": status}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return ApiResponse(status=status, headers=names, body=body | ({"type": f"{PROBLEMS}/{kind}"} if kind else {}))


def ok(body: Mapping[str, Any], status: int = 200, **headers: str) -> ApiResponse:
    return ApiResponse(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )


class TestX(ChannelConformance):
    channel_class = XChannel
    settings = SETTINGS
    secrets = ("consumer_key", "consumer_secret", "access_token", "access_token_secret", "bearer_token")
    fixtures = Path(__file__).parents[2] / "channels" / "x" / "fixtures"
    signs_body = True
    thread_id = THEM
    private: ClassVar = {"to": THEM}
    public: ClassVar = {"reply_to": "2080765813578191303", "root": "2080765813578191303"}
    hidden = ok({"data": {"hidden": True}})
    errors: ClassVar = {
        "not hidden": (ok({"data": {"hidden": False}}), Rejected),
        "post sent": (ok({"data": {"id": "2090000000000000009", "text": "Halo"}}, 201), "2090000000000000009"),
        "message sent": (
            ok({"data": {"dm_conversation_id": f"{US}-{THEM}", "dm_event_id": "2080763914820927863"}}, 201),
            "2080763914820927863",
        ),
        "errors instead of data": (
            ok({"errors": [{"title": "Not Found Error", "type": f"{PROBLEMS}/resource-not-found"}]}),
            Rejected,
        ),
        "nothing in it": (ok({}), Ambiguous),
        "too many": (refusal(429, "Too Many Requests", x_rate_limit_reset="1"), RateLimited),
        "too many, legacy": (
            ApiResponse(status=429, body={"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
            RateLimited,
        ),
        "spending limit": (refusal(429, "Usage cap exceeded: Monthly product cap", "usage-capped"), AuthFailed),
        "no credits": (refusal(402, "no credits", "credits"), AuthFailed),
        "duplicate": (
            refusal(403, "You are not allowed to create a Tweet with duplicate content."),
            Duplicate,
        ),
        "duplicate, legacy": (
            ApiResponse(status=403, body={"errors": [{"code": 187, "message": "Status is a duplicate."}]}),
            Duplicate,
        ),
        "not summoned": (
            refusal(
                403,
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by "
                "the author of the post you are replying to.",
            ),
            Rejected,
        ),
        "quote": (refusal(403, "Quoting this post is not allowed because you have not been mentioned"), Rejected),
        "direct messages closed": (
            ApiResponse(status=403, body={"errors": [{"code": 349, "message": "You cannot send messages"}]}),
            RecipientGone,
        ),
        "direct messages closed, in words": (
            refusal(403, "You do not have permission to DM one or more participants."),
            RecipientGone,
        ),
        "client forbidden": (refusal(403, "not enrolled", "client-forbidden"), AuthFailed),
        "permissions": (refusal(403, "app permissions", "oauth1-permissions"), AuthFailed),
        "not authorized": (refusal(403, "not authorized", "not-authorized-for-resource"), Rejected),
        "locked": (ApiResponse(status=403, body={"errors": [{"code": 326, "message": "locked"}]}), AuthFailed),
        "theirs is locked": (
            ApiResponse(status=403, body={"errors": [{"code": 64, "message": "suspended", "resource_type": "user"}]}),
            Rejected,
        ),
        "wrong token": (refusal(401, "Unauthorized"), AuthFailed),
        "parent deleted": (refusal(404, "Could not find tweet with id: [1]", "resource-not-found"), Rejected),
        "invalid": (refusal(400, "The 'text' parameter is required.", "invalid-request"), Rejected),
        "internal": (ApiResponse(status=500), Ambiguous),
        "bad gateway": (ApiResponse(status=502), Ambiguous),
        "overloaded": (ApiResponse(status=503), Ambiguous),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
        "redirected": (ApiResponse(status=302), AuthFailed),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        proof = {"x-twitter-webhooks-signature": signature(body, SECRET if secret is None else secret)}
        return RawRequest(method="POST", path="/webhooks/x", headers=proof, body=body)

    def said(self, call: ApiCall) -> str:
        return str(call.json["text"])

    def many(self, count: int) -> bytes:
        def message(number: int) -> dict[str, Any]:
            data = {"text": ["spoiled"] if number == count // 2 else f"message {number}"}
            content = {"target": {"recipient_id": US}, "sender_id": THEM, "message_data": data}
            stamp = str(1784928224372 + number)
            return {
                "type": "message_create",
                "id": str(number + 1),
                "created_timestamp": stamp,
                "message_create": content,
            }

        payload = {"direct_message_events": [message(number) for number in range(count)], "users": {}}
        head = {"event_uuid": "-1", "filter": {"user_id": US}, "event_type": "dm.received"}
        return json.dumps({"data": {**head, "payload": payload}}).encode()

    # ---- proof -----------------------------------------------------------------------------------

    def test_the_computed_vectors(self) -> None:
        """Computed apart from this code, with Python's hmac."""
        body = b'{"data":{"event_uuid":"1"}}'
        headers = {"x-twitter-webhooks-signature": "sha256=e0Hqwv62jVEygOUmhJebTSii0n3fOhvLYCl49dao51o="}
        self.channel().verify(RawRequest(method="POST", path="/", headers=headers, body=body))

    def test_a_forged_event_cannot_be_signed_by_asking_for_a_challenge(self) -> None:
        forged = self.body("text").decode()
        for token in (forged, f" {forged}", f"[{forged}]", ""):
            request = RawRequest(method="GET", path="/webhooks/x", query={"crc_token": token})
            assert isinstance(receive(self.channel(), request), Refused)

    def test_a_challenge_by_post_is_not_one(self) -> None:
        request = RawRequest(method="POST", path="/", query={"crc_token": "abc"}, body=b"{}")
        assert self.channel().handshake(request) is None

    def test_the_newer_secret_wins_where_both_sides_have_it(self) -> None:
        channel = XChannel.from_mapping({**SETTINGS, "client_secret": "newer"})
        body = self.body("text")
        old, new, wrong = signature(body), signature(body, "newer"), signature(body, "other")
        name = "x-twitter-webhooks-signature"

        def request(**headers: str) -> RawRequest:
            found = {f"{name}{key.replace('_', '-')}": value for key, value in headers.items()}
            return RawRequest(method="POST", path="/", headers=found, body=body)

        channel.verify(request(_oauth2=new))
        channel.verify(RawRequest(method="POST", path="/", headers={name: old, f"{name}-oauth2": new}, body=body))
        channel.verify(RawRequest(method="POST", path="/", headers={name: old}, body=body))
        with pytest.raises(SignatureError):
            channel.verify(RawRequest(method="POST", path="/", headers={name: old, f"{name}-oauth2": wrong}, body=body))
        with pytest.raises(SignatureError):
            self.channel().verify(request(_oauth2=new))  # without a client secret there is only the older one
        challenge = channel.handshake(RawRequest(method="GET", path="/", query={"crc_token": "t"}))
        assert challenge is not None
        assert json.loads(challenge.body) == {"response_token": signature(b"t", "newer")}

    # ---- reading -----------------------------------------------------------------------------------

    def test_every_recorded_kind_of_event_is_known_to_the_golden_files(self) -> None:
        kinds = {type(event).__name__ for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds == {
            "AccessRevoked",
            "HumanEcho",
            "MessageDeleted",
            "MessageEdited",
            "MessageReceived",
            "Receipt",
            "Unsupported",
        }

    def told_as(self, name: str, kind: str, **settings: Any) -> Any:
        document = json.loads(self.body(name))
        document["data"]["event_type"] = kind
        channel = XChannel.from_mapping({**SETTINGS, **settings})
        (event,) = channel.parse(self.request(json.dumps(document).encode()))
        return event

    def test_a_post_that_mentions_and_answers_is_one_turn(self) -> None:
        assert self.told_as("reply", "post.mention.create") == self.told_as("reply", "post.reply.create")

    def test_whether_the_automatic_mention_summons_is_a_setting(self) -> None:
        assert self.told_as("reply", "post.reply.create").summoned
        strict = {"automatic_mention_summons": False}
        assert not self.told_as("reply", "post.reply.create", **strict).summoned
        assert self.told_as("mention", "post.mention.create", **strict).summoned
        assert not self.told_as("reply_without_mention", "post.reply.create").summoned
        assert self.told_as("quote", "post.mention.create", **strict).summoned

    def test_a_post_kept_aside_can_be_tried_again_as_it_is(self) -> None:
        (aside,) = self.events("spoiled_post")
        assert isinstance(aside, Unsupported)
        repaired = aside.raw.replace('"mentions":"none"', '"mentions":[]')
        (event,) = self.channel().parse(self.request(repaired.encode()))
        assert isinstance(event, MessageReceived)

    def test_a_direct_message_kept_aside_can_be_tried_again_as_it_is(self) -> None:
        body = self.many(3)
        (aside,) = [event for event in self.channel().parse(self.request(body)) if isinstance(event, Unsupported)]
        (event,) = self.channel().parse(self.request(aside.raw.replace('["spoiled"]', '"mended"').encode()))
        assert isinstance(event, MessageReceived)
        assert event.text == "mended"
        assert event.customer.external_id == THEM

    def test_numbers_as_ids_become_text(self) -> None:
        body = self.body("text").replace(b'"id":"2080765901528535096"', b'"id":2080765901528535096')
        (event,) = self.channel().parse(self.request(body))
        assert isinstance(event, MessageReceived)
        assert event.external_id == "2080765901528535096"

    def test_includes_may_lie_beside_the_event(self) -> None:
        document = json.loads(self.body("mention"))
        document["includes"] = document["data"].pop("includes")
        assert list(self.channel().parse(self.request(json.dumps(document).encode()))) == self.events("mention")

    def test_an_own_echo_is_never_certain(self) -> None:
        for name in ("own_echo", "own_reply", "own_reply_to_unknown"):
            (event,) = self.events(name)
            assert isinstance(event, HumanEcho)
            assert event.maybe_ours

    # ---- saying --------------------------------------------------------------------------------------

    def test_where_to_has_to_be_said(self) -> None:
        for message in (
            self.message(Surface.PRIVATE, text="Halo", to=""),
            self.message(Surface.PRIVATE, text="Halo", to="", entry="2080765813578191303"),
            self.message(Surface.PRIVATE, text="Halo", to="../tweets"),
            self.message(Surface.PUBLIC, text="Halo", reply_to=""),
            self.message(Surface.PUBLIC, text="Halo", reply_to="1/hidden"),
            self.message(Surface.PUBLIC, kind="hide", reply_to="1/../2"),
        ):
            with pytest.raises(Rejected):
                self.channel().render(message)

    def test_only_what_answers_in_a_conversation_of_the_brands_can_be_hidden(self) -> None:
        """Who began it is not told for what stands further down; then it is tried."""
        hidable = {name: event.hidable for name in self.bodies() if name != "malformed"
                   for event in self.events(name) if isinstance(event, MessageReceived)}  # fmt: skip
        assert hidable["reply"]
        assert hidable["reply_without_mention"]
        assert not hidable["mention"]
        assert not hidable["quote"]
        assert not hidable["reply_to_a_customer"]
        deeper = json.loads(self.body("reply_to_a_customer"))
        deeper["data"]["payload"]["conversation_id"] = "2080000000000000000"
        (event,) = self.channel().parse(self.request(json.dumps(deeper).encode()))
        assert isinstance(event, MessageReceived)
        assert event.hidable

    def test_reach_is_what_x_told_and_the_brands_own_fame_is_not_the_customers(self) -> None:
        document = json.loads(self.body("reply_with_reach"))
        payload, above = document["data"]["payload"], document["data"]["includes"]["tweets"][0]

        def engagement() -> int:
            (event,) = self.channel().parse(self.request(json.dumps(document).encode()))
            assert isinstance(event, MessageReceived)
            assert (event.customer.followers, event.customer.verified) == (41_234, True)
            return event.engagement

        assert engagement() == 10_600
        payload["public_metrics"] = {"like_count": "many", "reply_count": -3, "quote_count": True}
        assert engagement() == 6, "that of the customer's post above it"
        above["author_id"] = US
        assert engagement() == 0

    def test_a_tag_is_refused_to_programs(self) -> None:
        message = self.message(Surface.PRIVATE, text="Halo", tag="HUMAN")
        with pytest.raises(Rejected):
            self.channel().render(message)
        assert self.channel().render(msgspec.structs.replace(message, sender=Sender.AGENT))

    def test_what_the_assistant_says_is_labelled_where_the_settings_say_so(self) -> None:
        channel = XChannel.from_mapping({**SETTINGS, "made_with_ai": True})
        bot, person = (self.message(Surface.PUBLIC, text="Halo", sender=who) for who in (Sender.BOT, Sender.AGENT))
        assert channel.render(bot)[0].json["made_with_ai"] is True
        assert "made_with_ai" not in channel.render(person)[0].json
        assert "made_with_ai" not in self.channel().render(bot)[0].json

    def test_a_premium_account_may_say_more(self) -> None:
        channel = XChannel.from_mapping({**SETTINGS, "text_limit": 4000})
        assert channel.can(Surface.PUBLIC).text_limit == 4000
        assert len(channel.render(self.message(Surface.PUBLIC, text="word " * 700))) == 1

    def test_only_enterprise_answers_unsummoned(self) -> None:
        assert self.can(Surface.PUBLIC).rules.summoned_only
        assert not XChannel.from_mapping({**SETTINGS, "tier": "enterprise"}).can(Surface.PUBLIC).rules.summoned_only

    def test_limits_follow_the_surface_and_the_settings(self) -> None:
        def counts(channel: Any, surface: Surface) -> dict[str, tuple[int, float]]:
            return {each.scope: (each.count, each.window_s) for each in channel.limits(self.message(surface, text="x"))}

        assert counts(self.channel(), Surface.PUBLIC) == {
            "user:post": (100, 900),
            "app:post": (10_000, 86_400),
            "account:post": (2400, 86_400),
        }
        free = XChannel.from_mapping({**SETTINGS, "daily_messages": 0})
        assert counts(free, Surface.PRIVATE) == {"user:dm": (15, 900), "dm:day": (1440, 86_400)}

    def test_choices_and_links_stand_in_the_text(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        message = self.message(
            Surface.PRIVATE, text="Which?", buttons=(Button(key="k", title="Yes"),), attachments=(image,)
        )
        (call,) = self.channel().render(message)
        assert call.json == {"text": "Which?\n\nhttps://arunika.example/a.png\n\n1. Yes"}

    def test_a_text_with_links_is_divided_by_xs_counting(self) -> None:
        link = "https://example.com/" + "very-long-" * 30
        text = f"See {link} and also {link}. " * 12 + "字" * 200
        said = [self.said(call) for call in self.channel().render(self.message(Surface.PUBLIC, text=text))]
        assert max(map(weight, said)) <= 280
        assert "".join("".join(said).split()) == "".join(text.split())
        assert sum(part.count(link) for part in said) == 24, "no link is cut"


# ---- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello, world! 👋", 16),
        ("https://example.com/" + "a" * 80, 23),
        ("example.com", 23),
        ("你好", 4),
        ("👩‍👩‍👧‍👦", 2),
        ("café", 4),
        ("cafe\u0301", 4),
        ("one\r\ntwo", 7),
        ("x" * 281, 281),
        ("see https://example.com/a and https://example.com/b.", 4 + 23 + 5 + 23 + 1),
    ],
)
def test_length_is_counted_as_x_counts(text: str, length: int) -> None:
    assert weight(text) == length


@pytest.mark.parametrize(
    ("text", "reply", "words"),
    [
        ("@ArunikaBank my card is lost", False, "my card is lost"),
        ("@arunikabank: my card", False, "my card"),
        ("hello @ArunikaBank", False, "hello"),
        ("hello @ArunikaBanking", False, "hello @ArunikaBanking"),
        ("does @ArunikaBank have branches", False, "does @ArunikaBank have branches"),
        ("@rina ask @ArunikaBank", False, "@rina ask"),
        ("@rina @ArunikaBank same here", True, "same here"),
        ("@ArunikaBank", False, ""),
        ("@ArunikaBank @ArunikaBank", False, ""),
    ],
)
def test_the_brands_name_is_no_part_of_the_words(text: str, reply: bool, words: str) -> None:
    assert spoken(text, "ArunikaBank", reply=reply) == words


def test_ours_is_recognised_as_x_shows_it() -> None:
    shown = "@rina Halo  Rina, lihat https://t.co/abc123."
    for link in ("https://arunika.example/fees?a=1", "https://example.com/fees", "example.com/fees"):
        ours = f"Halo Rina,\nlihat {link}."
        assert comparable(shown) == comparable(ours)
        assert comparable("Halo Rina") != comparable(ours)


# ---- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user_id", ""),
        ("user_id", "ArunikaBank"),
        ("username", "@ArunikaBank"),
        ("client_secret", " "),
        ("user_token", " "),
        ("mode", "stream"),
        ("tier", "free"),
        ("base_url", "http://api.x.com"),
        ("base_url", ""),
        ("webhook_url", "http://arunika.example/webhooks/x"),
        ("text_limit", 140),
        ("text_limit", 30_000),
        ("daily_posts", -1),
        ("daily_messages", -1),
        ("poll_interval_s", 1),
        ("poll_back_h", 0),
    ],
)
def test_wrong_settings_name_the_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        XChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"x.{key}"
    assert caught.value.fix


def test_polling_needs_no_bearer_token() -> None:
    channel = XChannel.from_mapping({**SETTINGS, "mode": "polling", "bearer_token": ""})
    assert isinstance(channel, XChannel)
    assert channel.polls


def test_the_way_into_private() -> None:
    link = XChannel.from_mapping(SETTINGS).private_link()
    assert link == f"https://x.com/messages/compose?recipient_id={US}"


# ---- answers ---------------------------------------------------------------------------------------


def test_a_429_waits_until_the_reset_and_stops_only_its_own() -> None:
    channel = XChannel.from_mapping(SETTINGS)
    for reset, least, most in ((time.time() + 300, 295, 301), (1, 1, 1)):
        with pytest.raises(RateLimited) as caught:
            channel.classify(refusal(429, "Too Many Requests", x_rate_limit_reset=str(int(reset))))
        assert least <= caught.value.retry_after <= most
        assert not caught.value.whole_channel
    with pytest.raises(RateLimited) as caught:
        channel.classify(refusal(429))
    assert caught.value.retry_after == 60


def test_a_summons_that_is_missing_has_a_name() -> None:
    with pytest.raises(Rejected) as caught:
        XChannel.from_mapping(SETTINGS).classify(TestX.errors["not summoned"][0])
    assert caught.value.code == "not_summoned"


def test_what_the_caller_sent_is_not_repeated_in_an_error() -> None:
    answer = refusal(400, "The `text` parameter value [my card number is 4111] is not valid")
    with pytest.raises(Rejected) as caught:
        XChannel.from_mapping(SETTINGS).classify(answer)
    assert "4111" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "scope", "used", "waits"),
    [
        (ok({"data": {"id": "1", "text": "x"}}, 201), "user:post", 0.25, False),
        (ok({"data": {"dm_event_id": "1"}}, 201), "user:dm", 0.25, False),
        (refusal(429), "user:post", 1.0, True),
    ],
)
def test_the_headers_tell_how_much_is_used(answer: ApiResponse, scope: str, used: float, waits: bool) -> None:
    headers = {
        "x-rate-limit-limit": "100",
        "x-rate-limit-remaining": "0" if waits else "75",
        "x-rate-limit-reset": str(int(time.time()) + 120),
    }
    (told,) = XChannel.from_mapping(SETTINGS).usage(msgspec.structs.replace(answer, headers=headers))
    assert (told.scope, told.used) == (scope, used)
    assert (100 < told.wait_s <= 120) is waits


def test_a_refused_direct_message_is_known_by_its_limit() -> None:
    headers = {"x-rate-limit-limit": "15", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "9999999999"}
    (told,) = XChannel.from_mapping(SETTINGS).usage(ApiResponse(status=429, headers=headers))
    assert told.scope == "user:dm"
    other = {**headers, "x-rate-limit-limit": "450"}
    assert XChannel.from_mapping(SETTINGS).usage(ApiResponse(status=429, headers=other)) == ()


# ---- asking X --------------------------------------------------------------------------------------

Answer = ApiResponse | SendError


class FakeApi:
    """A transport that answers from a table, the last answer again and again, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Answer | Sequence[Answer]]) -> None:
        self.answers: dict[str, list[Answer]] = {
            key: [each] if isinstance(each, ApiResponse | SendError) else [*each] for key, each in answers.items()
        }
        self.asked: list[ApiCall] = []

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.asked.append(call)
        waiting = self.answers.get(f"{call.method} {call.path}", [refusal(404, "not in the table")])
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(found, SendError):
            raise found
        return found

    async def close(self) -> None: ...

    def calls(self, method: str) -> list[tuple[str, Mapping[str, Any]]]:
        return [(call.path, call.json) for call in self.asked if call.method == method]


def fake(answers: Mapping[str, Answer | Sequence[Answer]], **settings: Any) -> tuple[XChannel, FakeApi]:
    api = FakeApi(answers)
    channel = XChannel.from_mapping({**SETTINGS, **settings}, api)
    assert isinstance(channel, XChannel)
    return channel, api


def outgoing(surface: Surface, text: str) -> OutboundMessage:
    return TestX().message(surface, text=text)


# ---- looking for what was sent ----

OWN_POSTS = f"GET /2/users/{US}/tweets"
OWN_MESSAGES = f"GET /2/dm_conversations/with/{THEM}/dm_events"
SINCE = datetime(2026, 8, 12, 18, 0, tzinfo=UTC)


def own_post(post_id: str, text: str, parent: str = "2080765813578191303") -> dict[str, Any]:
    link = [{"type": "replied_to", "id": parent}]
    return {"id": post_id, "author_id": US, "text": text, "referenced_tweets": link}


async def test_a_reply_is_found_by_its_words_and_what_it_answers() -> None:
    page = [
        own_post("3", "@OtherUser Something else"),
        own_post("2", "@OtherUser See https://t.co/abc &amp; tell", parent="1"),
        own_post("1", "@OtherUser See https://t.co/abc &amp; tell"),
    ]
    channel, api = fake({OWN_POSTS: ok({"data": page, "meta": {"result_count": 3}})})
    message = outgoing(Surface.PUBLIC, "See https://arunika.example/fees & tell")
    assert await channel.find_sent(message, 0, SINCE) == "1"
    assert api.asked[0].query["start_time"] == "2026-08-12T18:00:00Z"
    assert await channel.find_sent(outgoing(Surface.PUBLIC, "Not there"), 0, SINCE) is None


async def test_another_message_of_ours_with_the_same_words_is_passed_over() -> None:
    at = "2026-08-12T18:01:00.000Z"
    directs = [
        {"id": number, "event_type": "MessageCreate", "sender_id": US, "text": "Halo", "created_at": at}
        for number in ("2", "1")
    ]
    posts = [own_post("2", "@OtherUser Halo"), own_post("1", "@OtherUser Halo")]
    for besides, expected in (({"2"}, "1"), ({"1", "2"}, None)):
        channel, _ = fake({OWN_MESSAGES: ok({"data": directs}), OWN_POSTS: ok({"data": posts})})
        for surface in Surface:
            assert await channel.find_sent(outgoing(surface, "Halo"), 0, SINCE, frozenset(besides)) == expected


async def test_a_direct_message_is_found_behind_the_first_page() -> None:
    def row(number: str, text: str, at: str, sender: str = US) -> dict[str, Any]:
        return {"id": number, "event_type": "MessageCreate", "sender_id": sender, "text": text, "created_at": at}

    new, old = "2026-08-12T18:01:00.000Z", "2026-08-12T17:59:00.000Z"
    first = ok({"data": [row("9", "Halo", new, THEM), row("8", "Lain", new)], "meta": {"next_token": "n"}})
    channel, api = fake({OWN_MESSAGES: [first, ok({"data": [row("7", "Halo", new), row("6", "Halo", old)]})]})
    assert await channel.find_sent(outgoing(Surface.PRIVATE, "Halo"), 0, SINCE) == "7"
    assert [call.query.get("pagination_token") for call in api.asked] == [None, "n"]
    channel, _ = fake({OWN_MESSAGES: ok({"data": [row("6", "Halo", old)], "meta": {"next_token": "n"}})})
    assert await channel.find_sent(outgoing(Surface.PRIVATE, "Halo"), 0, SINCE) is None


@pytest.mark.parametrize(
    "answer",
    [
        ApiResponse(status=503),
        refusal(429),
        ok({"errors": [{"title": "Not Found Error"}]}),
        ok({"data": [{"id": ["?"]}]}),
        ok({"data": [own_post("3", "@OtherUser Else")], "meta": {"next_token": "again"}}),
        Ambiguous("GET …/tweets: ReadTimeout"),
    ],
)
async def test_when_x_does_not_tell_nobody_knows(answer: Answer) -> None:
    channel, _ = fake({OWN_POSTS: answer})
    with pytest.raises(SendError):
        await channel.find_sent(outgoing(Surface.PUBLIC, "Halo"), 0, SINCE)


# ---- polling ----

MENTIONS, DIRECTS = f"GET /2/users/{US}/mentions", "GET /2/dm_events"
EMPTY = ok({"meta": {"result_count": 0}})


def polled_post(number: int, text: str = "@ExampleUser help") -> dict[str, Any]:
    named = {"mentions": [{"start": 0, "end": 12, "username": "ExampleUser", "id": US}]}
    return {
        "id": str(number),
        "author_id": THEM,
        "text": text,
        "entities": named,
        "created_at": "2026-08-12T18:00:00.000Z",
    }


def polled_direct(number: int, sender: str = THEM, at: datetime | None = None) -> dict[str, Any]:
    return {
        "id": str(number),
        "event_type": "MessageCreate",
        "sender_id": sender,
        "text": f"message {number}",
        "dm_conversation_id": f"{US}-{THEM}",
        "created_at": (at or datetime.now(UTC)).isoformat(),
    }


async def test_polling_brings_the_oldest_first_and_goes_on_from_there() -> None:
    metrics = {"followers_count": 12_000}
    people = {"users": [{"id": THEM, "name": "Rina", "username": "rina", "verified": True, "public_metrics": metrics}]}
    channel, api = fake(
        {
            MENTIONS: [
                ok({"data": [polled_post(13), {"id": "12"}], "includes": people, "meta": {"next_token": "n"}}),
                ok({"data": [polled_post(11)]}),
            ],
            DIRECTS: ok({"data": [polled_direct(23, US), polled_direct(22), polled_direct(21)]}),
        },
        mode="polling",
    )
    events, cursor = await channel.poll("10.21")
    assert [(type(event).__name__, event.event_id) for event in events if not isinstance(event, Unsupported)] == [
        ("MessageReceived", "post:11"),
        ("MessageReceived", "post:13"),
        ("MessageReceived", "dm:22"),
        ("HumanEcho", "dm:23"),
    ]
    (aside,) = [event for event in events if isinstance(event, Unsupported)]
    assert json.loads(aside.raw) == {"id": "12"}
    assert (events[2].customer.username, events[2].customer.followers) == ("rina", 12_000)
    assert all("public_metrics" in call.query["user.fields"] for call in api.asked)
    assert "public_metrics" in api.asked[0].query["tweet.fields"]
    assert {event.thread_id for event in events} - {US} == {THEM}
    assert cursor == "13.23"
    assert [call.query.get("since_id") for call in api.asked[:2]] == ["10", "10"]


async def test_the_very_first_poll_looks_back_only_so_far() -> None:
    old = datetime.now(UTC) - timedelta(hours=3)
    channel, api = fake(
        {MENTIONS: EMPTY, DIRECTS: ok({"data": [polled_direct(22), polled_direct(21, at=old)]})},
        mode="polling",
        poll_back_h=2,
    )
    events, cursor = await channel.poll("")
    assert [event.event_id for event in events] == ["dm:22"]
    assert cursor == "0.22"
    start = datetime.fromisoformat(str(api.asked[0].query["start_time"]))
    assert timedelta(hours=1.9) < datetime.now(UTC) - start < timedelta(hours=2.1)


async def test_polling_waits_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    channel, api = fake({MENTIONS: EMPTY, DIRECTS: EMPTY}, mode="polling", poll_interval_s=300)
    assert await channel.poll("5.5") == ([], "5.5")
    assert not slept
    assert await channel.poll("5.5") == ([], "5.5")
    assert slept == [45.0]
    assert len(api.asked) == 2, "a turn of waiting asks nothing"


async def test_a_failed_poll_moves_nothing_and_can_be_repeated() -> None:
    for answer in (ApiResponse(status=503), Ambiguous("GET …/mentions: ReadTimeout")):
        channel, _ = fake({MENTIONS: answer, DIRECTS: EMPTY}, mode="polling")
        with pytest.raises(Unavailable):
            await channel.poll("5.5")


# ---- set up ----

WEBHOOK = "https://arunika.example/webhooks/x"
HOOKS, SUBSCRIPTIONS = "/2/webhooks", "/2/activity/subscriptions"
POSTS = ("post.mention.create", "post.reply.create", "post.quote.create", "post.create")
EVENTS = (*POSTS, "dm.received", "dm.sent", "oauth.revoke")


def hooks(*found: tuple[str, str, bool]) -> ApiResponse:
    return ok({"data": [{"id": number, "url": url, "valid": valid} for number, url, valid in found]})


def held(*events: str, webhook: str = "7") -> ApiResponse:
    rows = [
        {"subscription_id": f"s-{event}", "event_type": event, "filter": {"user_id": US}, "webhook_id": webhook}
        for event in events
    ]
    return ok({"data": rows, "meta": {"total_subscriptions": len(rows)}})


async def test_start_registers_the_webhook_and_subscribes() -> None:
    channel, api = fake(
        {
            f"GET {HOOKS}": hooks(("6", "https://elsewhere.example/x", True)),
            f"POST {HOOKS}": ok({"data": {"id": "7", "url": WEBHOOK, "valid": True}}),
            f"GET {SUBSCRIPTIONS}": held(),
            f"POST {SUBSCRIPTIONS}": ok({"data": {}}, 201),
        }
    )
    await channel.start(WEBHOOK)
    (first, *wanted) = api.calls("POST")
    assert first == (HOOKS, {"url": WEBHOOK})
    assert [json["event_type"] for _, json in wanted] == list(EVENTS)
    assert wanted[0][1]["filter"] == {"user_id": US}
    assert wanted[0][1]["webhook_id"] == "7"


async def test_start_again_changes_nothing() -> None:
    channel, api = fake({f"GET {HOOKS}": hooks(("7", WEBHOOK, True)), f"GET {SUBSCRIPTIONS}": held(*EVENTS)})
    await channel.start(WEBHOOK)
    assert {call.method for call in api.asked} == {"GET"}


async def test_start_validates_again_and_points_old_subscriptions_here() -> None:
    channel, api = fake(
        {
            f"GET {HOOKS}": hooks(("7", WEBHOOK, False)),
            f"PUT {HOOKS}/7": ok({"data": {"id": "7", "url": WEBHOOK, "valid": True}}),
            f"GET {SUBSCRIPTIONS}": held(*EVENTS, webhook="6"),
            f"PUT {SUBSCRIPTIONS}/s-{EVENTS[0]}": ok({"data": {}}),
            f"POST {SUBSCRIPTIONS}": ok({"data": {}}, 201),
        }
    )
    await channel.start(WEBHOOK)
    assert (f"{HOOKS}/7", {}) in api.calls("PUT")
    assert (f"{SUBSCRIPTIONS}/s-{EVENTS[0]}", {"webhook_id": "7", "tag": "sigap"}) in api.calls("PUT")
    # Those that could not be moved are made anew.
    assert [json["event_type"] for _, json in api.calls("POST")] == list(EVENTS[1:])


async def test_start_names_what_x_refuses_to_tell_after_asking_for_everything() -> None:
    channel, api = fake(
        {
            f"GET {HOOKS}": hooks(("7", WEBHOOK, True)),
            f"GET {SUBSCRIPTIONS}": held(),
            f"POST {SUBSCRIPTIONS}": [refusal(403, "no", "client-forbidden"), ok({"data": {}}, 201)],
        }
    )
    with pytest.raises(AuthFailed, match=r"post\.mention\.create \(") as caught:
        await channel.start(WEBHOOK)
    assert "user_token" in str(caught.value)
    assert len(api.calls("POST")) == len(EVENTS)


async def test_start_without_an_address_or_in_polling_mode_asks_nothing() -> None:
    for settings, address in (({}, ""), ({"mode": "polling"}, WEBHOOK)):
        channel, api = fake({}, **settings)
        await channel.start(address)
        assert not api.asked


ME = ok({"data": {"id": US, "username": "ExampleUser"}}, x_access_level="read-write-directmessages")
WELL: Mapping[str, Answer] = {
    "GET /2/users/me": ME,
    f"GET {HOOKS}": hooks(("7", WEBHOOK, True)),
    f"GET {SUBSCRIPTIONS}": held(*EVENTS),
}
BROKEN = hooks(("7", WEBHOOK, False))
DAY_S = 24 * 3600  # beside it the time since the tests were collected is nothing


@pytest.mark.parametrize(
    ("changes", "good", "says"),
    [
        ({}, True, "@ExampleUser"),
        ({"GET /2/users/me": refusal(401, "Unauthorized")}, False, "refuses the credentials"),
        ({"GET /2/users/me": Unavailable("GET …/me: ConnectError")}, False, "cannot be reached"),
        ({"GET /2/users/me": ApiResponse(status=503)}, False, "not answer as expected"),
        ({"GET /2/users/me": ok({"data": {"id": "9", "username": "other"}})}, False, "another account"),
        (
            {"GET /2/users/me": ok({"data": {"id": US}}, x_access_level="read-write")},
            False,
            "may not do all",
        ),
        ({f"GET {HOOKS}": hooks()}, False, "no webhook"),
        ({f"GET {HOOKS}": BROKEN, f"PUT {HOOKS}/7": ok({"data": {"valid": True}})}, True, "validated again"),
        ({f"GET {HOOKS}": BROKEN, f"PUT {HOOKS}/7": ok({"data": {"valid": False}})}, False, "invalid"),
        ({f"GET {HOOKS}": BROKEN, f"PUT {HOOKS}/7": refusal(400, "CRC failed")}, False, "CRC failed"),
        ({f"GET {SUBSCRIPTIONS}": held(*EVENTS[1:])}, False, "not subscribed to post.mention.create"),
        ({f"GET {SUBSCRIPTIONS}": refusal(403, "no")}, False, "cannot be read"),
        (
            {"GET /2/users/me": ok({"data": {"id": US}}, date=formatdate(time.time() + DAY_S, usegmt=True))},
            False,
            "s off",
        ),
    ],
)
async def test_check_finds_what_is_wrong_and_tells_the_fix(
    changes: Mapping[str, Answer], good: bool, says: str
) -> None:
    channel, _ = fake({**WELL, **changes})
    health = await channel.check()
    assert health.ok is good, health.detail
    assert says in health.detail
    assert bool(health.fix) is not good
    shown = str(health)
    assert not [key for key in TestX.secrets if str(SETTINGS[key]) in shown]


async def test_check_in_polling_mode_asks_for_no_webhook() -> None:
    channel, api = fake(WELL, mode="polling")
    assert (await channel.check()).ok
    assert len(api.asked) == 1


# ---- on the wire -----------------------------------------------------------------------------------


class Listener:
    """A server that takes down each request and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = "200 OK"

    async def __aenter__(self) -> Listener:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/x"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((line, headers, body))
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()


def wire(listener: Listener, **more: Any) -> XTransport:
    return XTransport(msgspec.convert({**SETTINGS, "base_url": listener.url, **more}, XSettings))


def expected_signature(method: str, url: str, given: Mapping[str, str]) -> str:
    """Written from RFC 5849, section 3.4, apart from the library that signs."""
    address, _, query = url.partition("?")
    fields = [(key, value) for key, value in given.items() if key != "oauth_signature"]
    fields += parse_qsl(query, keep_blank_values=True)
    pairs = sorted((quote(key, safe="~"), quote(value, safe="~")) for key, value in fields)
    joined = "&".join(f"{key}={value}" for key, value in pairs)
    base = "&".join(quote(part, safe="~") for part in (method, address, joined))
    key = f"{quote(SECRET, safe='~')}&{quote(SETTINGS['access_token_secret'], safe='~')}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def oauth_fields(header: str) -> dict[str, str]:
    assert header.startswith("OAuth ")
    pairs = (each.partition("=") for each in header.removeprefix("OAuth ").split(", "))
    return {unquote(key): unquote(value.strip('"')) for key, _, value in pairs}


async def test_calls_in_the_accounts_name_are_signed_and_each_anew() -> None:
    async with Listener() as listener:
        transport = wire(listener)
        calls = [
            ApiCall(method="POST", path="/2/tweets", json={"text": "Halo & café"}),
            ApiCall(method="GET", path="/2/dm_events", query={"dm_event.fields": "id,text", "q": "a b&c=ñ"}),
        ]
        for call in [*calls, calls[0]]:
            await transport.call(call, idempotency_key="m/0")
        await transport.close()
    nonces = set()
    for line, headers, _ in listener.requests:
        method, target, _ = line.split()
        given = oauth_fields(headers["authorization"])
        host = listener.url.removesuffix("/x")
        assert given["oauth_signature"] == expected_signature(method, host + target, given)
        assert (given["oauth_consumer_key"], given["oauth_token"]) == (
            SETTINGS["consumer_key"],
            SETTINGS["access_token"],
        )
        nonces.add(given["oauth_nonce"])
    assert len(nonces) == 3
    assert json.loads(listener.requests[0][2]) == {"text": "Halo & café"}
    assert listener.requests[0][0].startswith("POST /x/2/tweets ")


async def test_calls_of_the_app_carry_its_own_token() -> None:
    app, user = f"Bearer {SETTINGS['bearer_token']}", "Bearer user-token"
    subscribe = ApiCall(method="POST", path=SUBSCRIPTIONS, json={"event_type": "dm.received"})
    async with Listener() as listener:
        transport = wire(listener)
        await transport.call(ApiCall(method="GET", path=HOOKS), idempotency_key="x")
        await transport.call(subscribe, idempotency_key="x")
        await transport.close()
        transport = wire(listener, user_token="user-token")
        await transport.call(ApiCall(method="GET", path=SUBSCRIPTIONS), idempotency_key="x")
        await transport.call(subscribe, idempotency_key="x")
        await transport.close()
    assert [headers["authorization"] for _, headers, _ in listener.requests] == [app, app, app, user]


async def test_a_refused_call_is_not_repeated_and_a_dead_server_took_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with Listener() as listener:
        listener.status = "401 Unauthorized"
        transport = wire(listener)
        call = ApiCall(method="POST", path="/2/tweets", json={"text": "my card number"})
        assert (await transport.call(call, idempotency_key="m/0")).status == 401
        assert len(listener.requests) == 1
    with pytest.raises(Unavailable) as caught:
        await transport.call(call, idempotency_key="m/0")
    await transport.close()
    told = caplog.text + str(caught.value)
    assert not [key for key in TestX.secrets if str(SETTINGS[key]) in told]
    assert "my card number" not in told
    assert "oauth_signature" not in told


def test_now_is_the_time_of_arrival_for_what_has_no_time() -> None:
    case = TestX()
    (event,) = case.events("deleted")
    assert event.at == NOW
