"""What a look at X finds: credentials, permissions, webhook, subscriptions and clock, each with what to do."""

from __future__ import annotations

from channels.base import Transport
from channels.errors import AuthFailed, SendError
from channels.messages import ApiCall, ApiResponse, Health, Probe
from channels.x import answers, subscribing, wire
from channels.x.settings import XSettings

_ME = ApiCall(method="GET", path="/2/users/me")
_SKEW_S = 60.0
# What the app may do in the account's name; X tells it with answers to OAuth 1.0a.
_ACCESS_HEADER = "x-access-level"
_NEEDED_ACCESS = "read-write-directmessages"
_RESTART = "Restart with a public https address, which subscribes again; or set mode: polling"


async def look(settings: XSettings, transport: Transport, address: str) -> Health:
    """Ask X who we are and whether it tells us what happens. `address`: our webhook, "" when not known here.

    A webhook that X took for invalid is validated again on the way, because until then there are no events at all.
    """
    try:
        me = await transport.call(_ME, idempotency_key="check")
    except SendError as error:
        fix = f"Check that this machine can reach {settings.base_url}"
        return Health.of([Probe(name="credentials", ok=False, detail=f"X cannot be reached: {error.detail}", fix=fix)])
    probes = [_credentials(me, settings)]
    if probes[0].ok:
        probes += _permissions(me)
        if settings.mode == "webhook":
            probes += [await _webhook(transport, address), await _subscriptions(transport, settings)]
    skew = answers.clock_skew_s(me)
    if skew is not None:
        probes.append(_clock(skew))
    return Health.of(probes, clock_skew_s=skew)


def _credentials(response: ApiResponse, settings: XSettings) -> Probe:
    """https://docs.x.com/x-api/users/get-my-user"""
    try:
        user = answers.read(response, wire.Me).data
    except AuthFailed as error:
        fix = "Create new keys and tokens at https://console.x.com, write them into credentials.yml and restart"
        return Probe(name="credentials", ok=False, detail=f"X refuses the credentials: {error.detail}", fix=fix)
    except SendError as error:
        fix = "Look at https://docs.x.com/status, and whether `base_url` is right"
        return Probe(name="credentials", ok=False, detail=f"X does not answer as expected: {error.detail}", fix=fix)
    if str(user.id) != settings.user_id:
        fix = f"Write user_id {user.id}, or create the access token with the brand's account"
        return Probe(name="credentials", ok=False, detail="the access token is another account's", fix=fix)
    return Probe(name="credentials", ok=True, detail=f"@{user.username}, {settings.mode}")


def _permissions(response: ApiResponse) -> list[Probe]:
    level = response.headers.get(_ACCESS_HEADER, "")
    if not level:
        return []
    if level == _NEEDED_ACCESS:
        return [Probe(name="permissions", ok=True)]
    fix = (
        'Set the app to "Read and write and Direct message" at https://console.x.com, '
        "then create the access token anew: the old one keeps what it had"
    )
    return [Probe(name="permissions", ok=False, detail="the access token may not do all that is needed", fix=fix)]


async def _webhook(transport: Transport, address: str) -> Probe:
    try:
        found = [item for item in await subscribing.webhooks(transport) if address in {"", item.url}]
        if not found:
            return Probe(name="webhook", ok=False, detail="no webhook is registered", fix=_RESTART)
        if any(item.valid for item in found):
            return Probe(name="webhook", ok=True, detail="the webhook is valid")
        if await subscribing.revalidate(transport, str(found[0].id)):
            return Probe(name="webhook", ok=True, detail="the webhook was invalid, and is validated again")
    except SendError as error:
        return Probe(name="webhook", ok=False, detail=f"the webhook is not well: {error.detail}", fix=_RESTART)
    fix = "Make sure that the address answers from the internet within 10 s, with a valid certificate and no redirect"
    return Probe(name="webhook", ok=False, detail="the webhook is invalid, so that X delivers nothing", fix=fix)


async def _subscriptions(transport: Transport, settings: XSettings) -> Probe:
    try:
        held = {item.event_type for item in await subscribing.subscriptions(transport, settings)}
    except SendError as error:
        detail = f"the subscriptions cannot be read: {error.detail}"
        return Probe(name="subscription", ok=False, detail=detail, fix=_RESTART)
    missing = [event for event in subscribing.EVENTS if event not in held]
    if missing:
        detail = f"not subscribed to {', '.join(missing)}"
        return Probe(name="subscription", ok=False, detail=detail, fix=_RESTART)
    return Probe(name="subscription", ok=True, detail="subscribed to all that is needed")


def _clock(skew: float) -> Probe:
    if abs(skew) <= _SKEW_S:
        return Probe(name="clock", ok=True)
    fix = "Let this machine keep time (timedatectl set-ntp true): X refuses signatures of another time"
    return Probe(name="clock", ok=False, detail=f"this machine's clock is {abs(skew):.0f} s off", fix=fix)
