"""Facebook: the conformance suite, and what is Messenger's and the Page's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from channels.errors import (
    Ambiguous,
    AuthFailed,
    Duplicate,
    OwnedElsewhere,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    SettingsError,
    Unavailable,
    WindowClosed,
)
from channels.facebook.channel import SCOPES, FacebookChannel
from channels.facebook.inbound import FIELDS
from channels.facebook.settings import FacebookSettings
from channels.messages import (
    ApiCall,
    ApiResponse,
    Attachment,
    Button,
    Customer,
    HumanEcho,
    MessageReceived,
    OutboundMessage,
    RawRequest,
    Sender,
    Surface,
    Unsupported,
)
from tests.channels.conformance import ChannelConformance

PAGE, PSID = "100200300", "6780462125377510"
ROOT, REPLY = "712750021053074_1063824911537852", "712750021053074_1063824911539999"
SETTINGS: Mapping[str, Any] = {
    "app_id": "900100",
    "app_secret": "a-secret-of-the-app",
    "verify_token": "sandbox-verify",
    "page_id": PAGE,
    "page_token": "a-token-of-the-page",
    "page_username": "ArunikaBank",
}
SINCE = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
LATER = "2026-01-02T03:04:05+0000"  # the same second: Meta's times have no fractions
EARLIER = "2026-01-02T03:04:04+0000"


def error(code: int, subcode: int | None = None, *, status: int = 400, **more: Any) -> ApiResponse:
    body = {"message": "(#10) This message is sent outside of allowed window", "type": "OAuthException", "code": code}
    return ApiResponse(status=status, body={"error": body | ({"error_subcode": subcode} if subcode else {}) | more})


def ok(**body: Any) -> ApiResponse:
    return ApiResponse(status=200, body=body)


class TestFacebook(ChannelConformance):
    channel_class = FacebookChannel
    settings = SETTINGS
    secrets = ("app_secret", "verify_token", "page_token")
    fixtures = Path(__file__).parents[2] / "channels" / "facebook" / "fixtures"
    signs_body = True
    thread_id = PSID
    private: ClassVar = {"to": PSID}
    public: ClassVar = {"reply_to": REPLY, "root": ROOT}
    hidden = ok(success=True)
    errors: ClassVar = {
        "not hidden": (ok(success=False), Rejected),
        "message": (ok(recipient_id=PSID, message_id="m_1"), "m_1"),
        "comment": (ok(id="1_2"), "1_2"),
        "signal": (ok(recipient_id=PSID), ""),
        "no id": (ok(), Ambiguous),
        "unknown": (error(1, status=500), Unavailable),
        "service": (error(2, status=503), Unavailable),
        "send failed inside": (error(-1, 2018012), Unavailable),
        "transient": (error(100, 2018999, is_transient=True), Unavailable),
        "bad gateway": (ApiResponse(status=502), Unavailable),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
        "app limit": (error(4), RateLimited),
        "user limit": (error(17), RateLimited),
        "page limit": (error(32), RateLimited),
        "application limit": (error(341), RateLimited),
        "pages use case": (error(80001), RateLimited),
        "messenger use case": (error(80006), RateLimited),
        "transient limit": (error(4, is_transient=True), RateLimited),
        "rate": (error(613), RateLimited),
        "abuse warning": (error(613, 2018338), RateLimited),
        "opt-in rule": (error(613, 1893016), Rejected),
        "too many requests": (ApiResponse(status=429), RateLimited),
        "window": (error(10, 2018278), WindowClosed),
        "window, human": (error(10, 2018065), WindowClosed),
        "not available": (error(551), RecipientGone),
        "not available, subcode": (error(551, 1545041), RecipientGone),
        "blocked": (error(200, 1545041), RecipientGone),
        "blocked too": (error(10, 2018108), RecipientGone),
        "no such person": (error(100, 2018001), RecipientGone),
        "restricted": (error(10, 1893063), AuthFailed),
        "policy": (error(368), AuthFailed),
        "restricted app": (error(2022), AuthFailed),
        "token": (error(190, 463, status=401), AuthFailed),
        "permission": (error(200), AuthFailed),
        "permission, subcode": (error(200, 2018028), AuthFailed),
        "capability": (error(3), AuthFailed),
        "permission without window": (error(10), AuthFailed),
        "permission range": (error(230), AuthFailed),
        "other app": (error(100, 2018300), OwnedElsewhere),
        "other app too": (error(10, 2018321), OwnedElsewhere),
        "private reply": (error(100, 2534025), Rejected),
        "private reply by settings": (error(10, message="This person's settings don't allow messages"), Rejected),
        "private reply again": (error(10900), Duplicate),
        "media": (error(100, 2018047), Rejected),
        "comment gone": (error(100, 33), Rejected),
        "duplicate": (error(506), Duplicate),
        "bad link": (error(1609005), Rejected),
        "unheard of": (error(98765), Rejected),
        "not Graph": (ApiResponse(status=302), AuthFailed),
        "success that is none": (error(190, status=200), AuthFailed),
        "odd error": (ApiResponse(status=400, body={"error": "no"}), Rejected),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        key = (secret or SETTINGS["app_secret"]).encode()
        proof = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        return RawRequest(
            method="POST", path="/webhooks/facebook/webhook", headers={"x-hub-signature-256": proof}, body=body
        )

    def said(self, call: ApiCall) -> str:
        message = call.json.get("message", "")
        if isinstance(message, str):
            return message
        payload = message.get("attachment", {}).get("payload", {})
        return str(message.get("text") or payload.get("text", ""))

    def many(self, count: int) -> bytes:
        items = [
            {
                "sender": {"id": str(10**15 + number)},
                "recipient": {"id": PAGE},
                "timestamp": 1701427704837 + number,
                "message": {"mid": f"m_{number}", "text": ["spoiled"] if number == count // 2 else "halo"},
            }
            for number in range(count)
        ]
        return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": items}]}).encode()

    def test_every_kind_of_event_is_known_to_the_golden_files(self) -> None:
        kinds = {type(event).__name__ for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds >= {
            "MessageReceived",
            "ButtonTapped",
            "MessageEdited",
            "MessageDeleted",
            "OwnEcho",
            "HumanEcho",
            "Receipt",
            "Reacted",
            "ControlPassed",
            "Unsupported",
        }

    # ---- comments ----------------------------------------------------------------------------------
    def test_a_thousand_comments_are_read_whole_and_one_spoiled_costs_no_other(self) -> None:
        changes = [
            {
                "field": "feed",
                "value": {
                    "item": "comment",
                    "verb": "add",
                    "from": {"id": str(number), "name": "A"},
                    "post_id": "1_2",
                    "parent_id": "1_2",
                    "comment_id": f"2_{number}",
                    "created_time": 1707211876,
                    "message": 7 if number == 500 else "halo",
                },
            }
            for number in range(1, 1001)
        ]
        body = json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1, "changes": changes}]}).encode()
        events = self.channel().parse(self.request(body))
        assert len([event for event in events if isinstance(event, MessageReceived)]) == 999
        (spoiled,) = [event for event in events if isinstance(event, Unsupported)]
        assert '"comment_id"' in spoiled.raw

    def test_two_edits_are_two_events_and_a_redelivered_one_is_not(self) -> None:
        first = self.body("comment_edited")
        other = first.replace(b"new text", b"newer text")
        ids = [self.channel().parse(self.request(body))[0].event_id for body in (first, other, first)]
        assert ids[0] == ids[2] != ids[1]

    def test_what_the_page_writes_in_public_may_be_ours(self) -> None:
        (event,) = self.events("own_comment")
        assert isinstance(event, HumanEcho)
        assert (event.maybe_ours, event.thread_id) == (True, f"post:{ROOT}")

    def test_another_account_is_never_taken_for_ours(self) -> None:
        (event,) = self.events("test_button")
        assert isinstance(event, Unsupported)
        assert event.thread_id == PAGE

    def test_our_own_handle_is_not_somebody_elses(self) -> None:
        (event,) = self.events("comment_tags")
        assert isinstance(event, MessageReceived)
        assert event.tagged == ("Bank Lain", "ojkindonesia")

    def test_a_comment_under_another_names_whom_it_answers(self) -> None:
        customer = Customer(external_id="1", name="Siti Aminah")
        deep = msgspec.structs.replace(self.message(Surface.PUBLIC, text="sudah kami kirim."), customer=customer)
        top = msgspec.structs.replace(deep, reply_to=ROOT)
        assert [self.said(call) for call in self.channel().render(deep)] == ["Siti, sudah kami kirim."]
        assert [self.said(call) for call in self.channel().render(top)] == ["sudah kami kirim."]

    def test_the_name_counts_against_the_limit(self) -> None:
        customer = Customer(external_id="1", name="Siti Aminah")
        full = msgspec.structs.replace(self.message(Surface.PUBLIC, text="x" * 7999), customer=customer)
        assert max(len(self.said(call)) for call in self.channel().render(full)) <= 8000

    def test_without_a_root_the_answered_comment_is_it(self) -> None:
        message = msgspec.structs.replace(self.message(Surface.PUBLIC, text="Halo"), root="")
        (call,) = self.channel().render(message)
        assert call.path == f"{REPLY}/comments"

    # ---- private -----------------------------------------------------------------------------------
    def test_a_message_without_a_way_to_go_is_rejected(self) -> None:
        for surface in (Surface.PRIVATE, Surface.PUBLIC):
            message = msgspec.structs.replace(self.message(surface, text="Halo"), to="", reply_to="")
            with pytest.raises(Rejected):
                self.channel().render(message)

    def test_a_private_reply_hangs_on_the_comment_and_is_one_message(self) -> None:
        channel, message = self.channel(), self.message(text="Halo", entry=ROOT, to="")
        (call,) = channel.render(message)
        assert call.json["recipient"] == {"comment_id": ROOT}
        picture = Attachment(kind="image", url="https://arunika.example/a.png")
        (call,) = channel.render(msgspec.structs.replace(message, attachments=(picture,)))
        assert self.said(call) == "Halo\n\nhttps://arunika.example/a.png"
        with pytest.raises(Rejected):
            channel.render(msgspec.structs.replace(message, text="x" * 2001))

    def test_comments_can_be_hidden_and_visitors_posts_cannot(self) -> None:
        (comment,), (post,) = self.events("comment"), self.events("visitor_post")
        assert isinstance(comment, MessageReceived)
        assert isinstance(post, MessageReceived)
        assert (comment.hidable, post.hidable) == (True, False)
        with pytest.raises(Rejected):
            self.channel().render(self.message(Surface.PUBLIC, kind="hide", reply_to=post.external_id))

    def test_a_private_reply_to_a_visitors_post_names_the_post(self) -> None:
        (call,) = self.channel().render(self.message(text="Halo", entry=f"{PAGE}_800", to=""))
        assert call.json["recipient"] == {"post_id": f"{PAGE}_800"}

    def test_an_agent_may_use_the_tag(self) -> None:
        message = self.message(text="Halo", sender=Sender.AGENT, tag="HUMAN_AGENT")
        (call,) = self.channel().render(message)
        assert (call.json["messaging_type"], call.json["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")

    def test_a_title_that_would_be_cut_becomes_a_numbered_line(self) -> None:
        buttons = (Button(key="a", title="Block the lost card now"), Button(key="b", title="No"))
        (call,) = self.channel().render(self.message(text="Which?", buttons=buttons))
        assert self.said(call) == "Which?\n\n1. Block the lost card now\n2. No"
        assert "quick_replies" not in call.json["message"]

    def test_choices_come_last_because_they_vanish_when_something_follows(self) -> None:
        picture = Attachment(kind="image", url="https://arunika.example/a.png")
        message = self.message(text="word " * 600, buttons=(Button(key="k", title="Yes"),), attachments=(picture,))
        calls = self.channel().render(message)
        assert ["quick_replies" in call.json["message"] for call in calls] == [False, False, True]
        assert calls[0].json["message"]["attachment"]["payload"]["url"] == picture.url
        assert [call.json["message"]["metadata"] for call in calls] == ["m-1/0", "m-1/1", "m-1/2"]

    def test_a_link_and_choices_share_a_template_while_they_fit(self) -> None:
        buttons = (Button(key="a", title="Yes"), Button(key="f", title="Fees", url="https://arunika.example/fees"))
        (call,) = self.channel().render(self.message(text="Block it?", buttons=buttons))
        kinds = [button["type"] for button in call.json["message"]["attachment"]["payload"]["buttons"]]
        assert kinds == ["postback", "web_url"]
        (call,) = self.channel().render(self.message(text="x" * 641, buttons=buttons))
        assert self.said(call).endswith("Fees: https://arunika.example/fees")
        assert [reply["payload"] for reply in call.json["message"]["quick_replies"]] == ["a"]

    def test_settings_change_limits_and_how_they_are_counted(self) -> None:
        channel = FacebookChannel.from_mapping(
            {**SETTINGS, "text_limit": 200, "text_unit": "bytes", "comment_limit": 300}
        )
        parts = channel.render(self.message(text="字" * 100))
        assert max(len(self.said(call).encode()) for call in parts) <= 200
        assert channel.can(Surface.PRIVATE).text_limit == 200
        assert channel.can(Surface.PRIVATE).unit == "bytes"
        assert channel.can(Surface.PUBLIC).text_limit == 300

    def test_limits_tell_slow_media_and_private_replies_apart(self) -> None:
        channel = self.channel()
        video = Attachment(kind="video", url="https://arunika.example/a.mp4")

        def scopes(message: OutboundMessage) -> list[str]:
            return [limit.scope for limit in channel.limits(message)]

        assert scopes(self.message(text="a")) == ["page:send"]
        assert scopes(self.message(attachments=(video,))) == ["page:send", "page:media"]
        assert scopes(self.message(text="a", entry=ROOT)) == ["page:send", "page:private_replies"]
        assert scopes(self.message(Surface.PUBLIC, text="a")) == ["page:comments"]

    def test_usage_names_the_limits_that_it_is_about(self) -> None:
        cases = [
            {"type": "messenger", "call_count": 100, "total_time": 25, "estimated_time_to_regain_access": 19},
            {"type": "pages", "call_count": 50},
        ]
        headers = {
            "x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}',
            "x-business-use-case-usage": json.dumps({PAGE: cases}),
        }
        found = {item.scope: item for item in self.channel().usage(ApiResponse(status=200, headers=headers))}
        assert found["app"].used == 0.28
        assert (found["page:send"].used, found["page:send"].wait_s) == (1.0, 19 * 60)
        assert (found["page:comments"].used, found["page:comments"].wait_s) == (0.5, 0)

    def test_where_the_private_chat_is(self) -> None:
        assert self.channel().private_link() == "https://m.me/ArunikaBank"
        assert self.channel().private_address(ok(recipient_id=PSID, message_id="m")) == PSID
        assert self.channel().private_address(error(190)) == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app_id", "my app"),
        ("page_id", "ArunikaBank"),
        ("page_username", "@ArunikaBank"),
        ("graph_url", "http://graph.example"),
        ("graph_url", "graph.example"),
        ("webhook_url", "http://arunika.example"),
        ("text_limit", 3),
        ("text_unit", "words"),
        ("comment_limit", 0),
        ("comments_per_minute", 0),
        ("app_id", ""),
        ("page_id", " "),
    ],
)
def test_wrong_settings_name_the_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        FacebookChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"facebook.{key}"
    assert caught.value.fix


# ---- what goes through the transport -------------------------------------------------------------------


class FakeGraph:
    """Answers by method and path, one after another, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = {place: list(a) if isinstance(a, list) else [a] for place, a in answers.items()}
        self.calls: list[ApiCall] = []
        self.keys: list[str] = []

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.calls.append(call)
        self.keys.append(idempotency_key)
        waiting = self._answers[f"{call.method} {call.path}"]
        answer: ApiResponse | SendError = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, SendError):
            raise answer
        return answer

    async def close(self) -> None:
        pass


def channel_over(*, answers: Mapping[str, Any]) -> tuple[FacebookChannel, FakeGraph]:
    graph = FakeGraph(answers)
    return FacebookChannel(msgspec.convert(dict(SETTINGS), FacebookSettings), graph), graph


def outbound(**content: Any) -> OutboundMessage:
    base = {"message_id": "m-1", "channel": "facebook", "thread_id": PSID, "customer": Customer(external_id=PSID)}
    return OutboundMessage(**{**base, "created_at": SINCE, **content})


def written(text: str, *, at: str = LATER, author: str = PAGE, external_id: str = "found") -> dict[str, Any]:
    return {"id": external_id, "message": text, "from": {"id": author}, "created_time": at}


async def test_sending_gives_the_ids_and_the_private_address() -> None:
    channel, graph = channel_over(answers={f"POST {PAGE}/messages": ok(recipient_id=PSID, message_id="m_7")})
    part = await channel.send_part(outbound(text="Halo", entry=ROOT), 0)
    assert (part.external_id, part.private_address) == ("m_7", PSID)
    assert graph.keys == ["m-1/0"]


async def test_a_comment_is_found_by_its_words_author_and_time() -> None:
    place = f"GET {ROOT}/comments"
    public = outbound(text="Sudah  kami kirim.", surface=Surface.PUBLIC, reply_to=ROOT, root=ROOT)
    cases: Sequence[tuple[list[dict[str, Any]], str | None]] = [
        ([written("Sudah kami kirim.")], "found"),
        ([written("Sudah kami kirim.", at=EARLIER)], None),
        ([written("Sudah kami kirim.", author="55")], None),
        ([written("Lain")], None),
        ([], None),
    ]
    for data, expected in cases:
        channel, _ = channel_over(answers={place: ok(data=data)})
        assert await channel.find_sent(public, 0, SINCE) == expected


async def test_another_message_of_ours_with_the_same_words_is_passed_over() -> None:
    earlier, ours = {**written("Halo"), "id": "earlier"}, {**written("Halo"), "id": "ours"}
    public = outbound(text="Halo", surface=Surface.PUBLIC, reply_to=ROOT, root=ROOT)
    private = outbound(text="Halo", to=PSID)
    places: Sequence[tuple[str, OutboundMessage, Callable[[list[dict[str, Any]]], ApiResponse]]] = [
        (f"GET {ROOT}/comments", public, lambda found: ok(data=found)),
        (f"GET {PAGE}/conversations", private, lambda found: ok(data=[{"messages": {"data": found}}])),
    ]
    for place, message, answer in places:
        for found, expected in (([earlier, ours], "ours"), ([earlier], None)):
            channel, _ = channel_over(answers={place: answer(found)})
            assert await channel.find_sent(message, 0, SINCE, frozenset({"earlier"})) == expected


async def test_comments_are_read_on_while_they_are_newer() -> None:
    more = {"next": "https://graph.example/next", "cursors": {"after": "abc"}}
    pages = [ok(data=[written("Lain")], paging=more), ok(data=[written("Halo")])]
    public = outbound(text="Halo", surface=Surface.PUBLIC, reply_to=ROOT, root=ROOT)
    channel, graph = channel_over(answers={f"GET {ROOT}/comments": pages})
    assert await channel.find_sent(public, 0, SINCE) == "found"
    assert graph.calls[1].query["after"] == "abc"
    channel, _ = channel_over(answers={f"GET {ROOT}/comments": ok(data=[written("Lain")], paging=more)})
    with pytest.raises(Ambiguous):
        await channel.find_sent(public, 0, SINCE)
    channel, graph = channel_over(answers={f"GET {ROOT}/comments": ok(data=[written("a", at=EARLIER)], paging=more)})
    assert await channel.find_sent(public, 0, SINCE) is None
    assert len(graph.calls) == 1


async def test_a_private_message_is_found_in_the_conversation() -> None:
    place = f"GET {PAGE}/conversations"
    message = outbound(text="Halo", to=PSID)
    channel, graph = channel_over(answers={place: ok(data=[{"id": "t_1", "messages": {"data": [written("Halo")]}}])})
    assert await channel.find_sent(message, 0, SINCE) == "found"
    assert graph.calls[0].query["user_id"] == PSID
    channel, _ = channel_over(answers={place: ok(data=[])})
    assert await channel.find_sent(message, 0, SINCE) is None
    full = [written("Lain") for _ in range(20)]
    channel, _ = channel_over(answers={place: ok(data=[{"messages": {"data": full}}])})
    with pytest.raises(Ambiguous):
        await channel.find_sent(message, 0, SINCE)


async def test_what_cannot_be_looked_up_is_not_guessed() -> None:
    picture = Attachment(kind="image", url="https://arunika.example/a.png")
    channel, _ = channel_over(answers={})
    with pytest.raises(Ambiguous):
        await channel.find_sent(outbound(to=PSID, attachments=(picture,)), 0, SINCE)


async def test_a_lookup_without_an_answer_is_tried_again() -> None:
    channel, _ = channel_over(answers={f"GET {PAGE}/conversations": Ambiguous("ReadTimeout")})
    with pytest.raises(Unavailable):
        await channel.find_sent(outbound(text="Halo", to=PSID), 0, SINCE)


async def test_a_private_reply_is_looked_up_on_its_comment() -> None:
    message = outbound(text="Halo", entry=ROOT)
    cases: Sequence[tuple[ApiResponse, str | None]] = [
        (ok(can_reply_privately=False, private_reply_conversation={"messages": {"data": [written("Halo")]}}), "found"),
        (ok(can_reply_privately=True), None),
    ]
    for answer, expected in cases:
        channel, _ = channel_over(answers={f"GET {ROOT}": answer})
        assert await channel.find_sent(message, 0, SINCE) == expected
    unclear = (
        ok(id=ROOT),
        ok(can_reply_privately=False),
        ok(private_reply_conversation={"messages": {"data": [written("Lain")]}}),
    )
    for answer in unclear:
        channel, _ = channel_over(answers={f"GET {ROOT}": answer})
        with pytest.raises(Ambiguous):
            await channel.find_sent(message, 0, SINCE)


async def test_start_subscribes_the_app_and_the_page_without_a_secret_in_the_calls() -> None:
    places = {"POST 900100/subscriptions": ok(success=True), f"POST {PAGE}/subscribed_apps": ok(success=True)}
    channel, graph = channel_over(answers=places)
    await channel.start("https://arunika.example/webhooks/facebook/webhook")
    app, page = graph.calls
    assert app.json["object"] == "page"
    assert app.json["callback_url"] == "https://arunika.example/webhooks/facebook/webhook"
    assert app.json["fields"].split(",") == list(FIELDS)
    assert page.json["subscribed_fields"].split(",") == list(FIELDS)
    shown = json.dumps(msgspec.to_builtins(graph.calls))
    assert not [key for key in TestFacebook.secrets if SETTINGS[key] in shown]


async def test_start_without_an_address_leaves_everything_as_it_is() -> None:
    channel, graph = channel_over(answers={})
    await channel.start("")
    assert not graph.calls


def healthy() -> dict[str, Any]:
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    subscribed = {"id": "900100", "name": "Sigap", "subscribed_fields": list(FIELDS)}
    token = {"app_id": "900100", "is_valid": True, "expires_at": 0, "scopes": list(SCOPES)}
    hook = {"object": "page", "callback_url": "https://arunika.example/hook", "active": True}
    return {
        f"GET {PAGE}": ApiResponse(status=200, headers={"date": date}, body={"id": PAGE, "name": "Arunika Bank"}),
        "GET debug_token": ok(data=token),
        f"GET {PAGE}/subscribed_apps": ok(data=[subscribed]),
        "GET 900100/subscriptions": ok(data=[hook]),
    }


async def test_check_finds_everything_in_order() -> None:
    channel, _ = channel_over(answers=healthy())
    health = await channel.check()
    assert health.ok, health.detail
    assert [probe.name for probe in health.probes] == [
        "credentials",
        "clock",
        "token",
        "permissions",
        "subscription",
        "delivery",
    ]
    assert "Arunika Bank" in health.detail


@pytest.mark.parametrize(
    ("place", "answer", "probe"),
    [
        (f"GET {PAGE}", error(190, 463, status=401), "credentials"),
        (f"GET {PAGE}", Unavailable("down"), "credentials"),
        ("GET debug_token", ok(data={"is_valid": False}), "token"),
        ("GET debug_token", ok(data={"is_valid": True, "app_id": "5"}), "token"),
        ("GET debug_token", ok(data={"is_valid": True, "scopes": ["pages_messaging"]}), "permissions"),
        (f"GET {PAGE}/subscribed_apps", ok(data=[]), "subscription"),
        (f"GET {PAGE}/subscribed_apps", ok(data=[{"id": "900100", "subscribed_fields": ["feed"]}]), "subscription"),
        ("GET 900100/subscriptions", ok(data=[]), "delivery"),
        ("GET 900100/subscriptions", ok(data=[{"object": "page", "active": False}]), "delivery"),
        ("GET 900100/subscriptions", error(1, status=500), "delivery"),
    ],
)
async def test_check_says_what_is_wrong_and_what_to_do(place: str, answer: Any, probe: str) -> None:
    channel, _ = channel_over(answers={**healthy(), place: answer})
    health = await channel.check()
    assert not health.ok
    (wrong,) = [found for found in health.probes if not found.ok]
    assert wrong.name == probe
    assert wrong.fix
    assert health.fix == wrong.fix


async def test_check_notices_a_wrong_clock_and_an_end_of_the_token() -> None:
    answers = healthy()
    late = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answers[f"GET {PAGE}"] = ApiResponse(status=200, headers={"date": late}, body={"id": PAGE})
    token = {"is_valid": True, "expires_at": 1893456000, "data_access_expires_at": 1900000000, "scopes": list(SCOPES)}
    answers["GET debug_token"] = ok(data=token)
    channel, _ = channel_over(answers=answers)
    health = await channel.check()
    assert [probe.name for probe in health.probes if not probe.ok] == ["clock"]
    assert health.clock_skew_s is not None
    assert 590 < health.clock_skew_s < 610
    assert health.token_expires_at == datetime(2030, 1, 1, tzinfo=UTC)


async def test_check_notices_that_another_installation_took_the_webhook() -> None:
    places = {"POST 900100/subscriptions": ok(success=True), f"POST {PAGE}/subscribed_apps": ok(success=True)}
    channel, _ = channel_over(answers={**healthy(), **places})
    await channel.start("https://other.example/hook")
    assert [probe.name for probe in (await channel.check()).probes if not probe.ok] == ["delivery"]
