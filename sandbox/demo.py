"""The demo's bot and the customers who are there from the start."""

from __future__ import annotations

from sandbox.telegram.customers import Customers
from sandbox.telegram.model import User

# The bot's token and webhook secret in the sandbox, the same as in credentials.yml. They open nothing else.
BOT_TOKEN = "123456:sandbox"  # noqa: S105

_CUSTOMERS = (
    User(1001, "Sari Wulandari", "sari_wulandari", "id"),
    User(1002, "James Carter", "jcarter", "en"),
    User(1003, "Budi Santoso", "budi_santoso88", "id"),
    User(1004, "Amelia Okafor", "amelia_ok", "en"),
    User(1005, "Maximiliana Featherstonehaugh-Kusumawardhani", "max_fk", "en"),
)


def invite(customers: Customers) -> None:
    """Bring the demo customers in; none of them has written yet."""
    for user in reversed(_CUSTOMERS):
        customers.join(user)
