"""What the account reads over the API: itself, its posts, mentions and direct messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sandbox.social.model import PRIVATE
from sandbox.x import errors, payloads
from sandbox.x.payloads import JsonDict
from sandbox.x.platform import XPlatform

_POST_ALWAYS = ("id", "text", "edit_history_tweet_ids")
_USER_ALWAYS = ("id", "name", "username")
_DM_ALWAYS = ("id", "text", "event_type")
_POST_FIELDS = frozenset(
    """id text edit_history_tweet_ids created_at author_id conversation_id in_reply_to_user_id referenced_tweets lang
    entities attachments edit_controls public_metrics possibly_sensitive reply_settings note_tweet source withheld
    context_annotations geo display_text_range paid_partnership""".split()
)


class Reading:
    """Every method returns the whole answer, or raises X's refusal. `params`: the query string."""

    def __init__(self, platform: XPlatform) -> None:
        self._platform = platform

    def me(self) -> JsonDict:
        """https://docs.x.com/x-api/users/get-my-user"""
        return {"data": payloads.only(payloads.user(self._platform.account(self._platform.brand.id)), _USER_ALWAYS, "")}

    def post(self, post_id: str, params: Mapping[str, str]) -> JsonDict:
        """https://docs.x.com/x-api/posts/get-post-by-id. What is gone comes as 200 with `errors` and no `data`."""
        entry = self._platform.find(post_id)
        if entry is not None:
            post = None if entry.deleted else self._platform.post_of(entry)
        else:
            post = next((post for post in self._platform.own_timeline() if post.id == post_id), None)
        if post is None:
            return {"errors": [errors.missing("tweet", post_id).body]}
        return {"data": self._shown(post, params), **self._beside([post], params)}

    def own_posts(self, user_id: str, params: Mapping[str, str]) -> JsonDict:
        """https://docs.x.com/x-api/users/get-posts"""
        self._is_us(user_id)
        return self._posts(self._platform.own_timeline(), params)

    def mentions(self, user_id: str, params: Mapping[str, str]) -> JsonDict:
        """https://docs.x.com/x-api/users/get-mentions"""
        self._is_us(user_id)
        return self._posts(self._platform.mentions_timeline(), params)

    def dms(self, params: Mapping[str, str], participant: str = "") -> JsonDict:
        """https://docs.x.com/x-api/direct-messages/get-dm-events; of one conversation when `participant` is given."""
        most = _most(params, 1, 100, 100)
        below = params.get("pagination_token", "")
        found: list[tuple[JsonDict, str]] = []
        for row, sender in self._dm_rows(participant):
            if below and int(row["id"]) >= _id(below):
                continue
            found.append((row, sender))
            if len(found) > most:
                break
        page = found[:most]
        body: JsonDict = {"meta": {"result_count": len(page)}}
        if page:
            fields = params.get("dm_event.fields", "")
            body["data"] = [payloads.only(row, _DM_ALWAYS, fields) for row, _ in page]
            body |= self._includes((sender for _, sender in page), params, "sender_id")
        if len(found) > most:
            body["meta"]["next_token"] = page[-1][0]["id"]
        return body

    def _posts(self, timeline: Iterator[payloads.Post], params: Mapping[str, str]) -> JsonDict:
        most = _most(params, 5, 100, 10)
        since = _id(params.get("since_id", "0"))
        below = _id(params.get("pagination_token") or params.get("until_id") or str(2**63))
        start = _moment_ms(params.get("start_time", ""))
        wanted = [post for post in timeline if since < int(post.id) < below and post.at >= start]
        wanted.sort(key=lambda post: -int(post.id))
        page = wanted[:most]
        body: JsonDict = {"meta": {"result_count": len(page)}}
        if page:
            body["data"] = [self._shown(post, params) for post in page]
            body["meta"] |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
            body |= self._beside(page, params)
        if len(wanted) > most:
            body["meta"]["next_token"] = page[-1].id
        return body

    def _shown(self, post: payloads.Post, params: Mapping[str, str]) -> JsonDict:
        fields = params.get("tweet.fields", "")
        for name in filter(None, fields.split(",")):
            if name not in _POST_FIELDS:
                raise errors.invalid(f"The `tweet.fields` query parameter value [{name[:40]}] is not valid")
        return payloads.only(payloads.post(post, self._platform.known(post)), _POST_ALWAYS, fields)

    def _dm_rows(self, participant: str) -> Iterator[tuple[JsonDict, str]]:
        platform = self._platform
        for entry in reversed(platform.entries.values()):
            if entry.surface == PRIVATE and not entry.deleted and participant in ("", entry.customer):
                item = platform.message(entry)
                yield payloads.dm_row(item, platform.conversation(entry.customer)), item.sender.id

    def _beside(self, posts: Sequence[payloads.Post], params: Mapping[str, str]) -> JsonDict:
        """Authors, and the posts that these answer or quote, where they are asked for."""
        found = self._includes((post.author.id for post in posts), params, "author_id").get("includes", {})
        if "referenced_tweets.id" in params.get("expansions", "").split(","):
            above = {each.id: self._shown(each, params) for post in posts for each in self._platform.above(post)}
            found = found | ({"tweets": [*above.values()]} if above else {})
        return {"includes": found} if found else {}

    def _includes(self, people: Iterable[str], params: Mapping[str, str], expansion: str) -> JsonDict:
        if expansion not in params.get("expansions", "").split(","):
            return {}
        fields = params.get("user.fields", "")
        shown = (payloads.user(self._platform.account(each)) for each in dict.fromkeys(people))
        return {"includes": {"users": [payloads.only(each, _USER_ALWAYS, fields) for each in shown]}}

    def _is_us(self, user_id: str) -> None:
        if user_id != self._platform.brand.id:
            raise errors.missing("user", user_id)


def _most(params: Mapping[str, str], least: int, most: int, default: int) -> int:
    raw = params.get("max_results", str(default))
    if not raw.isdigit() or not least <= int(raw) <= most:
        raise errors.invalid(
            f"The `max_results` query parameter value [{raw}] is not between {least} and {most}", max_results=raw
        )
    return int(raw)


def _id(raw: str) -> int:
    if not raw.isdigit():
        raise errors.invalid(f"[{raw[:30]}] is not a valid id")
    return int(raw)


def _moment_ms(raw: str) -> int:
    if not raw:
        return 0
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise errors.invalid("The `start_time` query parameter is not a valid time", start_time=raw[:40]) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
