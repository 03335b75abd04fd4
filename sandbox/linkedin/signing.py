"""How LinkedIn proves that it is LinkedIn. https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation"""

from __future__ import annotations

import hmac


def challenge_answer(client_secret: str, code: str) -> str:
    """What a receiver must answer to `challengeCode`: lower-case hex."""
    return hmac.digest(client_secret.encode(), code.encode(), "sha256").hex()


def body_signature(client_secret: str, body: bytes) -> str:
    """`X-LI-Signature`: lower-case hex over a fixed prefix and the body."""
    return hmac.digest(client_secret.encode(), b"hmacsha256=" + body, "sha256").hex()
