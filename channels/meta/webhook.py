"""Proof and challenge of Meta's webhooks: https://developers.facebook.com/docs/graph-api/webhooks/getting-started"""

from __future__ import annotations

import hashlib
import hmac

from channels.errors import SignatureError
from channels.messages import RawRequest, RawResponse
from channels.signing import require_equal

SIGNATURE_HEADER = "x-hub-signature-256"


def verify(request: RawRequest, app_secret: str) -> None:
    """Check the HMAC over the untouched bytes: Meta signs non-ASCII text in its escaped form, so that JSON written
    anew would never match. The older SHA-1 header proves nothing here. Raises SignatureError.
    """
    if not app_secret:
        raise SignatureError("the app secret is not set")  # an HMAC with an empty key is anybody's
    digest = hmac.new(app_secret.encode(), request.body, hashlib.sha256).hexdigest()
    require_equal(request.headers.get(SIGNATURE_HEADER), f"sha256={digest}", what="X-Hub-Signature-256")


def handshake(request: RawRequest, verify_token: str) -> RawResponse | None:
    """The raw challenge, when this is a subscription's; None when it is not. Raises SignatureError: wrong token."""
    if request.method != "GET" or request.query.get("hub.mode") != "subscribe":
        return None
    require_equal(request.query.get("hub.verify_token"), verify_token, what="hub.verify_token")
    return RawResponse(body=request.query.get("hub.challenge", ""))
