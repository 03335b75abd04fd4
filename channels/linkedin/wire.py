"""The parts of LinkedIn's objects that we read, typed. Fields that we don't read may hold anything.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

# Milliseconds; the upper end is the last second of the year 9999, beyond which there is no datetime.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_000)]


class Envelope(msgspec.Struct, frozen=True):
    """A webhook request. Its notifications are read one by one, so that a bad one costs no other."""

    type: str
    notifications: list[msgspec.Raw] | None = None


class Share(msgspec.Struct, frozen=True):
    entity: str = ""
    owner: str = ""
    text: str | None = None


class Comment(msgspec.Struct, frozen=True, rename="camel"):
    entity: str = ""
    owner: str = ""
    text: str | None = None
    object: str = ""
    parent_comment: str | None = None


class Generated(msgspec.Struct, frozen=True):
    comment: Comment | None = None
    share: Share | None = None


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    notification_id: int | str
    action: str
    organizational_entity: str = ""
    source_post: str = ""
    decorated_source_post: Share | None = None
    generated_activity: str = ""
    decorated_generated_activity: Generated | None = None
    last_modified_at: Milliseconds = 0


class Words(msgspec.Struct, frozen=True):
    text: str = ""


class Moment(msgspec.Struct, frozen=True):
    time: Milliseconds = 0


class StoredComment(msgspec.Struct, frozen=True, rename="camel"):
    """A comment as the Comments API answers it."""

    id: str = ""
    comment_urn: str = ""
    actor: str = ""
    object: str = ""
    message: Words = Words()
    created: Moment = Moment()


class StoredPost(msgspec.Struct, frozen=True):
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api"""

    author: str = ""
    commentary: str = ""


class Page(msgspec.Struct, frozen=True):
    """A page of a list. Elements are read one by one."""

    elements: tuple[Any, ...] = ()


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role"""

    organization: str = ""
    organization_target: str = ""
    organizational_target: str = ""  # its name in older versions
    state: str = "APPROVED"


class Subscription(msgspec.Struct, frozen=True, rename="camel"):
    webhook: str = ""
    expires_at: Milliseconds = 0


# The path of the question below. Its secrets are added by the transport, because an ApiCall never holds one.
INTROSPECT = "oauth/v2/introspectToken"


class Introspection(msgspec.Struct, frozen=True):
    """https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection"""

    active: bool = False
    status: str = ""
    expires_at: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)] = 0  # seconds
    scope: str = ""


class Refusal(msgspec.Struct, frozen=True, rename="camel"):
    """https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling"""

    code: str = ""
    service_error_code: int = 0
    message: str = ""
