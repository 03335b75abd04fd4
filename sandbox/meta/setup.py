"""What an app sets up and asks about itself: webhooks, subscriptions, tokens and objects.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started,
https://developers.facebook.com/docs/graph-api/reference/debug_token
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from sanic import HTTPResponse

from sandbox.http import answer
from sandbox.meta.accounts import APP_ID, PHONE_NUMBER
from sandbox.meta.calls import Call, chosen
from sandbox.meta.errors import bad_parameter, graph_error
from sandbox.meta.platform import MetaPlatform
from sandbox.meta.whatsapp import Whatsapp

_APP_NAME = "Sigap"


class Setup:
    """One app with several accounts; each kind of account has a secret of its own."""

    def __init__(self, platforms: Sequence[MetaPlatform]) -> None:
        self._platforms = platforms

    async def subscribe(self, call: Call) -> HTTPResponse:
        """`POST /{app-id}/subscriptions`: the receiver has to return a challenge before it is accepted."""
        platform = self._of_object(call)
        url, fields = call.text("callback_url"), call.names("fields")
        if not url.startswith(("https://", "http://")) or not fields:
            raise bad_parameter("callback_url and fields are required.")
        challenge = str(secrets.randbelow(10**10))
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": call.text("verify_token"),
        }
        found = await platform.outlet.ask(url, asked)
        if found is None:
            raise _not_verified("The URL couldn't be validated: connection failed.")
        if found.status_code != HTTPStatus.OK:
            raise _not_verified(f"HTTP Status Code = {found.status_code}; HTTP Message = {found.reason_phrase}")
        if found.text != challenge:
            raise _not_verified("Response does not match challenge.")
        platform.subscribe_app(url, fields)
        return answer({"success": True})

    def subscriptions(self, call: Call) -> HTTPResponse:
        """`GET /{app-id}/subscriptions`: those that this secret may see."""
        found = [
            {
                "object": platform.object_name,
                "callback_url": platform.outlet.url,
                "active": True,
                "fields": [{"name": field, "version": "v26.0"} for field in sorted(platform.app_fields)],
            }
            for platform in self._platforms
            if platform.outlet.url and platform.is_app(call.token)
        ]
        return answer({"data": found})

    def unsubscribe(self, call: Call) -> HTTPResponse:
        """`DELETE /{app-id}/subscriptions?object=…`"""
        self._of_object(call).subscribe_app("", frozenset())
        return answer({"success": True})

    def debug_token(self, call: Call) -> HTTPResponse:
        """`GET /debug_token?input_token=…`"""
        asked = call.text("input_token")
        platform = next((one for one in self._platforms if one.is_token(asked)), None)
        if platform is None:
            invalid = {"code": 190, "message": "Invalid OAuth access token."}
            return answer({"data": {"is_valid": False, "error": invalid, "scopes": []}})
        data: dict[str, Any] = {
            "app_id": APP_ID,
            "type": "PAGE" if platform.object_name == "page" else "SYSTEM_USER",
            "application": _APP_NAME,
            "data_access_expires_at": 0,
            "expires_at": 0,
            "is_valid": not platform.revoked,
            "scopes": [] if platform.revoked else list(platform.scopes),
            "profile_id": platform.account_id,
        }
        if platform.revoked:
            data["error"] = {"code": 190, "subcode": 458, "message": "The user has not authorized the application."}
        return answer({"data": data})

    def app(self, call: Call) -> HTTPResponse:
        """`GET /{app-id}`"""
        return answer(chosen(call.text("fields"), {"id": APP_ID, "name": _APP_NAME}))

    def _of_object(self, call: Call) -> MetaPlatform:
        name = call.text("object")
        platform = next((one for one in self._platforms if one.object_name == name), None)
        if platform is None:
            raise bad_parameter("Param object must be one of page, instagram, whatsapp_business_account.")
        if not platform.is_app(call.token):
            raise graph_error(190, message="Invalid OAuth access token - Cannot parse access token")
        return platform


def subscribe_account(platform: MetaPlatform, call: Call) -> HTTPResponse:
    """`POST /{account}/subscribed_apps`. A WhatsApp business account takes no fields: it subscribes to all."""
    fields = call.names("subscribed_fields")
    if isinstance(platform, Whatsapp):
        fields = frozenset({"messages", "smb_message_echoes", "user_preferences", "user_id_update", "account_update"})
    elif not fields:
        raise bad_parameter("The parameter subscribed_fields is required.")
    platform.account_fields = fields
    return answer({"success": True})


def subscribed_apps(platform: MetaPlatform, call: Call) -> HTTPResponse:
    """`GET /{account}/subscribed_apps`"""
    if platform.account_fields is None:
        return answer({"data": []})
    if isinstance(platform, Whatsapp):
        about = {"id": APP_ID, "name": _APP_NAME, "link": "https://www.facebook.com/games/?app_id=900100"}
        return answer({"data": [{"whatsapp_business_api_data": about}]})
    return answer({"data": [{"id": APP_ID, "name": _APP_NAME, "subscribed_fields": sorted(platform.account_fields)}]})


def unsubscribe_account(platform: MetaPlatform, call: Call) -> HTTPResponse:
    """`DELETE /{account}/subscribed_apps`"""
    platform.account_fields = None
    return answer({"success": True})


def account(platform: MetaPlatform, call: Call) -> HTTPResponse:
    """`GET /{account}?fields=…`, also for /me."""
    brand = platform.brand
    if isinstance(platform, Whatsapp):
        about: dict[str, Any] = {
            "id": platform.account_id,
            "display_phone_number": PHONE_NUMBER,
            "verified_name": brand.name,
            "quality_rating": "GREEN",
            "code_verification_status": "VERIFIED",
        }
        if call.object_id == platform.subscribed_object:
            about = {"id": platform.subscribed_object, "name": brand.name}
    else:
        about = {
            "id": platform.account_id,
            "name": brand.name,
            "username": brand.username,
            "user_id": platform.account_id,
            "account_type": "BUSINESS",
            "link": f"https://www.facebook.com/{platform.account_id}",
        }
    return answer(chosen(call.text("fields"), about))


def _not_verified(words: str) -> Exception:
    return graph_error(2200, message=f"(#2200) Callback verification failed with the following errors: {words}")
