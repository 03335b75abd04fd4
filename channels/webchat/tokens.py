"""Who a visitor is: a random id of our making in a signed, short-lived token. https://www.rfc-editor.org/rfc/rfc7519"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

import jwt

from channels.errors import SignatureError

ALGORITHM = "HS256"
AUDIENCE = "sigap-webchat"
LONGEST_TOKEN = 1024  # characters; ours have about 200
_VISITOR = re.compile(r"v[0-9A-Za-z_-]{22}")


def new_visitor() -> str:
    """An id that nobody can guess or choose (128 random bits)."""
    return "v" + secrets.token_urlsafe(16)


class VisitorTokens:
    """Signs and reads visitor tokens. PyJWT compares signatures in constant time."""

    def __init__(self, secret: str, *, lifetime: timedelta, refresh: timedelta) -> None:
        self._secret = secret
        self.lifetime = lifetime
        self._refresh = refresh

    def issue(self, visitor: str, now: datetime) -> str:
        claims = {"sub": visitor, "aud": AUDIENCE, "iat": now, "exp": now + self.lifetime}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def visitor_of(self, token: str) -> str:
        """The visitor that a live token names. Raises SignatureError."""
        return self._read(token, timedelta())

    def refreshable(self, token: str) -> str:
        """The visitor that a live or lately ended token names. Raises SignatureError."""
        return self._read(token, self._refresh)

    def _read(self, token: str, leeway: timedelta) -> str:
        if not token or len(token) > LONGEST_TOKEN:
            raise SignatureError("visitor token is missing or too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=leeway,
                options={"require": ["sub", "aud", "iat", "exp"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise SignatureError(f"visitor token refused ({type(error).__name__})") from None
        visitor = claims["sub"]
        if not isinstance(visitor, str) or not _VISITOR.fullmatch(visitor):
            raise SignatureError("visitor token names no visitor")
        return visitor
