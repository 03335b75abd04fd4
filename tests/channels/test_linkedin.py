"""LinkedIn: the conformance suite, and what is LinkedIn's own."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
import pytest

from channels.errors import (
    Ambiguous,
    AuthFailed,
    Duplicate,
    PayloadError,
    RateLimited,
    Rejected,
    SendError,
    SettingsError,
    SignatureError,
    Unavailable,
)
from channels.linkedin import channel as linkedin
from channels.linkedin import polling, urns
from channels.linkedin.channel import LinkedinChannel
from channels.linkedin.client import LinkedinTransport
from channels.linkedin.settings import LinkedinSettings
from channels.messages import (
    ApiCall,
    ApiResponse,
    HumanEcho,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Sender,
    Surface,
    Unsupported,
)
from channels.webhook import Refused, receive
from tests.channels.conformance import NOW, ChannelConformance

SECRET = "client_secret_test"  # of the computed vectors
TOKEN = "AQX-not-a-real-token-0123456789"
ORGANIZATION = "urn:li:organization:96072893"
POST = "urn:li:activity:7094637247890620418"
COMMENT = f"urn:li:comment:({POST},7094977717598625792)"
SETTINGS = {
    "organization_id": "96072893",
    "token": TOKEN,
    "client_id": "client_test",
    "client_secret": SECRET,
    "application_id": "77001",
    "member_id": "zLqTygBP8S",
}
POLLING = {"organization_id": "96072893", "token": TOKEN, "mode": "polling"}
# What an application of a higher tier has.
OFTEN = {**POLLING, "daily_calls": 100_000, "member_daily_calls": 100_000}
TARGET = "rest/socialActions/urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A7094637247890620418%2C7094977717598625792%29"


def refusal(
    status: int, code: str, message: str = "", *, service: int = 100, headers: Mapping[str, str] | None = None
) -> ApiResponse:
    body = {"status": status, "serviceErrorCode": service, "code": code, "message": message}
    return ApiResponse(status=status, body=body, headers=headers or {})


def made(headers: Mapping[str, str] | None = None, **body: Any) -> ApiResponse:
    return ApiResponse(status=201, headers=headers or {}, body=body)


def notification(number: int, text: Any, at: int = 1691574700000) -> dict[str, Any]:
    comment_id = f"80000000000000{number:05d}"
    return {
        "notificationId": 6000000000 + number,
        "action": "COMMENT",
        "organizationalEntity": ORGANIZATION,
        "sourcePost": POST,
        "lastModifiedAt": at + number,
        "generatedActivity": f"urn:li:comment:(activity:7094637247890620418,{comment_id})",
        "decoratedGeneratedActivity": {
            "comment": {
                "owner": f"urn:li:person:p{number}",
                "text": text,
                "entity": f"urn:li:comment:({POST},{comment_id})",
                "object": POST,
            }
        },
    }


class TestLinkedin(ChannelConformance):
    channel_class = LinkedinChannel
    settings = SETTINGS
    secrets = ("token", "client_secret")
    fixtures = Path(__file__).parents[2] / "channels" / "linkedin" / "fixtures"
    signs_body = True
    thread_id = "urn:li:person:rN4kW2s7Qa"
    public: ClassVar = {"reply_to": COMMENT, "root": COMMENT}
    errors: ClassVar = {
        "comment with its URN": (
            made({"x-restli-id": "7095"}, commentUrn="urn:li:comment:(activity:7094637247890620418,7095)"),
            f"urn:li:comment:({POST},7095)",
        ),
        "URN in the header": (
            made({"x-restli-id": "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A7094637247890620418%2C7095%29"}),
            f"urn:li:comment:({POST},7095)",
        ),
        "id and post": (made({"x-restli-id": "7095"}, object=POST), f"urn:li:comment:({POST},7095)"),
        "bare id": (made({"x-restli-id": "7095"}), "7095"),
        "no id": (made(), Ambiguous),
        "bad request": (refusal(400, "ILLEGAL_ARGUMENT"), Rejected),
        "token ended": (refusal(401, "EXPIRED_ACCESS_TOKEN", service=65602), AuthFailed),
        "role lost": (refusal(403, "ACCESS_DENIED"), AuthFailed),
        "comments closed": (refusal(403, "FORBIDDEN", "Comments are disabled on this share", service=0), Rejected),
        "denied for this one": (refusal(403, "ACCESS_DENIED", "Author has blocked the actor", service=200), Rejected),
        "permission missing": (refusal(403, "FORBIDDEN", "Not enough permissions to access", service=0), AuthFailed),
        "scope missing": (refusal(403, "INSUFFICIENT_SCOPE", service=0), AuthFailed),
        "comment gone": (refusal(404, "NOT_FOUND"), Rejected),
        "conflict": (refusal(409, "CONFLICT"), Rejected),
        "unprocessable": (refusal(422, "UNPROCESSABLE_ENTITY"), Rejected),
        "there already": (refusal(422, "DUPLICATE_POST"), Duplicate),
        "version ended": (refusal(426, "NONEXISTENT_VERSION"), AuthFailed),
        "throttled": (refusal(429, "TOO_MANY_REQUESTS"), RateLimited),
        "internal": (refusal(500, "INTERNAL_SERVER_ERROR"), Unavailable),
        "bad gateway": (ApiResponse(status=502), Unavailable),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
        "redirected": (ApiResponse(status=302), AuthFailed),
        "odd body": (ApiResponse(status=400, body={"code": 7, "message": ["x"]}), Rejected),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        digest = hmac.new((secret or SECRET).encode(), b"hmacsha256=" + body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-li-signature": digest}
        return RawRequest(method="POST", path="/webhooks/linkedin", headers=headers, body=body)

    def said(self, call: ApiCall) -> str:
        message = call.json.get("message", {})
        return str(message.get("text", ""))

    def many(self, count: int) -> bytes:
        all_of_them = [notification(number, f"Pesan {number}") for number in range(count)]
        all_of_them[count // 2]["decoratedGeneratedActivity"]["comment"]["text"] = ["not", "a", "text"]
        envelope = {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": all_of_them}
        return json.dumps(envelope).encode()

    # ---- proof -------------------------------------------------------------------------------------
    def test_the_computed_vector_is_accepted_with_and_without_the_prefix(self) -> None:
        body = b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[]}'
        digest = "a48561e31f52c1fc3d7882d5fcbf812371b9209602c545b1bc20dc08a30f2784"
        for given in (digest, f"hmacsha256={digest}"):
            self.channel().verify(
                RawRequest(method="POST", path="/", headers={"x-li-signature": given}, body=body),
            )

    def test_a_challenge_cannot_be_used_to_have_a_forged_request_signed(self) -> None:
        forged = 'hmacsha256={"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[]}'
        for code in (forged, "", "890e4665", "890e4665-4dfe-4ab1-b689-ed553bceeed0\n"):
            request = RawRequest(method="GET", path="/webhooks/linkedin", query={"challengeCode": code})
            outcome = receive(self.channel(), request)
            assert isinstance(outcome, Refused)
            assert outcome.response.status == 401

    def test_without_a_secret_every_request_is_refused(self) -> None:
        channel = LinkedinChannel.from_mapping(POLLING)
        body = self.body("text")
        keyless = hmac.new(b"", b"hmacsha256=" + body, hashlib.sha256).hexdigest()
        for given in (keyless, ""):
            with pytest.raises(SignatureError):
                channel.verify(RawRequest(method="POST", path="/", headers={"x-li-signature": given}, body=body))
        code = {"challengeCode": "890e4665-4dfe-4ab1-b689-ed553bceeed0"}
        with pytest.raises(SignatureError):
            channel.handshake(RawRequest(method="GET", path="/", query=code))

    # ---- reading -----------------------------------------------------------------------------------
    def test_every_recorded_kind_of_event_is_known_to_the_golden_files(self) -> None:
        kinds = {type(event) for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds == {MessageReceived, MessageEdited, MessageDeleted, HumanEcho, Unsupported}

    def test_both_spellings_of_a_comment_are_one_id(self) -> None:
        short = self.body("text").replace(b"(urn:li:activity:", b"(activity:")
        assert short != self.body("text")
        for body in (short, self.body("text")):
            (event,) = self.channel().parse(self.request(body))
            assert isinstance(event, MessageReceived)
            assert event.external_id == COMMENT

    def test_a_reply_belongs_to_the_thread_and_to_its_author(self) -> None:
        (event,) = self.events("reply")
        assert isinstance(event, MessageReceived)
        assert (event.root, event.reply_to, event.post) == (COMMENT, COMMENT, POST)
        assert event.thread_id == event.customer.external_id == "urn:li:person:rN4kW2s7Qa"

    def test_what_was_kept_aside_can_be_tried_again_and_stays_aside_while_it_is_bad(self) -> None:
        aside = [event for event in self.events("bad_in_batch") if isinstance(event, Unsupported)]
        assert len(aside) == 2
        for kept in aside:
            with pytest.raises(PayloadError):
                self.channel().parse(RawRequest(method="POST", path="/", body=kept.raw.encode()))
        mended = aside[0].raw.replace('["dua"]', '"dua"')
        (event,) = self.channel().parse(RawRequest(method="POST", path="/", body=mended.encode()))
        assert isinstance(event, MessageReceived)
        assert event.text == "dua"

    # ---- saying ------------------------------------------------------------------------------------
    def test_an_answer_hangs_under_the_threads_first_comment(self) -> None:
        reply = f"urn:li:comment:({POST},7094977717598625800)"
        (call,) = self.channel().render(self.message(text="Halo", reply_to=reply))
        assert call.path == f"{TARGET}/comments"
        assert call.json == {
            "actor": ORGANIZATION,
            "object": POST,
            "parentComment": COMMENT,
            "message": {"text": "Halo"},
        }

    def test_an_answer_to_a_post_that_mentions_us_hangs_under_the_post(self) -> None:
        share = "urn:li:share:7094700000000000001"
        (call,) = self.channel().render(self.message(text="Halo", reply_to=share, root=share))
        assert call.path == "rest/socialActions/urn%3Ali%3Ashare%3A7094700000000000001/comments"
        assert call.json == {"actor": ORGANIZATION, "object": share, "message": {"text": "Halo"}}

    @pytest.mark.parametrize(
        "where",
        [
            {"reply_to": "", "root": ""},
            {"reply_to": "12", "root": "12"},
            {"reply_to": "urn:li:comment:(x)", "root": ""},
            {"surface": Surface.PRIVATE, "to": "urn:li:person:1"},
        ],
    )
    def test_a_message_without_a_place_is_rejected(self, where: Mapping[str, Any]) -> None:
        message = msgspec.structs.replace(self.message(text="Halo"), **where)
        with pytest.raises(Rejected):
            self.channel().render(message)

    def test_a_tag_is_for_people_only(self) -> None:
        with pytest.raises(Rejected):
            self.channel().render(self.message(text="Halo", tag="HUMAN_AGENT"))
        assert self.channel().render(self.message(text="Halo", tag="HUMAN_AGENT", sender=Sender.AGENT))

    def test_settings_correct_what_only_third_parties_observed(self) -> None:
        channel = LinkedinChannel.from_mapping({**SETTINGS, "text_limit": 100, "daily_calls": 7})
        assert channel.can(Surface.PUBLIC).text_limit == 100
        assert len(channel.render(self.message(text="word " * 30))) == 2
        assert [(limit.scope, limit.count) for limit in channel.limits(self.message(text="x"))] == [
            ("app", 7),
            ("member", 100),
        ]
        assert channel.can(Surface.PUBLIC).rules.drafts_only

    # ---- answers -----------------------------------------------------------------------------------
    def test_a_throttle_passes_in_a_minute_and_a_used_up_day_at_midnight(self) -> None:
        minute = refusal(429, "TOO_MANY_REQUESTS", "Comment create throttled: creation rate limit exceeded for member")
        day = refusal(
            429,
            "TOO_MANY_REQUESTS",
            "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
            headers={"date": "Sun, 22 Nov 2026 22:30:00 GMT"},
        )
        told = refusal(429, "TOO_MANY_REQUESTS", headers={"retry-after": "17"})
        for answer, wait in ((minute, 60), (day, 5400), (told, 17)):
            with pytest.raises(RateLimited) as caught:
                self.channel().classify(answer)
            assert caught.value.retry_after == wait
            assert caught.value.whole_channel

    def test_a_refusal_that_quotes_the_customer_is_not_repeated(self) -> None:
        words = "my card number is 4111"
        with pytest.raises(Rejected) as caught:
            self.channel().classify(refusal(422, f"BAD {words}", f'/message/text :: length of "{words}"'))
        assert words not in str(caught.value) + caught.value.code
        assert caught.value.code == "422/100"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("organization_id", "urn:li:organization:1"),
        ("token", "  "),
        ("mode", "push"),
        ("client_secret", " "),
        ("application_id", "app"),
        ("member_id", "urn:li:person:1"),
        ("version", "2026-07"),
        ("base_url", "http://api.linkedin.example"),
        ("base_url", ""),
        ("auth_url", "linkedin.com"),
        ("webhook_url", "http://arunika.example"),
        ("private_link", "arunika.example/chat"),
        ("poll_interval_s", 0),
        ("poll_back_h", 1441),
        ("text_limit", 99),
        ("daily_calls", 0),
        ("member_daily_calls", 0),
        ("refresh_token", " "),
    ],
)
def test_wrong_settings_name_the_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        LinkedinChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"linkedin.{key}"
    assert caught.value.fix


def test_polls_leave_some_of_the_days_calls() -> None:
    LinkedinChannel.from_mapping(POLLING)
    for limits in ({"member_daily_calls": 100}, {"member_daily_calls": 500, "daily_calls": 100}):
        LinkedinChannel.from_mapping({**POLLING, **limits, "poll_interval_s": 960})
        LinkedinChannel.from_mapping({**SETTINGS, **limits, "poll_interval_s": 5})
        with pytest.raises(SettingsError, match="960") as caught:
            LinkedinChannel.from_mapping({**POLLING, **limits, "poll_interval_s": 959})
        assert caught.value.key == "linkedin.poll_interval_s"


def test_renewal_needs_the_application_too() -> None:
    with pytest.raises(SettingsError, match="client_id"):
        LinkedinChannel.from_mapping({**POLLING, "refresh_token": "r"})


def test_credentials_of_another_server_never_go_to_linkedin() -> None:
    sandbox = "http://127.0.0.1:8081/linkedin"
    assert LinkedinSettings(base_url=sandbox).sign_in_url == sandbox
    assert LinkedinSettings().sign_in_url == "https://www.linkedin.com"


# ---- through a transport -----------------------------------------------------------------------------

Answer = ApiResponse | SendError


class FakeApi:
    """A transport that answers from a table (several answers: one after another) and remembers what was asked."""

    def __init__(self, answers: Mapping[str, Answer | Iterable[Answer]]) -> None:
        self.answers = {
            start: iter([found] if isinstance(found, ApiResponse | SendError) else found)
            for start, found in answers.items()
        }
        self.last: dict[str, Answer] = {}
        self.asked: list[ApiCall] = []

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.asked.append(call)
        start = next((start for start in self.answers if f"{call.method} {call.path}".startswith(start)), None)
        assert start is not None, f"nobody expected {call.method} {call.path}"
        self.last[start] = found = next(self.answers[start], None) or self.last[start]
        if isinstance(found, SendError):
            raise found
        return found

    async def close(self) -> None: ...


def over(api: FakeApi, settings: Mapping[str, Any] = SETTINGS) -> LinkedinChannel:
    channel = LinkedinChannel.from_mapping(settings, api)
    assert isinstance(channel, LinkedinChannel)
    return channel


def page(*elements: Any) -> ApiResponse:
    return ApiResponse(status=200, body={"elements": list(elements), "paging": {"start": 0}})


def outbound(**content: Any) -> OutboundMessage:
    return TestLinkedin().message(**content)


async def test_a_bare_id_becomes_the_urn_that_the_echo_will_bring() -> None:
    channel = over(FakeApi({f"POST {TARGET}": made({"x-restli-id": "7095"})}))
    assert (await channel.send_part(outbound(text="Halo"), 0)).external_id == f"urn:li:comment:({POST},7095)"
    assert (await channel.send(outbound(text="Halo"))).external_ids == (f"urn:li:comment:({POST},7095)",)


def stored(comment_id: str, text: str, at: datetime, actor: str = ORGANIZATION) -> dict[str, Any]:
    return {
        "id": comment_id,
        "commentUrn": f"urn:li:comment:({POST},{comment_id})",
        "actor": actor,
        "object": POST,
        "message": {"attributes": [], "text": text},
        "created": {"actor": "urn:li:person:zLqTygBP8S", "time": int(at.timestamp() * 1000)},
    }


class TestFindSent:
    earlier = NOW - timedelta(minutes=30)
    later = NOW + timedelta(seconds=3)

    async def found(self, *answers: Answer, text: str = "Halo") -> tuple[str | None, FakeApi]:
        api = FakeApi({f"GET {TARGET}/comments": answers})
        return await over(api).find_sent(outbound(text=text), 0, NOW), api

    async def test_another_message_of_ours_with_the_same_words_is_passed_over(self) -> None:
        comments = [stored("3", "Halo", self.later), stored("4", "Halo", self.later + timedelta(seconds=1))]
        for besides in ("4", f"urn:li:comment:({POST},4)"):
            api = FakeApi({f"GET {TARGET}/comments": page(*comments)})
            found = await over(api).find_sent(outbound(text="Halo"), 0, NOW, frozenset({besides}))
            assert found == f"urn:li:comment:({POST},3)"

    async def test_the_newest_of_our_own_with_these_words(self) -> None:
        comments = [
            stored("1", "Halo", self.earlier),
            stored("2", "Halo", self.later, "urn:li:person:x"),
            stored("3", "Halo", self.later),
            stored("4", "Halo ", self.later + timedelta(seconds=1)),
            stored("5", "Hai", self.later),
            {"actor": 5},
        ]
        found, _ = await self.found(page(*comments))
        assert found == f"urn:li:comment:({POST},4)"

    async def test_a_clock_a_little_behind_ours_hides_nothing(self) -> None:
        found, _ = await self.found(page(stored("3", "Halo", NOW - timedelta(seconds=20))))
        assert found == f"urn:li:comment:({POST},3)"

    async def test_certainly_not_there(self) -> None:
        assert (await self.found(page(stored("1", "Halo", self.earlier))))[0] is None
        assert (await self.found(refusal(404, "NOT_FOUND")))[0] is None

    async def test_every_page_is_looked_at(self) -> None:
        full = page(*[stored(str(number), "Hai", self.later) for number in range(100)])
        found, api = await self.found(full, page(stored("3", "Halo", self.later)))
        assert found == f"urn:li:comment:({POST},3)"
        assert [call.path.partition("?")[2] for call in api.asked] == ["start=0&count=100", "start=100&count=100"]

    @pytest.mark.parametrize(
        "answer",
        [
            Unavailable("GET …/comments: ConnectError"),
            ApiResponse(status=200, body={"hello": 1}),
            ApiResponse(status=500),
            page(*[stored(str(number), "Hai", NOW) for number in range(100)]),
        ],
    )
    async def test_when_nobody_can_tell(self, answer: Answer) -> None:
        with pytest.raises(Unavailable):
            await self.found(answer)


async def test_words_that_a_notification_only_points_at_are_fetched() -> None:
    case = TestLinkedin()
    path = "GET rest/socialActions/urn%3Ali%3Aactivity%3A7094637247890620418/comments/7094977717598625840"
    share = "GET rest/posts/urn%3Ali%3Ashare%3A7094700000000000003"
    mention = "@[Arunika Bank](urn:li:organization:96072893) lambat @[OJK](urn:li:organization:5)"
    api = FakeApi(
        {
            path: ApiResponse(status=200, body=stored("7094977717598625840", "Halo min", NOW)),
            share: ApiResponse(status=200, body={"author": "urn:li:person:x", "commentary": mention}),
        }
    )
    channel = over(api)
    for name, text, tagged in (
        ("pointed_at", "Halo min", ()),
        ("share_mention_bare", "@Arunika Bank lambat @OJK", ("OJK",)),
    ):
        (event,) = case.events(name)
        assert isinstance(event, MessageReceived) and event.incomplete
        whole = await channel.complete(event)
        assert isinstance(whole, MessageReceived)
        assert (whole.text, whole.tagged, whole.incomplete) == (text, tagged, False)
        assert whole.event_id == event.event_id
    (event,) = case.events("text")
    assert await channel.complete(event) is event


async def test_what_is_gone_before_it_can_be_read_is_not_answered() -> None:
    api = FakeApi({"GET rest/": refusal(404, "NOT_FOUND")})
    for name in ("pointed_at", "share_mention_bare"):
        (event,) = TestLinkedin().events(name)
        left = await over(api).complete(event)
        assert isinstance(left, Unsupported)
        assert (left.event_id, left.thread_id) == (event.event_id, event.thread_id)
    with pytest.raises(Rejected):  # one comment that we may not see says nothing about the channel
        await over(FakeApi({"GET rest/": refusal(403, "FORBIDDEN", service=0)})).complete(event)


# ---- polling -----------------------------------------------------------------------------------------

NEWS = "GET rest/organizationalEntityNotifications"


def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replaces waiting: the list holds how long each wait was asked to be, and time goes on by as much."""
    waits: list[float] = []
    began = time.monotonic()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(linkedin, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(linkedin, "time", SimpleNamespace(monotonic=lambda: began + sum(waits)))
    return waits


def recent(number: int, text: Any = "Halo", minutes_ago: float = 1) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return notification(number, text, int(at.timestamp() * 1000))


async def test_polling_asks_as_linkedin_wants_it_and_reads_oldest_first() -> None:
    api = FakeApi({NEWS: page(recent(2, minutes_ago=1), recent(1, minutes_ago=5))})
    events, cursor = await over(api, POLLING).poll("")
    assert [event.customer.external_id for event in events] == ["urn:li:person:p1", "urn:li:person:p2"]
    query = api.asked[0].path.partition("?")[2]
    assert query.startswith(
        "q=criteria&actions=List(COMMENT,COMMENT_EDIT,COMMENT_DELETE,ADMIN_COMMENT,SHARE_MENTION)"
        "&organizationalEntity=urn%3Ali%3Aorganization%3A96072893&timeRange=(start:"
    )
    day = datetime.now(UTC) - timedelta(hours=24)
    started = int(query.partition("(start:")[2].partition(")")[0])
    assert abs(started - day.timestamp() * 1000) < 60_000
    assert cursor


async def test_what_was_read_is_not_read_again_and_what_comes_late_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch)
    first, late, newer = recent(1, minutes_ago=2), recent(2, minutes_ago=4), recent(3, minutes_ago=0)
    api = FakeApi({NEWS: [page(first), page(first), page(late, first, newer), page(late, first, newer)]})
    channel = over(api, {**OFTEN, "poll_interval_s": 5})
    events, cursor = await channel.poll("")
    assert len(events) == 1
    assert await channel.poll(cursor) == ([], cursor)
    events, cursor = await channel.poll(cursor)
    assert [event.customer.external_id for event in events] == ["urn:li:person:p2", "urn:li:person:p3"]
    restarted = over(api, POLLING)
    assert (await restarted.poll(cursor))[0] == []


async def test_an_unreadable_notification_is_kept_aside_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch)
    strange: Sequence[Any] = (recent(2, ["x"]), {"hello": 1}, "text", None)
    api = FakeApi({NEWS: page(recent(1), *strange, recent(3))})
    channel = over(api, {**OFTEN, "poll_interval_s": 5})
    events, cursor = await channel.poll("")
    assert sorted(type(event).__name__ for event in events) == ["MessageReceived"] * 2 + ["Unsupported"] * 4
    assert all(event.raw for event in events if isinstance(event, Unsupported))
    assert len({event.event_id for event in events}) == 6
    assert (await channel.poll(cursor))[0] == []


async def test_all_pages_are_read_and_a_server_that_repeats_itself_does_not_hold_us() -> None:
    full = page(*[recent(number) for number in range(100)])
    rest = page(*[recent(number) for number in range(100, 130)])
    api = FakeApi({NEWS: [full, rest]})
    assert len((await over(api, POLLING).poll(""))[0]) == 130
    assert "&start=100&count=100" in api.asked[1].path
    same = FakeApi({NEWS: full})
    assert len((await over(same, POLLING).poll(""))[0]) == 100
    assert len(same.asked) == 2


async def test_it_waits_in_turns_shorter_than_the_turn_to_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = clock(monkeypatch)
    api = FakeApi({NEWS: page()})
    channel = over(api, {**OFTEN, "poll_interval_s": 100})
    _, cursor = await channel.poll("")
    assert waits == [], "the first answer comes at once"
    for expected in (1, 1, 2):
        assert await channel.poll(cursor) == ([], cursor)
        assert len(api.asked) == expected
    assert max(waits) <= linkedin.TURN_S
    assert sum(waits) == pytest.approx(100)


async def test_after_a_failure_it_asks_again_soon_or_when_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = clock(monkeypatch)
    throttled = refusal(429, "TOO_MANY_REQUESTS", headers={"retry-after": "40"})
    api = FakeApi({NEWS: [Ambiguous("GET …: ReadTimeout"), throttled, page(recent(1))]})
    channel = over(api, POLLING)
    with pytest.raises(Unavailable):
        await channel.poll("")
    with pytest.raises(RateLimited):
        await channel.poll("")
    events, _ = await channel.poll("")
    assert len(events) == 1
    assert waits == [pytest.approx(30), pytest.approx(40)]


def test_a_cursor_survives_and_a_strange_one_begins_anew() -> None:
    now = datetime.now(UTC)
    seen = polling.Seen(int(now.timestamp() * 1000), frozenset({"1", "2"}))
    assert polling.seen_until(seen.line(), timedelta(hours=1), now) == seen
    for strange in ("", "x|1", "9" * 40, "-5|"):
        begun = polling.seen_until(strange, timedelta(hours=1), now)
        assert begun.start == int((now - timedelta(hours=1)).timestamp() * 1000)
    old = polling.seen_until("1000|1", timedelta(hours=1), now)
    assert timedelta(days=59) < now - datetime.fromtimestamp(old.start / 1000, UTC) < timedelta(days=60)


def test_a_time_in_the_future_does_not_hide_what_comes_until_then() -> None:
    now = datetime.now(UTC)
    item = polling.notice({"notificationId": 1, "lastModifiedAt": 99_999_999_999_999})
    assert polling.advance(polling.Seen(0, frozenset()), [item], now).newest <= now.timestamp() * 1000


# ---- set-up and health -------------------------------------------------------------------------------

SUBSCRIPTION = (
    "rest/eventSubscriptions/(developerApplication:urn%3Ali%3AdeveloperApplication%3A77001,"
    "user:urn%3Ali%3Aperson%3AzLqTygBP8S,entity:urn%3Ali%3Aorganization%3A96072893,"
    "eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)"
)
ADDRESS = "https://arunika.example/webhooks/linkedin"
ROLES = "GET rest/organizationAcls"
ADMINISTRATOR = {"role": "ADMINISTRATOR", "state": "APPROVED", "organization": ORGANIZATION}
INTROSPECT = "POST oauth/v2/introspectToken"
SCOPES = "r_organization_social,w_organization_social,rw_organization_admin"


def millis(ahead: timedelta) -> int:
    return int((datetime.now(UTC) + ahead).timestamp() * 1000)


async def test_start_subscribes_once() -> None:
    api = FakeApi({f"GET {SUBSCRIPTION}": refusal(404, "NOT_FOUND"), f"PUT {SUBSCRIPTION}": ApiResponse(status=204)})
    await over(api).start(ADDRESS)
    assert [(call.method, call.path, call.json) for call in api.asked] == [
        ("GET", SUBSCRIPTION, {}),
        ("PUT", SUBSCRIPTION, {"webhook": ADDRESS}),
    ]
    there = FakeApi({f"GET {SUBSCRIPTION}": ApiResponse(status=200, body={"webhook": ADDRESS})})
    await over(there).start(ADDRESS)
    assert [call.method for call in there.asked] == ["GET"]


@pytest.mark.parametrize("old", [{"webhook": "https://old.example"}, {"webhook": ADDRESS, "expiresAt": 1000}])
async def test_start_replaces_an_old_subscription(old: Mapping[str, Any]) -> None:
    api = FakeApi(
        {f"GET {SUBSCRIPTION}": ApiResponse(status=200, body=old), f"PUT {SUBSCRIPTION}": ApiResponse(status=200)}
    )
    await over(api).start(ADDRESS)
    assert api.asked[-1].method == "PUT"


async def test_start_asks_nothing_without_an_address_or_when_polling() -> None:
    await over(FakeApi({})).start("")
    await over(FakeApi({}), POLLING).start(ADDRESS)


async def test_start_says_so_when_linkedin_refuses() -> None:
    api = FakeApi({f"GET {SUBSCRIPTION}": refusal(404, ""), f"PUT {SUBSCRIPTION}": refusal(403, "ACCESS_DENIED")})
    with pytest.raises(AuthFailed):
        await over(api).start(ADDRESS)


def healthy(**changes: Answer) -> dict[str, Answer]:
    date = format_datetime(datetime.now(UTC), usegmt=True)
    roles = ApiResponse(status=200, headers={"date": date}, body={"elements": [ADMINISTRATOR]})
    there = ApiResponse(status=200, body={"webhook": ADDRESS, "expiresAt": millis(timedelta(days=30))})
    answers: dict[str, Answer] = {
        "roles": roles,
        "subscription": there,
        "token": token_seen(active=True, days=40),
    }
    answers |= changes
    return {
        ROLES: answers["roles"],
        f"GET {SUBSCRIPTION}": answers["subscription"],
        INTROSPECT: answers["token"],
    }


def token_seen(*, active: bool, days: float, scope: str = SCOPES) -> ApiResponse:
    expires_at = millis(timedelta(days=days)) // 1000
    return ApiResponse(status=200, body={"active": active, "status": "x", "expires_at": expires_at, "scope": scope})


async def test_check_finds_everything_well() -> None:
    api = FakeApi(healthy())
    health = await over(api).check()
    assert health.ok, health
    assert [probe.name for probe in health.probes] == ["credentials", "permissions", "subscription", "token", "clock"]
    assert health.token_expires_at is not None
    assert abs(health.clock_skew_s or 0) < 5
    assert not [call for call in api.asked if SECRET in str(call) or TOKEN in str(call)], "no secret in an ApiCall"


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"roles": refusal(401, "REVOKED_ACCESS_TOKEN")}, "credentials", "REVOKED_ACCESS_TOKEN"),
        ({"roles": Unavailable("GET …: ConnectError")}, "credentials", "cannot be reached"),
        ({"roles": refusal(426, "NONEXISTENT_VERSION")}, "version", "ended this version"),
        ({"roles": refusal(429, "TOO_MANY_REQUESTS")}, "limits", "used up"),
        ({"roles": ApiResponse(status=200, body={"hello": 1})}, "credentials", "not answer as expected"),
        ({"roles": page({**ADMINISTRATOR, "organization": "urn:li:organization:5"})}, "permissions", "administrator"),
        ({"roles": page(5, {**ADMINISTRATOR, "state": "REVOKED"})}, "permissions", "administrator"),
        ({"subscription": refusal(404, "NOT_FOUND")}, "subscription", "no webhook"),
        ({"subscription": refusal(403, "ACCESS_DENIED")}, "subscription", "cannot be read"),
        ({"subscription": ApiResponse(status=200, body={"expiresAt": 1000})}, "subscription", "has ended"),
        ({"token": token_seen(active=False, days=-1)}, "token", "ended or was withdrawn"),
        ({"token": token_seen(active=True, days=3)}, "token", "ends on"),
        ({"token": token_seen(active=True, days=40, scope="r_organization_social")}, "permissions", "lacks"),
        ({"token": ApiResponse(status=401)}, "token", "refuses to inspect"),
        ({"token": Unavailable("POST …: ConnectError")}, "token", "cannot be inspected"),
    ],
)
async def test_check_finds_what_is_wrong_and_tells_the_fix(changes: Mapping[str, Answer], name: str, says: str) -> None:
    health = await over(FakeApi(healthy(**changes))).check()
    assert not health.ok
    wrong = [probe for probe in health.probes if not probe.ok]
    assert [probe.name for probe in wrong] == [name]
    assert says in wrong[0].detail
    assert wrong[0].fix
    assert TOKEN not in str(health) and SECRET not in str(health)


async def test_check_compares_clocks_and_webhook_addresses() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    ahead = ApiResponse(status=200, headers={"date": date}, body={"elements": [ADMINISTRATOR]})
    health = await over(FakeApi(healthy(roles=ahead))).check()
    assert [probe.name for probe in health.probes if not probe.ok] == ["clock"]
    assert health.clock_skew_s == pytest.approx(300, abs=5)
    other = over(FakeApi(healthy()), {**SETTINGS, "webhook_url": "https://new.example/webhooks/linkedin"})
    assert [probe.name for probe in (await other.check()).probes if not probe.ok] == ["subscription"]


async def test_check_while_polling_needs_no_subscription_and_a_renewable_token_may_end() -> None:
    settings = {**SETTINGS, "mode": "polling", "refresh_token": "refresh"}
    health = await over(FakeApi(healthy(token=token_seen(active=True, days=3))), settings).check()
    assert health.ok
    assert "subscription" not in {probe.name for probe in health.probes}
    bare = await over(FakeApi(healthy()), POLLING).check()
    assert [probe.name for probe in bare.probes] == ["credentials", "permissions", "clock"]


# ---- over a real socket ------------------------------------------------------------------------------

Server = Callable[[str, Mapping[str, str], str], tuple[str, Mapping[str, Any]]]


@asynccontextmanager
async def serving(answer: Server) -> AsyncIterator[str]:
    """A server that reads one request per connection; `answer` gets request line, headers and body."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        status, content = answer(lines[0], headers, body)
        await asyncio.sleep(0.02)
        raw = json.dumps(content).encode()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n".encode() + raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/linkedin"
    finally:
        server.close()


class Platform:
    """A platform whose tokens end: it accepts `valid` only, and gives it to who has the refresh token."""

    def __init__(self, *, renews: str = "200 OK") -> None:
        self.valid = "new-token"
        self.renews = renews
        self.renewals: list[Mapping[str, Sequence[str]]] = []
        self.lines: list[str] = []
        self.headers: Mapping[str, str] = {}

    def __call__(self, line: str, headers: Mapping[str, str], body: str) -> tuple[str, Mapping[str, Any]]:
        self.lines.append(line)
        if "/oauth/v2/introspectToken" in line:
            return "200 OK", {"active": True, "asked": parse_qs(body)}
        if "/oauth/v2/accessToken" in line:
            self.renewals.append(parse_qs(body))
            return self.renews, {"access_token": self.valid, "expires_in": 5184000}
        self.headers = headers
        if headers.get("authorization") != f"Bearer {self.valid}":
            return "401 Unauthorized", {"status": 401, "code": "EXPIRED_ACCESS_TOKEN"}
        return "200 OK", {"elements": []}


@asynccontextmanager
async def transport(base_url: str, **settings: Any) -> AsyncIterator[LinkedinTransport]:
    made_of = msgspec.convert({**SETTINGS, "base_url": base_url, **settings}, LinkedinSettings)
    opened = LinkedinTransport(made_of)
    try:
        yield opened
    finally:
        await opened.close()


LIST = ApiCall(method="GET", path=f"{TARGET}/comments?start=0&count=100")


async def test_calls_name_version_and_protocol_and_keep_the_paths_signs() -> None:
    platform = Platform()
    async with serving(platform) as url, transport(url, token=platform.valid) as api:
        await api.call(LIST, idempotency_key="x")
        await api.call(ApiCall(method="GET", path=SUBSCRIPTION), idempotency_key="x")
        await api.call(ApiCall(method="GET", path=polling.page_path(ORGANIZATION, 5, 0)), idempotency_key="x")
    assert platform.headers["linkedin-version"] == "202607"
    assert platform.headers["x-restli-protocol-version"] == "2.0.0"
    assert f"/linkedin/{TARGET}/comments?start=0&count=100 " in platform.lines[0]
    assert f"/linkedin/{SUBSCRIPTION} " in platform.lines[1]
    assert "List(COMMENT,COMMENT_EDIT," in platform.lines[2] and "timeRange=(start:5)" in platform.lines[2]


async def test_a_token_that_ended_is_renewed_once_for_all_calls_that_wait() -> None:
    platform = Platform()
    async with serving(platform) as url, transport(url, refresh_token="refresh-1") as api:
        answers = await asyncio.gather(*(api.call(LIST, idempotency_key=str(number)) for number in range(5)))
        assert [answer.status for answer in answers] == [200] * 5
        seen = await api.call(ApiCall(method="POST", path="oauth/v2/introspectToken"), idempotency_key="x")
    assert platform.renewals == [
        {
            "grant_type": ["refresh_token"],
            "refresh_token": ["refresh-1"],
            "client_id": ["client_test"],
            "client_secret": [SECRET],
        }
    ]
    assert seen.body["asked"]["token"] == [platform.valid], "the token in use is the one inspected"


async def test_without_a_refresh_token_or_with_one_that_ended_the_refusal_stands() -> None:
    refused = Platform(renews="400 Bad Request")
    async with serving(refused) as url, transport(url, refresh_token="old") as api:
        assert (await api.call(LIST, idempotency_key="x")).status == 401
    never = Platform()
    async with serving(never) as url, transport(url) as api:
        assert (await api.call(LIST, idempotency_key="x")).status == 401
    assert never.renewals == []


async def test_a_sign_in_server_that_is_down_is_not_a_dead_token() -> None:
    platform = Platform(renews="503 Service Unavailable")
    async with serving(platform) as url, transport(url, refresh_token="refresh-1") as api:
        with pytest.raises(Unavailable):
            await api.call(LIST, idempotency_key="x")
    nowhere = "http://127.0.0.1:9"
    async with serving(platform) as url, transport(url, refresh_token="r", auth_url=nowhere) as api:
        with pytest.raises(Unavailable) as caught:
            await api.call(LIST, idempotency_key="x")
    assert SECRET not in str(caught.value)


def test_urns_that_are_no_comments_stay_as_they_are() -> None:
    for urn in ("", "7095", "urn:li:share:1", "urn:li:comment:(x)", "urn:li:comment:(a:1,2,3)"):
        assert urns.normal(urn) == urn
        assert not urns.is_comment(urn)
