"""Webhooks and what is subscribed to. https://docs.x.com/x-api/activity/introduction"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sandbox.x.payloads import JsonDict, iso

EVENT_TYPES = frozenset(
    (
        "post.create",
        "post.delete",
        "post.mention.create",
        "post.reply.create",
        "post.quote.create",
        "dm.received",
        "dm.sent",
        "dm.read",
        "dm.indicate_typing",
        "chat.received",
        "chat.sent",
        "oauth.revoke",
    )
)


class Webhook(msgspec.Struct):
    """Where events go; times are epoch milliseconds."""

    id: str
    url: str
    created: int
    valid: bool = True

    def body(self) -> JsonDict:
        """As X shows it."""
        return {"id": self.id, "url": self.url, "valid": self.valid, "created_at": iso(self.created)}


class Subscription(msgspec.Struct, frozen=True):
    """One kind of event, to one webhook."""

    id: str
    event_type: str
    user_id: str
    tag: str
    webhook_id: str
    created: int

    def body(self) -> JsonDict:
        """As X shows it."""
        return {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": {"user_id": self.user_id},
            "tag": self.tag,
            "webhook_id": self.webhook_id,
            "created_at": iso(self.created),
            "updated_at": iso(self.created),
        }


class Hooks:
    """The app's webhooks and subscriptions. One webhook is in use at a time: the newest one that passed its check.

    `point_to(url)` is told where events go from now on; "" when nowhere.
    """

    def __init__(self, point_to: Callable[[str], None]) -> None:
        self._point_to = point_to
        self.webhooks: dict[str, Webhook] = {}
        self.subscriptions: dict[str, Subscription] = {}

    def in_use(self) -> Webhook | None:
        """The webhook that events go to."""
        return next((webhook for webhook in reversed(self.webhooks.values()) if webhook.valid), None)

    def of_url(self, url: str) -> Webhook | None:
        """The webhook with this address."""
        return next((webhook for webhook in self.webhooks.values() if webhook.url == url), None)

    def register(self, webhook: Webhook) -> None:
        """A new webhook that passed its check."""
        self.webhooks[webhook.id] = webhook
        self._aim()

    def checked(self, webhook: Webhook, valid: bool) -> None:
        """What the newest check of the webhook said."""
        webhook.valid = valid
        self._aim()

    def unregister(self, webhook: Webhook) -> None:
        """Forget the webhook and what was subscribed through it."""
        del self.webhooks[webhook.id]
        for each in [each for each in self.subscriptions.values() if each.webhook_id == webhook.id]:
            del self.subscriptions[each.id]
        self._aim()

    def invalidate(self) -> None:
        """X takes every webhook for broken, until it is checked again."""
        for webhook in self.webhooks.values():
            webhook.valid = False
        self._aim()

    def subscribe(self, subscription: Subscription) -> bool:
        """Whether it is new."""
        if any(_same(each, subscription) for each in self.subscriptions.values()):
            return False
        self.subscriptions[subscription.id] = subscription
        return True

    def tags(self, event_type: str) -> list[str]:
        """The tags of those who want this kind of event: one delivery each."""
        webhook = self.in_use()
        if webhook is None:
            return []
        return [
            each.tag
            for each in self.subscriptions.values()
            if each.event_type == event_type and each.webhook_id == webhook.id
        ]

    def _aim(self) -> None:
        webhook = self.in_use()
        self._point_to(webhook.url if webhook else "")


def _same(one: Subscription, other: Subscription) -> bool:
    return (one.event_type, one.user_id, one.webhook_id) == (other.event_type, other.user_id, other.webhook_id)


def wanted_subscription(body: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Event type, user, tag and webhook of a request; "" for what is missing or no text."""
    filters = body.get("filter")
    user = filters.get("user_id") if isinstance(filters, Mapping) else ""
    found = (body.get("event_type"), user, body.get("tag"), body.get("webhook_id"))
    event_type, user_id, tag, webhook_id = (each if isinstance(each, str) else "" for each in found)
    return event_type, user_id, tag, webhook_id
