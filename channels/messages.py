"""What crosses the border between a platform and the core: requests, inbound events, outbound messages.

Everything here is immutable, serialises to JSON through msgspec without loss, and knows no platform.
Times are timezone-aware UTC. Ids are strings everywhere: X and Instagram ids exceed 2**53.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec


class Surface(StrEnum):
    """Who can read the conversation."""

    PRIVATE = "private"
    PUBLIC = "public"


class RawRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request as it arrived; `body` is untouched bytes, header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    received_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer a handshake with."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A media item by reference. `external_id` is the platform's file id; a URL that holds a token is never kept."""

    kind: str  # image | video | audio | voice | file | sticker | location | contact
    external_id: str = ""
    url: str = ""
    name: str = ""
    mime_type: str = ""
    size: int = 0  # bytes; 0 when the platform does not say


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The person writing, as the platform names them."""

    external_id: str
    name: str = ""
    username: str = ""
    locale: str = ""  # BCP 47 tag the platform reports, "" when it reports none
    address: str = ""  # where private messages go when that is not `external_id` (a phone number)
    followers: int = 0  # 0 when the platform does not tell
    verified: bool = False  # false when the platform does not tell


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every inbound event carries.

    `event_id` is stable across redeliveries of the same event and unique within the channel: it is what
    deduplication uses. `thread_id` is who the case is with: on social platforms the customer's id, so that what
    they write in public and in private is one case. An event that does not say whose case it is (the brand's own
    comment, a deletion) has `thread_id = post_thread(external id of the public message it hangs on)`; the case is
    found when it is stored. `conversation_key` is what the whole system orders and stores by.
    `also` are other ids by which the platform knows the same customer (a phone number beside a user id).
    """

    channel: str
    event_id: str
    thread_id: str
    at: datetime
    customer: Customer
    surface: Surface = Surface.PRIVATE
    also: tuple[str, ...] = ()

    @property
    def conversation_key(self) -> str:
        return f"{self.channel}:{self.thread_id}"


POST_THREAD = "post:"


def post_thread(external_id: str) -> str:
    """The `thread_id` of an event that is known only by the public message that it hangs on."""
    return f"{POST_THREAD}{external_id}"


class MessageReceived(Event, frozen=True, kw_only=True, omit_defaults=True, tag="message"):
    """The customer said something: text, a caption, media, or a deep link's payload (`referral`).

    In public: `root` is the external id of the comment thread's first message (its own id when it is that one),
    `post` what the thread hangs on, `tagged` the other accounts that it names (without @), `summoned` whether its
    author called the brand (mentioned or quoted it).
    """

    external_id: str  # the platform's id of this message
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reply_to: str = ""  # external id of the message answered, "" when none
    referral: str = ""
    root: str = ""
    post: str = ""
    link: str = ""  # where a person can look at it
    tagged: tuple[str, ...] = ()
    summoned: bool = True
    # Likes, replies, shares and quotes of it, or of the customer's post above it when those are more; 0 when the
    # platform does not tell.
    engagement: int = 0
    # Another app holds the thread: read along, never answer.
    standby: bool = False
    # The webhook only points at it: `Channel.complete` fetches the words before anybody reads them.
    incomplete: bool = False
    # Whether a private message may hang on it, where the platform has such.
    private_reply: bool = True
    # Whether it can be hidden, where the platform has that (`Capabilities.hiding`); also when that is not known.
    hidable: bool = True


class ButtonTapped(Event, frozen=True, kw_only=True, omit_defaults=True, tag="tap"):
    """The customer chose a button. `button` is the key that we gave it (`Button.key`), `title` what it showed."""

    external_id: str
    button: str
    title: str = ""
    acknowledge: str = ""  # platform's id to confirm the tap with, "" when it needs none


class MessageEdited(Event, frozen=True, kw_only=True, omit_defaults=True, tag="edit"):
    external_id: str
    text: str


class MessageDeleted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="delete"):
    external_id: str


class OwnEcho(Event, frozen=True, kw_only=True, omit_defaults=True, tag="own_echo"):
    """The platform shows us what we ourselves sent: it confirms an outbound message and is never an input."""

    external_id: str
    message_id: str = ""  # the idempotency key of our call (`message_id/part`), where the platform carries it along
    text: str = ""


class HumanEcho(Event, frozen=True, kw_only=True, omit_defaults=True, tag="human_echo"):
    """A person of the brand answered in the platform's own app: they take the conversation over.

    `maybe_ours`: the platform does not say which app wrote it. It is ours when we sent this id, or are just
    sending these words; else a person's.
    """

    external_id: str
    text: str = ""
    author: str = ""
    maybe_ours: bool = False
    root: str = ""  # in public: the external id of the message that it hangs on


class Receipt(Event, frozen=True, kw_only=True, omit_defaults=True, tag="receipt"):
    """Delivery news about our messages; `external_ids` may be empty when the platform gives a watermark only.

    `error` is the class name of the SendError that a failure amounts to ("WindowClosed", "RecipientGone" …).
    """

    status: str  # sent | delivered | read | failed
    external_ids: tuple[str, ...] = ()
    message_id: str = ""  # the idempotency key of our call, where the platform carries it along
    error: str = ""
    code: str = ""
    detail: str = ""


class Reacted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="reaction"):
    external_id: str
    emoji: str = ""  # "" removes it


class Reachability(Event, frozen=True, kw_only=True, omit_defaults=True, tag="reachability"):
    """The customer blocked us (`reachable` false) or let us in again."""

    reachable: bool


class ControlPassed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="control"):
    """The platform's routing gave the private thread to another app, or (`to_us`) to us."""

    to_us: bool
    app: str = ""  # who has it now


class AccessRevoked(Event, frozen=True, kw_only=True, omit_defaults=True, tag="revoked"):
    """The brand's account withdrew our access: nothing gets through until a person sets the channel up again.

    About the whole channel: `thread_id` and `customer.external_id` are the account's own id.
    """

    detail: str = ""


class Unsupported(Event, frozen=True, kw_only=True, omit_defaults=True, tag="unsupported"):
    """Something that this adapter does not know or could not read. Never raised, never answered.

    `raw`: the body of what was polled and could not be read, to be kept aside before it is confirmed.
    """

    kind: str
    raw: str = ""


InboundEvent = (
    MessageReceived
    | ButtonTapped
    | MessageEdited
    | MessageDeleted
    | OwnEcho
    | HumanEcho
    | Receipt
    | Reacted
    | Reachability
    | ControlPassed
    | AccessRevoked
    | Unsupported
)


class Sender(StrEnum):
    """Who speaks for the brand. A notice is the system's own word (handover, delay), not the assistant's."""

    BOT = "bot"
    NOTICE = "notice"
    AGENT = "agent"


class Button(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A choice. `key` is short (≤ 32 ASCII characters) and travels to the platform; the payload stays with us."""

    key: str
    title: str
    url: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that the platform approved beforehand: the only kind that may open a closed window."""

    name: str
    language: str  # the platform's code, like en_US
    parameters: tuple[str, ...] = ()


class ApprovedTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template as the brand registered it. `text` is for people to read: {{1}}, {{2}} … are its parameters.
    What the customer gets is the platform's own copy."""

    name: str
    language: str  # the platform's code, like id or en_US
    text: str = ""


class OutboundMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the brand says to one conversation, before it is fitted to the platform.

    `epoch` is the conversation's ownership epoch when this was composed: the courier drops what
    bot and system composed before a person took over. `kind` "typing" and "acknowledge" are signals without content;
    "hide" takes the customer's public message `reply_to` out of everybody's sight.
    """

    message_id: str
    channel: str
    thread_id: str
    customer: Customer
    created_at: datetime
    sender: Sender = Sender.BOT
    kind: str = "message"  # message | typing | acknowledge | hide
    text: str = ""
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    surface: Surface = Surface.PRIVATE
    reply_to: str = ""  # external id of the customer's message that this answers
    in_reply_to: str = ""  # our event id of the same
    acknowledge: str = ""
    asked_at: datetime | None = None  # when the message that this answers was stored
    epoch: int = 0
    agent_name: str = ""
    # Where it goes. Private: `to`, the customer's private address; or, while that is unknown or its window is shut,
    # `entry`, the public message that a private reply hangs on. Public: `reply_to`, in the thread that began at `root`.
    to: str = ""
    entry: str = ""
    root: str = ""
    approved_by: str = ""  # the second person, where a public reply needs one
    tag: str = ""  # the platform's tag under which it may go; set by the policy, at the moment of sending
    template: Template | None = None
    proactive: bool = False  # nobody just asked for it, so that it can wait for the morning

    @property
    def conversation_key(self) -> str:
        return f"{self.channel}:{self.thread_id}"


class ApiCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call to the platform, ready to go: no secret inside, so it may be shown in a test or a report."""

    method: str
    path: str
    json: Mapping[str, Any] = {}
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class ApiResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The platform's answer; `body` is the decoded JSON, or {} when there was none."""

    status: int
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] = {}


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """The platform's ids of the parts that one message became, in order."""

    external_ids: tuple[str, ...] = ()


class Probe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing looked at. `name`: credentials, permissions, subscription, delivery, clock, address, token …"""

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a look at credentials and subscriptions found; `fix` tells what to do when `ok` is false.

    `probes` are the single findings, where a channel has several. `clock_skew_s`: the platform's clock less ours.
    """

    ok: bool
    detail: str = ""
    fix: str = ""
    probes: tuple[Probe, ...] = ()
    token_expires_at: datetime | None = None
    clock_skew_s: float | None = None

    @classmethod
    def of(
        cls, probes: Sequence[Probe], *, token_expires_at: datetime | None = None, clock_skew_s: float | None = None
    ) -> Health:
        """The health that these findings amount to: the first that is wrong gives detail and fix."""
        wrong = [probe for probe in probes if not probe.ok]
        said = wrong or list(probes)
        return cls(
            ok=not wrong,
            detail="; ".join(probe.detail for probe in said if probe.detail),
            fix=wrong[0].fix if wrong else "",
            probes=tuple(probes),
            token_expires_at=token_expires_at,
            clock_skew_s=clock_skew_s,
        )
