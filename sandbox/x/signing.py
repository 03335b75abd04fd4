"""Who calls, and how X proves that it is X.

OAuth 1.0a is written here from the standard (https://www.rfc-editor.org/rfc/rfc5849#section-3.4), not taken from
the library that the caller signs with, so that the two check each other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote

import msgspec

# How far the caller's clock may be off, in seconds (X refuses with code 135; the number is ours).
_CLOCK_SKEW_S = 300
_NONCES_KEPT = 10_000


class Keys(msgspec.Struct, frozen=True):
    """What X gave to the app and to the brand's account."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str
    bearer_token: str


class Call(msgspec.Struct, frozen=True):
    """What of a request is signed. `url` is as the caller wrote it, with the query."""

    method: str
    url: str
    authorization: str
    content_type: str = ""
    body: bytes = b""


def sha256_token(secret: str, message: bytes) -> str:
    """`sha256=` and the base64 HMAC: the CRC answer and the webhook signature.

    https://docs.x.com/x-api/webhooks/introduction
    """
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


class Callers:
    """Tells who made a call."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock
        self._nonces: OrderedDict[str, None] = OrderedDict()

    def who(self, call: Call) -> str:
        """`user` (OAuth 1.0a as the brand), `app` (the app-only bearer token) or `` (nobody we know)."""
        scheme, _, rest = call.authorization.partition(" ")
        if scheme.lower() == "bearer":
            return "app" if hmac.compare_digest(rest.strip().encode(), self._keys.bearer_token.encode()) else ""
        return "user" if scheme.lower() == "oauth" and self._signed(call, _header_params(rest)) else ""

    def _signed(self, call: Call, given: Mapping[str, str]) -> bool:
        nonce, timestamp = given.get("oauth_nonce", ""), given.get("oauth_timestamp", "")
        if (
            given.get("oauth_consumer_key") != self._keys.consumer_key
            or given.get("oauth_token") != self._keys.access_token
            or given.get("oauth_signature_method") != "HMAC-SHA1"
            or given.get("oauth_version", "1.0") != "1.0"
            or not nonce
            or not timestamp.isdigit()
            or abs(self._clock() - int(timestamp)) > _CLOCK_SKEW_S
        ):
            return False
        wanted = signature(call, given, self._keys.consumer_secret, self._keys.access_token_secret)
        if not hmac.compare_digest(wanted.encode(), given.get("oauth_signature", "").encode()):
            return False
        used = f"{timestamp} {nonce}"
        if used in self._nonces:
            return False
        self._nonces[used] = None
        while len(self._nonces) > _NONCES_KEPT:
            self._nonces.popitem(last=False)
        return True


def signature(call: Call, given: Mapping[str, str], consumer_secret: str, token_secret: str) -> str:
    """The HMAC-SHA1 of the signature base string, in base64."""
    base, _, query = call.url.partition("?")
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    params = [(key, value) for key, value in given.items() if key not in ("oauth_signature", "realm")]
    params += parse_qsl(query, keep_blank_values=True)
    if call.content_type.lower().startswith("application/x-www-form-urlencoded"):
        params += parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    pairs = sorted((_escape(key), _escape(value)) for key, value in params)
    text = "&".join(
        (
            call.method.upper(),
            _escape(f"{scheme.lower()}://{_without_default_port(scheme, host.lower())}{slash or '/'}{path}"),
            _escape("&".join(f"{key}={value}" for key, value in pairs)),
        )
    )
    key = f"{_escape(consumer_secret)}&{_escape(token_secret)}"
    # SHA-1 is what OAuth 1.0a prescribes.
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _header_params(text: str) -> dict[str, str]:
    """`key="value", …` with both percent-encoded."""
    found = {}
    for part in text.split(","):
        key, _, value = part.strip().partition("=")
        found[unquote(key)] = unquote(value.strip().strip('"'))
    return found


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix({"http": ":80", "https": ":443"}.get(scheme.lower(), "-"))


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
