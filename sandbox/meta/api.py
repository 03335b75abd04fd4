"""The Graph API over HTTP: /graph/v26.0/<object>[/<edge>].

https://developers.facebook.com/docs/graph-api/overview
"""

from __future__ import annotations

import hmac
import json
from functools import partial

from sanic import Blueprint, HTTPResponse, Request

from sandbox.http import answer
from sandbox.meta import setup
from sandbox.meta.accounts import APP_ID
from sandbox.meta.calls import Call, Handler, chosen, read_params
from sandbox.meta.cloud import Cloud
from sandbox.meta.comments import InstagramComments, PageComments
from sandbox.meta.errors import bad_parameter, error_numbered, graph_error, missing, too_many, unavailable
from sandbox.meta.facebook import Facebook
from sandbox.meta.instagram import Instagram
from sandbox.meta.platform import MetaPlatform
from sandbox.meta.send import Sending
from sandbox.meta.whatsapp import Whatsapp
from sandbox.social.door import Door, Refusal
from sandbox.social.model import PUBLIC


class _Account:
    """One account's calls by method and edge."""

    def __init__(self, platform: MetaPlatform) -> None:
        self.platform = platform
        self.door = Door(
            platform,
            unavailable=unavailable,
            limited=lambda wait_s: too_many(wait_s, platform.account_id, whatsapp=isinstance(platform, Whatsapp)),
            failing=error_numbered,
            headers=lambda _: self._usage(),
        )
        # Calls that customers see, and the rest.
        self.sends: dict[tuple[str, str], Handler] = {}
        self.asks: dict[tuple[str, str], Handler] = {
            ("POST", "subscribed_apps"): partial(setup.subscribe_account, platform),
            ("GET", "subscribed_apps"): partial(setup.subscribed_apps, platform),
            ("DELETE", "subscribed_apps"): partial(setup.unsubscribe_account, platform),
        }
        self.comments: PageComments | InstagramComments | None = None
        self.cloud: Cloud | None = None
        if isinstance(platform, Facebook):
            self.comments = PageComments(platform)
        elif isinstance(platform, Instagram):
            self.comments = InstagramComments(platform)
        elif isinstance(platform, Whatsapp):
            self.cloud = Cloud(platform)
            self.sends |= self.cloud.sends
        if isinstance(platform, (Facebook, Instagram)):
            sending = Sending(platform)
            self.sends |= sending.sends
            self.asks |= sending.asks
        if self.comments is not None:
            self.sends |= self.comments.sends
            self.asks |= self.comments.asks

    def owns(self, object_id: str) -> bool:
        """Whether the object is the account itself."""
        return object_id in (self.platform.account_id, self.platform.subscribed_object)

    def look(self, call: Call) -> HTTPResponse:
        """`GET /{object}`: the account, a comment, a person, a post or a file."""
        platform, fields = self.platform, call.text("fields")
        if self.owns(call.object_id):
            if isinstance(self.comments, InstagramComments) and "mentioned_" in fields:
                return answer({**self.comments.mentioned(fields), "id": platform.account_id})
            return setup.account(platform, call)
        if self.cloud is not None:
            return self.cloud.media(call.object_id)
        entry = platform.entries.get(call.object_id)
        if self.comments is not None and entry is not None and entry.surface == PUBLIC and not entry.deleted:
            return answer(chosen(fields, self.comments.describe(entry)))
        if (post := platform.posts.get(call.object_id)) is not None:
            about = {"id": post.id, "message": post.text, "caption": post.text, "permalink": post.link}
            return answer(chosen(fields, {**about, "permalink_url": post.link}))
        if (person := platform.person_at(call.object_id)) is not None:
            return answer(chosen(fields, {"id": call.object_id, "name": person.name, "username": person.username}))
        raise missing(call.object_id)

    def change(self, call: Call) -> HTTPResponse:
        """`POST /{object}`"""
        if self.comments is None:
            raise missing(call.object_id)
        return self.comments.change(call)

    def delete(self, call: Call) -> HTTPResponse:
        """`DELETE /{object}`"""
        if self.comments is None:
            raise missing(call.object_id)
        return self.comments.delete(call)

    def _usage(self) -> dict[str, str]:
        used = int(self.door.used * 100)
        kind = "whatsapp" if self.cloud is not None else "messenger"
        business = [
            {
                "type": kind,
                "call_count": used,
                "total_cputime": 1,
                "total_time": 1,
                "estimated_time_to_regain_access": 0,
            }
        ]
        return {
            "x-app-usage": json.dumps({"call_count": used, "total_time": 1, "total_cputime": 1}),
            "x-business-use-case-usage": json.dumps({self.platform.account_id: business}),
        }


def graph_api(facebook: Facebook, instagram: Instagram, whatsapp: Whatsapp) -> Blueprint:
    """The routes of one app with a Page, an Instagram account and a WhatsApp number."""
    blueprint = Blueprint("graph", url_prefix="/graph/v26.0")
    app = setup.Setup((facebook, instagram, whatsapp))
    accounts = [_Account(platform) for platform in (facebook, instagram, whatsapp)]

    def account_of(call: Call) -> _Account:
        found = next((one for one in accounts if one.platform.is_token(call.token)), None)
        if found is None:
            raise graph_error(190, message="Invalid OAuth access token - Cannot parse access token")
        if found.platform.revoked:
            raise graph_error(190, 458)
        proof = call.text("appsecret_proof")
        if proof and not hmac.compare_digest(proof.encode(), found.platform.proof(call.token).encode()):
            raise bad_parameter("Invalid appsecret_proof provided in the API argument")
        return found

    async def of_the_app(request: Request, call: Call, edge: str) -> HTTPResponse | None:
        """Calls about the app itself; None when this is not one."""
        if call.object_id == "debug_token":
            if not any(one.platform.is_app(call.token) or one.platform.is_token(call.token) for one in accounts):
                raise graph_error(190, message="Invalid OAuth access token - Cannot parse access token")
            return app.debug_token(call)
        if call.object_id != APP_ID:
            return None
        if edge == "subscriptions" and request.method == "POST":
            return await app.subscribe(call)
        if edge == "subscriptions":
            return app.subscriptions(call) if request.method == "GET" else app.unsubscribe(call)
        return app.app(call)

    async def handle(request: Request, object_id: str, edge: str) -> HTTPResponse | None:
        params = read_params(request)
        token = _token(request, params)
        if not token:
            raise graph_error(104, message="An access token is required to request this resource.")
        call = Call(object_id, params, token)
        if (found := await of_the_app(request, call, edge)) is not None:
            return found
        account = account_of(call)
        if object_id == "me":
            call = Call(account.platform.account_id, params, token)
        key = (request.method, edge)
        if key in account.sends:
            return await account.door.send(request, partial(_on_account, account, account.sends[key], edge, call))
        if key in account.asks:
            return await account.door.ask(request, partial(_on_account, account, account.asks[key], edge, call))
        if edge:
            raise missing(object_id)
        plain = {"GET": account.look, "POST": account.change, "DELETE": account.delete}[request.method]
        through = account.door.ask if request.method == "GET" else account.door.send
        return await through(request, partial(plain, call))

    async def guarded(request: Request, object_id: str, edge: str = "") -> HTTPResponse | None:
        try:
            return await handle(request, object_id, edge)
        except Refusal as refusal:
            return refusal.response()

    blueprint.add_route(guarded, "/<object_id>", methods=["GET", "POST", "DELETE"], name="object")
    blueprint.add_route(guarded, "/<object_id>/<edge>", methods=["GET", "POST", "DELETE"], name="edge")
    return blueprint


# Edges of comments; all the others are the account's own.
_OF_COMMENTS = ("comments", "replies", "likes")


def _on_account(account: _Account, handler: Handler, edge: str, call: Call) -> HTTPResponse:
    if edge not in _OF_COMMENTS and not account.owns(call.object_id):
        raise missing(call.object_id)
    return handler(call)


def _token(request: Request, params: dict[str, object]) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else ""
    return given or str(params.get("access_token", ""))
