"""The way to a platform's JSON API, over httpx: an answer stays an answer, only "there was none" is an exception."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from channels.errors import Ambiguous, Unavailable
from channels.messages import ApiCall, ApiResponse

CONNECT_S = 5.0
# Platforms answer a send within a second. Not longer, because a person's claim waits for what is on its way.
READ_S = 10.0

# Nothing had left when these happened. (A proxy that refuses has not passed anything on either.)
_BEFORE_LEAVING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_UNAUTHORIZED = 401
_LOCAL = ("127.0.0.1", "localhost", "::1")


class Authorization(Protocol):
    """Puts the proof of who we are on a request. Secrets live here, never in an ApiCall."""

    def headers(self) -> Mapping[str, str]: ...

    async def renew(self) -> bool:
        """Called after a 401: whether there are new credentials, so that the call is worth repeating."""


class BearerToken:
    """A token that lives until somebody replaces it."""

    def __init__(self, token: str) -> None:
        self._headers = {"authorization": f"Bearer {token}"}

    def headers(self) -> Mapping[str, str]:
        return self._headers

    async def renew(self) -> bool:
        return False


class HttpxTransport:
    """Carries an ApiCall. Raises Unavailable when it certainly did not leave, else Ambiguous.

    A path is relative to `base_url`. `headers` go on every call. `read_s`: seconds to wait for an answer.
    """

    def __init__(
        self,
        base_url: str,
        authorization: Authorization,
        *,
        headers: Mapping[str, str] | None = None,
        read_s: float = READ_S,
    ) -> None:
        # Its log lines quote addresses, which may hold what a customer wrote.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._authorization = authorization
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers=dict(headers or {}),
            timeout=httpx.Timeout(read_s, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            trust_env=urlsplit(base_url).hostname not in _LOCAL,
        )

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        """`idempotency_key` goes unused: none of these platforms knows one."""
        answer = await self._send(call)
        # Refused for who we are, so certainly not done: the one case in which a repeat is always safe.
        if answer.status_code == _UNAUTHORIZED and await self._authorization.renew():
            answer = await self._send(call)
        return ApiResponse(
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=_body(answer.content),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(self, call: ApiCall) -> httpx.Response:
        try:
            return await self._http.request(
                call.method,
                call.path.lstrip("/"),
                json=dict(call.json) if call.json else None,
                params=dict(call.query) or None,
                headers={**self._authorization.headers(), **call.headers},
            )
        except _BEFORE_LEAVING as error:
            raise Unavailable(f"{_place(call)}: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Ambiguous(f"{_place(call)}: {type(error).__name__}") from None


def _place(call: ApiCall) -> str:
    """The last word of the path: the ids before it may be a customer's."""
    return f"{call.method} …/{call.path.rstrip('/').rsplit('/', 1)[-1]}"[:80]


def _body(content: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}  # a proxy's error page, or nothing; the status says enough


def base_url_problem(url: str) -> str:
    """What is wrong with an API address, "" when nothing is: https anywhere, http on this machine only."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in _LOCAL:
        return ""
    return "is not an https:// address" if parts.hostname else "is not an address"
