"""Messages → calls: https://docs.x.com/x-api/posts/manage-tweets/introduction
https://docs.x.com/x-api/direct-messages/manage/integrate"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from channels import fit
from channels.capabilities import Capabilities, Hiding, Limit, Rules
from channels.errors import Rejected
from channels.messages import ApiCall, OutboundMessage, Sender, Surface
from channels.x.settings import SHORT, XSettings
from channels.x.text import weight

# "10,000 characters"; which kind is not said, and there are never more of another than UTF-16 units.
DIRECT_LIMIT = 10_000

_CHANGES = "https://docs.x.com/changelog"  # 2026-02-23: replies need a summons
_AUTOMATION = "https://help.x.com/en/rules-and-policies/x-automation"  # one automated reply to one thing a user did

_RULES = Rules(
    summoned_only=True,
    summoned_source=_CHANGES,
    automatic_replies=1,
    automatic_source=_AUTOMATION,
)
_PUBLIC = Capabilities(
    text_limit=SHORT,
    measure=weight,
    unit="weighted characters",
    parts=1,  # one reply to one post
    edits=True,
    echoes=True,
    lookup=True,
    media=False,
    links=False,  # a post with a link costs thirteen times as much
    hiding=Hiding(source="https://docs.x.com/x-api/posts/hide-replies/introduction", own_threads_only=True),
    rules=_RULES,
)
_PRIVATE = Capabilities(
    text_limit=DIRECT_LIMIT,
    measure=fit.utf16_length,
    unit="UTF-16 units",
    echoes=True,
    lookup=True,
    media=False,
)
SURFACES: Mapping[Surface, Capabilities] = {Surface.PRIVATE: _PRIVATE, Surface.PUBLIC: _PUBLIC}

_ID = re.compile(r"[0-9]{1,20}")
_QUARTER_HOUR_S, _DAY_S = 900.0, 86_400.0
# https://docs.x.com/x-api/fundamentals/rate-limits
POSTS, DIRECTS, HIDES = "user:post", "user:dm", "user:hide"
_POSTS_A_DAY = Limit(scope="app:post", count=10_000, window_s=_DAY_S)
_DIRECTS_A_DAY = Limit(scope="dm:day", count=1440, window_s=_DAY_S)


def can(surface: Surface, settings: XSettings) -> Capabilities:
    """What the account may do: Premium posts longer, enterprise answers without having been called."""
    declared = SURFACES[surface]
    if surface is Surface.PRIVATE:
        return declared
    rules = msgspec.structs.replace(declared.rules, summoned_only=settings.tier != "enterprise")
    return msgspec.structs.replace(declared, text_limit=settings.text_limit, rules=rules)


def limits(message: OutboundMessage, settings: XSettings) -> tuple[Limit, ...]:
    """Of the endpoint, and of the account (the latter as the settings say)."""
    if message.kind == "hide":
        return (Limit(scope=HIDES, count=settings.quarter_hour_hides, window_s=_QUARTER_HOUR_S),)
    if message.surface is Surface.PUBLIC:
        quarter = Limit(scope=POSTS, count=settings.quarter_hour_posts, window_s=_QUARTER_HOUR_S)
        declared, scope, daily = (quarter, _POSTS_A_DAY), "account:post", settings.daily_posts
    else:
        quarter = Limit(scope=DIRECTS, count=settings.quarter_hour_messages, window_s=_QUARTER_HOUR_S)
        declared, scope, daily = (quarter, _DIRECTS_A_DAY), "account:dm", settings.daily_messages
    return (*declared, Limit(scope=scope, count=daily, window_s=_DAY_S)) if daily else declared


def render(message: OutboundMessage, settings: XSettings) -> list[ApiCall]:
    """The calls that say this message, in order. No calls when there is nothing to say, or it is only a signal.

    X has no buttons in what an API writes, and media are not uploaded: choices become numbered lines, media links.
    Raises Rejected when it is not said where to.
    """
    if message.tag and message.sender is not Sender.AGENT:
        raise Rejected("a tag for people, on what a program says", code="tag")
    if message.kind == "hide" and message.surface is Surface.PUBLIC:
        hidden = _id(message.reply_to, "the post to hide")
        return [ApiCall(method="PUT", path=f"/2/tweets/{hidden}/hidden", json={"hidden": True})]
    if message.kind != "message":
        return []
    links = (item.url or item.name for item in message.attachments)
    text = "\n\n".join(block for block in (message.text, *links) if block)
    if message.buttons:
        text = fit.numbered(text, message.buttons)
    able = can(message.surface, settings)
    parts = fit.split(text, able.text_limit, able.measure)
    if message.surface is Surface.PUBLIC:
        return [_reply(message, part, settings) for part in parts]
    to = _id(message.to, "the customer's id")
    return [
        ApiCall(method="POST", path=f"/2/dm_conversations/with/{to}/messages", json={"text": part}) for part in parts
    ]


def _reply(message: OutboundMessage, text: str, settings: XSettings) -> ApiCall:
    parent = _id(message.reply_to, "the post that this answers")
    body: dict[str, Any] = {"text": text, "reply": {"in_reply_to_tweet_id": parent}}
    if settings.made_with_ai and message.sender is Sender.BOT:
        body["made_with_ai"] = True
    return ApiCall(method="POST", path="/2/tweets", json=body)


def _id(value: str, what: str) -> str:
    """Ids go into paths, so that only digits may pass."""
    if not _ID.fullmatch(value):
        raise Rejected(f"{what} is {'not one of X' if value else 'missing'}", code="address")
    return value
