"""Whether account, token and subscription are as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from channels.base import Transport
from channels.instagram import inbound
from channels.instagram.settings import InstagramSettings
from channels.messages import ApiResponse, Health, Probe
from channels.meta import probes
from channels.meta.graph import ask, subscribe

# https://developers.facebook.com/docs/permissions
_SCOPES: Mapping[str, tuple[str, ...]] = {
    "instagram": (
        "instagram_business_basic",
        "instagram_business_manage_messages",
        "instagram_business_manage_comments",
    ),
    "facebook": (
        "instagram_basic",
        "instagram_manage_messages",
        "instagram_manage_comments",
        "pages_manage_metadata",
    ),
}


async def register(transport: Transport, settings: InstagramSettings, address: str) -> None:
    """Tell Meta where to deliver. Doing it again changes nothing. Raises a SendError.

    https://developers.facebook.com/docs/instagram-platform/webhooks
    """
    fields = wanted(settings)
    await subscribe(
        transport,
        settings.app_id,
        kind=inbound.OBJECT,
        fields=fields,
        callback_url=address,
        account=settings.sender_id,
        account_fields=fields if settings.login == "instagram" else await _page_fields(transport, settings),
    )


async def examine(
    transport: Transport, settings: InstagramSettings, address: str, *, now: datetime | None = None
) -> Health:
    """Every finding. Never raises."""
    through_page = settings.login == "facebook"
    subject = probes.Subject(
        app_id=settings.app_id,
        account=settings.sender_id,
        kind=inbound.OBJECT,
        # A Page only has to be subscribed at all: which of Instagram's fields come is the app's side of it.
        fields=() if through_page else wanted(settings),
        scopes=_SCOPES[settings.login],
        identity=settings.page_id if through_page else "me",
        identity_fields="name,instagram_business_account" if through_page else "user_id,username",
        callback_url=address,
        app_fields=wanted(settings) if through_page else (),
    )
    who, answered = await probes.credentials(transport, subject)
    if answered is None:
        return Health.of([who])
    time, skew = probes.clock(answered, now or datetime.now(UTC))
    told, expires_at = await probes.token(transport, subject)
    if not through_page:
        told = [_lenient(probe) for probe in told]
    found = [
        who,
        _account(answered, settings),
        *([time] if time else []),
        *told,
        await probes.subscription(transport, subject),
        await probes.delivery(transport, subject),
    ]
    return Health.of(found, token_expires_at=expires_at, clock_skew_s=skew)


def wanted(settings: InstagramSettings) -> tuple[str, ...]:
    """The fields to ask for. With Instagram's own login, mentions come among the comments."""
    if settings.fields:
        return settings.fields
    return inbound.FIELDS if settings.login == "instagram" else (*inbound.FIELDS, inbound.MENTIONS)


async def _page_fields(transport: Transport, settings: InstagramSettings) -> tuple[str, ...]:
    """What to subscribe the Page with: what it has, because a new list replaces the old one and the Facebook channel
    may share Page and app; any field at all, when it has none."""
    answer = await ask(transport, "GET", f"{settings.page_id}/subscribed_apps")
    data = answer.get("data")
    for app in data if isinstance(data, list) else ():
        if isinstance(app, Mapping) and str(app.get("id")) == settings.app_id:
            fields = app.get("subscribed_fields")
            present = tuple(str(field) for field in fields) if isinstance(fields, list) else ()
            return present or ("messages",)
    return ("messages",)


def _account(answered: ApiResponse, settings: InstagramSettings) -> Probe:
    """Whether the token is that of `account_id`: webhooks of another account are not listened to."""
    linked = answered.body.get("instagram_business_account")
    theirs = answered.body.get("user_id") or (linked.get("id") if isinstance(linked, Mapping) else "")
    # An answer that does not say is no evidence against it.
    if not theirs or str(theirs) == settings.account_id:
        return Probe(name="account", ok=True)
    return Probe(
        name="account",
        ok=False,
        detail=f"the token belongs to the account {str(theirs)[:20]}, not to account_id",
        fix="Correct account_id in credentials.yml, or use that account's token; then restart",
    )


def _lenient(probe: Probe) -> Probe:
    """Whether debug_token knows the tokens of Instagram's own login is not documented: no answer is no finding."""
    if probe.ok or not probe.detail.startswith("cannot be found out"):
        return probe
    return Probe(name=probe.name, ok=True, detail="its end cannot be read; renew it every 60 days")
