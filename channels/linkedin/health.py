"""What a look at LinkedIn finds: credentials, role, subscription, token and clock, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from channels.base import Transport
from channels.errors import SendError
from channels.linkedin import outbound, urns, wire
from channels.linkedin.inbound import EVENT_TYPE
from channels.linkedin.settings import LinkedinSettings
from channels.messages import ApiCall, ApiResponse, Health, Probe

# Without one of each, the channel is deaf, mute or never told. The longer names are the newer ones:
# https://learn.microsoft.com/en-us/linkedin/marketing/community-management/community-management-api-migration-guide
_NEEDED = (
    ("rw_organization_admin",),
    ("r_organization_social", "r_organization_social_feed"),
    ("w_organization_social", "w_organization_social_feed"),
)
_SOON = timedelta(days=7)
_SKEW_S = 60.0
_ROLES = "rest/organizationAcls?q=roleAssignee&role=ADMINISTRATOR&state=APPROVED&start=0&count=100"
_NEW_TOKEN = "Let a page administrator sign in again, write the new token into credentials.yml and restart"  # noqa: S105


def subscription_path(settings: LinkedinSettings) -> str:
    """The subscription's key; its outer signs stay unescaped, as Rest.li 2.0 wants it."""
    application = urns.encoded(f"urn:li:developerApplication:{settings.application_id}")
    member = urns.encoded(f"urn:li:person:{settings.member_id}")
    entity = urns.encoded(settings.organization)
    return (
        f"rest/eventSubscriptions/(developerApplication:{application},user:{member},"
        f"entity:{entity},eventType:{EVENT_TYPE})"
    )


async def look(settings: LinkedinSettings, transport: Transport) -> Health:
    """Ask LinkedIn who we are, whether it tells us what happens, and how long yet."""
    try:
        roles = await transport.call(ApiCall(method="GET", path=_ROLES), idempotency_key="check")
    except SendError as error:
        fix = f"Check that this machine can reach {settings.base_url}"
        return Health.of([Probe(name="credentials", ok=False, detail=f"LinkedIn cannot be reached: {error}", fix=fix)])
    probes = list(_roles(roles, settings))
    if settings.mode == "webhook" and all(probe.ok for probe in probes):
        probes.append(await _subscription(settings, transport))
    expires_at = None
    if settings.client_id and settings.client_secret:
        token, expires_at = await _token(settings, transport)
        probes += token
    told = outbound.date_of(roles)
    skew = None if told is None else (told - datetime.now(UTC)).total_seconds()
    if skew is not None:
        probes.append(_clock(skew))
    return Health.of(probes, token_expires_at=expires_at, clock_skew_s=skew)


def _roles(response: ApiResponse, settings: LinkedinSettings) -> Iterator[Probe]:
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role"""
    try:
        outbound.require_success(response)
        elements = outbound.elements_of(response.body)
    except SendError as error:
        yield _refused(error, response.status)
        return
    yield Probe(name="credentials", ok=True, detail=f"{settings.organization}, {settings.mode}")
    if any(_administers(element, settings.organization) for element in elements):
        yield Probe(name="permissions", ok=True, detail="the token's owner administers the page")
        return
    yield Probe(
        name="permissions",
        ok=False,
        detail="the token's owner is not an administrator of the page",
        fix=f"Make them one (page → Settings → Manage admins), or correct organization_id {settings.organization_id}",
    )


def _administers(element: object, organization: str) -> bool:
    try:
        role = msgspec.convert(element, wire.Role)
    except msgspec.ValidationError:
        return False
    targets = {role.organization, role.organization_target, role.organizational_target}
    return organization in targets and role.state == "APPROVED"


def _refused(error: SendError, status: int) -> Probe:
    if status == 426:
        newer = "Set `version` to a living one: https://learn.microsoft.com/en-us/linkedin/marketing/versioning"
        return Probe(name="version", ok=False, detail="LinkedIn has ended this version of its API", fix=newer)
    if status == 429:
        wait = "Wait until 00:00 UTC, or ask for the Standard tier; a longer poll_interval_s needs fewer calls"
        return Probe(name="limits", ok=False, detail="the limit of calls is used up", fix=wait)
    detail = f"LinkedIn refuses the token: {error.detail}"
    if status in {401, 403}:
        return Probe(name="credentials", ok=False, detail=detail, fix=_NEW_TOKEN)
    fix = "Look at https://www.linkedin-apistatus.com, and whether `base_url` is right"
    return Probe(name="credentials", ok=False, detail=f"LinkedIn does not answer as expected: {error.detail}", fix=fix)


async def _subscription(settings: LinkedinSettings, transport: Transport) -> Probe:
    """LinkedIn removes it without a word when the member loses the role or withdraws the permission."""
    again = "Restart with a public https address, which subscribes again; or set mode: polling"
    try:
        found = await subscription(settings, transport)
    except SendError as error:
        return Probe(
            name="subscription", ok=False, detail=f"the subscription cannot be read: {error.detail}", fix=again
        )
    if found is None:
        return Probe(name="subscription", ok=False, detail="no webhook is subscribed", fix=again)
    if found.expires_at and found.expires_at / 1000 < datetime.now(UTC).timestamp():
        return Probe(name="subscription", ok=False, detail="the webhook's subscription has ended", fix=again)
    if settings.webhook_url and found.webhook and found.webhook != settings.webhook_url:
        return Probe(name="subscription", ok=False, detail="another webhook address is subscribed", fix=again)
    return Probe(name="subscription", ok=True, detail="the webhook is subscribed")


async def subscription(settings: LinkedinSettings, transport: Transport) -> wire.Subscription | None:
    """The subscription as LinkedIn has it; None when it has none. Raises a SendError."""
    response = await transport.call(
        ApiCall(method="GET", path=subscription_path(settings)), idempotency_key="subscription"
    )
    if response.status == 404:
        return None
    outbound.require_success(response)
    try:
        return msgspec.convert(dict(response.body), wire.Subscription)
    except msgspec.ValidationError:
        return wire.Subscription()


async def _token(settings: LinkedinSettings, transport: Transport) -> tuple[list[Probe], datetime | None]:
    try:
        response = await transport.call(ApiCall(method="POST", path=wire.INTROSPECT), idempotency_key="token")
        seen = msgspec.convert(dict(response.body), wire.Introspection)
    except SendError as error:
        fix = f"Check that this machine can reach {settings.sign_in_url}"
        return [Probe(name="token", ok=False, detail=f"the token cannot be inspected: {error.detail}", fix=fix)], None
    except msgspec.ValidationError:
        seen, response = wire.Introspection(), ApiResponse(status=502)
    if response.status != 200:
        detail = f"LinkedIn refuses to inspect the token: HTTP {response.status}"
        fix = "Correct client_id and client_secret: they must be of the app that the token belongs to"
        return [Probe(name="token", ok=False, detail=detail, fix=fix)], None
    expires_at = datetime.fromtimestamp(seen.expires_at, UTC) if seen.expires_at else None
    return list(_introspected(seen, expires_at, renews=bool(settings.refresh_token))), expires_at


def _introspected(seen: wire.Introspection, expires_at: datetime | None, *, renews: bool) -> Iterator[Probe]:
    soon = expires_at is not None and expires_at - datetime.now(UTC) < _SOON
    until = f"{expires_at:%Y-%m-%d}" if expires_at else "an unknown day"
    if not seen.active and not renews:
        yield Probe(name="token", ok=False, detail="the token has ended or was withdrawn", fix=_NEW_TOKEN)
    elif soon and not renews:
        yield Probe(name="token", ok=False, detail=f"the token ends on {until}", fix=_NEW_TOKEN)
    else:
        yield Probe(name="token", ok=True, detail=f"the token lasts until {until}" + ", then renews" * renews)
    scopes = set(seen.scope.replace(",", " ").split())
    missing = [names[-1] for names in _NEEDED if not scopes.intersection(names)]
    if scopes and missing:
        yield Probe(
            name="permissions",
            ok=False,
            detail=f"the token lacks {', '.join(missing)}",
            fix="Add the Community Management product to the app, and create a token with these scopes",
        )


def _clock(skew: float) -> Probe:
    if abs(skew) <= _SKEW_S:
        return Probe(name="clock", ok=True)
    detail = f"this machine's clock differs from LinkedIn's by {abs(skew):.0f} s"
    return Probe(name="clock", ok=False, detail=detail, fix="Switch on time synchronisation (timedatectl set-ntp true)")
