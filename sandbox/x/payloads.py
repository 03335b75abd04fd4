"""How X writes posts, direct messages and events. https://docs.x.com/x-api/activity/event-payloads"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import msgspec

from sandbox.x.text import entities, with_short_links

JsonDict = dict[str, Any]


class Account(msgspec.Struct, frozen=True):
    """Somebody on X."""

    id: str
    name: str
    username: str
    followers: int = 0
    verified: bool = False


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post as X keeps it. `text` has the automatic mentions in front; `at` is epoch milliseconds.

    `versions`: the ids of all versions, oldest first, when it was edited.
    """

    id: str
    author: Account
    text: str
    at: int
    conversation: str
    own_words: int = 0  # where the text begins after the automatic mentions
    reply_to: str = ""
    reply_to_author: str = ""
    quotes: str = ""
    versions: tuple[str, ...] = ()
    image: str = ""
    likes: int = 0


class DirectMessage(msgspec.Struct, frozen=True):
    """A direct message between two accounts; `at` is epoch milliseconds."""

    id: str
    sender: Account
    recipient: Account
    text: str
    at: int
    image: str = ""


def iso(at: int) -> str:
    """Epoch milliseconds as X writes them."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"


def user(account: Account) -> JsonDict:
    """https://docs.x.com/x-api/fundamentals/data-dictionary#user"""
    return {
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "verified": account.verified,
        "verified_type": "blue" if account.verified else "none",
        "public_metrics": {
            "followers_count": account.followers,
            "following_count": 0,
            "tweet_count": 0,
            "listed_count": 0,
        },
    }


def post(item: Post, known: Mapping[str, Account]) -> JsonDict:
    """A post in the API's form. `known`: accounts by lower-case username."""
    text, urls = with_short_links(item.text)
    found = entities(text, {name: account.id for name, account in known.items()})
    if urls:
        found["urls"] = urls
    body: JsonDict = {
        "id": item.id,
        # X writes & < > as HTML does.
        "text": escape(text, quote=False),
        "author_id": item.author.id,
        "created_at": iso(item.at),
        "conversation_id": item.conversation,
        "edit_history_tweet_ids": [*item.versions] or [item.id],
        "edit_controls": {
            "edits_remaining": 5 - max(0, len(item.versions) - 1),
            "is_edit_eligible": not item.reply_to,
            "editable_until": iso(item.at + int(timedelta(hours=1).total_seconds() * 1000)),
        },
        "display_text_range": [item.own_words, len(text)],
        "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": item.likes, "quote_count": 0},
        "possibly_sensitive": False,
        "paid_partnership": False,
        "reply_settings": "everyone",
        "lang": "und",
    }
    if found:
        body["entities"] = found
    links = []
    if item.reply_to:
        body["in_reply_to_user_id"] = item.reply_to_author
        body["in_reply_to_tweet_id"] = item.reply_to
        links.append({"type": "replied_to", "id": item.reply_to})
    if item.quotes:
        links.append({"type": "quoted", "id": item.quotes})
    if links:
        body["referenced_tweets"] = links
    if item.image:
        body["attachments"] = {"media_keys": [media_key(item.id)]}
    return body


def media_key(post_id: str) -> str:
    """The key of a post's only picture."""
    return f"3_{post_id}"


def post_event(
    kind: str, tag: str, owner: str, item: Post, known: Mapping[str, Account], above: Iterable[Post] = ()
) -> JsonDict:
    """One event about a post. `owner`: whose subscription it is; `above`: the posts that it answers and quotes."""
    body = post(item, known)
    people = {account.id: account for account in known.values()}
    people[item.author.id] = item.author
    named = [item.author.id, *(each["id"] for each in body.get("entities", {}).get("mentions", ()))]
    includes: JsonDict = {"users": [user(people[each]) for each in dict.fromkeys(named) if each in people]}
    if told := [above_post(each) for each in above]:
        includes["tweets"] = told
    if item.image:
        includes["media"] = [{"media_key": media_key(item.id), "type": "photo", "url": item.image}]
    return {"data": {**_head(kind, tag, owner, item.id), "payload": body, "includes": includes}}


def above_post(item: Post) -> JsonDict:
    """A post that another one answers or quotes, as it comes beside it."""
    return only(post(item, {}), ("id", "text", "author_id", "created_at", "conversation_id", "public_metrics"), "")


def post_gone(tag: str, owner: str, post_id: str, at: int) -> JsonDict:
    """`post.delete`, sent for the account's own posts only."""
    return {"data": {**_head("post.delete", tag, owner, post_id), "payload": {"id": post_id, "deleted_at": iso(at)}}}


def dm_event(kind: str, tag: str, owner: str, item: DirectMessage) -> JsonDict:
    """`dm.received` or `dm.sent`."""
    data: JsonDict = {
        "text": item.text,
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
    }
    if item.image:
        data["attachment"] = {
            "type": "media",
            "media": {"id_str": item.id, "type": "photo", "media_url_https": item.image},
        }
    message = {
        "type": "message_create",
        "id": item.id,
        "created_timestamp": str(item.at),
        "message_create": {
            "target": {"recipient_id": item.recipient.id},
            "sender_id": item.sender.id,
            "message_data": data,
        },
    }
    people = {each.id: {"data": user(each)} for each in (item.sender, item.recipient)}
    payload = {"direct_message_events": [message], "users": people}
    return {"data": {**_head(kind, tag, owner, item.id), "payload": payload}}


def revoked_event(tag: str, owner: str, at: int) -> JsonDict:
    """`oauth.revoke`: the account took the app's access away."""
    payload = {"user_id": owner, "revoked_at": iso(at)}
    return {"data": {**_head("oauth.revoke", tag, owner, str(at)), "payload": payload}}


def dm_row(item: DirectMessage, conversation: str) -> JsonDict:
    """https://docs.x.com/x-api/direct-messages/lookup/introduction"""
    return {
        "id": item.id,
        "event_type": "MessageCreate",
        "text": item.text,
        "sender_id": item.sender.id,
        "dm_conversation_id": conversation,
        "created_at": iso(item.at),
        "participant_ids": sorted((item.sender.id, item.recipient.id)),
    }


def only(row: JsonDict, always: Iterable[str], asked: str) -> JsonDict:
    """The fields that come by themselves and those asked for (`tweet.fields=a,b`)."""
    wanted = {*always, *asked.split(",")}
    return {key: value for key, value in row.items() if key in wanted}


def _head(kind: str, tag: str, owner: str, thing: str) -> JsonDict:
    digest = hashlib.sha256(f"{kind} {tag} {thing}".encode()).digest()
    # A signed 64-bit number in text: about half of them are negative, as with X.
    return {
        "event_uuid": str(int.from_bytes(digest[:8], "big", signed=True)),
        "filter": {"user_id": owner},
        "event_type": kind,
        "tag": tag,
    }
