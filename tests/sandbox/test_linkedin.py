"""LinkedIn: comments, notifications by webhook and by asking, and its refusals."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from sanic import HTTPResponse, Request, Sanic
from sanic.response import empty
from sanic.response import json as json_answer

from sandbox import http
from sandbox.linkedin import urns
from sandbox.linkedin.api import linkedin_api
from sandbox.linkedin.platform import LinkedinPlatform, linkedin_platform
from sandbox.linkedin.signing import body_signature, challenge_answer
from sandbox.serve import running
from sandbox.social.routes import social_api

Sanic.test_mode = True
ORGANIZATION = "urn:li:organization:96072893"
SARI, JAMES = "urn:li:person:aB3dE5gH71", "urn:li:person:aB3dE5gH72"
KEY = ",".join(
    (
        "(developerApplication:urn%3Ali%3AdeveloperApplication%3A77001",
        "user:urn%3Ali%3Aperson%3AsandboxAdmin",
        "entity:urn%3Ali%3Aorganization%3A96072893",
        "eventType:ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS)",
    )
)
ALL = "List(COMMENT,COMMENT_EDIT,COMMENT_DELETE,ADMIN_COMMENT,SHARE_MENTION)"


@dataclass
class Hook:
    """Takes LinkedIn's notifications and answers its challenge."""

    secret: str = "sandbox-linkedin-secret"
    bodies: list[dict] = field(default_factory=list)
    origin: str = ""

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"

    @property
    def told(self) -> list[dict]:
        return [each for body in self.bodies for each in body["notifications"]]

    async def challenge(self, request: Request) -> HTTPResponse:
        code = str(UUID(request.args.get("challengeCode"), version=4))
        assert code == request.args.get("challengeCode")
        answered = hmac.new(self.secret.encode(), code.encode(), hashlib.sha256).hexdigest()
        return json_answer({"challengeCode": code, "challengeResponse": answered})

    async def take(self, request: Request) -> HTTPResponse:
        wanted = hmac.new(self.secret.encode(), b"hmacsha256=" + request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-li-signature"] == wanted
        self.bodies.append(request.json)
        return empty(200)

    async def got(self, count: int) -> list[dict]:
        async with asyncio.timeout(5):
            while len(self.told) < count:
                await asyncio.sleep(0.01)
        return self.told


@dataclass
class Linkedin:
    """A running LinkedIn with the brand's program (`call`) and its members (`act`)."""

    platform: LinkedinPlatform
    http: httpx.AsyncClient
    hook: Hook

    @property
    def post(self) -> str:
        return next(iter(self.platform.posts))

    async def call(
        self, method: str, path: str, body: dict | None = None, headers: dict | None = None, token: str | None = None
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {token or 'sandbox-linkedin-token'}",
            "LinkedIn-Version": "202607",
            "X-Restli-Protocol-Version": "2.0.0",
            **(headers or {}),
        }
        sent = {name: value for name, value in sent.items() if value}
        return await self.http.request(method, f"linkedin/rest/{path}", json=body, headers=sent)

    async def act(self, action: str, **body: object) -> dict:
        response = await self.http.post(f"sandbox/api/social/linkedin/{action}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def ask(self, text: str, customer: str = SARI, **more: object) -> dict:
        return await self.act("write", customer=customer, surface="public", text=text, **more)

    async def answer(self, comment: str, text: str, **changed: object) -> httpx.Response:
        thread = urns.thread(comment)
        body = {"actor": ORGANIZATION, "object": thread, "message": {"text": text}, "parentComment": comment}
        return await self.call("POST", f"socialActions/{quote(thread, safe='')}/comments", body | changed)

    async def listen(self) -> httpx.Response:
        return await self.call("PUT", f"eventSubscriptions/{KEY}", {"webhook": self.hook.url})

    async def notifications(self, more: str = "") -> list[dict]:
        entity = quote(ORGANIZATION, safe="")
        path = f"organizationalEntityNotifications?q=criteria&actions={ALL}&organizationalEntity={entity}{more}"
        response = await self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()["elements"]


def an_app() -> Sanic:
    app = Sanic(f"linkedin_{token_hex(4)}", configure_logging=False)
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
async def linkedin() -> AsyncIterator[Linkedin]:
    platform, hook, app = linkedin_platform(), Hook(), an_app()
    http.install(app)
    app.blueprint(linkedin_api(platform))
    app.blueprint(social_api({"linkedin": platform}))
    async with serving(hook), running(app) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
            yield Linkedin(platform, client, hook)
        await platform.close()


# ---- spelling and signatures -------------------------------------------------------------------------


def test_vendor_signatures():
    assert challenge_answer("client_secret_test", "890e4665-4dfe-4ab1-b689-ed553bceeed0") == (
        "06cd3db0e78ca766bcdf17088e782ef03308651f22ad22659a4a21ca10997f79"
    )
    body = b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[]}'
    assert body_signature("client_secret_test", body) == (
        "a48561e31f52c1fc3d7882d5fcbf812371b9209602c545b1bc20dc08a30f2784"
    )


def test_both_spellings_of_a_comment_are_one():
    long = "urn:li:comment:(urn:li:activity:7094637247890620418,7094977717598625792)"
    assert urns.short(long) == "urn:li:comment:(activity:7094637247890620418,7094977717598625792)"
    assert urns.same(urns.short(long)) == urns.same(long) == long
    assert (urns.thread(long), urns.number(long)) == ("urn:li:activity:7094637247890620418", "7094977717598625792")
    assert urns.same("urn:li:share:1") == "urn:li:share:1"


def test_keys_and_lists():
    assert urns.record("(a:urn%3Ali%3Ax%3A1,b:2)") == {"a": "urn:li:x:1", "b": "2"}
    assert urns.record("a:1") == {} and urns.items("List(A,B)") == ["A", "B"] and urns.items("") == []


# ---- comments ----------------------------------------------------------------------------------------


async def test_a_comment_can_be_answered(linkedin):
    asked = await linkedin.ask("Kartu saya hilang")
    answered = await linkedin.answer(asked["id"], "Mohon blokir lewat aplikasi")
    assert answered.status_code == 201
    number = answered.headers["x-restli-id"]
    row = answered.json()
    assert (row["id"], row["actor"], row["parentComment"]) == (number, ORGANIZATION, asked["id"])
    entry = linkedin.platform.entries[row["commentUrn"]]
    assert (entry.author, entry.customer, entry.reply_to) == ("brand", SARI, asked["id"])
    assert (entry.root, entry.post) == (asked["id"], linkedin.post)


async def test_a_comment_can_be_answered_under_its_own_urn_in_either_spelling(linkedin):
    asked = await linkedin.ask("hello")
    target = quote(urns.short(asked["id"]), safe="")
    body = {"actor": ORGANIZATION, "object": linkedin.post, "message": {"text": "hi"}}
    row = (await linkedin.call("POST", f"socialActions/{target}/comments", body)).json()
    assert row["parentComment"] == asked["id"]
    listed = (await linkedin.call("GET", f"socialActions/{quote(asked['id'], safe='')}/comments")).json()
    assert [each["message"]["text"] for each in listed["elements"]] == ["hi"]


async def test_an_answer_to_an_answer_hangs_on_the_first_comment(linkedin):
    first = await linkedin.ask("hello")
    second = await linkedin.ask("me too", JAMES, reply_to=first["id"])
    row = (await linkedin.answer(second["id"], "hi James")).json()
    assert row["parentComment"] == first["id"]
    assert linkedin.platform.entries[row["commentUrn"]].customer == JAMES


async def test_comments_are_listed_newest_first(linkedin):
    one, _ = await linkedin.ask("one"), await linkedin.ask("two", JAMES)
    await linkedin.answer(one["id"], "an answer")
    for urn in (linkedin.post, (await linkedin.notifications())[0]["decoratedSourcePost"]["entity"]):
        listed = (await linkedin.call("GET", f"socialActions/{quote(urn, safe='')}/comments?start=0&count=1")).json()
        assert [row["message"]["text"] for row in listed["elements"]] == ["two"]
        assert listed["paging"]["total"] == 2
    found = await linkedin.call(
        "GET", f"socialActions/{quote(linkedin.post, safe='')}/comments/{urns.number(one['id'])}"
    )
    assert (found.json()["actor"], found.json()["message"]["text"]) == (SARI, "one")


async def test_own_comments_are_changed_and_removed(linkedin):
    asked = await linkedin.ask("hello")
    row = (await linkedin.answer(asked["id"], "hi")).json()
    path = f"socialActions/{quote(linkedin.post, safe='')}/comments/{row['id']}?actor={quote(ORGANIZATION, safe='')}"
    patch = {"patch": {"message": {"$set": {"text": "hello!"}}}}
    changed = await linkedin.call("POST", path, patch, headers={"X-RestLi-Method": "PARTIAL_UPDATE"})
    assert changed.status_code == 204 and linkedin.platform.entries[row["commentUrn"]].text == "hello!"
    assert (await linkedin.call("DELETE", path.partition("?")[0])).status_code == 403
    assert (await linkedin.call("DELETE", path)).status_code == 204
    assert linkedin.platform.entries[row["commentUrn"]].deleted
    assert (await linkedin.call("DELETE", path)).status_code == 404


async def test_a_second_answer_is_counted(linkedin):
    asked = await linkedin.ask("hello")
    await linkedin.answer(asked["id"], "one")
    await linkedin.answer(asked["id"], "two")
    assert [each["rule"] for each in linkedin.platform.violations] == ["second_reply"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"message": {"text": ""}}, 400),
        ({"message": "x"}, 400),
        ({"message": {"text": "a" * 1_251}}, 422),
        ({"actor": "urn:li:organization:1"}, 403),
        ({"object": "urn:li:activity:1"}, 400),
        ({"parentComment": "urn:li:share:1"}, 400),
        ({"parentComment": "urn:li:comment:(urn:li:activity:1,2)"}, 404),
        ({"content": [{"entity": {"image": "urn:li:image:1"}}]}, 403),
    ],
)
async def test_what_linkedin_refuses(linkedin, changed, status):
    asked = await linkedin.ask("hello")
    refused = await linkedin.answer(asked["id"], "hi", **changed)
    assert (refused.status_code, refused.json()["status"]) == (status, status)


async def test_a_deleted_comment_cannot_be_answered(linkedin):
    asked = await linkedin.ask("hello")
    await linkedin.act("delete", id=asked["id"])
    assert (await linkedin.answer(asked["id"], "hi")).status_code == 404


# ---- notifications -----------------------------------------------------------------------------------


async def test_a_subscription_needs_the_challenge_answered(linkedin):
    linkedin.hook.secret = "another"
    assert (await linkedin.listen()).status_code == 400
    assert (await linkedin.call("GET", f"eventSubscriptions/{KEY}")).status_code == 404
    linkedin.hook.secret = "sandbox-linkedin-secret"
    assert (await linkedin.listen()).status_code == 204
    found = (await linkedin.call("GET", f"eventSubscriptions/{KEY}")).json()
    assert found["webhook"] == linkedin.hook.url and found["expiresAt"] > linkedin.platform.now_ms()
    assert (await linkedin.call("GET", f"eventSubscriptions/{KEY.replace('77001', '1')}")).status_code == 403
    assert (await linkedin.call("DELETE", f"eventSubscriptions/{KEY}")).status_code == 204
    await linkedin.ask("nobody hears this")
    assert linkedin.platform.outlet.lost == 1


async def test_a_comment_is_told(linkedin):
    await linkedin.listen()
    asked = await linkedin.ask("Commenting 👋")
    (told,) = await linkedin.hook.got(1)
    assert linkedin.hook.bodies[0]["type"] == "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
    comment = told["decoratedGeneratedActivity"]["comment"]
    assert (told["action"], told["organizationalEntity"], told["sourcePost"]) == (
        "COMMENT",
        ORGANIZATION,
        linkedin.post,
    )
    assert (comment["owner"], comment["text"], comment["object"]) == (SARI, "Commenting 👋", linkedin.post)
    assert urns.same(comment["entity"]) == urns.same(told["generatedActivity"]) == asked["id"]
    assert isinstance(told["notificationId"], int) and told["notificationId"] < 2**53
    assert told["decoratedSourcePost"]["owner"] == ORGANIZATION


async def test_both_spellings_are_met(linkedin):
    await linkedin.listen()
    for number in range(16):
        await linkedin.ask(f"message {number}")
    told = await linkedin.hook.got(16)
    for urns_told in (
        [each["generatedActivity"] for each in told],
        [each["decoratedGeneratedActivity"]["comment"]["entity"] for each in told],
    ):
        assert len({urn.startswith("urn:li:comment:(urn:") for urn in urns_told}) == 2


async def test_what_happens_to_comments_is_told(linkedin):
    await linkedin.listen()
    asked = await linkedin.ask("helo")
    await linkedin.act("edit", id=asked["id"], text="hello")
    row = (await linkedin.answer(asked["id"], "by the program")).json()
    await linkedin.hook.got(3)
    await linkedin.act("brand", customer=SARI, surface="public", text="by a person", reply_to=asked["id"])
    await linkedin.ask("thanks", reply_to=row["commentUrn"])
    await linkedin.act("delete", id=asked["id"])
    told = await linkedin.hook.got(6)
    assert [each["action"] for each in told] == (
        "COMMENT COMMENT_EDIT ADMIN_COMMENT ADMIN_COMMENT COMMENT COMMENT_DELETE".split()
    )
    comments = [each["decoratedGeneratedActivity"]["comment"] for each in told]
    assert [each["text"] for each in comments[1:5]] == ["hello", "by the program", "by a person", "thanks"]
    assert [each["owner"] for each in comments[2:5]] == [ORGANIZATION, ORGANIZATION, SARI]
    assert {urns.same(each["parentComment"]) for each in comments[2:5]} == {asked["id"]}
    assert len({each["notificationId"] for each in told}) == 6


async def test_a_members_post_that_mentions_the_brand_is_told_and_can_be_answered(linkedin):
    await linkedin.listen()
    posted = await linkedin.ask("Great service by @Arunika Bank today")
    assert posted["id"].startswith("urn:li:share:") and posted["root"] == posted["id"]
    (told,) = await linkedin.hook.got(1)
    share = told["decoratedGeneratedActivity"]["share"]
    assert (told["action"], share["entity"], share["owner"]) == ("SHARE_MENTION", posted["id"], SARI)
    assert share["text"] == f"Great service by @[Arunika Bank]({ORGANIZATION}) today"
    found = (await linkedin.call("GET", f"posts/{quote(posted['id'], safe='')}")).json()
    assert (found["author"], found["commentary"]) == (SARI, share["text"])
    body = {"actor": ORGANIZATION, "object": told["sourcePost"], "message": {"text": "Thank you"}}
    path = f"socialActions/{quote(posted['id'], safe='')}/comments"
    row = (await linkedin.call("POST", path, body)).json()
    assert urns.thread(row["commentUrn"]) == told["sourcePost"]
    assert linkedin.platform.entries[row["commentUrn"]].customer == SARI
    answered = await linkedin.ask("you are welcome", reply_to=row["commentUrn"])
    assert urns.thread(answered["id"]) == told["sourcePost"]
    last = (await linkedin.hook.got(3))[-1]
    assert last["decoratedSourcePost"]["entity"] == posted["id"]
    listed = (await linkedin.call("GET", path)).json()["elements"]
    assert [each["message"]["text"] for each in listed] == ["Thank you"]


async def test_notifications_come_in_batches_of_ten_at_most(linkedin):
    await linkedin.listen()
    await linkedin.act("many", count=25)
    await linkedin.hook.got(25)
    assert sorted(len(body["notifications"]) for body in linkedin.hook.bodies) == [5, 10, 10]


async def test_notifications_can_be_asked_for(linkedin):
    one = await linkedin.ask("one")
    await asyncio.sleep(0.005)
    two = await linkedin.ask("two", JAMES)
    found = await linkedin.notifications()
    assert [urns.same(each["generatedActivity"]) for each in found] == [two["id"], one["id"]]
    since = f"&timeRange=(start:{found[0]['lastModifiedAt']})"
    assert len(await linkedin.notifications(since)) == 1
    assert len(await linkedin.notifications("&start=1&count=5")) == 1
    await linkedin.answer(one["id"], "hi")
    assert (await linkedin.notifications())[0]["action"] == "ADMIN_COMMENT"
    other = await linkedin.call("GET", "organizationalEntityNotifications?q=criteria&organizationalEntity=urn%3Ali%3Ax")
    assert other.status_code == 403


async def test_a_subscription_is_lost_without_a_word(linkedin):
    await linkedin.listen()
    await linkedin.act("unsubscribe")
    await linkedin.ask("nobody hears this")
    assert (await linkedin.call("GET", f"eventSubscriptions/{KEY}")).status_code == 404
    assert linkedin.hook.bodies == [] and len(await linkedin.notifications()) == 1


# ---- who calls, limits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, "INVALID_ACCESS_TOKEN"),
        ({"Authorization": "Bearer x"}, 401, "INVALID_ACCESS_TOKEN"),
        ({"LinkedIn-Version": ""}, 400, "VERSION_MISSING"),
        ({"LinkedIn-Version": "202508"}, 426, "NONEXISTENT_VERSION"),
        ({"LinkedIn-Version": "latest"}, 426, "NONEXISTENT_VERSION"),
        ({"X-Restli-Protocol-Version": ""}, 400, "ILLEGAL_ARGUMENT"),
    ],
)
async def test_headers_are_needed(linkedin, headers, status, code):
    refused = await linkedin.call("GET", "organizationAcls?q=roleAssignee", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_the_members_role_is_shown(linkedin):
    found = await linkedin.call("GET", "organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED")
    (row,) = found.json()["elements"]
    assert (row["organization"], row["role"], row["state"]) == (ORGANIZATION, "ADMINISTRATOR", "APPROVED")
    assert "date" in found.headers


async def test_tokens_are_renewed_and_inspected(linkedin):
    app = {"client_id": "sandbox-linkedin", "client_secret": "sandbox-linkedin-secret"}

    async def post(path: str, **form: str) -> httpx.Response:
        return await linkedin.http.post(f"linkedin/oauth/v2/{path}", data={**app, **form})

    renewed = (await post("accessToken", grant_type="refresh_token", refresh_token="sandbox-linkedin-refresh")).json()
    assert renewed["refresh_token"] == "sandbox-linkedin-refresh" and renewed["expires_in"] == 60 * 24 * 3600
    assert (
        await linkedin.call("GET", "organizationAcls?q=roleAssignee", token=renewed["access_token"])
    ).status_code == 200
    seen = (await post("introspectToken", token=renewed["access_token"])).json()
    assert seen["active"] and "w_organization_social" in seen["scope"]
    assert (await post("introspectToken", token="x")).json()["active"] is False
    assert (await post("introspectToken", token="x", client_secret="y")).status_code == 401
    assert (await post("accessToken", grant_type="refresh_token", refresh_token="x")).json()["error"] == "invalid_grant"
    assert (await post("accessToken", grant_type="password")).status_code == 400


async def test_a_member_who_withdraws_takes_everything_away(linkedin):
    await linkedin.listen()
    await linkedin.act("revoke")
    refused = await linkedin.call("GET", "organizationAcls?q=roleAssignee")
    assert (refused.status_code, refused.json()["code"]) == (401, "REVOKED_ACCESS_TOKEN")
    await linkedin.act("revoke", revoked=False)
    assert (await linkedin.call("GET", f"eventSubscriptions/{KEY}")).status_code == 404


async def test_too_many_comments_are_throttled_without_saying_how_long(linkedin):
    asked = await linkedin.ask("hello")
    linkedin.platform.dials.turn({"limit_per_second": 1})
    assert (await linkedin.answer(asked["id"], "one")).status_code == 201
    refused = await linkedin.answer(asked["id"], "two")
    assert refused.status_code == 429 and refused.json()["message"].startswith("Comment create throttled")
    assert "retry-after" not in refused.headers


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 426, 429, 500, 503])
async def test_an_error_can_be_asked_for(linkedin, status):
    asked = await linkedin.ask("hello")
    linkedin.platform.dials.turn({"fail_code": status})
    refused = await linkedin.answer(asked["id"], "hi")
    assert (refused.status_code, refused.json()["status"]) == (status, status)


async def test_private_messages_do_not_exist(linkedin):
    response = await linkedin.http.post(
        "sandbox/api/social/linkedin/write", json={"customer": SARI, "surface": "private", "text": "hi"}
    )
    assert response.status_code == 400
