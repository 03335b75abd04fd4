"""The way to the Graph API: https://developers.facebook.com/docs/graph-api/overview

A call that needs the app's own proof instead of the account's token says so with the header `AS_APP`. Secrets are
put on the request here, so that an ApiCall never holds one: the app's token, `verify_token` for a subscription,
`input_token` for a look at our token, and `appsecret_proof`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from channels.base import Transport
from channels.errors import Ambiguous, Unavailable
from channels.http import BearerToken, HttpxTransport
from channels.messages import ApiCall, ApiResponse
from channels.meta.errors import raise_for
from channels.meta.settings import GraphSettings
from channels.meta.usage import usage

__all__ = ["AS_APP", "DEBUG_TOKEN", "GraphTransport", "ask", "question", "subscribe", "transport", "usage"]

AS_APP: Mapping[str, str] = {"x-speak-as": "app"}  # never leaves: GraphTransport takes it off
DEBUG_TOKEN = "debug_token"  # noqa: S105 - the path's name


class GraphTransport:
    """Carries an ApiCall with the account's token, or as the app. Raises Unavailable or Ambiguous.

    `app_url`: where the app's own calls go, when that is not `settings.graph_url`.
    """

    def __init__(self, settings: GraphSettings, token: str, *, app_url: str = "") -> None:
        self._settings = settings
        self._token = token
        self._app_token = f"{settings.app_id}|{settings.app_secret}"
        self._account = HttpxTransport(settings.graph_url, BearerToken(token))
        self._app_url = app_url or settings.graph_url
        self._app: HttpxTransport | None = None

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        as_app = all(call.headers.get(name) == value for name, value in AS_APP.items())
        carrier = self._as_app() if as_app else self._account
        return await carrier.call(self._complete(call, as_app=as_app), idempotency_key=idempotency_key)

    async def close(self) -> None:
        await self._account.close()
        if self._app is not None:
            await self._app.close()
            self._app = None

    def _as_app(self) -> HttpxTransport:
        # Made on first use: only start and check speak as the app.
        if self._app is None:
            self._app = HttpxTransport(self._app_url, BearerToken(self._app_token))
        return self._app

    def _complete(self, call: ApiCall, *, as_app: bool) -> ApiCall:
        query, json = dict(call.query), dict(call.json)
        if as_app and call.path == DEBUG_TOKEN:
            query["input_token"] = self._token
        if as_app and call.method == "POST" and call.path.endswith("/subscriptions"):
            json["verify_token"] = self._settings.verify_token
        if self._settings.appsecret_proof:
            # https://developers.facebook.com/docs/graph-api/guides/secure-requests
            token = self._app_token if as_app else self._token
            secret = self._settings.app_secret.encode()
            query["appsecret_proof"] = hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()
        headers = {name: value for name, value in call.headers.items() if name not in AS_APP}
        return msgspec.structs.replace(call, query=query, json=json, headers=headers)


def transport(settings: GraphSettings, token: str, *, app_url: str = "") -> Transport:
    """The client for an account whose token this is."""
    return GraphTransport(settings, token, app_url=app_url)


async def question(
    transport: Transport,
    method: str,
    path: str,
    *,
    json: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    as_app: bool = False,
) -> ApiResponse:
    """The answer to a call that sends nothing to anybody, so that asking again changes nothing. Raises a SendError,
    never Ambiguous."""
    call = ApiCall(method=method, path=path, json=json or {}, query=query or {}, headers=AS_APP if as_app else {})
    try:
        response = await transport.call(call, idempotency_key=path)
        raise_for(response)
    except Ambiguous as error:
        raise Unavailable(error.detail, code=error.code) from None
    return response


async def ask(
    transport: Transport,
    method: str,
    path: str,
    *,
    json: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    as_app: bool = False,
) -> Mapping[str, Any]:
    """The body of the answer to a `question`. Raises a SendError."""
    return (await question(transport, method, path, json=json, query=query, as_app=as_app)).body


async def subscribe(
    transport: Transport,
    app_id: str,
    *,
    kind: str,
    fields: Sequence[str],
    callback_url: str,
    account: str,
    account_fields: Sequence[str] | None = None,
) -> None:
    """Tell Meta where to deliver, for the app and for the account. Doing it again changes nothing. Raises a SendError.

    `kind`: page, instagram or whatsapp_business_account. `account`: the id whose events we want; `account_fields`
    differ from `fields` where the account takes others, and are empty where it takes none (WhatsApp).
    Meta asks for the challenge before it answers the first call.
    https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/
    """
    await ask(
        transport,
        "POST",
        f"{app_id}/subscriptions",
        json={"object": kind, "callback_url": callback_url, "fields": ",".join(fields), "include_values": True},
        as_app=True,
    )
    wanted = fields if account_fields is None else account_fields
    await ask(
        transport,
        "POST",
        f"{account}/subscribed_apps",
        json={"subscribed_fields": ",".join(wanted)} if wanted else {},
    )
