"""The way to LinkedIn: its API through the shared transport, its sign-in server for what holds secrets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from channels.errors import Unavailable
from channels.http import CONNECT_S, READ_S, HttpxTransport
from channels.linkedin.settings import LinkedinSettings
from channels.linkedin.wire import INTROSPECT
from channels.messages import ApiCall, ApiResponse

_RENEW = "oauth/v2/accessToken"
# Calls that were under way with the old token come back refused after it was renewed: once is enough for all.
_FRESH_S = 30.0


class SignIn:
    """LinkedIn's sign-in server. Raises Unavailable: nothing that it is asked changes anything for a customer.

    https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
    https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection
    """

    def __init__(self, settings: LinkedinSettings) -> None:
        self._client = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        self._http = httpx.AsyncClient(
            base_url=settings.sign_in_url.rstrip("/") + "/",
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            trust_env=urlsplit(settings.sign_in_url).scheme == "https",
        )

    async def new_token(self, refresh_token: str) -> str:
        """A new access token; "" when the refresh token is refused (it ends after a year, whatever one does)."""
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = await self._post(_RENEW, fields)
        token = answer.body.get("access_token")
        return token if answer.status == httpx.codes.OK and isinstance(token, str) else ""

    async def introspect(self, token: str) -> ApiResponse:
        return await self._post(INTROSPECT, {"token": token})

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, path: str, fields: Mapping[str, str]) -> ApiResponse:
        try:
            answer = await self._http.post(path, data={**self._client, **fields})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"POST …/{path.rsplit('/', 1)[-1]}: {type(error).__name__}") from None
        if (
            answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            or answer.status_code == httpx.codes.TOO_MANY_REQUESTS
        ):
            raise Unavailable(f"POST …/{path.rsplit('/', 1)[-1]}: HTTP {answer.status_code}")
        return ApiResponse(status=answer.status_code, body=_body(answer))


class RenewingToken:
    """The access token of 60 days, renewed when LinkedIn refuses it.

    The refresh token stays the same, so that every process may renew for itself; within one, a renewal serves
    all calls that wait for it.
    """

    def __init__(self, settings: LinkedinSettings, sign_in: SignIn) -> None:
        self.value = settings.token
        self._refresh_token = settings.refresh_token
        self._sign_in = sign_in
        self._one_at_a_time = asyncio.Lock()
        self._renewed_at = float("-inf")

    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.value}"}

    async def renew(self) -> bool:
        """Raises Unavailable when the sign-in server cannot be asked: the token may well be renewed later."""
        if not self._refresh_token:
            return False
        async with self._one_at_a_time:
            if time.monotonic() - self._renewed_at < _FRESH_S:
                return True
            token = await self._sign_in.new_token(self._refresh_token)
            if not token:
                return False
            self.value = token
            self._renewed_at = time.monotonic()
            return True


class LinkedinTransport:
    """Carries an ApiCall to LinkedIn, with the version and protocol that every call must name."""

    def __init__(self, settings: LinkedinSettings) -> None:
        self._sign_in = SignIn(settings)
        self._token = RenewingToken(settings, self._sign_in)
        self._api = HttpxTransport(
            settings.base_url,
            self._token,
            headers={"linkedin-version": settings.version, "x-restli-protocol-version": "2.0.0"},
        )

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        if call.path == INTROSPECT:
            return await self._sign_in.introspect(self._token.value)
        return await self._api.call(call, idempotency_key=idempotency_key)

    async def close(self) -> None:
        await self._api.close()
        await self._sign_in.close()


def _body(answer: httpx.Response) -> dict[str, object]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
