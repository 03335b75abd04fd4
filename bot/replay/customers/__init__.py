"""Customers on a platform, as the replay needs them. One class a channel; `CUSTOMERS` is the list."""

from __future__ import annotations

from bot.replay.customers.base import Customers, NotDelivered, Seen
from bot.replay.customers.social import (
    FacebookCustomers,
    InstagramCustomers,
    LinkedinCustomers,
    WhatsappCustomers,
    XCustomers,
)
from bot.replay.customers.telegram import TelegramCustomers
from bot.replay.customers.webchat import WebchatCustomers

__all__ = ["CUSTOMERS", "Customers", "NotDelivered", "Seen", "WebchatCustomers"]

CUSTOMERS: dict[str, type[Customers]] = {
    "telegram": TelegramCustomers,
    "webchat": WebchatCustomers,
    "facebook": FacebookCustomers,
    "instagram": InstagramCustomers,
    "whatsapp": WhatsappCustomers,
    "x": XCustomers,
    "linkedin": LinkedinCustomers,
}
