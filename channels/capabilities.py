"""What a platform can do and what it allows, declared as data, so that the core never asks which platform it is.

A platform has one `Capabilities` for each surface that it has: what customers write in public and what they write in
private differ in length, in buttons and above all in rules.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec


class PrivateReply(msgspec.Struct, frozen=True, kw_only=True):
    """A private message may hang on a public one: once each, within `within` of it."""

    within: timedelta
    source: str  # the vendor's page


class Hiding(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's public message can be taken out of everybody's sight. Doing it twice does no harm."""

    source: str  # the vendor's page
    own_threads_only: bool = False  # only answers in threads that the brand began (`MessageReceived.hidable`)
    answerable: bool = True  # what is hidden can still be answered in public


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform forbids, with the vendor's page for each. The defaults forbid nothing."""

    # Reply window: how long after the customer's last action an ordinary message may be sent. None: for ever.
    window: timedelta | None = None
    window_source: str = ""
    # How long a person (never a program) may still write, and the tag that says so.
    human_window: timedelta | None = None
    human_tag: str = ""
    human_source: str = ""
    # How soon the platform wants answers for its badge of responsiveness. None: it has no such badge.
    badge: timedelta | None = None
    badge_source: str = ""
    # Outside every window, only messages that the platform has approved before.
    templates: bool = False
    templates_source: str = ""
    # Public surface: a private message may hang on a customer's public one.
    private_reply: PrivateReply | None = None
    # Public surface: only who called the brand (mentioned or quoted it) may be answered by a program.
    summoned_only: bool = False
    summoned_source: str = ""
    # Public surface: most automatic answers to one message of a customer. None: no limit.
    automatic_replies: int | None = None
    automatic_source: str = ""
    # Nothing may be posted without a person: what the assistant would say is a draft.
    drafts_only: bool = False
    drafts_source: str = ""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `count` calls in any `window_s` seconds, counted over all couriers under `scope`.

    `scope` names who shares the limit, without the channel's name: "app", "page:send", "pair:<user>" …
    """

    scope: str
    count: int
    window_s: float


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer's headers tell about a limit. `used` from 0 to 1; `wait_s` more than 0: stop for so long."""

    scope: str
    used: float
    wait_s: float = 0.0


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done on one surface of a platform."""

    text_limit: int
    measure: Callable[[str], int]  # length by the platform's own counting
    unit: str = "characters"  # what `measure` counts, for people to read
    parts: int | None = None  # most messages that one answer may become; None: as many as it needs
    buttons: int = 0  # most buttons in one message; 0 means numbered lines in the text
    button_title_limit: int = 0
    typing: bool = False  # can show "typing…"
    edits: bool = False  # customers can edit what they sent, and we hear of it
    deletions: bool = False  # deletions reach us
    echoes: bool = False  # our own messages come back
    lookup: bool = False  # `Channel.find_sent` can tell whether a message is there
    idempotent_send: bool = False  # sending the same message_id twice shows it once
    media: bool = True  # attachments can be sent
    links: bool = True  # a link is welcome here; on X it costs more and reaches fewer
    by_phone: bool = False  # a customer's private address is a telephone number that the platform has verified
    hiding: Hiding | None = None  # public surface: how far customers' messages can be hidden
    rules: Rules = Rules()
