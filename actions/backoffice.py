"""The back office: the only file that knows its address and its JSON. To use another one, replace this file.

What the assistant needs of it: the functions below, which answer with the dataclasses of actions/records.py, None for
an unknown reference, or BackofficeUnavailable. docs/backoffice.md says more.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

from actions.breaker import Breaker
from actions.calls import Answer, CallFailed, Service
from actions.records import (
    BackofficeUnavailable,
    Branch,
    Branches,
    Cancellation,
    CardDelivery,
    DepositRates,
    DepositTerm,
    ExchangeRate,
    Fees,
    Order,
    Refund,
    Transfer,
)

__all__ = [
    "BackofficeUnavailable",
    "Branch",
    "Branches",
    "Cancellation",
    "CardDelivery",
    "DepositRates",
    "DepositTerm",
    "ExchangeRate",
    "Fees",
    "Order",
    "Refund",
    "Transfer",
    "branches",
    "cancel_order",
    "card_delivery",
    "deposit_rates",
    "exchange_rate",
    "fees",
    "idempotency_key",
    "order",
    "refund",
    "send_link",
    "transfer",
]

DEFAULT_URL = "http://127.0.0.1:8081/backoffice"
# The customer waits for the whole turn, and a person is the better answer after that.
TIMEOUT_S = 3.0
# How long price lists and branches are kept. They change a few times a year.
KEPT_S = 60.0

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
TRANSFER_FACTS = {
    "processing": ("expected_by",),
    "completed": ("completed_on",),
    "failed": (),
    "returned": ("returned_on",),
}
CANCELLATION_OUTCOMES = ("cancelled", "already_cancelled", "too_late")

T = TypeVar("T")
_clock = time.monotonic


def idempotency_key(sender_id: str, *parts: str) -> str:
    """SHA-256 in hex, the same for the same parts in the same order. It does not tell whose it is."""
    return hashlib.sha256(json.dumps([sender_id, *parts]).encode()).hexdigest()


async def order(ref: str) -> Order | None:
    """The order with the reference `AR-12345`, or None. Raises BackofficeUnavailable."""
    body = await _find(f"orders/{quote(ref, safe='')}")
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
    body = await _find(f"orders/{quote(ref, safe='')}/refund")
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


async def cancel_order(ref: str, phone_last4: str, key: str) -> Cancellation | None:
    """Cancel the order `AR-12345` whose telephone number ends in `phone_last4`; None for an unknown reference.

    `key` from idempotency_key: the same one never cancels twice. Raises BackofficeUnavailable, after which it may
    have been cancelled or not.
    """
    path = f"orders/{quote(ref, safe='')}/cancellation"
    answer = await _answer(lambda service: service.write(path, {"phone_last4": phone_last4}, key, TIMEOUT_S))
    match answer.status, _error(answer):
        case 404, "unknown_reference":
            return None
        # Digits that are no digits match nothing either.
        case (403, "not_matching") | (422, "malformed_phone_last4"):
            return Cancellation(ref, "not_matching")
    outcome = _object(answer).get("outcome")
    if outcome not in CANCELLATION_OUTCOMES:
        raise BackofficeUnavailable("unknown outcome")
    return Cancellation(ref, outcome)


async def card_delivery(ref: str) -> CardDelivery | None:
    """The card delivery with the reference `KD-1234`, or None. Raises BackofficeUnavailable."""
    body = await _find(f"cards/deliveries/{quote(ref, safe='')}")
    if body is None:
        return None
    return CardDelivery(
        ref=ref,
        status=_status(body, CARD_FACTS),
        carrier=_text(body, "carrier"),
        eta=_date(body, "eta"),
        delivered_on=_date(body, "delivered_on"),
    )


async def transfer(ref: str) -> Transfer | None:
    """The transfer with the reference `TF-123456`, or None. Raises BackofficeUnavailable."""
    body = await _find(f"transfers/{quote(ref, safe='')}")
    if body is None:
        return None
    return Transfer(
        ref=ref,
        status=_status(body, TRANSFER_FACTS),
        sent_on=_known(_date(body, "sent_on"), "sent_on"),
        expected_by=_date(body, "expected_by"),
        completed_on=_date(body, "completed_on"),
        returned_on=_date(body, "returned_on"),
    )


async def fees() -> Fees:
    """What services cost; up to a minute old. Raises BackofficeUnavailable."""
    return await _kept("fees", lambda body: Fees(**{name: _whole(body, name) for name in Fees.__slots__}))


async def deposit_rates() -> DepositRates:
    """What deposits and savings earn; up to a minute old. Raises BackofficeUnavailable."""
    return await _kept("rates/deposits", _deposit_rates)


async def exchange_rate(currency: str) -> ExchangeRate | None:
    """What a currency (ISO 4217) costs now, or None for one that is not exchanged. Raises BackofficeUnavailable."""
    body = await _find(f"rates/exchange/{quote(currency, safe='')}", unknown="unknown_currency")
    if body is None:
        return None
    try:
        at = datetime.fromisoformat(_known(_text(body, "at"), "at"))
    except ValueError:
        raise BackofficeUnavailable("unreadable at") from None
    rate = ExchangeRate(
        currency=_known(_text(body, "currency"), "currency"),
        buy_idr=_whole(body, "buy_idr"),
        sell_idr=_whole(body, "sell_idr"),
        unit=_whole(body, "unit"),
        at=at,
    )
    if rate.currency != currency or at.tzinfo is None or min(rate.buy_idr, rate.sell_idr, rate.unit) <= 0:
        raise BackofficeUnavailable("a rate that makes no sense")
    return rate


async def branches() -> Branches:
    """All branches and the public holidays; up to a minute old. Raises BackofficeUnavailable."""
    # All, whichever the city: what a customer calls a city should not fill the memory with answers.
    return await _kept("branches", _branches)


async def send_link(kind: str, contact: str, key: str) -> bool:
    """Send a link (`password_reset`, `card_freeze`, `address_change`) to a registered e-mail address or number.

    True says only that the contact is well-formed: nobody learns whether it is a customer's. False for a malformed
    one. `key` from idempotency_key: the same one never sends twice. Raises BackofficeUnavailable.
    """
    body = {"kind": kind, "contact": contact}
    answer = await _answer(lambda service: service.write("links", body, key, TIMEOUT_S))
    if (answer.status, _error(answer)) == (422, "malformed_contact"):
        return False
    if _object(answer).get("accepted") is not True:
        raise BackofficeUnavailable("not accepted")
    return True


def _address() -> str:
    # Read on every call, so that tests and operators can change it without a restart.
    return os.environ.get("BACKOFFICE_URL") or DEFAULT_URL


@cache
def _service(address: str) -> Service:
    return Service(address, Breaker("the back office"))


async def _answer(call: Callable[[Service], Awaitable[Answer]]) -> Answer:
    try:
        return await call(_service(_address()))
    except CallFailed as error:
        raise BackofficeUnavailable(str(error)) from error


async def _find(path: str, unknown: str = "unknown_reference") -> Mapping[str, Any] | None:
    answer = await _answer(lambda service: service.read(path, TIMEOUT_S))
    # Any other 404 is a wrong address, and no statement about the reference.
    return None if (answer.status, _error(answer)) == (404, unknown) else _object(answer)


_shelf: dict[tuple[str, str], tuple[float, Any]] = {}


async def _kept(path: str, read: Callable[[Mapping[str, Any]], T]) -> T:
    """What `read` makes of the answer, asked for at most once in KEPT_S seconds."""
    place = (_address(), path)
    until, kept = _shelf.get(place, (0.0, None))
    if _clock() < until:
        found: T = kept
        return found
    fresh = read(_object(await _answer(lambda service: service.read(path, TIMEOUT_S))))
    _shelf[place] = (_clock() + KEPT_S, fresh)
    return fresh


def _error(answer: Answer) -> str | None:
    return _text(answer.body, "error") if isinstance(answer.body, Mapping) else None


def _object(answer: Answer) -> Mapping[str, Any]:
    if answer.status not in (200, 202):
        raise BackofficeUnavailable(f"status {answer.status}")
    return _mapping(answer.body)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BackofficeUnavailable("not a JSON object")
    return value


def _deposit_rates(body: Mapping[str, Any]) -> DepositRates:
    return DepositRates(
        terms=tuple(DepositTerm(_whole(term, "months"), _percent(term, "percent")) for term in _objects(body, "terms")),
        savings_percent=_percent(body, "savings_percent"),
        tax_percent=_percent(body, "tax_percent"),
        minimum_idr=_whole(body, "minimum_idr"),
    )


def _branches(body: Mapping[str, Any]) -> Branches:
    return Branches(
        branches=tuple(
            Branch(
                city=_known(_text(row, "city"), "city"),
                name=_known(_text(row, "name"), "name"),
                address=_known(_text(row, "address"), "address"),
                opens=_known(_text(row, "opens"), "opens"),
                closes=_known(_text(row, "closes"), "closes"),
                days=_weekdays(row),
            )
            for row in _objects(body, "branches")
        ),
        holidays=tuple(_known(_date({"holiday": day}, "holiday"), "holiday") for day in _list(body, "holidays")),
    )


def _weekdays(row: Mapping[str, Any]) -> tuple[int, ...]:
    days = tuple(_whole({"days": day}, "days") for day in _list(row, "days"))
    if not days or not set(days) <= set(range(1, 8)):
        raise BackofficeUnavailable("unreadable days")
    return days


def _status(body: Mapping[str, Any], facts: Mapping[str, tuple[str, ...]]) -> str:
    status = body.get("status")
    if not isinstance(status, str) or status not in facts:
        raise BackofficeUnavailable("unknown status")
    missing = [name for name in facts[status] if not _readable(name, body.get(name))]
    if missing:
        raise BackofficeUnavailable(f"{status} without {', '.join(missing)}")
    return status


def _readable(name: str, value: Any) -> bool:
    """Whether a fact is of the type that its sentence needs: amounts are whole numbers, everything else is text."""
    if name.endswith("_idr"):
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) and bool(value.strip())


def _known(value: T | None, name: str) -> T:
    if value is None:
        raise BackofficeUnavailable(f"no {name}")
    return value


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and value else None


def _whole(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BackofficeUnavailable(f"unreadable {key}")
    return value


def _percent(body: Mapping[str, Any], key: str) -> Decimal:
    value = body.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise BackofficeUnavailable(f"unreadable {key}")
    return Decimal(str(value))  # 5.25, not the binary fraction next to it


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    value = body.get(key)
    if not isinstance(value, list):
        raise BackofficeUnavailable(f"unreadable {key}")
    return value


def _objects(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [_mapping(each) for each in _list(body, key)]


def _date(body: Mapping[str, Any], key: str) -> date | None:
    value = body.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BackofficeUnavailable(f"unreadable {key}") from error
