"""What the account does over the API: posts, replies, direct messages, hiding and deleting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.social.model import BRAND, PRIVATE, PUBLIC, Entry
from sandbox.x import errors
from sandbox.x.payloads import JsonDict
from sandbox.x.platform import XPlatform, own_words
from sandbox.x.text import LONGEST_DM, LONGEST_POST, has_link, weight, with_short_links

# X does not say how long it remembers a text; this is a guess.
_DUPLICATE_WITHIN_MS = 3600 * 1000
_POST_FIELDS = frozenset(("text", "reply", "made_with_ai"))
_REPLY_FIELDS = frozenset(("in_reply_to_tweet_id",))
_DM_FIELDS = frozenset(("text",))


class Writing:
    """Every method returns the answer's `data`, or raises X's refusal."""

    def __init__(self, platform: XPlatform) -> None:
        self._platform = platform

    def post(self, body: Mapping[str, Any]) -> JsonDict:
        """https://docs.x.com/x-api/posts/create-post"""
        text = _text(body, _POST_FIELDS)
        reply = body.get("reply", {})
        if not isinstance(reply, Mapping):
            raise errors.invalid("$.reply: object expected")
        _only(reply, _REPLY_FIELDS, "$.reply")
        parent_id = reply.get("in_reply_to_tweet_id", "")
        if reply and not (isinstance(parent_id, str) and parent_id.isdigit()):
            raise errors.invalid("$.reply.in_reply_to_tweet_id: string of digits expected")
        platform = self._platform
        entry = Entry(platform.new_id(PUBLIC), PUBLIC, BRAND, "", text)
        entry.root = entry.id
        parent = self._hang_on(entry, parent_id) if parent_id else None
        entry.text = own_words(text, entry.extra.get("in_front", []))
        if weight(entry.text) > LONGEST_POST:
            raise errors.invalid("Your Tweet text is too long.")
        full, now = platform.text(entry), platform.now_ms()
        # First of all: a repeated call after a lost answer breaks no rule, it is only refused.
        if now - platform.posted.get(full, -_DUPLICATE_WITHIN_MS) < _DUPLICATE_WITHIN_MS:
            raise errors.duplicate()
        if parent is not None and parent.by_customer:
            self._may_answer(parent, entry)
        platform.say(entry)
        platform.posted[full] = now
        shown, _ = with_short_links(full)
        return {"id": entry.id, "text": shown, "edit_history_tweet_ids": [entry.id]}

    def dm(self, participant: str, body: Mapping[str, Any]) -> JsonDict:
        """https://docs.x.com/x-api/direct-messages/create-dm-message-by-participant-id"""
        platform = self._platform
        text = _text(body, _DM_FIELDS)
        if len(text) > LONGEST_DM:
            raise errors.invalid("Your message is too long.")
        if participant == platform.brand.id or not participant.isdigit():
            raise errors.invalid("participant_id: another account's id expected", participant_id=participant)
        if participant not in platform.people:
            raise errors.missing("user", participant)
        if participant not in platform.wrote_at and platform.violate("dm_not_asked_for", customer=participant):
            raise errors.no_dm()
        entry = platform.say(Entry(platform.new_id(PRIVATE), PRIVATE, BRAND, participant, text))
        return {"dm_conversation_id": platform.conversation(participant), "dm_event_id": entry.id}

    def delete(self, post_id: str) -> JsonDict:
        """https://docs.x.com/x-api/posts/delete-post"""
        platform, entry = self._platform, self._standing(post_id)
        if entry.by_customer:
            raise errors.not_yours(post_id)
        platform.posted.pop(platform.text(entry), None)
        platform.remove(entry)
        platform.emit(entry.customer, platform.event_gone(entry))
        return {"deleted": True}

    def hide(self, post_id: str, body: Mapping[str, Any]) -> JsonDict:
        """https://docs.x.com/x-api/posts/hide-reply: only replies in the account's own conversations."""
        platform, entry, hidden = self._platform, self._standing(post_id), body.get("hidden")
        if not isinstance(hidden, bool):
            raise errors.invalid("$.hidden: boolean expected")
        first = entry.extra.get("conversation", "")
        start = platform.find(first)
        if not (entry.by_customer and (first in platform.posts or (start is not None and not start.by_customer))):
            raise errors.not_yours(post_id)
        platform.hide(entry, hidden)
        return {"hidden": hidden}

    def _hang_on(self, entry: Entry, parent_id: str) -> Entry | None:
        """Make the entry an answer to this post; None when that is one of the brand's first posts."""
        platform = self._platform
        if parent_id in platform.posts:
            entry.reply_to = entry.root = entry.post = parent_id
            platform.attach(entry, parent_id)
            return None
        parent = self._standing(parent_id)
        entry.customer, entry.reply_to = parent.customer, parent.id
        entry.root, entry.post = parent.root, parent.post
        platform.attach(entry, parent.id)
        return parent

    def _may_answer(self, parent: Entry, entry: Entry) -> None:
        platform, about = self._platform, {"customer": parent.customer, "entry": parent.id}
        if not platform.summons(parent) and platform.violate("not_summoned", **about):
            raise errors.not_summoned()
        # These X's rules forbid or make dear, and its API lets through.
        # https://help.x.com/en/rules-and-policies/x-automation
        if parent.id in platform.answered:
            platform.violate("second_reply", **about)
        # A post with a link costs 0.20 dollars, an answer without one 0.01.
        if has_link(entry.text):
            platform.violate("link_in_reply", **about)
        platform.answered.add(parent.id)

    def _standing(self, post_id: str) -> Entry:
        entry = self._platform.find(post_id)
        if entry is None or entry.deleted:
            raise errors.missing("tweet", post_id)
        return entry


def _text(body: Mapping[str, Any], fields: frozenset[str]) -> str:
    _only(body, fields, "$")
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise errors.invalid("$.text: a text that is not empty is expected")
    return text.strip()


def _only(body: Mapping[str, Any], fields: frozenset[str], where: str) -> None:
    """X refuses fields that it does not know; this stand-in also those that it does not play (media, polls)."""
    for name in body.keys() - fields:
        raise errors.invalid(f"{where}.{name}: is not defined in the schema")
