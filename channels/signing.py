"""Comparing what a request claims with what only the platform can know."""

from __future__ import annotations

import hmac

from channels.errors import SignatureError


def require_equal(given: str | bytes | None, expected: str | bytes, *, what: str) -> None:
    """Compare in constant time. Raises SignatureError that names `what`, never either value.

    An empty expectation is refused whatever is given: a secret that was never set proves nothing. (Settings
    refuse it at start-up; this is the second lock.)
    """
    if given is None:
        raise SignatureError(f"{what} is missing")
    if not expected or not hmac.compare_digest(_octets(given), _octets(expected)):
        raise SignatureError(f"{what} does not match")


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
