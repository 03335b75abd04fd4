"""What is changed: a cancelled order, and a link that goes out."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.engine import Connection

from sandbox.backoffice.once import Answer
from sandbox.backoffice.tables import customers, links, orders

LINK_KINDS = ("password_reset", "card_freeze", "address_change")
# Nobody has handed the parcel to a carrier yet.
_CANCELLABLE = ("processing", "packed")
_REFUND_TAKES = timedelta(days=5)


def cancel(connection: Connection, ref: str, phone_last4: str, today: date) -> Answer:
    """Cancel an order for whoever knows the last four digits of its telephone number; ask for the money back if paid.

    Wrong digits are told before the order's state, which they should not reveal.
    """
    # Locked, so that two cancellations with different keys ask for one refund.
    order = connection.execute(select(orders).where(orders.c.ref == ref).with_for_update()).first()
    if order is None:
        return Answer(404, {"error": "unknown_reference"})
    if order.phone_last4 != phone_last4:
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
            "refund_expected_by": today + _REFUND_TAKES,
        }
    connection.execute(update(orders).where(orders.c.ref == ref).values(**changed))
    return Answer(200, {"ref": ref, "outcome": "cancelled"})


def send_link(connection: Connection, kind: str, contact: str, now: datetime) -> Answer:
    """Send a link to the customer with this contact (normalised). The answer is the same when there is none."""
    known = select(customers.c.name).where(or_(customers.c.email == contact, customers.c.phone == contact))
    name = connection.execute(known).scalar()
    if name:
        connection.execute(insert(links).values(kind=kind, contact=contact, customer=name, sent_at=now.timestamp()))
    return Answer(202, {"accepted": True})
