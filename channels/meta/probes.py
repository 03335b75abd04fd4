"""What can be found out about a Meta app, its token and its subscriptions; each finding says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from channels.base import Transport
from channels.errors import AuthFailed, SendError
from channels.messages import ApiResponse, Health, Probe
from channels.meta.envelope import moment
from channels.meta.graph import DEBUG_TOKEN, ask, question

# Seconds between Meta's clock and ours from which signatures and windows are judged wrongly.
SKEW_S = 60.0

_APPS = "https://developers.facebook.com/apps"
_BASIC = f"Compare app_id and app_secret with {_APPS}, Settings > Basic"
_NEW_TOKEN = "Make a new token (the channel's README tells how), put it into credentials.yml and restart"  # noqa: S105


class Subject(NamedTuple):
    """What is looked at. `fields` are those that the account is subscribed with (none for WhatsApp)."""

    app_id: str
    account: str  # the id whose events we want: Page, Instagram account, WhatsApp business account
    kind: str  # page | instagram | whatsapp_business_account
    fields: Sequence[str]
    scopes: Sequence[str]
    identity: str  # path that tells who we are
    identity_fields: str  # fields to ask for there
    callback_url: str = ""  # where the app should deliver, when that is known
    app_fields: Sequence[str] = ()  # those that the app is registered with, where the account does not tell


async def examine(transport: Transport, subject: Subject, *, now: datetime | None = None) -> Health:
    """Every finding. Never raises."""
    who, answered = await credentials(transport, subject)
    probes = [who]
    skew: float | None = None
    if answered is None:
        return Health.of(probes)
    time, skew = clock(answered, now or datetime.now(UTC))
    probes += [time] if time else []
    told, expires_at = await token(transport, subject)
    probes += [*told, await subscription(transport, subject), await delivery(transport, subject)]
    return Health.of(probes, token_expires_at=expires_at, clock_skew_s=skew)


async def credentials(transport: Transport, subject: Subject) -> tuple[Probe, ApiResponse | None]:
    """Whether the account's token works, and the answer, when there was one."""
    try:
        answer = await question(transport, "GET", subject.identity, query={"fields": subject.identity_fields})
    except AuthFailed as error:
        return Probe(name="credentials", ok=False, detail=f"the token is refused: {error.detail}", fix=_NEW_TOKEN), None
    except SendError as error:
        return _failed("credentials", error, "Check the ids in credentials.yml and the way to graph_url"), None
    named = answer.body.get("name") or answer.body.get("username") or answer.body.get("id") or subject.account
    return Probe(name="credentials", ok=True, detail=str(named)[:80]), answer


def clock(response: ApiResponse, now: datetime) -> tuple[Probe | None, float | None]:
    """Meta's clock less ours in seconds; None when the answer has no date."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
        skew = (theirs.replace(tzinfo=theirs.tzinfo or UTC) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None, None
    ok = abs(skew) <= SKEW_S
    probe = Probe(
        name="clock",
        ok=ok,
        detail="" if ok else f"this machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead'}",
        fix="" if ok else "Let the machine set its clock (`timedatectl set-ntp true`)",
    )
    return probe, skew


async def token(transport: Transport, subject: Subject) -> tuple[list[Probe], datetime | None]:
    """Life and permissions of the token: https://developers.facebook.com/docs/graph-api/reference/debug_token/"""
    try:
        answer = await ask(transport, "GET", DEBUG_TOKEN, as_app=True)
    except SendError as error:
        return [_failed("token", error, _BASIC)], None
    data = answer.get("data")
    data = data if isinstance(data, Mapping) else {}
    expires_at = _expiry(data)
    if data.get("is_valid") is not True:
        return [Probe(name="token", ok=False, detail="the token is not valid any more", fix=_NEW_TOKEN)], expires_at
    theirs = str(data.get("app_id", subject.app_id))
    if theirs != subject.app_id:
        problem = f"the token belongs to another app ({theirs[:20]})"
        return [Probe(name="token", ok=False, detail=problem, fix="Make the token with the app of app_id")], expires_at
    scopes = data.get("scopes")
    granted = {str(scope) for scope in scopes} if isinstance(scopes, list) else set()
    missing = [scope for scope in subject.scopes if scope not in granted]
    detail = f"the token lacks {', '.join(missing)}" if missing else ""
    fix = "Ask for these permissions in App Review (Advanced Access), then make a new token" if missing else ""
    life = f"valid until {expires_at:%Y-%m-%d}" if expires_at else ""
    return [
        Probe(name="token", ok=True, detail=life),
        Probe(name="permissions", ok=not missing, detail=detail, fix=fix),
    ], expires_at


async def subscription(transport: Transport, subject: Subject) -> Probe:
    """Whether the account sends its events to our app. Meta ends this by itself after an hour of failed deliveries.

    https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/
    """
    fix = "Restart, which subscribes again, and make sure that the app is Live and the webhook answers within 5 s"
    try:
        answer = await ask(transport, "GET", f"{subject.account}/subscribed_apps")
    except SendError as error:
        return _failed("subscription", error, fix)
    ours = [app for app in _listed(answer) if _app_id(app) == subject.app_id]
    if not ours:
        return Probe(name="subscription", ok=False, detail="the account does not send us its events", fix=fix)
    fields = ours[0].get("subscribed_fields")
    present = {_field(field) for field in fields} if isinstance(fields, list) else set()
    missing = [field for field in subject.fields if field not in present]
    detail = f"not subscribed to {', '.join(missing)}" if missing else ""
    return Probe(name="subscription", ok=not missing, detail=detail, fix=fix if missing else "")


async def delivery(transport: Transport, subject: Subject) -> Probe:
    """Whether the app has an active address to deliver to: the app's side of the subscription."""
    fix = "Give a public https address (webhook_url in credentials.yml) and restart, which registers it"
    try:
        answer = await ask(transport, "GET", f"{subject.app_id}/subscriptions", as_app=True)
    except SendError as error:
        return _failed("delivery", error, _BASIC)
    ours = [item for item in _listed(answer) if item.get("object") == subject.kind]
    if not ours:
        return Probe(name="delivery", ok=False, detail="no webhook is registered", fix=fix)
    if ours[0].get("active") is False:
        return Probe(name="delivery", ok=False, detail="the webhook is switched off", fix=fix)
    theirs = ours[0].get("callback_url", subject.callback_url)
    if subject.callback_url and theirs != subject.callback_url:
        # One app has one address for each kind: another installation took it, and what comes in goes there.
        detail = "the app delivers to another address than ours"
        return Probe(name="delivery", ok=False, detail=detail, fix="Use an app for each installation, and restart")
    fields = ours[0].get("fields")
    present = {_field(field) for field in fields} if isinstance(fields, list) else set(subject.app_fields)
    missing = [field for field in subject.app_fields if field not in present]
    if missing:
        detail = f"the app is not registered for {', '.join(missing)}"
        return Probe(name="delivery", ok=False, detail=detail, fix="Restart, which registers it again")
    return Probe(name="delivery", ok=True)


def _expiry(data: Mapping[str, Any]) -> datetime | None:
    """The earlier of the token's end and the end of its access to data; 0 stands for never."""
    never = datetime.max.replace(tzinfo=UTC)
    times = [data.get(name) for name in ("expires_at", "data_access_expires_at")]
    found = min((moment(time, never) for time in times if isinstance(time, int) and time > 0), default=never)
    return None if found == never else found


def _failed(name: str, error: SendError, fix: str) -> Probe:
    return Probe(name=name, ok=False, detail=f"cannot be found out: {error.detail}", fix=fix)


def _listed(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = answer.get("data")
    return [item for item in data if isinstance(item, Mapping)] if isinstance(data, list) else []


def _app_id(app: Mapping[str, Any]) -> str:
    """Pages and Instagram name the app itself, WhatsApp one level further in."""
    inner = app.get("whatsapp_business_api_data")
    return str((inner if isinstance(inner, Mapping) else app).get("id", ""))


def _field(field: Any) -> str:
    return str(field.get("name", "")) if isinstance(field, Mapping) else str(field)
