"""Comments: answers, hiding, deleting and reading, on a Page and on Instagram.

https://developers.facebook.com/docs/graph-api/reference/comment/comments,
https://developers.facebook.com/docs/instagram-platform/comment-moderation
"""

from __future__ import annotations

import re
from typing import Any

from sanic import HTTPResponse

from sandbox.http import answer
from sandbox.meta.calls import Call, Handler, chosen, comment_in, graph_time
from sandbox.meta.errors import bad_parameter, graph_error, missing
from sandbox.meta.facebook import Facebook
from sandbox.meta.instagram import Instagram
from sandbox.social.model import BRAND, PUBLIC, Entry

_LONGEST_ON_A_PAGE = 8_000
_LONGEST_ON_INSTAGRAM = 2_200


class PageComments:
    """Comments under the Page's posts."""

    def __init__(self, platform: Facebook) -> None:
        self._platform = platform
        self.sends: dict[tuple[str, str], Handler] = {("POST", "comments"): self.reply}
        self.asks: dict[tuple[str, str], Handler] = {
            ("GET", "comments"): self.read,
            ("POST", "likes"): self.like,
        }

    def reply(self, call: Call) -> HTTPResponse:
        """`POST /{comment-id}/comments`; what answers an answer hangs on the first comment."""
        platform, answered = self._platform, comment_in(self._platform, call.object_id)
        text, link = call.text("message"), call.text("attachment_url")
        if not text and not link:
            raise bad_parameter("A comment needs a message or an attachment.")
        if len(text) > _LONGEST_ON_A_PAGE:
            raise bad_parameter(f"The message has more than {_LONGEST_ON_A_PAGE} characters.")
        thread = platform.thread(answered.root)
        if text and not thread[-1].by_customer and thread[-1].text == text:
            raise graph_error(506)
        entry = _answer(platform.new_id(PUBLIC, answered.post), answered, text)
        if link:
            entry.attachments = [{"kind": "image", "url": link}]
        platform.say(entry)
        return answer({"id": entry.id})

    def read(self, call: Call) -> HTTPResponse:
        """`GET /{comment-id}/comments` (or of a post): the answers, oldest first unless asked otherwise."""
        platform = self._platform
        if call.object_id in platform.posts:
            post = call.object_id
            found = [one for one in platform.entries.values() if one.post == post and one.root == one.id]
            found = [one for one in found if not one.deleted]
        else:
            root = comment_in(platform, call.object_id)
            found = [one for one in platform.thread(root.root) if one.id != root.id]
        if call.text("order") == "reverse_chronological":
            found.reverse()
        most = int(call.text("limit") or 25)
        return answer({"data": [chosen(call.text("fields"), self.describe(one)) for one in found[:most]]})

    def like(self, call: Call) -> HTTPResponse:
        """`POST /{comment-id}/likes`"""
        entry = comment_in(self._platform, call.object_id)
        self._platform.show(entry, "reaction", emoji="👍", by=BRAND)
        return answer({"success": True})

    def change(self, call: Call) -> HTTPResponse:
        """`POST /{comment-id}`: hide, show, or change an own comment's text."""
        platform, entry = self._platform, comment_in(self._platform, call.object_id)
        if "is_hidden" in call.params:
            platform.hide(entry, call.flag("is_hidden"))
            platform.emit(entry.customer, platform.comment_hidden(entry))
        elif call.text("message") and not entry.by_customer:
            entry.text, entry.edited = call.text("message"), entry.edited + 1
            platform.show(entry, "edit")
        else:
            raise bad_parameter("Nothing to change.")
        return answer({"success": True})

    def delete(self, call: Call) -> HTTPResponse:
        """`DELETE /{comment-id}`"""
        platform, entry = self._platform, comment_in(self._platform, call.object_id)
        platform.remove(entry)
        platform.emit(entry.customer, platform.comment_removed(entry))
        return answer({"success": True})

    def describe(self, entry: Entry) -> dict[str, Any]:
        """A comment as the API shows it."""
        platform = self._platform
        author = {"id": platform.brand.id, "name": platform.brand.name}
        if entry.by_customer:
            author = {"id": entry.customer, "name": platform.people[entry.customer].name}
        return {
            "id": entry.id,
            "message": entry.text,
            "from": author,
            "created_time": graph_time(entry.at),
            "is_hidden": entry.hidden,
            "permalink_url": f"{platform.posts[entry.post].link}?comment_id={entry.id}",
        }


class InstagramComments:
    """Comments under the account's media, and mentions under other people's."""

    def __init__(self, platform: Instagram) -> None:
        self._platform = platform
        self.sends: dict[tuple[str, str], Handler] = {
            ("POST", "replies"): self.reply,
            ("POST", "mentions"): self.answer_mention,
        }
        self.asks: dict[tuple[str, str], Handler] = {("GET", "replies"): self.read}

    def reply(self, call: Call) -> HTTPResponse:
        """`POST /{ig-comment-id}/replies`; a reply to a reply is attached to the first comment."""
        platform, answered = self._platform, comment_in(self._platform, call.object_id)
        if platform.posts[answered.post].owner:
            raise missing(call.object_id)
        if answered.hidden:
            raise bad_parameter("A hidden comment can't be answered.")
        return self._say(answered, call.text("message"))

    def answer_mention(self, call: Call) -> HTTPResponse:
        """`POST /{ig-user-id}/mentions?media_id=…&comment_id=…&message=…`"""
        answered = comment_in(self._platform, call.text("comment_id"))
        if answered.post != call.text("media_id") or not self._platform.posts[answered.post].owner:
            raise bad_parameter("The media or the comment does not mention this account.")
        return self._say(answered, call.text("message"))

    def read(self, call: Call) -> HTTPResponse:
        """`GET /{ig-comment-id}/replies`"""
        root = comment_in(self._platform, call.object_id)
        found = [one for one in self._platform.thread(root.root) if one.id != root.id]
        return answer({"data": [chosen(call.text("fields"), self.describe(one)) for one in found]})

    def mentioned(self, fields: str) -> dict[str, Any]:
        """`GET /{ig-user}?fields=mentioned_comment.comment_id(…){…},mentioned_media.media_id(…){…}`"""
        platform, found = self._platform, {}
        if asked := re.search(r"mentioned_comment\.comment_id\(([^)]+)\)(?:\{([^}]*)\})?", fields):
            entry = comment_in(platform, asked[1])
            if f"@{platform.brand.username}" not in entry.text:
                raise missing(asked[1])
            about = {**self.describe(entry), "media": {"id": entry.post}}
            found["mentioned_comment"] = chosen((asked[2] or "id").split("{")[0], about)
        if asked := re.search(r"mentioned_media\.media_id\(([^)]+)\)", fields):
            post = platform.posts.get(asked[1])
            if post is None:
                raise missing(asked[1])
            found["mentioned_media"] = {
                "id": post.id,
                "caption": post.text,
                "username": post.owner or platform.brand.username,
                "timestamp": graph_time(post.at),
                "permalink": post.link,
                "like_count": 0,
                "comments_count": len([one for one in platform.entries.values() if one.post == post.id]),
            }
        return found

    def change(self, call: Call) -> HTTPResponse:
        """`POST /{ig-comment-id}?hide=true`"""
        entry = comment_in(self._platform, call.object_id)
        if "hide" not in call.params:
            raise bad_parameter("Nothing to change.")
        self._platform.hide(entry, call.flag("hide"))
        return answer({"success": True})

    def delete(self, call: Call) -> HTTPResponse:
        """`DELETE /{ig-comment-id}`"""
        self._platform.remove(comment_in(self._platform, call.object_id))
        return answer({"success": True})

    def describe(self, entry: Entry) -> dict[str, Any]:
        """A comment as the API shows it."""
        platform = self._platform
        name = platform.people[entry.customer].username if entry.by_customer else platform.brand.username
        author = entry.customer if entry.by_customer else platform.account_id
        return {
            "id": entry.id,
            "text": entry.text,
            "timestamp": graph_time(entry.at),
            "username": name,
            "from": {"id": author, "username": name},
            "hidden": entry.hidden,
            "like_count": entry.engagement,
        }

    def _say(self, answered: Entry, text: str) -> HTTPResponse:
        if not text.strip():
            raise bad_parameter("The message is empty.")
        if len(text) > _LONGEST_ON_INSTAGRAM:
            raise bad_parameter(f"The message has more than {_LONGEST_ON_INSTAGRAM} characters.")
        entry = self._platform.say(_answer(self._platform.new_id(PUBLIC, answered.post), answered, text))
        return answer({"id": entry.id})


def _answer(entry_id: str, answered: Entry, text: str) -> Entry:
    return Entry(
        entry_id,
        PUBLIC,
        BRAND,
        answered.customer,
        text,
        reply_to=answered.id,
        root=answered.root,
        post=answered.post,
    )
