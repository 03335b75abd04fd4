"""Whether something is on the platform already: the answer to "it may have been sent".

https://developers.facebook.com/docs/graph-api/reference/object/comments
https://developers.facebook.com/docs/graph-api/reference/page/conversations/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.base import Transport
from channels.errors import Ambiguous
from channels.messages import ApiCall, OutboundMessage
from channels.meta.envelope import moment
from channels.meta.graph import ask

_PAGE_SIZE = 100
# How far back comments are read: more than this many newer ones, and a person has to look.
_MOST_PAGES = 5
_MESSAGES = 20
_MESSAGE_FIELDS = f"messages.limit({_MESSAGES}){{id,message,from,created_time}}"

_NEVER = datetime.min.replace(tzinfo=UTC)


async def find_comment(
    transport: Transport, call: ApiCall, page_id: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """The id of the comment that `call` would write; None when it is certainly not there. Raises a SendError."""
    query = {
        "fields": "id,message,from,created_time",
        "order": "reverse_chronological",
        "limit": str(_PAGE_SIZE),
    }
    for _ in range(_MOST_PAGES):
        answer = await ask(transport, "GET", call.path, query=query)
        comments = list(_items(answer))
        found = _match(comments, str(call.json["message"]), page_id, since, besides)
        after = _cursor(answer)
        if found is not None or not after or any(_time(item) < _second(since) for item in comments):
            return found
        query["after"] = after
    raise Ambiguous("too many newer comments to look through")


async def find_private(
    transport: Transport,
    message: OutboundMessage,
    call: ApiCall,
    page_id: str,
    since: datetime,
    besides: frozenset[str],
) -> str | None:
    """The id of the private message that `call` would send; None when it is certainly not there. Raises a SendError:
    Ambiguous when nobody can tell."""
    if "recipient" not in call.json or "message" not in call.json:
        return None  # a signal: nothing that could be there twice
    text = call.json["message"].get("text", "")
    if not text:
        raise Ambiguous("media and templates cannot be looked up")
    if message.entry:
        conversations = await _private_reply(transport, message.entry)
    else:
        query = {"user_id": message.to, "platform": "messenger", "fields": _MESSAGE_FIELDS}
        conversations = list(_items(await ask(transport, "GET", f"{page_id}/conversations", query=query)))
    for conversation in conversations:
        said = list(_items(conversation.get("messages")))
        found = _match(said, text, page_id, since, besides)
        if found is not None:
            return found
        if len(said) >= _MESSAGES and all(_time(item) >= _second(since) for item in said):
            raise Ambiguous("too many newer messages to look through")
    if message.entry and conversations:
        raise Ambiguous("the comment has a private reply, but these words are not in it")
    return None


async def _private_reply(transport: Transport, entry: str) -> list[Mapping[str, Any]]:
    """The conversation that began as this comment's private reply; [] when it certainly has none.

    https://developers.facebook.com/docs/graph-api/reference/comment
    """
    fields = f"can_reply_privately,private_reply_conversation{{{_MESSAGE_FIELDS}}}"
    answer = await ask(transport, "GET", entry, query={"fields": fields})
    conversation = answer.get("private_reply_conversation")
    if isinstance(conversation, Mapping):
        return [conversation]
    if answer.get("can_reply_privately") is True:
        return []
    raise Ambiguous("Meta does not tell whether the comment has a private reply")


def _match(
    items: list[Mapping[str, Any]], text: str, page_id: str, since: datetime, besides: frozenset[str]
) -> str | None:
    """Ours, with the same words, written since then. White space may come back in another form."""
    for item in items:
        if str(item.get("id")) in besides:
            continue
        author = item.get("from")
        ours = isinstance(author, Mapping) and str(author.get("id")) == page_id
        if ours and _time(item) >= _second(since) and str(item.get("message")).split() == text.split():
            return str(item.get("id", ""))
    return None


def _items(answer: Any) -> Iterator[Mapping[str, Any]]:
    data = answer.get("data") if isinstance(answer, Mapping) else None
    yield from (item for item in data if isinstance(item, Mapping)) if isinstance(data, list) else ()


def _cursor(answer: Mapping[str, Any]) -> str:
    """Where the next page begins; "" on the last one."""
    paging = answer.get("paging")
    if not isinstance(paging, Mapping) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, Mapping) else ""


def _time(item: Mapping[str, Any]) -> datetime:
    written = item.get("created_time")
    return moment(written, _NEVER) if isinstance(written, str | int) else _NEVER


def _second(at: datetime) -> datetime:
    """Meta's times have no fractions."""
    return at.replace(microsecond=0)
