"""X: signed calls, its rules, and what it tells of."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

import httpx
import oauthlib.oauth1
import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty
from sanic.response import json as json_answer

from sandbox import http
from sandbox.serve import running
from sandbox.social.routes import social_api
from sandbox.x.api import x_api
from sandbox.x.limits import Quotas
from sandbox.x.platform import KEYS, XPlatform, x_platform
from sandbox.x.signing import sha256_token
from sandbox.x.text import weight, with_short_links

Sanic.test_mode = True
BRAND, SARI, JAMES = "1500000000000000001", "1600000000000000101", "1600000000000000102"
KINDS = (
    "post.mention.create post.reply.create post.quote.create post.create post.delete dm.received dm.sent oauth.revoke"
)


@dataclass
class Hook:
    """Takes X's events and answers its challenge."""

    secret: str = "sandbox-x-secret"
    events: list[dict] = field(default_factory=list)
    origin: str = ""

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"

    async def challenge(self, request: Request) -> HTTPResponse:
        digest = hmac.new(self.secret.encode(), request.args.get("crc_token").encode(), hashlib.sha256).digest()
        return json_answer({"response_token": "sha256=" + base64.b64encode(digest).decode()})

    async def take(self, request: Request) -> HTTPResponse:
        digest = hmac.new(self.secret.encode(), request.body, hashlib.sha256).digest()
        assert request.headers["x-twitter-webhooks-signature"] == "sha256=" + base64.b64encode(digest).decode()
        self.events.append(request.json["data"])
        return empty(200)

    async def got(self, count: int) -> list[dict]:
        async with asyncio.timeout(5):
            while len(self.events) < count:
                await asyncio.sleep(0.01)
        return self.events

    def kinds(self) -> list[str]:
        return [event["event_type"] for event in self.events]


@dataclass
class X:
    """A running X with the brand's program (`call`, `app`) and its customers (`act`)."""

    platform: XPlatform
    http: httpx.AsyncClient
    hook: Hook

    @property
    def origin(self) -> str:
        return str(self.http.base_url).rstrip("/")

    async def call(self, method: str, path: str, body: dict | None = None, **changed: str) -> httpx.Response:
        keys = {
            "client_secret": KEYS.consumer_secret,
            "resource_owner_key": KEYS.access_token,
            "resource_owner_secret": KEYS.access_token_secret,
        }
        signer = oauthlib.oauth1.Client(KEYS.consumer_key, **{**keys, **changed})
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        url, headers, _ = signer.sign(f"{self.origin}/x/2/{path}", method, content, headers)
        return await self.http.request(method, url, content=content, headers=headers)

    async def app(self, method: str, path: str, body: dict | None = None) -> httpx.Response:
        headers = {"Authorization": "Bearer sandbox-x-bearer"}
        return await self.http.request(method, f"x/2/{path}", json=body, headers=headers)

    async def act(self, action: str, **body: object) -> dict:
        response = await self.http.post(f"sandbox/api/social/x/{action}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def ask(self, text: str, customer: str = SARI, **more: object) -> dict:
        return await self.act("write", customer=customer, surface="public", text=text, **more)

    async def dm(self, text: str, customer: str = SARI) -> dict:
        return await self.act("write", customer=customer, surface="private", text=text)

    async def reply(self, to: str, text: str) -> httpx.Response:
        return await self.call("POST", "tweets", {"text": text, "reply": {"in_reply_to_tweet_id": to}})

    async def listen(self) -> None:
        webhook = (await self.app("POST", "webhooks", {"url": self.hook.url})).json()["data"]
        for kind in KINDS.split():
            body = {"event_type": kind, "filter": {"user_id": BRAND}, "tag": kind, "webhook_id": webhook["id"]}
            assert (await self.app("POST", "activity/subscriptions", body)).status_code == 201

    def broken(self) -> list[str]:
        return [each["rule"] for each in self.platform.violations]


def an_app() -> Sanic:
    app = Sanic(f"x_{token_hex(4)}", configure_logging=False)
    app.config.update(MOTD=False, AUTO_EXTEND=False, ACCESS_LOG=False)
    return app


@asynccontextmanager
async def serving(hook: Hook) -> AsyncIterator[None]:
    app = an_app()
    app.add_route(hook.challenge, "/hook", methods=["GET"])
    app.add_route(hook.take, "/hook", methods=["POST"], name="take")
    async with running(app) as port:
        hook.origin = f"http://127.0.0.1:{port}"
        yield


@pytest.fixture
async def x() -> AsyncIterator[X]:
    platform, hook, app = x_platform(), Hook(), an_app()
    http.install(app)
    app.blueprint(x_api(platform))
    app.blueprint(social_api({"x": platform}))
    async with serving(hook), running(app) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
            yield X(platform, client, hook)
        await platform.close()


# ---- who calls ---------------------------------------------------------------------------------------


def test_vendor_signatures():
    assert sha256_token("consumer_secret_test", b"crc_token_test") == (
        "sha256=+jq/Rt5EDBfx/iI0MXX/OZ+VHzasbaTF1FTBWM3Tknk="
    )
    body = b'{"data":{"event_uuid":"1"}}'
    assert sha256_token("consumer_secret_test", body) == "sha256=e0Hqwv62jVEygOUmhJebTSii0n3fOhvLYCl49dao51o="


async def test_a_signed_call_is_known_and_a_wrong_one_is_not(x):
    me = await x.call("GET", "users/me?user.fields=username,id&expansions=pinned_tweet_id")
    assert (me.status_code, me.json()["data"]["username"]) == (200, "ArunikaBank")
    assert (await x.call("GET", "users/me", client_secret="another")).status_code == 401
    assert (await x.call("GET", "users/me", resource_owner_secret="another")).status_code == 401
    unsigned = await x.http.get("x/2/users/me")
    assert (unsigned.status_code, unsigned.json()["title"]) == (401, "Unauthorized")


async def test_a_signature_is_for_one_call_only(x):
    signer = oauthlib.oauth1.Client(
        KEYS.consumer_key, KEYS.consumer_secret, KEYS.access_token, KEYS.access_token_secret
    )
    url, headers, _ = signer.sign(f"{x.origin}/x/2/users/me")
    assert (await x.http.get(url, headers=headers)).status_code == 200
    assert (await x.http.get(url, headers=headers)).status_code == 401
    elsewhere = await x.http.get(f"x/2/users/{BRAND}/mentions", headers=headers)
    assert elsewhere.status_code == 401


async def test_each_endpoint_takes_its_own_kind_of_authentication(x):
    refused = await x.app("POST", "tweets", {"text": "hi"})
    assert refused.status_code == 403 and refused.json()["type"].endswith("/unsupported-authentication")
    assert (await x.call("GET", "webhooks")).status_code == 403
    assert (await x.app("GET", "webhooks")).json()["data"] == []
    assert (await x.app("GET", f"users/{BRAND}/mentions")).status_code == 200


async def test_a_withdrawn_account_gets_nothing(x):
    await x.listen()
    await x.act("revoke")
    assert (await x.call("GET", "users/me")).status_code == 401
    assert [event["event_type"] for event in await x.hook.got(1)] == ["oauth.revoke"]
    await x.act("revoke", revoked=False)
    assert (await x.call("GET", "users/me")).status_code == 200


# ---- text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "weighs"),
    [
        ("Hello, world! 👋", 16),
        ("https://example.com/" + "a" * 100, 23),
        ("你好", 4),
        ("👨‍👩‍👧‍👦", 2),
        ("cafe\u0301", 4),
        ("a" * 280, 280),
    ],
)
def test_weights(text, weighs):
    assert weight(text) == weighs


def test_links_are_shortened():
    text, urls = with_short_links("see https://example.com/x?y=1, please")
    assert text == f"see {urls[0]['url']}, please" and urls[0]["url"].startswith("https://t.co/")
    assert urls[0]["expanded_url"] == "https://example.com/x?y=1"


# ---- replies -----------------------------------------------------------------------------------------


async def test_a_mention_can_be_answered(x):
    asked = await x.ask("kartu saya hilang")
    assert asked["text"] == "@ArunikaBank kartu saya hilang"
    answered = await x.reply(asked["id"], "@sari_wulandari Mohon blokir lewat aplikasi")
    assert answered.status_code == 201
    data = answered.json()["data"]
    assert data["text"] == "@sari_wulandari Mohon blokir lewat aplikasi"
    entry = x.platform.entries[data["id"]]
    # The screen shows the reply without the mention that X puts in front.
    assert (entry.text, entry.author, entry.reply_to) == ("Mohon blokir lewat aplikasi", "brand", asked["id"])
    assert (entry.customer, entry.root) == (SARI, asked["id"])
    assert x.broken() == []


async def test_the_length_is_weighted_and_leading_mentions_are_free(x):
    asked = await x.ask("hello")
    refused = await x.reply(asked["id"], "字" * 141)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (400, "Your Tweet text is too long.")
    assert (await x.reply(asked["id"], "@sari_wulandari " + "字" * 140)).status_code == 201


async def test_who_did_not_call_is_not_answered(x):
    stranger = await x.act("write", customer=JAMES, surface="public", text="nice", reply_to=(await x.ask("hi"))["id"])
    x.platform.automatic_mention_summons = False
    refused = await x.reply(stranger["id"], "hello")
    assert refused.status_code == 403 and "have not been mentioned or otherwise engaged" in refused.json()["detail"]
    assert x.broken() == ["not_summoned"]
    x.platform.dials.turn({"window_check": False})
    assert (await x.reply(stranger["id"], "hello")).status_code == 201
    assert x.broken() == ["not_summoned"] * 2


async def test_whether_an_automatic_mention_summons_can_be_chosen(x):
    post = next(iter(x.platform.posts))
    plain = await x.ask("great!", reply_to=post)
    x.platform.automatic_mention_summons = False
    assert (await x.reply(plain["id"], "thanks")).status_code == 403
    x.platform.automatic_mention_summons = True
    assert (await x.reply(plain["id"], "thanks")).status_code == 201


async def test_a_quote_summons(x):
    quote = await x.ask("look at this", post=next(iter(x.platform.posts)))
    assert quote["text"] == "look at this"
    assert (await x.reply(quote["id"], "thanks")).status_code == 201


async def test_the_same_text_again_is_refused_and_breaks_no_rule(x):
    asked = await x.ask("hello")
    await x.reply(asked["id"], "hi there")
    again = await x.reply(asked["id"], "hi there")
    assert (again.status_code, again.json()["detail"]) == (
        403,
        "You are not allowed to create a Tweet with duplicate content.",
    )
    assert x.broken() == []
    # To somebody else the same words are another text.
    assert (await x.reply((await x.ask("hello", JAMES))["id"], "hi there")).status_code == 201


async def test_what_x_forbids_but_lets_through_is_counted(x):
    asked = await x.ask("hello")
    await x.reply(asked["id"], "one")
    await x.reply(asked["id"], "two: https://example.com")
    assert x.broken() == ["second_reply", "link_in_reply"]
    state = (await x.http.get("sandbox/api/social/x/state")).json()
    assert state["violation_count"] == 2


async def test_a_deleted_post_cannot_be_answered(x):
    asked = await x.ask("hello")
    await x.act("delete", id=asked["id"])
    refused = await x.reply(asked["id"], "hi")
    assert refused.status_code == 404 and refused.json()["type"].endswith("/resource-not-found")
    read = await x.call("GET", f"tweets/{asked['id']}")
    assert read.status_code == 200 and "data" not in read.json()


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"reply": {}},
        {"text": 5},
        {"text": "x", "reply": "1"},
        {"text": "x", "reply": {"in_reply_to_tweet_id": "abc"}},
        {"text": "x", "poll": {}},
    ],
)
async def test_what_x_does_not_understand(x, body):
    assert (await x.call("POST", "tweets", body)).status_code == 400


async def test_own_posts_are_deleted_and_replies_to_them_hidden(x):
    await x.listen()
    mine = (await x.call("POST", "tweets", {"text": "Good morning"})).json()["data"]["id"]
    theirs = await x.ask("spam", reply_to=mine)
    assert (await x.call("PUT", f"tweets/{theirs['id']}/hidden", {"hidden": True})).json() == {"data": {"hidden": True}}
    assert x.platform.entries[theirs["id"]].hidden
    assert (await x.call("DELETE", f"tweets/{theirs['id']}")).status_code == 403
    assert (await x.call("DELETE", f"tweets/{mine}")).json() == {"data": {"deleted": True}}
    await x.hook.got(3)
    assert "post.delete" in x.hook.kinds()
    elsewhere = await x.ask("hello")
    assert (await x.call("PUT", f"tweets/{elsewhere['id']}/hidden", {"hidden": True})).status_code == 403


# ---- direct messages ---------------------------------------------------------------------------------


async def test_a_direct_message_only_after_the_customer_wrote(x):
    path = f"dm_conversations/with/{SARI}/messages"
    assert (await x.call("POST", path, {"text": "hello"})).status_code == 403
    assert x.broken() == ["dm_not_asked_for"]
    await x.dm("hi")
    sent = (await x.call("POST", path, {"text": "hello"})).json()["data"]
    assert sent["dm_conversation_id"] == f"{BRAND}-{SARI}"
    assert x.platform.entries[sent["dm_event_id"]].text == "hello"
    assert (await x.call("POST", path, {"text": "a" * 10_001})).status_code == 400
    unknown = await x.call("POST", "dm_conversations/with/1600000000000000999/messages", {"text": "hello"})
    assert unknown.status_code == 404


async def test_direct_messages_can_be_read(x):
    await x.dm("one")
    await x.dm("two", JAMES)
    await x.call("POST", f"dm_conversations/with/{SARI}/messages", {"text": "answer"})
    asked = "dm_event.fields=sender_id,text,created_at,dm_conversation_id&expansions=sender_id"
    everything = (await x.call("GET", f"dm_events?{asked}")).json()
    assert [row["text"] for row in everything["data"]] == ["answer", "two", "one"]
    assert {user["id"] for user in everything["includes"]["users"]} == {BRAND, SARI, JAMES}
    one = (await x.call("GET", f"dm_conversations/with/{SARI}/dm_events?{asked}&max_results=1")).json()
    assert [(row["text"], row["sender_id"]) for row in one["data"]] == [("answer", BRAND)]
    token = one["meta"]["next_token"]
    rest = (await x.call("GET", f"dm_conversations/with/{SARI}/dm_events?{asked}&pagination_token={token}")).json()
    assert [row["text"] for row in rest["data"]] == ["one"]
    assert (await x.app("GET", "dm_events")).status_code == 403


# ---- reading -----------------------------------------------------------------------------------------


async def test_mentions_can_be_polled(x):
    first, second = await x.ask("one"), await x.ask("two @ArunikaBank", JAMES)
    await x.ask("a plain quote", post=next(iter(x.platform.posts)))
    path = f"users/{BRAND}/mentions?tweet.fields=author_id,conversation_id,entities&expansions=author_id&max_results=5"
    found = (await x.call("GET", path)).json()
    assert [row["id"] for row in found["data"]] == [second["id"], first["id"]]
    assert [row["author_id"] for row in found["data"]] == [JAMES, SARI]
    assert found["data"][1]["entities"]["mentions"][0] == {
        "start": 0,
        "end": 12,
        "username": "ArunikaBank",
        "id": BRAND,
    }
    assert found["includes"]["users"][0]["username"] == "jcarter" and found["meta"]["newest_id"] == second["id"]
    since = (await x.call("GET", f"{path}&since_id={first['id']}")).json()
    assert [row["id"] for row in since["data"]] == [second["id"]]
    nothing = (await x.call("GET", f"{path}&since_id={second['id']}")).json()
    assert nothing == {"meta": {"result_count": 0}}
    assert (await x.call("GET", f"users/{BRAND}/mentions?max_results=3")).status_code == 400


async def test_own_posts_can_be_looked_up(x):
    asked = await x.ask("hello")
    await x.reply(asked["id"], "see https://example.com/help")
    path = f"users/{BRAND}/tweets?tweet.fields=referenced_tweets,created_at&max_results=20"
    rows = (await x.call("GET", path)).json()["data"]
    assert len(rows) == 3 and rows[0]["referenced_tweets"] == [{"type": "replied_to", "id": asked["id"]}]
    assert rows[0]["text"].startswith("@sari_wulandari see https://t.co/") and "author_id" not in rows[0]
    later = (await x.call("GET", f"{path}&start_time={rows[0]['created_at']}")).json()["data"]
    assert [row["id"] for row in later] == [rows[0]["id"]]
    assert (await x.call("GET", "users/1/tweets")).status_code == 404


# ---- webhooks and events -----------------------------------------------------------------------------


async def test_a_webhook_must_answer_the_challenge(x):
    x.hook.secret = "another"
    refused = await x.app("POST", "webhooks", {"url": x.hook.url})
    assert refused.status_code == 400 and "CrcValidationFailed" in refused.text
    x.hook.secret = "sandbox-x-secret"
    made = (await x.app("POST", "webhooks", {"url": x.hook.url})).json()["data"]
    assert made["valid"] and made["url"] == x.hook.url
    assert (await x.app("POST", "webhooks", {"url": x.hook.url})).status_code == 400
    x.hook.secret = "another"
    assert (await x.app("PUT", f"webhooks/{made['id']}")).json() == {"data": {"valid": False}}
    assert [hook["valid"] for hook in (await x.app("GET", "webhooks")).json()["data"]] == [False]
    assert (await x.app("DELETE", f"webhooks/{made['id']}")).json() == {"data": {"deleted": True}}
    assert (await x.app("PUT", f"webhooks/{made['id']}")).status_code == 404
    assert (await x.app("POST", "webhooks", {"url": "ftp://x"})).status_code == 400


async def test_subscriptions_are_kept_with_their_webhook(x):
    await x.listen()
    webhook = (await x.app("GET", "webhooks")).json()["data"][0]
    listed = (await x.app("GET", "activity/subscriptions")).json()
    assert listed["meta"] == {"total_subscriptions": 8}
    body = {"event_type": "dm.received", "filter": {"user_id": BRAND}, "webhook_id": webhook["id"]}
    assert (await x.app("POST", "activity/subscriptions", body)).status_code == 400
    one = next(each for each in listed["data"] if each["event_type"] == "dm.received")
    removed = await x.app("DELETE", f"activity/subscriptions/{one['subscription_id']}")
    assert removed.json()["data"] == {"deleted": True}
    await x.dm("nobody hears this")
    await x.app("DELETE", f"webhooks/{webhook['id']}")
    assert (await x.app("GET", "activity/subscriptions")).json()["data"] == []
    assert x.hook.events == []


async def test_a_mention_is_told(x):
    await x.listen()
    asked = await x.ask("tolong @ArunikaBank", tag=["@ojkindonesia"], image="https://example.com/a.png")
    (event,) = await x.hook.got(1)
    assert event["event_type"] == "post.mention.create" and event["filter"] == {"user_id": BRAND}
    int(event["event_uuid"])
    payload = event["payload"]
    assert payload["text"] == "tolong @ArunikaBank @ojkindonesia"
    assert [each["username"] for each in payload["entities"]["mentions"]] == ["ArunikaBank", "ojkindonesia"]
    assert (payload["id"], payload["author_id"], payload["conversation_id"]) == (asked["id"], SARI, asked["id"])
    author = event["includes"]["users"][0]
    assert (author["id"], author["name"], author["username"]) == (SARI, "Sari Wulandari", "sari_wulandari")
    assert event["includes"]["media"][0]["url"] == "https://example.com/a.png"


async def test_how_far_somebody_is_heard_is_told(x):
    await x.listen()
    await x.act("join", id=SARI, followers=41_234, verified=True)
    await x.act("join", id=SARI, name="Sari W")  # a new name changes nothing else
    loud = await x.ask("where is my money?", engagement=900)
    await x.ask("@ArunikaBank same here", customer=JAMES, reply_to=loud["id"])
    first, second = await x.hook.got(2)
    author = first["includes"]["users"][0]
    assert (author["name"], author["verified"]) == ("Sari W", True)
    assert author["public_metrics"]["followers_count"] == 41_234
    assert first["payload"]["public_metrics"]["like_count"] == 900
    assert second["payload"]["public_metrics"]["like_count"] == 0
    (above,) = second["includes"]["tweets"]
    assert (above["id"], above["author_id"], above["public_metrics"]["like_count"]) == (loud["id"], SARI, 900)

    path = f"users/{BRAND}/mentions?expansions=author_id,referenced_tweets.id&tweet.fields=author_id,public_metrics"
    bare = (await x.call("GET", path)).json()["includes"]["users"][0]
    assert set(bare) == {"id", "name", "username"}
    page = (await x.call("GET", f"{path}&user.fields=public_metrics,verified")).json()
    told = {each["id"]: each for each in page["includes"]["users"]}
    assert told[SARI]["public_metrics"]["followers_count"] == 41_234 and not told[JAMES]["verified"]
    assert page["includes"]["tweets"][0]["public_metrics"]["like_count"] == 900


async def test_event_uuids_are_sometimes_negative(x):
    await x.listen()
    for number in range(12):
        await x.dm(f"message {number}")
    uuids = [int(event["event_uuid"]) for event in await x.hook.got(12)]
    assert len(set(uuids)) == 12 and min(uuids) < 0 < max(uuids)


async def test_a_reply_that_mentions_raises_both_events(x):
    await x.listen()
    post = next(iter(x.platform.posts))
    await x.ask("plain", reply_to=post)
    await x.ask("hey @ArunikaBank", reply_to=post)
    events = await x.hook.got(3)
    assert x.hook.kinds() == ["post.reply.create", "post.mention.create", "post.reply.create"]
    plain = events[0]["payload"]
    assert (plain["text"], plain["display_text_range"]) == ("@ArunikaBank plain", [13, 18])
    assert (plain["in_reply_to_tweet_id"], plain["in_reply_to_user_id"], plain["conversation_id"]) == (
        post,
        BRAND,
        post,
    )
    assert events[1]["payload"] == events[2]["payload"] and events[1]["event_uuid"] != events[2]["event_uuid"]


async def test_a_quote_is_told(x):
    await x.listen()
    post = next(iter(x.platform.posts))
    quote = await x.ask("is this true?", post=post)
    (event,) = await x.hook.got(1)
    assert event["event_type"] == "post.quote.create"
    assert event["payload"]["referenced_tweets"] == [{"type": "quoted", "id": post}]
    assert event["payload"]["conversation_id"] == quote["id"] == quote["root"]


async def test_an_edit_is_a_new_post(x):
    await x.listen()
    asked = await x.ask("helo")
    await x.act("edit", id=asked["id"], text="@ArunikaBank hello")
    newer = (await x.hook.got(2))[1]["payload"]
    assert newer["edit_history_tweet_ids"] == [asked["id"], newer["id"]] and newer["id"] != asked["id"]
    assert newer["text"] == "@ArunikaBank hello"
    answered = (await x.reply(newer["id"], "hi")).json()["data"]["id"]
    assert x.platform.entries[answered].reply_to == asked["id"]


async def test_own_posts_and_messages_are_echoed_whoever_wrote_them(x):
    await x.listen()
    asked = await x.ask("hello")
    await x.dm("hello")
    await x.reply(asked["id"], "by the program")
    await x.call("POST", f"dm_conversations/with/{SARI}/messages", {"text": "by the program"})
    await x.act("brand", customer=SARI, surface="public", text="by a person", reply_to=asked["id"])
    await x.act("brand", customer=SARI, surface="private", text="by a person")
    events = (await x.hook.got(6))[2:]
    posts = [event["payload"] for event in events if event["event_type"] == "post.create"]
    assert sorted(post["text"] for post in posts) == ["@sari_wulandari by a person", "@sari_wulandari by the program"]
    assert {post["in_reply_to_user_id"] for post in posts} == {SARI}
    sent = [event["payload"]["direct_message_events"][0] for event in events if event["event_type"] == "dm.sent"]
    assert {each["message_create"]["target"]["recipient_id"] for each in sent} == {SARI}


async def test_a_direct_message_is_told(x):
    await x.listen()
    written = await x.dm("hello 👋")
    (event,) = await x.hook.got(1)
    (message,) = event["payload"]["direct_message_events"]
    assert (event["event_type"], message["id"], message["type"]) == ("dm.received", written["id"], "message_create")
    assert message["message_create"]["sender_id"] == SARI
    assert message["message_create"]["message_data"]["text"] == "hello 👋"
    assert message["created_timestamp"] == str(written["at"])
    assert event["payload"]["users"][SARI]["data"]["username"] == "sari_wulandari"


async def test_a_lost_webhook_is_found_again_by_checking_it(x):
    await x.listen()
    await x.act("unsubscribe")
    await x.dm("nobody hears this")
    webhook = (await x.app("GET", "webhooks")).json()["data"][0]
    assert webhook["valid"] is False
    assert (await x.app("PUT", f"webhooks/{webhook['id']}")).json() == {"data": {"valid": True}}
    await x.dm("hello again")
    (event,) = await x.hook.got(1)
    assert event["payload"]["direct_message_events"][0]["message_create"]["message_data"]["text"] == "hello again"


# ---- limits and dials --------------------------------------------------------------------------------


async def test_every_answer_says_how_many_calls_are_left(x):
    for path, limit in (("users/me", "75"), (f"users/{BRAND}/mentions", "300")):
        headers = (await x.call("GET", path)).headers
        assert (headers["x-rate-limit-limit"], headers["x-rate-limit-remaining"]) == (limit, str(int(limit) - 1))
    refused = (await x.http.get("x/2/users/me")).headers
    assert refused["x-rate-limit-remaining"] == "74" and "date" in refused


async def test_direct_messages_are_few(x):
    await x.dm("hello")
    path = f"dm_conversations/with/{SARI}/messages"
    for number in range(15):
        assert (await x.call("POST", path, {"text": str(number)})).status_code == 201
    refused = await x.call("POST", path, {"text": "one too many"})
    assert refused.status_code == 429 and refused.json()["type"].endswith("/rate-limit-exceeded")
    assert refused.headers["x-rate-limit-remaining"] == "0"
    # A dial takes the place of X's own numbers.
    x.platform.dials.turn({"limit_per_second": 1})
    assert (await x.call("POST", path, {"text": "again"})).status_code == 201
    refused = await x.call("POST", path, {"text": "too fast"})
    assert (refused.status_code, refused.headers["x-rate-limit-remaining"]) == (429, "0")


def test_windows_end():
    now = 1_000.0
    quotas = Quotas(x_platform().dials, lambda: now)
    for _ in range(15):
        quotas.spend("dm")
    with pytest.raises(Exception) as refused:
        quotas.spend("dm")
    assert refused.value.status == 429 and quotas.headers("dm")["x-rate-limit-reset"] == "1900"
    now = 1_900.0
    quotas.spend("dm")
    assert quotas.headers("dm") == {
        "x-rate-limit-limit": "15",
        "x-rate-limit-remaining": "14",
        "x-rate-limit-reset": "2800",
    }


async def test_a_lost_answer_leaves_the_post_and_a_repetition_is_refused(x):
    asked = await x.ask("hello")
    x.platform.dials.turn({"timeout_after_send_share": 1, "hang_s": 0})
    with pytest.raises(httpx.HTTPError):
        await x.reply(asked["id"], "taken")
    x.platform.dials.turn({"timeout_after_send_share": 0})
    assert (await x.reply(asked["id"], "taken")).status_code == 403
    assert [entry.text for entry in x.platform.thread(asked["root"])][1:] == ["taken"]


@pytest.mark.parametrize(("code", "status"), [(88, 429), (187, 403), (349, 403), (503, 503), (404, 404), (401, 401)])
async def test_an_error_can_be_asked_for(x, code, status):
    asked = await x.ask("hello")
    x.platform.dials.turn({"fail_code": code})
    assert (await x.reply(asked["id"], "hi")).status_code == status
