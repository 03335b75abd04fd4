"""The way in for every webhook, without a web framework: handshake, then proof, then reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from channels.base import Channel
from channels.errors import PayloadError, SignatureError
from channels.messages import InboundEvent, RawRequest, RawResponse


class Handshake(msgspec.Struct, frozen=True):
    """A subscription challenge. Nothing to store; answer with `response`."""

    response: RawResponse


class Received(msgspec.Struct, frozen=True):
    """Every event of a proven request, in order. Store them all, then answer with `response`."""

    events: Sequence[InboundEvent]
    response: RawResponse = RawResponse(status=200)


class Unreadable(msgspec.Struct, frozen=True):
    """A proven request that could not be read. Keep `request` aside, then answer with `response`.

    The answer is 200, because the platform would send the same bytes again, and some platforms switch a
    webhook off that keeps failing.
    """

    request: RawRequest
    reason: str
    response: RawResponse = RawResponse(status=200)


class Refused(msgspec.Struct, frozen=True):
    """Not proven to come from the platform. Store nothing; answer with `response`."""

    reason: str
    response: RawResponse = RawResponse(status=401)


Outcome = Handshake | Received | Unreadable | Refused


def receive(channel: Channel[Any], request: RawRequest) -> Outcome:
    """What a request to the channel's webhook is. Never raises; every outcome carries the answer to give."""
    try:
        challenge = channel.handshake(request)
        if challenge is not None:
            return Handshake(challenge)
        channel.verify(request)
    except SignatureError as error:
        return Refused(str(error))
    try:
        return Received(channel.parse(request))
    except PayloadError as error:
        return Unreadable(request, str(error))
    except Exception as error:
        # A mistake in an adapter must not lose what the customer wrote: the bytes are kept for a retry after
        # the fix. Only the type is named, because the text of an unforeseen error may quote the message.
        return Unreadable(request, f"unforeseen {type(error).__name__} in channel {channel.name}")
