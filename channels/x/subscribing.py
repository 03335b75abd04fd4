"""Where X delivers, and what: https://docs.x.com/x-api/webhooks/introduction
https://docs.x.com/x-api/activity/introduction"""

from __future__ import annotations

from typing import Any

from channels.base import Transport
from channels.errors import AuthFailed, Rejected, SendError, Unavailable
from channels.messages import ApiCall, ApiResponse
from channels.x import answers, wire
from channels.x.settings import XSettings

# What the brand has to hear. Its own posts and messages too: a person may have written them.
EVENTS = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "post.create",
    "dm.received",
    "dm.sent",
    "oauth.revoke",
)
_WEBHOOKS = "/2/webhooks"
_SUBSCRIPTIONS = "/2/activity/subscriptions"
_TAG = "sigap"
_MOST_PAGES = 20  # a self-serve app has at most 1,500 subscriptions


async def subscribe(transport: Transport, settings: XSettings, address: str) -> None:
    """Register the webhook and subscribe to each kind of event, as far as that is not done yet.

    X checks the address with a challenge while it answers. Raises the first SendError, after all else was tried.
    """
    webhook = await _register(transport, address)
    all_held = await subscriptions(transport, settings)
    # Of several, the one that delivers here.
    held = {item.event_type: item for item in sorted(all_held, key=lambda item: str(item.webhook_id) == webhook)}
    refused: dict[str, SendError] = {}
    for event in EVENTS:
        try:
            await _want(transport, settings, event, webhook, held.get(event))
        except (AuthFailed, Rejected) as error:
            refused[event] = error
    if refused:
        first = next(iter(refused.values()))
        raise AuthFailed(
            f"X refuses to tell about {', '.join(refused)} ({first.detail}). For private events it may ask for an "
            "OAuth 2.0 token of the account: set user_token once",
            code=first.code,
        )


async def webhooks(transport: Transport) -> tuple[wire.Webhook, ...]:
    """Those of the app. Raises a SendError."""
    return answers.read(await _call(transport, "GET", _WEBHOOKS), wire.Webhooks).data


async def revalidate(transport: Transport, webhook_id: str) -> bool:
    """Have X check the address again: whether it is valid now. Raises a SendError."""
    response = await _call(transport, "PUT", f"{_WEBHOOKS}/{webhook_id}")
    return answers.read(response, wire.WebhookAnswer).data.valid is not False


async def subscriptions(transport: Transport, settings: XSettings) -> list[wire.Subscription]:
    """Those about the brand's account. Raises a SendError."""
    found: list[wire.Subscription] = []
    query: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = answers.read(await _call(transport, "GET", _SUBSCRIPTIONS, query=query), wire.Subscriptions)
        found += [item for item in page.data if str(item.filter.user_id) in {"", settings.user_id}]
        if not page.meta.next_token:
            break
        query = {"pagination_token": page.meta.next_token}
    return found


async def _register(transport: Transport, address: str) -> str:
    for webhook in await webhooks(transport):
        if webhook.url == address:
            if not webhook.valid:
                await revalidate(transport, str(webhook.id))
            return str(webhook.id)
    response = await _call(transport, "POST", _WEBHOOKS, {"url": address})
    webhook_id = str(answers.read(response, wire.WebhookAnswer).data.id)
    if not webhook_id:
        raise Unavailable("X registered the webhook without saying its id")
    return webhook_id


async def _want(
    transport: Transport, settings: XSettings, event: str, webhook: str, held: wire.Subscription | None
) -> None:
    """A subscription that delivers elsewhere is pointed here; where that cannot be done, there is a second one."""
    if held is not None and str(held.webhook_id) == webhook:
        return
    if held is not None:
        moved = {"webhook_id": webhook, "tag": _TAG}
        response = await _call(transport, "PUT", f"{_SUBSCRIPTIONS}/{held.subscription_id}", moved)
        if response.status < 300:
            return
    wanted = {"event_type": event, "filter": {"user_id": settings.user_id}, "tag": _TAG, "webhook_id": webhook}
    answers.require_success(await _call(transport, "POST", _SUBSCRIPTIONS, wanted))


async def _call(
    transport: Transport,
    method: str,
    path: str,
    json: dict[str, Any] | None = None,
    *,
    query: dict[str, str] | None = None,
) -> ApiResponse:
    call = ApiCall(method=method, path=path, json=json or {}, query=query or {})
    return await transport.call(call, idempotency_key=method)
