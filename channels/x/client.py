"""The way to X: calls in the account's name signed with OAuth 1.0a, those of the app with its bearer token."""

from __future__ import annotations

import logging

import httpx
import msgspec
from oauthlib import oauth1

from channels.http import BearerToken, HttpxTransport
from channels.messages import ApiCall
from channels.x.settings import XSettings

# https://docs.x.com/x-api/webhooks/introduction: "All endpoints require OAuth2 App Only Bearer Token"
_OF_THE_APP = ("/2/webhooks", "/2/activity/")
_SUBSCRIPTIONS = "/2/activity/subscriptions"


class XTransport(HttpxTransport):
    """Carries an ApiCall. Raises Unavailable when it certainly did not leave, else Ambiguous.

    https://docs.x.com/fundamentals/authentication/oauth-1-0a/authorizing-a-request
    """

    def __init__(self, settings: XSettings) -> None:
        super().__init__(settings.base_url, BearerToken(settings.bearer_token))
        # It writes the signature and what it is made of at DEBUG.
        logging.getLogger("oauthlib").setLevel(logging.WARNING)
        self._user_token = settings.user_token
        self._signer = oauth1.Client(
            settings.consumer_key,
            client_secret=settings.consumer_secret,
            resource_owner_key=settings.access_token,
            resource_owner_secret=settings.access_token_secret,
        )

    async def _send(self, call: ApiCall) -> httpx.Response:
        """Signed anew at each attempt: a nonce is good for one."""
        proof = self._proof(call)
        if proof:
            call = msgspec.structs.replace(call, headers={**call.headers, "authorization": proof})
        return await super()._send(call)

    def _proof(self, call: ApiCall) -> str:
        """The Authorization header; "" leaves the app's own in place."""
        if call.path.startswith(_SUBSCRIPTIONS) and call.method != "GET" and self._user_token:
            return f"Bearer {self._user_token}"
        if call.path.startswith(_OF_THE_APP):
            return ""
        # A JSON body is no part of what is signed; the query is, as it is written on the wire.
        url = self._http.build_request(call.method, call.path.lstrip("/"), params=dict(call.query) or None).url
        _, headers, _ = self._signer.sign(str(url), http_method=call.method)
        return str(headers["Authorization"])
