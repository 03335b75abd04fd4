"""What every reader of X's events needs: who we are, who and what an event speaks of, ids, times, the common fields."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from channels.errors import PayloadError
from channels.messages import Attachment, Customer, Surface, Unsupported

CHANNEL = "x"

_KIND = re.compile(r"[a-z][a-z_.]{0,60}")
# The API's words for media → ours.
MEDIA_KINDS: Mapping[str, str] = {"photo": "image", "video": "video", "animated_gif": "video"}

_MOST = 10**12  # more than there are people: nobody has it, and larger integers do not survive JSON

T = TypeVar("T")


class Account(NamedTuple):
    """The brand's own account, which decides what is meant for us. `username` may be ""."""

    id: str
    username: str
    automatic_mention_summons: bool


class Around(NamedTuple):
    """What comes beside an event: people by id, other posts' authors and engagement by the posts' ids, media by key."""

    people: Mapping[str, Customer] = {}
    authors: Mapping[str, str] = {}
    media: Mapping[str, Attachment] = {}
    engagement: Mapping[str, int] = {}

    def customer(self, external_id: str) -> Customer:
        return self.people.get(external_id) or Customer(external_id=external_id)


def around(*includes: Any) -> Around:
    """Read the expansions, in whatever shape they come: lists, maps by id, each thing maybe within `data`.

    Nothing in them is worth losing an event for, so what cannot be read is left out.
    """
    people: dict[str, Customer] = {}
    authors: dict[str, str] = {}
    media: dict[str, Attachment] = {}
    engaged: dict[str, int] = {}
    for part in includes:
        found = part if isinstance(part, Mapping) else {}
        for person in _things(found.get("users")):
            customer = _customer(person)
            people[customer.external_id] = customer
        for post in _things(found.get("tweets")):
            authors[_word(post.get("id"))] = _word(post.get("author_id"))
            engaged[_word(post.get("id"))] = engagement(post.get("public_metrics"))
        for item in _things(found.get("media")):
            kind = MEDIA_KINDS.get(_word(item.get("type")), "file")
            key, url = _word(item.get("media_key")), _word(item.get("url") or item.get("preview_image_url"))
            media[key] = Attachment(kind=kind, external_id=key, url=url)
    return Around(people, authors, media, engaged)


def decode(body: bytes | msgspec.Raw, shape: type[T], what: str) -> T:
    """Raises PayloadError."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        # msgspec names the place and the expected type, never the value.
        raise PayloadError(f"unreadable {what}: {error}") from None


def identity(value: str | int, what: str) -> str:
    """An id as text. Raises PayloadError when it is empty."""
    if value in {"", 0}:
        raise PayloadError(f"{what} has no id")
    return str(value)


def moment(value: datetime | None, otherwise: datetime) -> datetime:
    """A time of the API in UTC; `otherwise` when there is none that can be one."""
    try:
        return value.astimezone(UTC) if value is not None and value.tzinfo else otherwise
    except (OverflowError, ValueError):
        return otherwise


def moment_of_ms(value: str | int, otherwise: datetime) -> datetime:
    """Milliseconds since 1970 as a time in UTC; `otherwise` when they are none."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC) if value else otherwise
    except (OverflowError, ValueError, OSError):
        return otherwise


def base(event_id: str, thread_id: str, at: datetime, customer: Customer, surface: Surface) -> dict[str, Any]:
    """The fields of every event."""
    return {
        "channel": CHANNEL,
        "event_id": event_id,
        "thread_id": thread_id,
        "at": at,
        "customer": customer,
        "surface": surface,
    }


def aside(
    kind: str, about: bytes, account: Account, at: datetime, *, event_id: str = "", keep: bool = False
) -> Unsupported:
    """Something that is no customer's word, or (`keep`) could not be read and goes to the dead letters as it is."""
    return Unsupported(
        channel=CHANNEL,
        event_id=event_id or f"unread:{hashlib.sha256(about).hexdigest()[:32]}",
        thread_id=account.id,
        at=at,
        customer=Customer(external_id=account.id),
        kind=kind,
        raw=about.decode("utf-8", "replace") if keep else "",
    )


def kind_word(value: str) -> str:
    """A kind's name when it is one; never anything that somebody wrote."""
    return value if _KIND.fullmatch(value) else "unknown event"


def engagement(metrics: Any) -> int:
    """Likes, replies, reposts and quotes of a post's `public_metrics`; 0 when they are not told.
    https://docs.x.com/x-api/fundamentals/metrics"""
    counts = metrics if isinstance(metrics, Mapping) else {}
    return sum(_count(counts.get(f"{what}_count")) for what in ("like", "reply", "retweet", "quote"))


def _customer(person: Mapping[str, Any]) -> Customer:
    """The newer API counts followers in `public_metrics`, the legacy one beside the name."""
    metrics = person.get("public_metrics")
    counts = metrics if isinstance(metrics, Mapping) else person
    return Customer(
        external_id=_word(person.get("id")),
        name=_word(person.get("name")),
        username=_word(person.get("username") or person.get("screen_name")),
        followers=_count(counts.get("followers_count")),
        verified=person.get("verified") is True,
    )


def _count(value: Any) -> int:
    """A number of people; whatever else stands there is 0."""
    return min(value, _MOST) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _things(value: Any) -> Iterator[Mapping[str, Any]]:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in items:
        inner = item.get("data", item) if isinstance(item, Mapping) else None
        if isinstance(inner, Mapping):
            yield inner


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
