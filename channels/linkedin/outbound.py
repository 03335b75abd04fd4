"""Messages → calls, and answers → decisions:
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from channels import fit
from channels.capabilities import Capabilities, Limit, Rules
from channels.errors import Ambiguous, AuthFailed, Duplicate, RateLimited, Rejected, SendError, Unavailable
from channels.linkedin import urns, wire
from channels.linkedin.settings import LinkedinSettings
from channels.messages import ApiCall, ApiResponse, OutboundMessage, Sender, Surface

DAY_S = 86_400.0
# "Comment create throttled: creation rate limit exceeded for member" passes within about a minute; LinkedIn
# publishes no header that would say so.
THROTTLED_S = 60.0

SURFACES: Mapping[Surface, Capabilities] = {
    Surface.PUBLIC: Capabilities(
        text_limit=1250,  # what third parties observed; the setting `text_limit` corrects it
        measure=len,
        edits=True,
        deletions=True,
        echoes=True,  # ADMIN_COMMENT
        lookup=True,
        media=False,
        # §3.1 of the terms forbids to automate posting, so that a person sends what the assistant drafted.
        rules=Rules(drafts_only=True, drafts_source="https://www.linkedin.com/legal/l/api-terms-of-use"),
    )
}

_CODE = re.compile(r"[A-Z0-9_]{1,60}")
# A 403 that is about us. Any other is about the comment or post: comments are closed there, or the author left us out.
_OUR_RIGHTS = re.compile(r"\b(roles?|permissions?|scopes?)\b", re.IGNORECASE)
_ACCESS_DENIED = ("ACCESS_DENIED", 100)


def limits(settings: LinkedinSettings) -> tuple[Limit, ...]:
    """https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits: the numbers of an application
    stand in the developer portal; they start anew at 00:00 UTC, so that any 24 hours is the stricter reading."""
    return (
        Limit(scope="app", count=settings.daily_calls, window_s=DAY_S),
        Limit(scope="member", count=settings.member_daily_calls, window_s=DAY_S),
    )


def render(message: OutboundMessage, organization: str, text_limit: int) -> list[ApiCall]:
    """The comments that say this message, in order. Raises Rejected when it does not say where to."""
    if message.kind != "message":
        return []
    if message.tag and message.sender is not Sender.AGENT:
        raise Rejected("a tag for people is on a message of a program", code="tag")
    if message.surface is not Surface.PUBLIC:
        raise Rejected("LinkedIn has no private messages for applications", code="surface")
    path, target = _target(message)
    links = [item.url or item.name for item in message.attachments]
    text = "\n\n".join(block for block in (message.text, *links) if block)
    if message.buttons:
        text = fit.numbered(text, message.buttons)
    return [
        ApiCall(method="POST", path=path, json={"actor": organization, **target, "message": {"text": part}})
        for part in fit.split(text, text_limit)
    ]


def comments_path(message: OutboundMessage) -> str:
    """The list of comments that an answer joins. Raises Rejected."""
    return _target(message)[0]


def sent_urn(message: OutboundMessage, external_id: str) -> str:
    """The URN of what was sent, when the answer told its bare id: echoes name it by its URN."""
    if not external_id.isdigit():
        return external_id
    return urns.comment(_target(message)[1]["object"], external_id)


def _target(message: OutboundMessage) -> tuple[str, dict[str, str]]:
    """Comments have two levels: an answer hangs under the thread's first comment, or under the post itself."""
    if not message.reply_to:
        raise Rejected("reply_to is missing: a public answer needs the comment or post that it answers", code="address")
    parent = urns.normal(message.root if message.root.startswith(urns.COMMENT) else message.reply_to)
    if urns.is_comment(parent):
        target = {"object": urns.parts(parent)[0], "parentComment": parent}
    elif parent.startswith("urn:li:") and not parent.startswith(urns.COMMENT):
        target = {"object": parent}
    else:
        raise Rejected("reply_to is not the URN of a comment or a post", code="address")
    return f"rest/socialActions/{urns.encoded(parent)}/comments", target


# ---- answers -----------------------------------------------------------------------------------------


def classify(response: ApiResponse) -> str:
    """The URN (or bare id) of the comment that was made, or raises the SendError that says what to do."""
    require_success(response, about_one=True)
    try:
        made = msgspec.convert(dict(response.body), wire.StoredComment)
    except msgspec.ValidationError:
        made = wire.StoredComment()
    given = urns.normal(response.headers.get("x-restli-id", "").strip())
    external_id = urns.normal(made.comment_urn) or given or made.id
    if not external_id:
        raise Ambiguous("a success that names no comment", code=str(response.status))
    if external_id.isdigit() and made.object:
        return urns.comment(made.object, external_id)
    return external_id


def require_success(response: ApiResponse, *, about_one: bool = False) -> None:
    """Raises the SendError that says what to do about a refusal:
    https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling

    `about_one`: the call is about one comment or post, which may be what is forbidden, and not we.
    LinkedIn's own text is never repeated, because a validation error quotes the value that it refuses.
    """
    status = response.status
    if 200 <= status < 300:
        return
    try:
        refusal = msgspec.convert(dict(response.body), wire.Refusal)
    except msgspec.ValidationError:
        refusal = wire.Refusal()
    named = refusal.code if _CODE.fullmatch(refusal.code) else ""
    code = "/".join(str(part) for part in (status, refusal.service_error_code) if part)
    detail = f"HTTP {status} {named}".strip()
    if status == 429:
        # The token's owner or the application is throttled, so nothing else would get through.
        wait = _until_allowed(response, refusal.message)
        raise RateLimited(detail, retry_after=wait, code=code, whole_channel=True)
    if status == 426:
        raise AuthFailed(f"{detail}: this LinkedIn-Version has ended, set a newer `version`", code=code)
    if 400 <= status < 500 and "DUPLICATE" in named:
        raise Duplicate(detail, code=code)
    if status == 403 and about_one and not _about_our_rights(refusal):
        raise Rejected(detail, code=code)
    raise _decision(status)(detail, code=code)


def _about_our_rights(refusal: wire.Refusal) -> bool:
    said = f"{refusal.code} {refusal.message}".replace("_", " ")
    return (refusal.code, refusal.service_error_code) == _ACCESS_DENIED or bool(_OUR_RIGHTS.search(said))


_DECISIONS: Mapping[int, Callable[..., SendError]] = {
    401: AuthFailed,  # the token has ended or was withdrawn
    403: AuthFailed,  # the member lost the role, or the application the permission
    504: Ambiguous,  # from in front of the API: the comment may be there
}


def _decision(status: int) -> Callable[..., SendError]:
    if status in _DECISIONS:
        return _DECISIONS[status]
    if status >= 500:
        return Unavailable
    if status >= 400:
        return Rejected
    return AuthFailed if status >= 300 else Ambiguous  # a redirect: not LinkedIn's API at all


def _until_allowed(response: ApiResponse, message: str) -> float:
    """Seconds. "Resource level throttle APPLICATION DAY limit …" lasts until 00:00 UTC, any other a minute."""
    told = response.headers.get("retry-after", "").strip()
    if told.isdecimal() and told.isascii() and 0 < len(told) < 6:
        return max(float(told), 1.0)
    if " DAY limit" not in message:
        return THROTTLED_S
    now = date_of(response) or datetime.now(UTC)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return (midnight - now).total_seconds()


def date_of(response: ApiResponse) -> datetime | None:
    """What the platform's clock said; None when it does not say."""
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


def find_in(
    page: Mapping[str, Any], text: str, organization: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """The URN of our newest comment with these words, other than `besides`, in a page of comments.

    Raises Unavailable: no such page.
    """
    found: list[tuple[int, str]] = []
    for element in elements_of(page):
        try:
            comment = msgspec.convert(element, wire.StoredComment)
        except msgspec.ValidationError:
            continue
        ours = comment.actor == organization and comment.message.text.strip() == text.strip()
        if ours and comment.created.time >= since.timestamp() * 1000:
            urn = urns.normal(comment.comment_urn) or urns.comment(comment.object, comment.id)
            found += [(comment.created.time, urn)] if urn not in besides else []
    return max(found)[1] if found else None


def elements_of(page: Mapping[str, Any]) -> tuple[Any, ...]:
    """Raises Unavailable when the answer is no list: nobody can tell what it holds."""
    try:
        return msgspec.convert(dict(page), wire.Page).elements if "elements" in page else _no_list()
    except msgspec.ValidationError:
        return _no_list()


def _no_list() -> tuple[Any, ...]:
    raise Unavailable("LinkedIn answered something that is not a list")
