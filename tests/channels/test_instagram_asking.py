"""What Instagram is asked: look-ups, the words of mentions, registration and health, over a transport that answers from
a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from channels.base import Transport
from channels.errors import Ambiguous, AuthFailed, SendError, Unavailable
from channels.instagram.channel import InstagramChannel
from channels.instagram.inbound import FIELDS, MENTIONS
from channels.messages import ApiCall, ApiResponse, Attachment, Customer, MessageReceived, Surface, Unsupported
from tests.channels.test_instagram import ACCOUNT, COMMENT, SETTINGS, USER, answer, refused
from tests.channels.test_instagram import TestInstagram as Case

THROUGH_PAGE = {**SETTINGS, "login": "facebook", "page_id": "100200300"}
SINCE = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
CASE = Case()


class FakeGraph:
    """A transport that answers from a table, in turn, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Sequence[ApiResponse]]) -> None:
        self._answers = {path: list(told) for path, told in answers.items()}
        self.calls: list[ApiCall] = []

    def channel(self, settings: Mapping[str, Any] = SETTINGS) -> InstagramChannel:
        transport: Transport = self
        made = InstagramChannel.from_mapping(settings, transport)
        assert isinstance(made, InstagramChannel)
        return made

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        self.calls.append(call)
        return self._answers[f"{call.method} {call.path}"].pop(0)

    async def close(self) -> None:
        pass


def healthy() -> dict[str, list[ApiResponse]]:
    now = {"date": format_datetime(datetime.now(UTC) + timedelta(seconds=1))}
    scopes = [
        "instagram_business_basic",
        "instagram_business_manage_messages",
        "instagram_business_manage_comments",
    ]
    token = {"app_id": "900100", "is_valid": True, "expires_at": 1_800_000_000, "scopes": scopes}
    fields = (
        "messages,messaging_postbacks,messaging_seen,message_reactions,message_edit,messaging_referral,"
        "messaging_handover,standby,comments"
    ).split(",")
    return {
        "GET me": [ApiResponse(status=200, headers=now, body={"user_id": ACCOUNT, "username": "arunikabank"})],
        "GET debug_token": [answer(data=token)],
        f"GET {ACCOUNT}/subscribed_apps": [answer(data=[{"id": "900100", "subscribed_fields": fields}])],
        "GET 900100/subscriptions": [answer(data=[{"object": "instagram", "active": True}])],
    }


# ---- asking ------------------------------------------------------------------------------------
async def test_a_private_message_is_found_by_its_words() -> None:
    ours = {"id": "m-9", "message": "Your card\nis on its way", "created_time": "2026-01-02T03:04:05+0000"}
    theirs = {**ours, "id": "m-8", "from": {"id": USER}}
    earlier = {**ours, "id": "m-7", "created_time": "2026-01-02T03:04:04+0000"}

    def api(*messages: Mapping[str, Any]) -> FakeGraph:
        page = {"data": list(messages)}
        return FakeGraph({f"GET {ACCOUNT}/conversations": [answer(data=[{"id": "c", "messages": page}])]})

    message = CASE.message(text="Your card is on its way")
    graph = api(theirs, ours)
    assert await graph.channel().find_sent(message, 0, SINCE) == "m-9"
    assert graph.calls[0].query["user_id"] == USER
    assert await api(theirs, earlier).channel().find_sent(message, 0, SINCE) is None
    assert await api().channel().find_sent(message, 0, SINCE) is None


async def test_another_message_of_ours_with_the_same_words_is_passed_over() -> None:
    private = [{"id": number, "message": "Hi", "created_time": "2026-01-02T03:04:06+0000"} for number in ("1", "2")]
    public = [{"id": number, "text": "Hi", "timestamp": "2026-01-02T03:04:06+0000"} for number in ("1", "2")]
    for besides, expected in (({"1"}, "2"), ({"1", "2"}, None)):
        graph = FakeGraph(
            {
                f"GET {ACCOUNT}/conversations": [answer(data=[{"messages": {"data": private}}])],
                f"GET {COMMENT}/replies": [answer(data=public)],
            }
        )
        for message in (CASE.message(text="Hi"), CASE.message(Surface.PUBLIC, text="Hi")):
            assert await graph.channel().find_sent(message, 0, SINCE, frozenset(besides)) == expected


async def test_a_conversation_that_has_moved_on_leaves_it_open() -> None:
    other = {"id": "m", "message": "other", "created_time": "2026-01-02T03:05:05+0000"}
    page = {"data": [other], "paging": {"next": "https://graph.example"}}
    graph = FakeGraph({f"GET {ACCOUNT}/conversations": [answer(data=[{"messages": page}])]})
    with pytest.raises(Ambiguous):
        await graph.channel().find_sent(CASE.message(text="Hi"), 0, SINCE)


async def test_a_comment_is_found_on_a_later_page() -> None:
    def reply(text: str, author: str) -> dict[str, Any]:
        return {"id": text, "text": text, "timestamp": "2026-01-02T03:04:06+0000", "from": {"id": author}}

    first = answer(data=[reply("Hi", USER)], paging={"next": "https://graph.example", "cursors": {"after": "QVFI"}})
    graph = FakeGraph({f"GET {COMMENT}/replies": [first, answer(data=[reply("Hi", ACCOUNT)])]})
    message = msgspec.structs.replace(CASE.message(Surface.PUBLIC, text="Hi"), customer=Customer(external_id=USER))
    assert await graph.channel().find_sent(message, 0, SINCE) == "Hi"
    assert graph.calls[1].query["after"] == "QVFI"


async def test_what_nobody_can_look_up_is_said() -> None:
    image = Attachment(kind="image", url="https://arunika.example/a.png")
    mention = f"mention:179:{COMMENT}"
    for message in (
        CASE.message(attachments=(image,)),
        CASE.message(Surface.PUBLIC, text="Hi", reply_to=mention, root=mention),
    ):
        with pytest.raises(Ambiguous):
            await FakeGraph({}).channel().find_sent(message, 0, SINCE)
    graph = FakeGraph({f"GET {COMMENT}/replies": [answer(data="odd")]})
    with pytest.raises(Unavailable):
        await graph.channel().find_sent(CASE.message(Surface.PUBLIC, text="Hi"), 0, SINCE)


async def test_a_mention_is_completed() -> None:
    said: dict[str, Any] = {
        "text": "@arunikabank @teman help",
        "timestamp": "2026-01-02T03:04:05+0000",
        "media": {"id": "179"},
    }
    said["like_count"] = 40
    graph = FakeGraph({f"GET {ACCOUNT}": [answer(mentioned_comment=said, id=ACCOUNT)]})
    event = await graph.channel().complete(CASE.only("mention_in_a_comment"))
    assert isinstance(event, MessageReceived)
    assert not event.incomplete
    assert (event.text, event.tagged, event.engagement) == ("@arunikabank @teman help", ("teman",), 40)
    assert event.at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert f"mentioned_comment.comment_id({COMMENT})" in graph.calls[0].query["fields"]


async def test_a_caption_that_mentions_tells_its_author() -> None:
    said: dict[str, Any] = {
        "caption": "Thanks @arunikabank",
        "timestamp": "2026-01-02T03:04:05+0000",
        "username": "rina.s",
    }
    said |= {"like_count": None, "comments_count": 7}  # the owner hides the likes
    graph = FakeGraph({f"GET {ACCOUNT}": [answer(mentioned_media=said)]})
    event = await graph.channel().complete(CASE.only("mention_in_a_caption"))
    assert isinstance(event, MessageReceived)
    assert (event.text, event.customer.username, event.engagement) == ("Thanks @arunikabank", "rina.s", 7)


async def test_a_mention_that_is_gone_or_came_as_a_comment_is_not_answered() -> None:
    own = answer(mentioned_comment={"text": "Hi", "media": {"id": "179", "owner": {"id": ACCOUNT}}})
    for told, kind in (
        (own, "mention_under_own_media"),
        (answer(id=ACCOUNT), "mention_without_text"),
        (refused(100, 33), "mention_without_text"),
    ):
        event = await FakeGraph({f"GET {ACCOUNT}": [told]}).channel().complete(CASE.only("mention_in_a_comment"))
        assert isinstance(event, Unsupported)
        assert event.kind == kind
    with pytest.raises(AuthFailed):
        await FakeGraph({f"GET {ACCOUNT}": [refused(10)]}).channel().complete(CASE.only("mention_in_a_comment"))
    other = CASE.only("text")
    assert await FakeGraph({}).channel().complete(other) is other


# ---- set up ------------------------------------------------------------------------------------
async def test_start_registers_the_webhook_and_the_account() -> None:
    ok = answer(success=True)
    graph = FakeGraph({"POST 900100/subscriptions": [ok], f"POST {ACCOUNT}/subscribed_apps": [ok]})
    await graph.channel().start("")
    assert not graph.calls
    await graph.channel().start("https://arunika.example/webhooks/instagram")
    app, account = graph.calls
    assert (app.json["object"], app.json["callback_url"]) == (
        "instagram",
        "https://arunika.example/webhooks/instagram",
    )
    assert "comments" in app.json["fields"].split(",")
    assert "mentions" not in account.json["subscribed_fields"].split(",")
    assert not [secret for secret in CASE.secrets if str(CASE.settings[secret]) in str(graph.calls)]


async def test_what_to_subscribe_to_can_be_chosen() -> None:
    ok = answer(success=True)
    graph = FakeGraph({"POST 900100/subscriptions": [ok], f"POST {ACCOUNT}/subscribed_apps": [ok]})
    await graph.channel({**SETTINGS, "fields": ["messages", "mentions"]}).start("https://arunika.example/hook")
    assert graph.calls[0].json["fields"] == graph.calls[1].json["subscribed_fields"] == "messages,mentions"


async def test_start_keeps_what_the_page_is_subscribed_with() -> None:
    ok = answer(success=True)
    path = "100200300/subscribed_apps"
    for apps, expected in (
        ([{"id": "900100", "subscribed_fields": ["feed", "messages"]}], "feed,messages"),
        ([{"id": "1"}], "messages"),
    ):
        graph = FakeGraph({"POST 900100/subscriptions": [ok], f"POST {path}": [ok], f"GET {path}": [answer(data=apps)]})
        await graph.channel(THROUGH_PAGE).start("https://arunika.example/webhooks/instagram")
        told = next(call for call in graph.calls if call.path == "900100/subscriptions")
        assert "mentions" in told.json["fields"].split(",")
        assert graph.calls[-1].json["subscribed_fields"] == expected


async def test_check_finds_everything_in_order() -> None:
    graph = FakeGraph(healthy())
    health = await graph.channel().check()
    assert health.ok, health
    assert {probe.name for probe in health.probes} >= {
        "credentials",
        "account",
        "clock",
        "token",
        "permissions",
        "subscription",
        "delivery",
    }
    assert health.token_expires_at == datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "told", "probe"),
    [
        ("GET me", refused(190, status=401), "credentials"),
        ("GET me", ApiResponse(status=200, body={"user_id": "17841400000000999"}), "account"),
        (f"GET {ACCOUNT}/subscribed_apps", answer(data=[]), "subscription"),
        ("GET 900100/subscriptions", answer(data=[]), "delivery"),
        ("GET debug_token", answer(data={"is_valid": True, "scopes": ["instagram_business_basic"]}), "permissions"),
    ],
)
async def test_check_says_what_is_wrong_and_what_to_do(call: str, told: ApiResponse, probe: str) -> None:
    health = await FakeGraph(healthy() | {call: [told]}).channel().check()
    assert not health.ok
    assert [found.name for found in health.probes if not found.ok] == [probe]
    assert health.fix


async def test_through_a_page_the_app_has_to_be_registered_for_every_field() -> None:
    page = "100200300"
    scopes = ["instagram_basic", "instagram_manage_messages", "instagram_manage_comments", "pages_manage_metadata"]
    linked = {
        f"GET {page}": [answer(name="Arunika", instagram_business_account={"id": ACCOUNT})],
        f"GET {page}/subscribed_apps": [answer(data=[{"id": "900100", "subscribed_fields": ["feed"]}])],
        "GET debug_token": [answer(data={"app_id": "900100", "is_valid": True, "scopes": scopes})],
    }
    every = [{"name": field} for field in (*FIELDS, MENTIONS)]
    for fields, wrong in ((every, []), (every[:-1], ["delivery"])):
        registered = {"object": "instagram", "active": True, "fields": fields}
        table = healthy() | {name: list(told) for name, told in linked.items()}
        graph = FakeGraph(table | {"GET 900100/subscriptions": [answer(data=[registered])]})
        health = await graph.channel(THROUGH_PAGE).check()
        assert [found.name for found in health.probes if not found.ok] == wrong, health
    assert "mentions" in health.detail


async def test_a_clock_that_is_off_is_found() -> None:
    who = msgspec.structs.replace(healthy()["GET me"][0], headers={"date": format_datetime(SINCE)})
    health = await FakeGraph(healthy() | {"GET me": [who]}).channel().check()
    assert [found.name for found in health.probes if not found.ok] == ["clock"]


async def test_a_token_that_cannot_be_looked_at_is_no_finding_with_instagrams_own_login() -> None:
    silent = {"GET debug_token": [refused(100)]}
    assert (await FakeGraph(healthy() | silent).channel().check()).ok
    page = "100200300"
    linked = {
        f"GET {page}": [
            answer(name="Arunika", instagram_business_account={"id": ACCOUNT}),
        ],
        f"GET {page}/subscribed_apps": [answer(data=[{"id": "900100", "subscribed_fields": ["feed"]}])],
    }
    health = await FakeGraph(healthy() | silent | linked).channel(THROUGH_PAGE).check()
    assert [found.name for found in health.probes if not found.ok] == ["token"]


async def test_a_message_goes_out_whole() -> None:
    graph = FakeGraph({"POST me/messages": [answer(recipient_id=USER, message_id="m-1"), refused(10, 2534022)]})
    channel = graph.channel()
    message = CASE.message(text="Halo")
    assert (await channel.send_part(message, 0)).external_id == "m-1"
    with pytest.raises(SendError) as caught:
        await channel.send_part(message, 0)
    assert "4111" not in str(caught.value)
