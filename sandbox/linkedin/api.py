"""LinkedIn's REST API over HTTP, under /linkedin. https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from sandbox.http import answer
from sandbox.linkedin import errors, payloads, urns
from sandbox.linkedin.platform import (
    APPLICATION,
    CLIENT_ID,
    CLIENT_SECRET,
    MEMBER,
    REFRESH_TOKEN,
    LinkedinPlatform,
)
from sandbox.linkedin.writing import Writing
from sandbox.social.door import Door

# The newest version that LinkedIn has ended (2026-08-17). Newer ones work here for ever.
_ENDED_VERSION = "202508"
_MOST = 100


def linkedin_api(platform: LinkedinPlatform) -> Blueprint:
    """The routes."""
    blueprint = Blueprint("linkedin", url_prefix="/linkedin")
    gate = _Gate(platform)
    _add_comments(blueprint, platform, gate)
    _add_organization(blueprint, platform, gate)
    _add_subscriptions(blueprint, platform, gate)
    _add_sign_in(blueprint, platform)
    return blueprint


class _Gate:
    """Checks the token and the version before a call is carried out."""

    def __init__(self, platform: LinkedinPlatform) -> None:
        self._platform = platform
        self._door = Door(
            platform,
            unavailable=errors.internal,
            limited=lambda _: errors.comments_throttled(),
            failing=errors.failure,
            headers=lambda _: {"date": formatdate(platform.now(), usegmt=True)},
        )

    async def ask(self, request: Request, action: Callable[[], HTTPResponse]) -> HTTPResponse:
        """A call that no member sees."""
        return await self._door.ask(request, lambda: self._do(request, action))

    async def send(self, request: Request, action: Callable[[], HTTPResponse]) -> HTTPResponse | None:
        """A call that puts something on members' screens."""
        return await self._door.send(request, lambda: self._do(request, action))

    def knows(self, request: Request) -> bool:
        """Whether the call has a living token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        living = self._platform.tokens.get(token.strip(), 0.0) > time.time()
        return scheme.lower() == "bearer" and living and not self._platform.revoked

    def _do(self, request: Request, action: Callable[[], HTTPResponse]) -> HTTPResponse:
        if not self.knows(request):
            raise errors.revoked_token() if self._platform.revoked else errors.bad_token()
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise errors.no_version()
        if not re.fullmatch(r"\d{6}(\.\d{2})?", version) or version[:6] <= _ENDED_VERSION:
            raise errors.old_version(version[:20])
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise errors.bad("X-Restli-Protocol-Version: 2.0.0 is expected")
        return action()


def _add_comments(blueprint: Blueprint, platform: LinkedinPlatform, gate: _Gate) -> None:
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api"""
    writing = Writing(platform)

    def create(request: Request, urn: str) -> HTTPResponse:
        row = writing.comment(unquote(urn), _body(request))
        return _with_id(answer(row, 201), row["id"])

    def listing(request: Request, urn: str) -> HTTPResponse:
        target = urns.same(unquote(urn))
        start, count = _paging(request)
        if urns.number(target):
            parent = writing.find(target, target)
            return answer(payloads.page(platform.comments_on(urns.thread(target), parent.id), start, count))
        post = platform.post_of(target)
        entry = None if post else platform.find(target)
        if not post and (entry is None or entry.deleted):
            raise errors.missing("Post not found")
        thread = platform.thread_of(post or (entry.id if entry else ""))
        return answer(payloads.page(platform.comments_on(thread, ""), start, count))

    def read(urn: str, comment_id: str) -> HTTPResponse:
        entry = writing.find(unquote(urn), unquote(comment_id))
        return answer(payloads.comment_row(platform.comment(entry)))

    def edit(request: Request, urn: str, comment_id: str) -> HTTPResponse:
        if request.headers.get("x-restli-method", "").upper() != "PARTIAL_UPDATE":
            raise errors.bad("X-RestLi-Method: PARTIAL_UPDATE is expected")
        writing.edit(unquote(comment_id), unquote(urn), request.args.get("actor", ""), _body(request))
        return HTTPResponse(status=204)

    def delete(request: Request, urn: str, comment_id: str) -> HTTPResponse:
        writing.delete(unquote(comment_id), unquote(urn), request.args.get("actor", ""))
        return HTTPResponse(status=204)

    @blueprint.post("/rest/socialActions/<urn:str>/comments")
    async def post_comment(request: Request, urn: str) -> HTTPResponse | None:
        return await gate.send(request, lambda: create(request, urn))

    @blueprint.get("/rest/socialActions/<urn:str>/comments")
    async def get_comments(request: Request, urn: str) -> HTTPResponse:
        return await gate.ask(request, lambda: listing(request, urn))

    @blueprint.get("/rest/socialActions/<urn:str>/comments/<comment_id:str>")
    async def get_comment(request: Request, urn: str, comment_id: str) -> HTTPResponse:
        return await gate.ask(request, lambda: read(urn, comment_id))

    @blueprint.post("/rest/socialActions/<urn:str>/comments/<comment_id:str>")
    async def patch_comment(request: Request, urn: str, comment_id: str) -> HTTPResponse:
        return await gate.ask(request, lambda: edit(request, urn, comment_id))

    @blueprint.delete("/rest/socialActions/<urn:str>/comments/<comment_id:str>")
    async def delete_comment(request: Request, urn: str, comment_id: str) -> HTTPResponse:
        return await gate.ask(request, lambda: delete(request, urn, comment_id))


def _add_organization(blueprint: Blueprint, platform: LinkedinPlatform, gate: _Gate) -> None:
    """Posts, notifications and roles."""

    def post(urn: str) -> HTTPResponse:
        """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api"""
        own = platform.post_of(unquote(urn))
        entry = None if own else platform.find(unquote(urn))
        if own:
            return answer({"id": unquote(urn), "author": platform.brand.id, "commentary": platform.posts[own].text})
        if entry is None or entry.deleted or urns.number(entry.id):
            raise errors.missing("Post not found")
        text = platform.little_text(entry.text)
        return answer({"id": entry.id, "author": entry.customer, "commentary": text, "createdAt": entry.at})

    def notifications(request: Request) -> HTTPResponse:
        """Newest first. LinkedIn keeps them for 60 days."""
        if request.args.get("q") != "criteria" or request.args.get("organizationalEntity") != platform.brand.id:
            raise errors.denied("Not enough permissions to access: GET /organizationalEntityNotifications")
        actions = set(urns.items(request.args.get("actions", "")))
        span = urns.record(request.args.get("timeRange", "()"), str)
        if any(not value.isdigit() for value in span.values()):
            raise errors.bad("timeRange: milliseconds are expected")
        first, last = int(span.get("start", "0")), int(span.get("end", "9" * 15))
        found = [
            told
            for told in reversed(platform.notifications)
            if (not actions or told["action"] in actions) and first <= told["lastModifiedAt"] < last
        ]
        return answer(payloads.page(found, *_paging(request)))

    def roles(request: Request) -> HTTPResponse:
        """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role"""
        if request.args.get("q") not in ("roleAssignee", "organization"):
            raise errors.bad("q: roleAssignee or organization is expected")
        row = {
            "organization": platform.brand.id,
            "organizationTarget": platform.brand.id,
            "role": "ADMINISTRATOR",
            "roleAssignee": MEMBER,
            "state": "APPROVED",
        }
        return answer(payloads.page([row] if request.args.get("role", row["role"]) == row["role"] else [], 0, _MOST))

    @blueprint.get("/rest/posts/<urn:str>")
    async def get_post(request: Request, urn: str) -> HTTPResponse:
        return await gate.ask(request, lambda: post(urn))

    @blueprint.get("/rest/organizationalEntityNotifications")
    async def get_notifications(request: Request) -> HTTPResponse:
        return await gate.ask(request, lambda: notifications(request))

    @blueprint.get("/rest/organizationAcls")
    async def get_roles(request: Request) -> HTTPResponse:
        return await gate.ask(request, lambda: roles(request))


def _add_subscriptions(blueprint: Blueprint, platform: LinkedinPlatform, gate: _Gate) -> None:
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications

    Unlike LinkedIn, plain HTTP and a port are taken, and the address is challenged when it is subscribed: LinkedIn
    does that in its developer portal.
    """
    ours = {
        "developerApplication": APPLICATION,
        "user": MEMBER,
        "entity": platform.brand.id,
        "eventType": payloads.EVENT_TYPE,
    }

    def is_ours(key: str) -> None:
        if urns.record(key if key.startswith("(") else unquote(key)) != ours:
            raise errors.denied("Not enough permissions for this application, user or organization")

    def row() -> payloads.JsonDict:
        if platform.subscription is None:
            raise errors.missing("The subscription was not found")
        return {**ours, "webhook": platform.subscription.webhook, "expiresAt": platform.subscription.expires}

    def subscribe(request: Request, key: str, passed: bool) -> HTTPResponse:
        is_ours(key)
        webhook = _webhook(request)
        if not webhook:
            raise errors.bad("webhook: an address is expected")
        if not passed:
            raise errors.bad("The webhook did not pass validation")
        platform.subscribe(webhook)
        return HTTPResponse(status=204)

    def read(key: str) -> HTTPResponse:
        is_ours(key)
        return answer(row())

    def unsubscribe(key: str) -> HTTPResponse:
        is_ours(key)
        row()
        platform.unsubscribe()
        return HTTPResponse(status=204)

    @blueprint.put("/rest/eventSubscriptions/<key:str>")
    async def put(request: Request, key: str) -> HTTPResponse:
        webhook = _webhook(request)
        passed = bool(webhook) and gate.knows(request) and await platform.answers_challenge(webhook)
        return await gate.ask(request, lambda: subscribe(request, key, passed))

    @blueprint.get("/rest/eventSubscriptions/<key:str>")
    async def get(request: Request, key: str) -> HTTPResponse:
        return await gate.ask(request, lambda: read(key))

    @blueprint.get("/rest/eventSubscriptions")
    async def listing(request: Request) -> HTTPResponse:
        return await gate.ask(
            request, lambda: answer(payloads.page([row()] if platform.subscription else [], 0, _MOST))
        )

    @blueprint.delete("/rest/eventSubscriptions/<key:str>")
    async def delete(request: Request, key: str) -> HTTPResponse:
        return await gate.ask(request, lambda: unsubscribe(key))


def _add_sign_in(blueprint: Blueprint, platform: LinkedinPlatform) -> None:
    """https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens"""

    def is_app(request: Request) -> bool:
        secret = request.form.get("client_secret", "")
        return request.form.get("client_id") == CLIENT_ID and hmac.compare_digest(
            secret.encode(), CLIENT_SECRET.encode()
        )

    @blueprint.post("/oauth/v2/accessToken")
    async def renew(request: Request) -> HTTPResponse:
        if not is_app(request):
            return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        if request.form.get("grant_type") != "refresh_token":
            wrong = "The grant type is not supported"
            return answer({"error": "unsupported_grant_type", "error_description": wrong}, 400)
        if request.form.get("refresh_token") != REFRESH_TOKEN or platform.revoked:
            wrong = "The provided authorization grant or refresh token is invalid, expired or revoked"
            return answer({"error": "invalid_grant", "error_description": wrong}, 400)
        return answer(platform.renew())

    @blueprint.post("/oauth/v2/introspectToken")
    async def introspect(request: Request) -> HTTPResponse:
        """https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection"""
        if not is_app(request):
            return answer({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        expires = platform.tokens.get(request.form.get("token", ""))
        if expires is None:
            return answer({"active": False, "status": "invalid"})
        living = expires > time.time() and not platform.revoked
        status = "active" if living else "revoked" if platform.revoked else "expired"
        return answer(
            {
                "active": living,
                "status": status,
                "client_id": CLIENT_ID,
                "scope": "r_organization_social,w_organization_social,rw_organization_admin",
                "expires_at": int(expires),
                "auth_type": "3L",
            }
        )


def _with_id(response: HTTPResponse, comment_id: str) -> HTTPResponse:
    response.headers["x-restli-id"] = comment_id
    return response


def _paging(request: Request) -> tuple[int, int]:
    start, count = request.args.get("start", "0"), request.args.get("count", "10")
    if not (start.isdigit() and count.isdigit()):
        raise errors.bad("start and count must be numbers")
    return int(start), min(int(count), _MOST)


def _webhook(request: Request) -> str:
    try:
        body = msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    url = body.get("webhook")
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= 2_000 else ""


def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.bad("The body is not a JSON object") from None
