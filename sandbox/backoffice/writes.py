"""What is changed: a cancelled order, and a link that goes out."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from sandbox.backoffice.once import Answer
from sandbox.backoffice.tables import customers, links, orders, wrong_digits

LINK_KINDS = ("password_reset", "card_freeze", "address_change")
# Nobody has handed the parcel to a carrier yet.
_CANCELLABLE = ("processing", "packed")
_REFUND_TAKES = timedelta(days=5)
# Four digits can be guessed. After so many wrong ones within a day the right ones do not help, either.
WRONG_DIGITS_A_DAY = 5


def cancel(connection: Connection, ref: str, phone_last4: str, now: datetime) -> Answer:
    """Cancel an order for whoever knows the last four digits of its telephone number; ask for the money back if paid.

    Wrong digits are told before the order's state, which they should not reveal; too many tries sound the same.
    """
    # Locked, so that two cancellations with different keys ask for one refund.
    order = connection.execute(select(orders).where(orders.c.ref == ref).with_for_update()).first()
    if order is None:
        return Answer(404, {"error": "unknown_reference"})
    if _guessed_at(connection, ref, now):
        return Answer(403, {"error": "not_matching"})
    if order.phone_last4 != phone_last4:
        connection.execute(insert(wrong_digits).values(ref=ref, at=now.timestamp()))
        return Answer(403, {"error": "not_matching"})
    if order.status == "cancelled":
        return Answer(200, {"ref": ref, "outcome": "already_cancelled"})
    if order.status not in _CANCELLABLE:
        return Answer(200, {"ref": ref, "outcome": "too_late"})
    changed: dict[str, Any] = {"status": "cancelled", "carrier": None, "eta": None}
    if order.paid:
        changed |= {
            "refund_status": "requested",
            "refund_amount_idr": order.amount_idr,
            "refund_expected_by": now.astimezone().date() + _REFUND_TAKES,
        }
    connection.execute(update(orders).where(orders.c.ref == ref).values(**changed))
    return Answer(200, {"ref": ref, "outcome": "cancelled"})


def _guessed_at(connection: Connection, ref: str, now: datetime) -> bool:
    connection.execute(delete(wrong_digits).where(wrong_digits.c.at < (now - timedelta(days=1)).timestamp()))
    tries = connection.execute(select(func.count()).where(wrong_digits.c.ref == ref)).scalar()
    return (tries or 0) >= WRONG_DIGITS_A_DAY


def send_link(connection: Connection, kind: str, contact: str, now: datetime) -> Answer:
    """Send a link to the customer with this contact (normalised). The answer is the same when there is none."""
    known = select(customers.c.name).where(or_(customers.c.email == contact, customers.c.phone == contact))
    name = connection.execute(known).scalar()
    if name:
        connection.execute(insert(links).values(kind=kind, contact=contact, customer=name, sent_at=now.timestamp()))
    return Answer(202, {"accepted": True})
