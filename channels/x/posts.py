"""Posts → events: mentions, replies and quotes of customers, and the brand's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from channels.messages import (
    Attachment,
    Customer,
    HumanEcho,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Surface,
    Unsupported,
    post_thread,
)
from channels.x import reading, text, wire
from channels.x.reading import Account, Around

MENTION, REPLY, QUOTE, OWN = "post.mention.create", "post.reply.create", "post.quote.create", "post.create"
KINDS = frozenset({MENTION, REPLY, QUOTE, OWN})
# A post that says nothing but our name. The core takes it for a greeting.
_CALLED = "/start"


def read_post(post: wire.Post, kind: str, account: Account, around: Around, received_at: datetime) -> InboundEvent:
    """The event that a post is. `kind`: why we were told. Raises PayloadError.

    One post is told several times when it mentions and answers us at once: the event's id is the post's, so that it
    is one turn, and all else is decided from the post itself.
    """
    post_id = reading.identity(post.id, "the post")
    author = reading.identity(post.author_id, "the post's author")
    at = reading.moment(post.created_at, received_at)
    if author == account.id:
        return _own(post, post_id, account, around, at)
    fields = reading.base(f"post:{post_id}", author, at, around.customer(author), Surface.PUBLIC)
    if post.referenced("retweeted"):
        return Unsupported(**fields, kind="repost")
    if kind == OWN:
        return Unsupported(**fields, kind="another account's post")
    attachments = _attachments(post, around)
    said = _spoken(post, account)
    first = str(post.edit_history_tweet_ids[0]) if post.edit_history_tweet_ids else post_id
    if first != post_id:
        return MessageEdited(**fields, external_id=first, text=said)
    return MessageReceived(
        **fields,
        external_id=post_id,
        text=said or ("" if attachments else _CALLED),
        attachments=attachments,
        reply_to=post.parent,
        root=str(post.conversation_id or post_id),
        post=_ours_above(post, kind, account, around),
        link=f"https://x.com/i/status/{post_id}",
        tagged=tuple(_tagged(post, account)),
        summoned=_summoned(post, kind, account, around),
        engagement=_engagement(post, account, around),
        hidable=_hidable(post, post_id, account, around),
    )


def read_deletion(
    deleted: wire.DeletedPost, account: Account, received_at: datetime, at: datetime | None = None
) -> InboundEvent:
    """A post that is gone: X tells of the account's own only. Raises PayloadError."""
    post_id = reading.identity(deleted.id, "the deleted post")
    if str(deleted.author_id or deleted.user_id or account.id) != account.id:
        return reading.aside("another account's post", post_id.encode(), account, received_at)
    thread = post_thread(post_id)
    customer = Customer(external_id=thread)
    fields = reading.base(f"delete:{post_id}", thread, at or received_at, customer, Surface.PUBLIC)
    return MessageDeleted(**fields, external_id=post_id)


def _own(post: wire.Post, post_id: str, account: Account, around: Around, at: datetime) -> InboundEvent:
    """X does not say which app wrote it. Of use only when it answers a customer, whose case it then belongs to."""
    whom = str(post.in_reply_to_user_id or "") or around.authors.get(post.parent, "")
    if not post.parent or whom == account.id:
        fields = reading.base(f"post:{post_id}", account.id, at, Customer(external_id=account.id), Surface.PUBLIC)
        return Unsupported(**fields, kind="own post")
    thread = whom or post_thread(post.parent)
    fields = reading.base(f"post:{post_id}", thread, at, around.customer(thread), Surface.PUBLIC)
    body, entities = _whole(post)
    said = text.plain(body, entities.urls)
    return HumanEcho(**fields, external_id=post_id, text=text.spoken(said, "", reply=True), maybe_ours=True)


def _whole(post: wire.Post) -> tuple[str, wire.Entities]:
    if post.note_tweet is not None and post.note_tweet.text:
        return post.note_tweet.text, post.note_tweet.entities
    return post.text, post.entities


def _spoken(post: wire.Post, account: Account) -> str:
    body, entities = _whole(post)
    quoted = post.referenced("quoted")
    said = text.plain(body, entities.urls, [quoted] if quoted else [])
    return text.spoken(said, _our_name(post, account), reply=bool(post.parent))


def _our_name(post: wire.Post, account: Account) -> str:
    """The account may have been renamed since the settings were written; X names it as it is now."""
    named = (mention.username for mention in _whole(post)[1].mentions if _is_us(mention, account))
    return next((name for name in named if name), account.username)


def _is_us(mention: wire.Mention, account: Account) -> bool:
    if mention.id:
        return str(mention.id) == account.id
    return bool(account.username) and mention.username.casefold() == account.username.casefold()


def _summoned(post: wire.Post, kind: str, account: Account, around: Around) -> bool:
    """Whether the author called the brand: mentioned it, or quoted a post of its.

    What X puts in front of a reply counts or not as the settings say, because X does not state it.
    """
    quoted = post.referenced("quoted")
    if quoted and (kind == QUOTE or around.authors.get(quoted) == account.id):
        return True
    body, entities = _whole(post)
    automatic = 0 if account.automatic_mention_summons or not post.parent else text.names_in_front(body)
    return any(_is_us(mention, account) and mention.start >= automatic for mention in entities.mentions)


def _ours_above(post: wire.Post, kind: str, account: Account, around: Around) -> str:
    """The brand's post that this one answers or quotes, "" when it is not the brand's."""
    if post.parent and account.id in {str(post.in_reply_to_user_id or ""), around.authors.get(post.parent, "")}:
        return post.parent
    quoted = post.referenced("quoted")
    return quoted if quoted and (kind == QUOTE or around.authors.get(quoted) == account.id) else ""


def _engagement(post: wire.Post, account: Account, around: Around) -> int:
    """Of the post, or of the one that it answers or quotes when that has more and is not the brand's: what is said
    under a popular post of the brand's is not loud by that."""
    above = [link for link in (post.parent, post.referenced("quoted")) if around.authors.get(link) != account.id]
    return max(reading.engagement(post.public_metrics), *(around.engagement.get(link, 0) for link in above), 0)


def _hidable(post: wire.Post, post_id: str, account: Account, around: Around) -> bool:
    """X hides answers in conversations that the account began. Who began one is not always told: then it is tried."""
    root = str(post.conversation_id or post_id)
    begun_by = around.authors.get(root, "")
    if post.parent == root:
        begun_by = begun_by or str(post.in_reply_to_user_id or "")
    return root != post_id and begun_by in {"", account.id}


def _tagged(post: wire.Post, account: Account) -> Sequence[str]:
    names = (mention.username for mention in _whole(post)[1].mentions if not _is_us(mention, account))
    return list(dict.fromkeys(name for name in names if name))


def _attachments(post: wire.Post, around: Around) -> tuple[Attachment, ...]:
    """A medium that was not sent along is known by its key alone; what it is can be seen at the post's link."""
    return tuple(around.media.get(key, Attachment(kind="file", external_id=key)) for key in post.attachments.media_keys)
