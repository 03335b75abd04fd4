"""What is read: each function returns a JSON object, or None where there is nothing of that name.

An order number answers with the state of a parcel and never with a name, an address, a telephone number or a
means of payment, a transfer's reference with its state and never with its amount or its bank: a number is no proof of
who asks.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Row

from sandbox.backoffice import tables

_ORDER_SHOWS = ("ref", "status", "item", "placed_on", "carrier", "tracking_number", "eta", "delivered_on")
_TRANSFER_SHOWS = ("ref", "status", "sent_on", "expected_by", "completed_on", "returned_on")


def order(connection: Connection, ref: str) -> dict[str, Any] | None:
    """One order, without its refund."""
    row = connection.execute(select(tables.orders).where(tables.orders.c.ref == ref)).first()
    return _shown(row, _ORDER_SHOWS) if row else None


def refund(connection: Connection, ref: str) -> dict[str, Any] | None:
    """The refund for one order; its status is "none" where there is none."""
    row = connection.execute(select(tables.orders).where(tables.orders.c.ref == ref)).first()
    if row is None:
        return None
    shown = _shown(row, ("refund_status", "refund_amount_idr", "refund_expected_by", "refund_paid_on"))
    return {"ref": ref, **{name.removeprefix("refund_"): value for name, value in shown.items()}}


def card_delivery(connection: Connection, ref: str) -> dict[str, Any] | None:
    """One card on its way."""
    table = tables.card_deliveries
    row = connection.execute(select(table).where(table.c.ref == ref)).first()
    return _shown(row, table.c.keys()) if row else None


def transfer(connection: Connection, ref: str) -> dict[str, Any] | None:
    """One transfer to another bank."""
    table = tables.transfers
    row = connection.execute(select(table).where(table.c.ref == ref)).first()
    return _shown(row, _TRANSFER_SHOWS) if row else None


def document(connection: Connection, name: str) -> dict[str, Any] | None:
    """A price list: `fees` or `deposit_rates`."""
    body: dict[str, Any] | None = connection.execute(
        select(tables.documents.c.body).where(tables.documents.c.name == name)
    ).scalar()
    return body


def exchange_rate(connection: Connection, currency: str, now: datetime) -> dict[str, Any] | None:
    """What `unit` of a currency (ISO 4217) costs, as of `now`."""
    table = tables.exchange_rates
    row = connection.execute(select(table).where(table.c.currency == currency.upper())).first()
    return {**_shown(row, table.c.keys()), "at": now.isoformat(timespec="seconds")} if row else None


def branches(connection: Connection, city: str | None) -> dict[str, Any]:
    """The branches, of one city or all, and the public holidays, on which all are closed."""
    table = tables.branches
    query = select(table).order_by(table.c.id)
    if city:
        query = query.where(func.lower(table.c.city) == city.lower())
    names = ("city", "name", "address", "opens", "closes", "days")
    days = connection.execute(select(tables.holidays.c.day).order_by(tables.holidays.c.day)).scalars()
    return {
        "branches": [_shown(row, names) for row in connection.execute(query)],
        "holidays": [day.isoformat() for day in days],
    }


def outbox(connection: Connection) -> dict[str, Any]:
    """The links that were sent, oldest first."""
    rows = connection.execute(select(tables.links).order_by(tables.links.c.id))
    return {
        "links": [
            {
                "kind": row.kind,
                "contact": row.contact,
                "customer": row.customer,
                "sent_at": datetime.fromtimestamp(row.sent_at, UTC).isoformat(timespec="seconds"),
            }
            for row in rows
        ]
    }


def _shown(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """The columns that have a value; dates as ISO 8601."""
    values = {name: getattr(row, name) for name in names}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None
    }
