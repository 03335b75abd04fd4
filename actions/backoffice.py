"""The back office: the only file that knows its address and its JSON. To use another one, replace this file.

What the assistant needs of it: three lookups that answer with the dataclasses below, None for an unknown
reference, or BackofficeUnavailable.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx

DEFAULT_URL = "http://127.0.0.1:8081/backoffice"
# The customer waits for the whole turn, and a person is the better answer after that.
TIMEOUT_S = 3.0

# Every status that domain.yml has a sentence for, with the facts that the sentence needs.
ORDER_FACTS = {
    "processing": ("item",),
    "packed": ("item", "carrier", "eta"),
    "shipped": ("item", "carrier", "tracking_number", "eta"),
    "out_for_delivery": ("item", "carrier", "tracking_number"),
    "delivered": ("item", "carrier", "delivered_on"),
    "delayed": ("item", "carrier", "tracking_number", "eta"),
    "cancelled": ("item",),
    "returned": ("item",),
}
REFUND_FACTS = {
    "none": (),
    "requested": ("amount_idr", "expected_by"),
    "approved": ("amount_idr", "expected_by"),
    "paid": ("amount_idr", "paid_on"),
    "rejected": (),
}
CARD_FACTS = {
    "printing": ("eta",),
    "shipped": ("carrier", "eta"),
    "out_for_delivery": ("carrier",),
    "delivered": ("delivered_on",),
    "returned": ("carrier",),
}


# httpx logs every address that it calls, and ours contain the customer's reference.
logging.getLogger("httpx").setLevel(logging.WARNING)


class BackofficeUnavailable(Exception):
    """The back office could not be reached in time, or answered with something that can't be read."""


@dataclass(frozen=True, slots=True)
class Order:
    """One shop order. `carrier`, `tracking` and `eta` are known once it has been sent."""

    ref: str
    status: str
    item: str
    carrier: str | None
    tracking: str | None
    eta: date | None
    delivered_on: date | None


@dataclass(frozen=True, slots=True)
class Refund:
    """The refund for one order, in whole rupiah. `status` is "none" where no refund was asked for."""

    ref: str
    status: str
    amount_idr: int | None
    expected_by: date | None
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class CardDelivery:
    """One card on its way to a customer."""

    ref: str
    status: str
    carrier: str | None
    eta: date | None
    delivered_on: date | None


async def order(ref: str) -> Order | None:
    """The order with the reference `AR-12345`, or None. Raises BackofficeUnavailable."""
    body = await _get(f"orders/{quote(ref, safe='')}")
    if body is None:
        return None
    return Order(
        ref=ref,
        status=_status(body, ORDER_FACTS),
        item=_text(body, "item") or "",
        carrier=_text(body, "carrier"),
        tracking=_text(body, "tracking_number"),
        eta=_date(body, "eta"),
        delivered_on=_date(body, "delivered_on"),
    )


async def refund(ref: str) -> Refund | None:
    """The refund for the order with the reference `AR-12345`, or None. Raises BackofficeUnavailable."""
    body = await _get(f"orders/{quote(ref, safe='')}/refund")
    if body is None:
        return None
    amount = body.get("amount_idr")
    return Refund(
        ref=ref,
        status=_status(body, REFUND_FACTS),
        amount_idr=amount if isinstance(amount, int) else None,
        expected_by=_date(body, "expected_by"),
        paid_on=_date(body, "paid_on"),
    )


async def card_delivery(ref: str) -> CardDelivery | None:
    """The card delivery with the reference `KD-1234`, or None. Raises BackofficeUnavailable."""
    body = await _get(f"cards/deliveries/{quote(ref, safe='')}")
    if body is None:
        return None
    return CardDelivery(
        ref=ref,
        status=_status(body, CARD_FACTS),
        carrier=_text(body, "carrier"),
        eta=_date(body, "eta"),
        delivered_on=_date(body, "delivered_on"),
    )


async def _get(path: str) -> Mapping[str, Any] | None:
    # The address is read on every call, so that tests and operators can change it without a restart.
    url = os.environ.get("BACKOFFICE_URL", DEFAULT_URL).rstrip("/") + "/" + path
    try:
        # The back office is inside the company: a proxy from the environment has no business in between.
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(timeout=TIMEOUT_S, verify=_tls(), trust_env=False) as client,
        ):
            response = await client.get(url)
        body = response.json()
        if response.status_code == 404 and body == {"error": "unknown_reference"}:
            return None
        # Any other 404 is a wrong address, and no statement about the reference.
        response.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        raise BackofficeUnavailable(type(error).__name__) from error
    if not isinstance(body, Mapping):
        raise BackofficeUnavailable("not a JSON object")
    return body


@cache
def _tls() -> ssl.SSLContext:
    # Loading the certificates takes tens of milliseconds: once a process, not once a lookup.
    return ssl.create_default_context()


def _status(body: Mapping[str, Any], facts: Mapping[str, tuple[str, ...]]) -> str:
    status = body.get("status")
    if not isinstance(status, str) or status not in facts:
        raise BackofficeUnavailable("unknown status")
    missing = [name for name in facts[status] if body.get(name) in (None, "")]
    if missing:
        raise BackofficeUnavailable(f"{status} without {', '.join(missing)}")
    return status


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and value else None


def _date(body: Mapping[str, Any], key: str) -> date | None:
    value = body.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BackofficeUnavailable(f"unreadable {key}") from error
