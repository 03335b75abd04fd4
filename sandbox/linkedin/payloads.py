"""How LinkedIn writes notifications and comments.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from sandbox.linkedin import urns

JsonDict = dict[str, Any]
EVENT_TYPE = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment; `id` and `parent` are URNs, `at` is epoch milliseconds."""

    id: str
    owner: str
    text: str
    at: int
    parent: str = ""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A post; `id` is the share's URN, `activity` that of its thread."""

    id: str
    activity: str
    owner: str
    text: str


def notification(
    action: str,
    number: int,
    at: int,
    *,
    organization: str,
    subscriber: str,
    share: Share,
    comment: Comment | None = None,
) -> JsonDict:
    """One notification. LinkedIn spells a comment's URN now one way and now the other; here its number decides."""
    first, second = _spellings(number)
    body: JsonDict = {
        "subscriber": subscriber,
        "lastModifiedAt": at,
        "decoratedSourcePost": {
            "owner": share.owner,
            "mediaCategory": "NONE",
            "text": share.text,
            "entity": share.id,
        },
        "sourcePost": share.activity,
        "action": action,
        "notificationId": number,
        "organizationalEntity": organization,
    }
    if comment is None:
        body["generatedActivity"] = share.id
        body["decoratedGeneratedActivity"] = {
            "share": {"entity": share.id, "owner": share.owner, "text": share.text, "mediaCategory": "NONE"}
        }
        return body
    decorated: JsonDict = {
        "owner": comment.owner,
        "text": comment.text,
        "entity": _spelled(comment.id, first),
        "object": urns.thread(comment.id),
    }
    if comment.parent:
        decorated["parentComment"] = _spelled(comment.parent, second)
    body["generatedActivity"] = _spelled(comment.id, second)
    body["decoratedGeneratedActivity"] = {"comment": decorated}
    return body


def comment_row(comment: Comment) -> JsonDict:
    """A comment as the Comments API answers it."""
    row: JsonDict = {
        "id": urns.number(comment.id),
        "commentUrn": comment.id,
        "actor": comment.owner,
        "object": urns.thread(comment.id),
        "message": {"attributes": [], "text": comment.text},
        "created": {"actor": comment.owner, "time": comment.at},
        "lastModified": {"actor": comment.owner, "time": comment.at},
    }
    if comment.parent:
        row["parentComment"] = comment.parent
    return row


def page(rows: list[JsonDict], start: int, count: int) -> JsonDict:
    """One page of a list."""
    return {
        "elements": rows[start : start + count],
        "paging": {"start": start, "count": count, "total": len(rows), "links": []},
    }


def _spellings(number: int) -> tuple[bool, bool]:
    """Whether each of a notification's URNs is the short one."""
    mixed = hashlib.sha256(str(number).encode()).digest()[0]
    return bool(mixed & 1), bool(mixed & 2)


def _spelled(comment_urn: str, short: bool) -> str:
    return urns.short(comment_urn) if short else comment_urn
