"""The parts of X's objects that we read, typed. Fields that we don't read may hold anything.

https://docs.x.com/x-api/fundamentals/data-dictionary
https://docs.x.com/x-api/activity/event-payloads
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

Id = str | int  # documented as text; a number is taken too


class Filter(msgspec.Struct, frozen=True):
    user_id: Id = ""


class Activity(msgspec.Struct, frozen=True):
    """One event of the X Activity API. `includes` is seen both in here and beside it."""

    event_type: str
    event_uuid: Id = ""
    filter: Filter = Filter()
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    includes: Any = None


class Mention(msgspec.Struct, frozen=True):
    username: str = ""
    id: Id = ""
    start: int = 0


class Url(msgspec.Struct, frozen=True):
    url: str = ""
    expanded_url: str = ""
    unwound_url: str = ""
    media_key: str = ""


class Entities(msgspec.Struct, frozen=True):
    mentions: tuple[Mention, ...] = ()
    urls: tuple[Url, ...] = ()


class Reference(msgspec.Struct, frozen=True):
    type: str = ""  # replied_to | quoted | retweeted
    id: Id = ""


class MediaKeys(msgspec.Struct, frozen=True):
    media_keys: tuple[str, ...] = ()


class Note(msgspec.Struct, frozen=True):
    """The whole of a post whose `text` is cut short."""

    text: str = ""
    entities: Entities = Entities()


class Post(msgspec.Struct, frozen=True):
    id: Id
    author_id: Id
    text: str
    created_at: datetime | None = None
    conversation_id: Id = ""
    in_reply_to_user_id: Id | None = None
    in_reply_to_tweet_id: Id | None = None
    referenced_tweets: tuple[Reference, ...] = ()
    edit_history_tweet_ids: tuple[Id, ...] = ()
    entities: Entities = Entities()
    attachments: MediaKeys = MediaKeys()
    note_tweet: Note | None = None
    public_metrics: Any = None  # reading.engagement: nothing in it is worth losing a post for

    @property
    def parent(self) -> str:
        """The post that this one answers, "" when none."""
        return self.referenced("replied_to") or str(self.in_reply_to_tweet_id or "")

    def referenced(self, how: str) -> str:
        return next((str(link.id) for link in self.referenced_tweets if link.type == how), "")


class DeletedPost(msgspec.Struct, frozen=True):
    id: Id
    author_id: Id = ""
    user_id: Id = ""  # legacy name


class LegacyDeletion(msgspec.Struct, frozen=True):
    status: DeletedPost
    timestamp_ms: Id = ""


class Revocation(msgspec.Struct, frozen=True):
    user_id: Id = ""
    date_time: str = ""


class Target(msgspec.Struct, frozen=True):
    recipient_id: Id = ""


class DirectMedia(msgspec.Struct, frozen=True):
    id: Id = ""
    id_str: str = ""
    type: str = ""
    url: str = ""  # its t.co link in the text
    media_url_https: str = ""


class DirectAttachment(msgspec.Struct, frozen=True):
    media: DirectMedia | None = None


class DirectData(msgspec.Struct, frozen=True):
    text: str = ""
    entities: Entities = Entities()
    attachment: DirectAttachment | None = None


class DirectContent(msgspec.Struct, frozen=True):
    sender_id: Id
    message_data: DirectData
    target: Target = Target()


class Direct(msgspec.Struct, frozen=True):
    """A direct message as webhooks bring it."""

    id: Id
    type: str = ""
    created_timestamp: Id = ""  # milliseconds
    message_create: DirectContent | None = None


class PolledDirect(msgspec.Struct, frozen=True):
    """A direct message as GET /2/dm_events lists it."""

    id: Id
    event_type: str
    sender_id: Id = ""
    text: str = ""
    created_at: datetime | None = None
    dm_conversation_id: str = ""
    participant_ids: tuple[Id, ...] = ()
    entities: Entities = Entities()
    attachments: MediaKeys = MediaKeys()


class Written(msgspec.Struct, frozen=True):
    """When anything was written."""

    created_at: datetime | None = None


class Read(msgspec.Struct, frozen=True):
    sender_id: Id
    last_read_event_id: Id
    created_timestamp: Id = ""
    target: Target = Target()


class Typing(msgspec.Struct, frozen=True):
    sender_id: Id
    created_timestamp: Id = ""


class Meta(msgspec.Struct, frozen=True):
    next_token: str = ""


class Page(msgspec.Struct, frozen=True):
    """A list that the API answers with, one part of it."""

    data: tuple[Any, ...] = ()
    includes: Any = None
    meta: Meta = Meta()


class Webhook(msgspec.Struct, frozen=True):
    id: Id = ""
    url: str = ""
    valid: bool | None = None


class WebhookAnswer(msgspec.Struct, frozen=True):
    data: Webhook = Webhook()


class Webhooks(msgspec.Struct, frozen=True):
    data: tuple[Webhook, ...] = ()


class Subscription(msgspec.Struct, frozen=True):
    subscription_id: Id = ""
    event_type: str = ""
    filter: Filter = Filter()
    webhook_id: Id = ""


class Subscriptions(msgspec.Struct, frozen=True):
    data: tuple[Subscription, ...] = ()
    meta: Meta = Meta()


class User(msgspec.Struct, frozen=True):
    id: Id = ""
    username: str = ""


class Me(msgspec.Struct, frozen=True):
    data: User = User()
