"""The X API v2 over HTTP, under /x/2. https://docs.x.com/x-api/introduction"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from sandbox.http import answer
from sandbox.social.door import Door, Refusal
from sandbox.x import errors
from sandbox.x.hooks import EVENT_TYPES, Subscription, Webhook, wanted_subscription
from sandbox.x.payloads import JsonDict
from sandbox.x.platform import XPlatform
from sandbox.x.reading import Reading
from sandbox.x.signing import Call
from sandbox.x.writing import Writing

_USER, _APP = ("user",), ("app",)
_NAMES = {"user": "OAuth 1.0a User Context", "app": "OAuth 2.0 Application-Only"}


def x_api(platform: XPlatform) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("x", url_prefix="/x/2")
    counter = _Counter(platform)
    _add_posts(blueprint, platform, counter)
    _add_messages(blueprint, platform, counter)
    _add_webhooks(blueprint, platform, counter)
    _add_subscriptions(blueprint, platform, counter)
    return blueprint


class _Counter:
    """Checks who calls and counts the call, before it is carried out."""

    def __init__(self, platform: XPlatform) -> None:
        self._platform = platform
        self._door = Door(
            platform,
            unavailable=errors.internal,
            limited=self._limited,
            failing=errors.failure,
            headers=lambda request: {
                "date": formatdate(platform.now(), usegmt=True),
                **platform.quotas.headers(request.ctx.endpoint),
            },
        )

    async def ask(
        self, request: Request, endpoint: str, takes: tuple[str, ...], action: Callable[[], JsonDict], status: int = 200
    ) -> HTTPResponse:
        """A call that no customer sees."""
        request.ctx.endpoint = endpoint
        return await self._door.ask(request, lambda: self._do(request, endpoint, takes, action, status))

    async def send(
        self, request: Request, endpoint: str, action: Callable[[], JsonDict], status: int = 201
    ) -> HTTPResponse | None:
        """A call that changes something on customers' screens; only the account itself may."""
        request.ctx.endpoint = endpoint
        return await self._door.send(request, lambda: self._do(request, endpoint, _USER, action, status))

    def _do(
        self, request: Request, endpoint: str, takes: tuple[str, ...], action: Callable[[], JsonDict], status: int
    ) -> HTTPResponse:
        who = self.who(request)
        if not who or (who == "user" and self._platform.revoked):
            raise errors.unauthorized()
        if who not in takes:
            raise errors.wrong_authentication(", ".join(_NAMES[each] for each in takes))
        self._platform.quotas.spend(endpoint)
        return answer(action(), status)

    def who(self, request: Request) -> str:
        """`user`, `app` or nobody."""
        call = Call(
            request.method,
            request.url,
            request.headers.get("authorization", ""),
            request.headers.get("content-type", ""),
            request.body,
        )
        return self._platform.callers.who(call)

    def _limited(self, wait_s: float) -> Refusal:
        self._platform.quotas.close_for(wait_s)
        return errors.too_many_requests()


def _add_posts(blueprint: Blueprint, platform: XPlatform, counter: _Counter) -> None:
    writing, reading = Writing(platform), Reading(platform)

    @blueprint.post("/tweets")
    async def create(request: Request) -> HTTPResponse | None:
        return await counter.send(request, "post", lambda: {"data": writing.post(_body(request))})

    @blueprint.get("/tweets/<post_id:str>")
    async def read(request: Request, post_id: str) -> HTTPResponse:
        return await counter.ask(request, "posts", _USER + _APP, lambda: reading.post(post_id, _params(request)))

    @blueprint.delete("/tweets/<post_id:str>")
    async def delete(request: Request, post_id: str) -> HTTPResponse:
        return await counter.ask(request, "delete", _USER, lambda: {"data": writing.delete(post_id)})

    @blueprint.put("/tweets/<post_id:str>/hidden")
    async def hide(request: Request, post_id: str) -> HTTPResponse | None:
        return await counter.send(request, "hide", lambda: {"data": writing.hide(post_id, _body(request))}, 200)

    @blueprint.get("/users/me")
    async def me(request: Request) -> HTTPResponse:
        return await counter.ask(request, "me", _USER, reading.me)

    @blueprint.get("/users/<user_id:str>/tweets")
    async def own_posts(request: Request, user_id: str) -> HTTPResponse:
        return await counter.ask(request, "posts", _USER + _APP, lambda: reading.own_posts(user_id, _params(request)))

    @blueprint.get("/users/<user_id:str>/mentions")
    async def mentions(request: Request, user_id: str) -> HTTPResponse:
        return await counter.ask(request, "mentions", _USER + _APP, lambda: reading.mentions(user_id, _params(request)))


def _add_messages(blueprint: Blueprint, platform: XPlatform, counter: _Counter) -> None:
    writing, reading = Writing(platform), Reading(platform)

    @blueprint.post("/dm_conversations/with/<participant:str>/messages")
    async def send(request: Request, participant: str) -> HTTPResponse | None:
        return await counter.send(request, "dm", lambda: {"data": writing.dm(participant, _body(request))})

    @blueprint.get("/dm_events")
    async def all_events(request: Request) -> HTTPResponse:
        return await counter.ask(request, "read_dm", _USER, lambda: reading.dms(_params(request)))

    @blueprint.get("/dm_conversations/with/<participant:str>/dm_events")
    async def events(request: Request, participant: str) -> HTTPResponse:
        return await counter.ask(request, "read_dm", _USER, lambda: reading.dms(_params(request), participant))


def _add_webhooks(blueprint: Blueprint, platform: XPlatform, counter: _Counter) -> None:
    """https://docs.x.com/x-api/webhooks/introduction

    Unlike X, plain HTTP and a port are taken, so that a program on the same machine can be reached.
    """
    hooks = platform.hooks

    def known(webhook_id: str) -> Webhook:
        if webhook_id not in hooks.webhooks:
            raise errors.missing("webhook", webhook_id)
        return hooks.webhooks[webhook_id]

    def register(request: Request, passed: bool) -> JsonDict:
        url = _url(request)
        if hooks.of_url(url) is not None:
            raise errors.invalid("DuplicateUrlFailed: this URL is registered already", url=url)
        if not passed:
            raise errors.invalid("CrcValidationFailed: the URL did not answer the challenge", url=url)
        webhook = Webhook(platform.new_id(""), url, platform.now_ms())
        hooks.register(webhook)
        return {"data": webhook.body()}

    def check_again(webhook_id: str, passed: bool) -> JsonDict:
        hooks.checked(known(webhook_id), passed)
        return {"data": {"valid": passed}}

    def delete(webhook_id: str) -> JsonDict:
        hooks.unregister(known(webhook_id))
        return {"data": {"deleted": True}}

    @blueprint.post("/webhooks")
    async def create(request: Request) -> HTTPResponse:
        passed = counter.who(request) == "app" and await _passes(platform, lambda: _url(request))
        return await counter.ask(request, "webhooks", _APP, lambda: register(request, passed))

    @blueprint.get("/webhooks")
    async def listing(request: Request) -> HTTPResponse:
        def found() -> JsonDict:
            return {
                "data": [webhook.body() for webhook in hooks.webhooks.values()],
                "meta": {"result_count": len(hooks.webhooks)},
            }

        return await counter.ask(request, "webhooks", _APP, found)

    @blueprint.put("/webhooks/<webhook_id:str>")
    async def validate(request: Request, webhook_id: str) -> HTTPResponse:
        passed = counter.who(request) == "app" and await _passes(platform, lambda: known(webhook_id).url)
        return await counter.ask(request, "webhooks", _APP, lambda: check_again(webhook_id, passed))

    @blueprint.delete("/webhooks/<webhook_id:str>")
    async def remove(request: Request, webhook_id: str) -> HTTPResponse:
        return await counter.ask(request, "webhooks", _APP, lambda: delete(webhook_id))


def _add_subscriptions(blueprint: Blueprint, platform: XPlatform, counter: _Counter) -> None:
    """https://docs.x.com/x-api/activity/introduction"""
    hooks = platform.hooks

    def total() -> JsonDict:
        return {"total_subscriptions": len(hooks.subscriptions)}

    def subscribe(request: Request) -> JsonDict:
        event_type, user_id, tag, webhook_id = wanted_subscription(_body(request))
        if event_type not in EVENT_TYPES:
            raise errors.invalid("$.event_type: not one of the known ones", event_type=event_type)
        if user_id != platform.brand.id:
            raise errors.not_yours(user_id)
        if webhook_id not in hooks.webhooks:
            raise errors.missing("webhook", webhook_id)
        item = Subscription(platform.new_id(""), event_type, user_id, tag, webhook_id, platform.now_ms())
        if not hooks.subscribe(item):
            raise errors.invalid("DuplicateSubscriptionFailed: this subscription exists already")
        return {"data": {"subscription": item.body()}, "meta": total()}

    def unsubscribe(subscription_id: str) -> JsonDict:
        if hooks.subscriptions.pop(subscription_id, None) is None:
            raise errors.missing("subscription", subscription_id)
        return {"data": {"deleted": True}, "meta": total()}

    @blueprint.post("/activity/subscriptions")
    async def create(request: Request) -> HTTPResponse:
        return await counter.ask(request, "subscriptions", _APP, lambda: subscribe(request), 201)

    @blueprint.get("/activity/subscriptions")
    async def listing(request: Request) -> HTTPResponse:
        def found() -> JsonDict:
            return {"data": [each.body() for each in hooks.subscriptions.values()], "meta": total()}

        return await counter.ask(request, "subscriptions", _APP, found)

    @blueprint.delete("/activity/subscriptions/<subscription_id:str>")
    async def remove(request: Request, subscription_id: str) -> HTTPResponse:
        return await counter.ask(request, "subscriptions", _APP, lambda: unsubscribe(subscription_id))


async def _passes(platform: XPlatform, url: Callable[[], str]) -> bool:
    """Whether the address answers the challenge; not when there is no such address."""
    try:
        return await platform.answers_crc(url())
    except Refusal:
        return False


def _url(request: Request) -> str:
    url = _body(request).get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > 2_000:
        raise errors.invalid("$.url: an address is expected")
    return url


def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.invalid("The body is not a JSON object") from None


def _params(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in request.args.items()}
