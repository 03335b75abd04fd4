"""Questions to the API about what is there already: our own messages and comments, and the words of a mention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from channels.base import Transport
from channels.errors import Ambiguous, Rejected, Unavailable
from channels.instagram import wire
from channels.instagram.comments import tagged
from channels.instagram.mention import Mention
from channels.messages import InboundEvent, MessageReceived, Unsupported
from channels.meta.envelope import Id, Time, moment
from channels.meta.graph import ask

_PAGE = 50
_GONE = "100/33"  # the object does not exist, or not any more
_MOST_PAGES = 10

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True, rename={"author": "from"}):
    """A message (`message`, `created_time`) or a comment (`text`, `timestamp`)."""

    id: Id
    message: str | None = None
    text: str | None = None
    created_time: Time = None
    timestamp: Time = None
    author: wire.Author | None = None

    def is_ours(self, words: str, customer_id: str, since: datetime) -> bool:
        """Whether the brand said these words since then. Not "our account wrote it", because the platform names us by
        more than one id; everybody else is the customer."""
        # Without a time, the words alone have to do. White space may come back in another form.
        late_enough = moment(self.created_time or self.timestamp, since) >= _second(since)
        by_customer = self.author is not None and str(self.author.id) == customer_id
        same = (self.message or self.text or "").split() == words.split()
        return same and late_enough and not by_customer


class Cursors(msgspec.Struct, frozen=True):
    after: str = ""


class Paging(msgspec.Struct, frozen=True):
    cursors: Cursors = Cursors()
    next: str = ""


class Page(msgspec.Struct, frozen=True):
    data: tuple[Said, ...] = ()
    paging: Paging = Paging()


class Conversation(msgspec.Struct, frozen=True):
    messages: Page = Page()


class Conversations(msgspec.Struct, frozen=True):
    data: tuple[Conversation, ...] = ()


async def find_message(
    transport: Transport, account: str, customer_id: str, words: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """The id of a private message of ours, or None when it is not there. Raises a SendError.

    https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/conversations-api
    """
    query = {
        "platform": "instagram",
        "user_id": customer_id,
        "fields": f"messages.limit({_PAGE}){{id,message,from,created_time}}",
    }
    answer = _read(await ask(transport, "GET", f"{account}/conversations", query=query), Conversations)
    for conversation in answer.data:
        found = next(_ours(conversation.messages, words, customer_id, since, besides), None)
        if found is not None:
            return found
        # Newest first, so only a page that does not reach back far enough leaves it open.
        times = [moment(said.created_time, since) for said in conversation.messages.data]
        if conversation.messages.paging.next and min(times, default=since) >= _second(since):
            raise Ambiguous("the conversation has moved on too far to look through")
    return None


async def find_comment(
    transport: Transport, root: str, customer_id: str, words: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """The id of an answer of ours under the comment `root`, or None when it is not there. Raises a SendError.

    https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/replies
    """
    query = {"fields": "id,text,timestamp,from", "limit": str(_PAGE)}
    for _ in range(_MOST_PAGES):
        page = _read(await ask(transport, "GET", f"{root}/replies", query=query), Page)
        found = next(_ours(page, words, customer_id, since, besides), None)
        if found is not None or not (page.paging.next and page.paging.cursors.after):
            return found
        query = {**query, "after": page.paging.cursors.after}
    raise Ambiguous("the comment has too many replies to look through")


class _Comment(msgspec.Struct, frozen=True):
    text: str | None = None
    timestamp: Time = None
    like_count: int | None = None
    media: dict[str, Any] | None = None


class _Media(msgspec.Struct, frozen=True):
    caption: str | None = None
    timestamp: Time = None
    username: str | None = None
    owner: dict[str, Any] | None = None
    like_count: int | None = None  # None where the owner hides it
    comments_count: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    mentioned_comment: _Comment | None = None
    mentioned_media: _Media | None = None


async def complete_mention(
    transport: Transport, account_id: str, event: MessageReceived, mention: Mention, username: str
) -> InboundEvent:
    """The mention with its words and time, and for a caption its author. Raises a SendError.

    Unsupported when there are no words (any more), or when it stands under the brand's own media: that one has come as
    a comment, with its author. `owner` is told to the owner alone.
    https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentioned_comment
    https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/mentioned_media
    """
    if mention.comment_id:
        fields = f"mentioned_comment.comment_id({mention.comment_id}){{text,timestamp,like_count,media{{id,owner}}}}"
    else:
        counts = "like_count,comments_count"
        fields = f"mentioned_media.media_id({mention.media_id}){{caption,timestamp,username,owner,{counts}}}"
    try:
        answer = _read(await ask(transport, "GET", account_id, query={"fields": fields}), _Answer)
    except Rejected as error:
        if error.code != _GONE:
            raise
        answer = _Answer()
    comment, media = answer.mentioned_comment or _Comment(), answer.mentioned_media or _Media()
    text = comment.text or media.caption or ""
    at = moment(comment.timestamp or media.timestamp, event.at)
    customer = msgspec.structs.replace(event.customer, username=media.username or "")
    ours = bool((comment.media or {}).get("owner") or media.owner)
    if ours or not text.strip():
        return Unsupported(
            channel=event.channel,
            event_id=event.event_id,
            thread_id=event.thread_id,
            at=at,
            customer=customer,
            surface=event.surface,
            kind="mention_under_own_media" if ours else "mention_without_text",
        )
    return msgspec.structs.replace(
        event,
        text=text,
        at=at,
        customer=customer,
        tagged=tagged(text, username),
        engagement=sum(count or 0 for count in (comment.like_count, media.like_count, media.comments_count)),
        incomplete=False,
    )


def _ours(page: Page, words: str, customer_id: str, since: datetime, besides: frozenset[str]) -> Iterator[str]:
    found = (str(said.id) for said in page.data if said.is_ours(words, customer_id, since))
    return (external_id for external_id in found if external_id not in besides)


def _read(body: Mapping[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(dict(body), shape)
    except msgspec.ValidationError:
        raise Unavailable("Instagram answered in a shape that is not documented") from None


def _second(at: datetime) -> datetime:
    """Graph's times have no fractions."""
    return at.replace(microsecond=0)
