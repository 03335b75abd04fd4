"""Instagram: the conformance suite, and what is Instagram's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from channels.errors import (
    Ambiguous,
    AuthFailed,
    Duplicate,
    OwnedElsewhere,
    PayloadError,
    RateLimited,
    RecipientGone,
    Rejected,
    SettingsError,
    SignatureError,
    Unavailable,
    WindowClosed,
)
from channels.instagram.channel import InstagramChannel
from channels.instagram.mention import Mention, mention_of
from channels.messages import (
    ApiCall,
    ApiResponse,
    Attachment,
    Button,
    ButtonTapped,
    ControlPassed,
    Customer,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnEcho,
    RawRequest,
    Reacted,
    Receipt,
    Sender,
    Surface,
    Template,
    Unsupported,
)
from tests.channels.conformance import ChannelConformance

SECRET = "an-app-secret-that-signs"
ACCOUNT = "17841400000000001"
USER = "5094318720602134"
COMMENT = "17894227972186120"
SETTINGS = {
    "app_id": "900100",
    "app_secret": SECRET,
    "verify_token": "a-verify-token-for-tests",
    "account_id": ACCOUNT,
    "token": "IGAA-not-a-real-token",
    "username": "ArunikaBank",
}
THROUGH_PAGE = {**SETTINGS, "login": "facebook", "page_id": "100200300"}


def refused(code: int, subcode: int = 0, status: int = 400, **more: Any) -> ApiResponse:
    error: dict[str, Any] = {"message": "(#0) quotes: my card is 4111", "type": "OAuthException", "code": code}
    if subcode:
        error["error_subcode"] = subcode
    return ApiResponse(status=status, body={"error": error | more})


def answer(**body: Any) -> ApiResponse:
    return ApiResponse(status=200, body=body)


class TestInstagram(ChannelConformance):
    channel_class = InstagramChannel
    settings = SETTINGS
    secrets = ("app_secret", "verify_token", "token")
    fixtures = Path(__file__).parents[2] / "channels" / "instagram" / "fixtures"
    signs_body = True
    thread_id = USER
    private: ClassVar = {"to": USER}
    public: ClassVar = {"reply_to": COMMENT, "root": COMMENT}
    hidden = answer(success=True)
    errors: ClassVar = {
        "message sent": (answer(recipient_id=USER, message_id="aWdfZAG1"), "aWdfZAG1"),
        "comment posted": (answer(id="17894227972186199"), "17894227972186199"),
        "signal": (answer(recipient_id=USER), ""),
        "taken without an id": (answer(state="taken"), Ambiguous),
        "not hidden": (answer(success=False), Rejected),
        "not JSON": (ApiResponse(status=200), Ambiguous),
        "window": (refused(10, 2534022), WindowClosed),
        "no such user": (refused(100, 2534014), RecipientGone),
        "not available": (refused(551, 1545041), RecipientGone),
        "another app has it": (refused(100, 2534037), OwnedElsewhere),
        "no permission": (refused(200, 2534041, status=403), AuthFailed),
        "account restricted": (refused(100, 2534029), AuthFailed),
        "blocked for policy": (refused(368), AuthFailed),
        "token dead": (refused(190, 460, status=401), AuthFailed),
        "private reply impossible": (refused(100, 2534025), Rejected),
        "comment gone": (refused(100, 33), Rejected),
        "media": (refused(100, 2018008), Rejected),
        "same comment again": (refused(506), Duplicate),
        "rate of messages": (refused(613, 2534040), RateLimited),
        "rate of the use case": (refused(80002), RateLimited),
        "app's rate": (refused(4, status=403), RateLimited),
        "transient": (refused(2, status=500, is_transient=True), Unavailable),
        "bad gateway": (ApiResponse(status=502), Unavailable),
        "gateway timeout": (ApiResponse(status=504), Ambiguous),
    }

    def sign(self, body: bytes, *, secret: str | None = None) -> RawRequest:
        digest = hmac.new((secret or SECRET).encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
        return RawRequest(method="POST", path="/webhooks/instagram", headers=headers, body=body)

    def said(self, call: ApiCall) -> str:
        message = call.json.get("message", "")
        return str(message.get("text", "") if isinstance(message, Mapping) else message)

    def many(self, count: int) -> bytes:
        def item(number: int) -> dict[str, Any]:
            text: Any = ["not", "text"] if number == count // 2 else f"message {number}"
            return {
                "sender": {"id": str(5_094_318_720_600_000 + number)},
                "recipient": {"id": ACCOUNT},
                "timestamp": 1767323044000 + number,
                "message": {"mid": f"aWdf{number}", "text": text},
            }

        entry = {"id": ACCOUNT, "time": 1767323045123, "messaging": [item(number) for number in range(count)]}
        return json.dumps({"object": "instagram", "entry": [entry]}).encode()

    def only(self, fixture: str) -> InboundEvent:
        (event,) = self.events(fixture)
        return event

    # ---- reading -----------------------------------------------------------------------------------
    def test_every_kind_of_event_is_in_the_golden_files(self) -> None:
        kinds = {type(event) for name in self.bodies() if name != "malformed" for event in self.events(name)}
        assert kinds >= {
            MessageReceived,
            ButtonTapped,
            MessageEdited,
            MessageDeleted,
            Reacted,
            Receipt,
            OwnEcho,
            HumanEcho,
            ControlPassed,
            Unsupported,
        }

    def test_what_a_customer_writes_in_public_and_in_private_is_one_case(self) -> None:
        assert self.only("comment").conversation_key == self.only("text").conversation_key == f"instagram:{USER}"

    def test_a_reply_in_a_comment_thread_hangs_on_the_top_and_names_others(self) -> None:
        event = self.only("comment_reply")
        assert isinstance(event, MessageReceived)
        assert (event.root, event.reply_to) == (COMMENT, COMMENT)
        assert event.tagged == ("teman.ku",), "others, without the brand itself"

    def test_the_brands_own_comments_are_never_a_customers(self) -> None:
        reply, top = self.only("own_comment_reply"), self.only("own_comment_top")
        assert isinstance(reply, HumanEcho)
        assert reply.maybe_ours
        assert reply.thread_id == reply.customer.external_id == f"post:{COMMENT}"
        assert isinstance(top, Unsupported)
        assert top.kind == "own_comment"

    def test_an_own_comment_under_another_id_is_known_by_its_user_name(self) -> None:
        body = self.body("own_comment_reply").replace(b'"from":{"id":"%s"' % ACCOUNT.encode(), b'"from":{"id":"55"')
        (event,) = self.channel().parse(self.request(body))
        assert isinstance(event, HumanEcho)

    def test_hidden_people_under_one_comment_are_not_one(self) -> None:
        document = json.loads(self.body("comment_without_author"))
        document["entry"][0]["changes"][0]["value"]["parent_id"] = COMMENT
        (event,) = self.channel().parse(self.request(json.dumps(document).encode()))
        assert isinstance(event, MessageReceived)
        assert (event.root, event.thread_id) == (COMMENT, "anon:17894227972186124")
        assert event.private_reply

    def test_a_mention_knows_nobody_and_waits_for_its_words(self) -> None:
        event = self.only("mention_in_a_comment")
        assert isinstance(event, MessageReceived)
        assert event.incomplete
        assert not event.private_reply, "it would hang on a comment under one's own media"
        assert not event.hidable, "nor can anybody else's media be tidied up"
        with pytest.raises(Rejected):
            self.channel().render(self.message(Surface.PUBLIC, kind="hide", reply_to=event.external_id))
        assert event.external_id == event.root == f"mention:17918195224117851:{COMMENT}"
        assert event.thread_id == event.customer.external_id == f"anon:{COMMENT}"
        caption = self.only("mention_in_a_caption")
        assert isinstance(caption, MessageReceived)
        assert caption.thread_id == "anon:17918195224117851"

    def test_standby_is_read_along_wherever_it_sits(self) -> None:
        for name in ("standby", "standby_in_changes"):
            event = self.only(name)
            assert isinstance(event, MessageReceived)
            assert event.standby

    def test_the_dashboards_test_button_is_no_customer(self) -> None:
        assert isinstance(self.only("test_button"), Unsupported)
        assert isinstance(self.only("another_account"), Unsupported)

    def test_an_echo_without_an_app_may_be_ours_and_one_of_another_app_is_not(self) -> None:
        unknown, other = self.only("echo_without_app"), self.only("echo_of_another_app")
        assert isinstance(unknown, HumanEcho)
        assert isinstance(other, HumanEcho)
        assert (unknown.maybe_ours, other.maybe_ours) == (True, False)
        assert unknown.thread_id == USER

    def test_one_spoiled_message_costs_no_other(self) -> None:
        before, spoiled, after = self.events("one_spoiled")
        assert isinstance(before, MessageReceived)
        assert isinstance(after, MessageReceived)
        assert isinstance(spoiled, Unsupported)
        assert json.loads(spoiled.raw)["message"]["text"] == ["spoiled"]

    def test_another_platforms_webhook_is_not_read(self) -> None:
        with pytest.raises(PayloadError):
            self.channel().parse(self.request(b'{"object":"page","entry":[]}'))

    def test_the_secret_of_the_instagram_product_may_sign_as_well(self) -> None:
        both = InstagramChannel.from_mapping({**SETTINGS, "instagram_app_secret": "the-products-own-secret"})
        body = self.body("text")
        for secret in (SECRET, "the-products-own-secret"):
            both.verify(self.sign(body, secret=secret))
        with pytest.raises(SignatureError):
            both.verify(self.sign(body, secret="a-third-one"))
        with pytest.raises(SignatureError):
            self.channel().verify(self.sign(body, secret="the-products-own-secret"))

    # ---- saying ------------------------------------------------------------------------------------
    def test_bytes_are_counted_not_characters(self) -> None:
        text = "ж" * 500
        (call,) = self.channel().render(self.message(text=text))
        assert self.said(call) == text
        assert len(self.channel().render(self.message(text=text + "ж"))) == 2

    def test_each_login_has_its_own_way(self) -> None:
        through_page = InstagramChannel.from_mapping(THROUGH_PAGE)
        assert self.channel().render(self.message(text="Hi"))[0].path == "me/messages"
        assert through_page.render(self.message(text="Hi"))[0].path == "100200300/messages"
        assert self.channel().settings.graph_url == "https://graph.instagram.com/v26.0"
        assert through_page.settings.graph_url == "https://graph.facebook.com/v26.0"
        assert self.channel().settings.app_url == "https://graph.facebook.com/v26.0"
        own = InstagramChannel.from_mapping({**SETTINGS, "graph_url": "http://127.0.0.1:8081/graph/v26.0"})
        assert own.settings.app_url == own.settings.graph_url == "http://127.0.0.1:8081/graph/v26.0"

    def test_choices_hang_under_the_last_text_after_the_media(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        link = Button(key="u", title="Fees", url="https://arunika.example/fees")
        message = self.message(text="word " * 300, attachments=(image,), buttons=(Button(key="k", title="Yes"), link))
        contents = [call.json["message"] for call in self.channel().render(message)]
        assert ["attachment" in content for content in contents] == [True, False, False]
        assert ["quick_replies" in content for content in contents] == [False, False, True]
        assert [reply["payload"] for reply in contents[-1]["quick_replies"]] == ["k"]
        assert contents[-1]["text"].endswith("Fees: https://arunika.example/fees")

    def test_a_title_that_would_be_cut_becomes_a_numbered_line(self) -> None:
        message = self.message(text="Which?", buttons=(Button(key="k", title="t" * 21), Button(key="l", title="No")))
        (call,) = self.channel().render(message)
        assert call.json["message"]["text"] == f"Which?\n\n1. {'t' * 21}\n2. No"
        assert "quick_replies" not in call.json["message"]

    def test_a_file_that_is_not_pdf_is_a_link(self) -> None:
        sheet = Attachment(kind="file", url="https://arunika.example/fees.xlsx")
        (call,) = self.channel().render(self.message(text="Fees", attachments=(sheet,)))
        assert self.said(call) == "Fees\n\nhttps://arunika.example/fees.xlsx"
        pdf = Attachment(kind="file", url="https://arunika.example/fees.pdf")
        assert len(self.channel().render(self.message(text="Fees", attachments=(pdf,)))) == 2

    def test_a_private_reply_hangs_on_the_comment_as_one_plain_text(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        yes = Button(key="k", title="Yes")
        message = self.message(to="", entry=COMMENT, text="Hi", buttons=(yes,), attachments=(image,))
        (call,) = self.channel().render(message)
        assert call.json["recipient"] == {"comment_id": COMMENT}
        assert call.json["message"]["text"] == "Hi\n\nhttps://arunika.example/a.png\n\n1. Yes"
        with pytest.raises(Rejected):
            self.channel().render(self.message(to="", entry=COMMENT, text="x" * 1001))
        with pytest.raises(Rejected):
            self.channel().render(self.message(to="", entry=f"mention:1:{COMMENT}", text="Hi"))
        assert self.channel().private_address(answer(recipient_id=USER, message_id="m")) == USER

    def test_a_person_may_write_later_under_the_tag(self) -> None:
        message = self.message(text="Hi", tag="HUMAN_AGENT", sender=Sender.AGENT)
        (call,) = self.channel().render(message)
        assert (call.json["messaging_type"], call.json["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")

    def test_where_it_goes_has_to_be_known(self) -> None:
        for message in (
            self.message(text="Hi", to=""),
            self.message(Surface.PUBLIC, text="Hi", reply_to=""),
            self.message(text="Hi", template=Template(name="follow_up", language="id")),
        ):
            with pytest.raises(Rejected):
                self.channel().render(message)
        assert not self.channel().render(self.message(kind="typing", to=""))
        assert not self.channel().render(self.message(kind="acknowledge", acknowledge="1"))

    def test_who_wrote_further_down_is_named(self) -> None:
        message = self.message(Surface.PUBLIC, text="Halo", reply_to="17894227972186121")
        message = msgspec.structs.replace(message, customer=Customer(external_id=USER, username="rina.s"))
        (call,) = self.channel().render(message)
        assert (call.path, call.json) == (f"{COMMENT}/replies", {"message": "@rina.s Halo"})

    def test_a_mention_is_answered_where_it_stands(self) -> None:
        for mention, where in (
            (Mention("179", COMMENT), {"media_id": "179", "comment_id": COMMENT}),
            (Mention("179", ""), {"media_id": "179"}),
        ):
            name = mention.external_id
            assert mention_of(name) == mention
            (call,) = self.channel().render(self.message(Surface.PUBLIC, text="Halo", reply_to=name, root=name))
            assert (call.path, call.json) == (f"{ACCOUNT}/mentions", where | {"message": "Halo"})
        assert mention_of(COMMENT) is None

    def test_limits_of_media_and_private_replies(self) -> None:
        image = Attachment(kind="image", url="https://arunika.example/a.png")
        limits = self.channel().limits(self.message(text="Hi", attachments=(image,), entry=COMMENT))
        assert [(limit.scope, limit.count) for limit in limits] == [
            ("page:send", 100),
            ("page:media", 10),
            ("page:private_replies", 750),
        ]

    def test_usage_is_counted_where_it_belongs(self) -> None:
        case = {"type": "instagram", "call_count": 90, "estimated_time_to_regain_access": 2}
        headers = {"x-business-use-case-usage": json.dumps({ACCOUNT: [case]})}
        (usage,) = self.channel().usage(ApiResponse(status=200, headers=headers))
        assert (usage.scope, usage.used, usage.wait_s) == ("page:comments", 0.9, 120.0)
        assert usage.scope in {limit.scope for limit in self.channel().limits(self.message(Surface.PUBLIC, text="Hi"))}

    def test_the_link_into_the_private_chat(self) -> None:
        assert self.channel().private_link() == "https://ig.me/m/ArunikaBank"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app_id", "arunika"),
        ("account_id", "@arunika"),
        ("login", "google"),
        ("page_id", "arunika"),
        ("username", "@arunika"),
        ("username", ""),
        ("instagram_app_secret", "  "),
        ("graph_url", "http://graph.instagram.com"),
        ("app_url", "graph.facebook.com"),
        ("webhook_url", "http://arunika.example"),
        ("text_limit", 1001),
        ("comment_limit", 0),
        ("comments_per_minute", 0),
    ],
)
def test_wrong_settings_name_the_key(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        InstagramChannel.from_mapping({**SETTINGS, key: value})
    assert caught.value.key == f"instagram.{key}"


def test_a_page_is_needed_for_facebooks_login() -> None:
    with pytest.raises(SettingsError, match=r"instagram\.page_id"):
        InstagramChannel.from_mapping({**SETTINGS, "login": "facebook"})
