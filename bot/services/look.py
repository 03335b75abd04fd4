"""Looks at a channel from the outside, for `sigap check`: what the platform says, and whether it could reach us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.base import Channel, PollingChannel
from channels.errors import ChannelError
from channels.messages import Health, Probe

# Answers with the status of a GET, or raises: kept out of here, because services know no HTTP library.
Fetch = Callable[[str], Awaitable[int]]


async def examine(channel: Channel[Any], address: str, fetch: Fetch) -> Health:
    """Everything about one channel. `address` is where its platform should deliver, "" when there is none."""
    try:
        health = await channel.check()
        found = list(health.probes) or [Probe(name="platform", ok=health.ok, detail=health.detail, fix=health.fix)]
        expires, skew = health.token_expires_at, health.clock_skew_s
    except ChannelError as error:
        found = [Probe(name="platform", ok=False, detail=str(error), fix="Check that this machine reaches it")]
        expires, skew = None, None
    if channel.delivery == "http" and not (isinstance(channel, PollingChannel) and channel.polls):
        found.append(await _address(address, fetch))
    return Health.of(found, token_expires_at=expires, clock_skew_s=skew)


async def _address(address: str, fetch: Fetch) -> Probe:
    """Whether the webhook's address is one that a platform can reach."""
    name = "public address"
    parts = urlsplit(address)
    if not parts.hostname:
        return Probe(
            name=name,
            ok=False,
            detail="there is none, so that no platform can deliver",
            fix="Set SIGAP_PUBLIC_URL to this gateway's https address (a reverse proxy or a tunnel), or poll",
        )
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not local:
        return Probe(
            name=name,
            ok=False,
            detail=f"{address} is not https",
            fix="Platforms deliver to https only: put a reverse proxy with a certificate in front",
        )
    health = f"{parts.scheme}://{parts.netloc}/health"
    try:
        status = await fetch(health)
    except Exception as error:
        return Probe(
            name=name,
            ok=False,
            detail=f"{health} cannot be reached from here ({type(error).__name__})",
            fix="Start the gateway (`sigap up`), and see that the proxy passes requests to it",
        )
    if status not in (200, 503):
        return Probe(
            name=name,
            ok=False,
            detail=f"{health} answers {status}, so something else is there",
            fix="Let SIGAP_PUBLIC_URL lead to Sigap's gateway",
        )
    where = f"{address} (this machine only)" if local else address
    return Probe(name=name, ok=True, detail=where)
