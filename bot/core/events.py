"""What has happened to a conversation, in past tense.

The same events feed three readers: the conversation's own log (the desk's transcript), the desk's live feed
and the recorder's archive. They are appended, never changed; `bot/core/transcript.py` folds them into lines.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from bot.core.risk import Finding
from channels.messages import Attachment, Surface


class IntentSeen(msgspec.Struct, frozen=True):
    """An intent that the assistant considered, with its confidence from 0 to 1."""

    name: str
    confidence: float


class DomainEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    conversation: str  # the conversation's key
    at: datetime


class CustomerWrote(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="customer_wrote"):
    event_id: str
    external_id: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    customer_name: str = ""
    surface: Surface = Surface.PRIVATE
    link: str = ""
    tagged: tuple[str, ...] = ()


class CustomerEdited(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="customer_edited"):
    external_id: str
    text: str


class CustomerDeleted(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="customer_deleted"):
    external_id: str


class CustomerReacted(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="customer_reacted"):
    external_id: str
    emoji: str = ""


class ReachabilityChanged(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reachability_changed"):
    reachable: bool


class Understood(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="understood"):
    """What the assistant made of a message: the ranking's head, the language, the actions that ran."""

    event_id: str
    intents: tuple[IntentSeen, ...]
    language: str
    actions: tuple[str, ...] = ()


class Triaged(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="triaged"):
    """What triage found in a message, and what the policy let the bot do with it (`bot`: answer, acknowledge,
    silent). Not written when nothing was found."""

    event_id: str
    findings: tuple[Finding, ...]
    bot: str
    label: str = ""


class ReplyComposed(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_composed"):
    message_id: str
    sender: str  # bot | notice | agent
    text: str
    buttons: tuple[str, ...] = ()
    in_reply_to: str = ""
    agent_id: str = ""
    agent_name: str = ""
    surface: Surface = Surface.PRIVATE
    template: str = ""


class ReplyProposed(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_proposed"):
    """A public reply in a regulated case waits for a second person; the same `proposal_id` again is an edit of it.
    `message_id` names the submit."""

    proposal_id: str
    message_id: str = ""
    text: str
    agent_id: str
    agent_name: str
    version: int = 1


class ProposalSettled(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="proposal_settled"):
    """`outcome`: approved, overridden (a supervisor's urgent decision, `note` says why), rejected, withdrawn."""

    proposal_id: str
    outcome: str
    version: int
    agent_id: str = ""
    agent_name: str = ""
    note: str = ""


class ReplySent(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_sent"):
    message_id: str
    external_ids: tuple[str, ...] = ()


class ReplyDropped(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_dropped"):
    """Composed, then not said, because the owner changed before it left."""

    message_id: str


class ReplyFailed(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_failed"):
    message_id: str
    error: str  # the class of the SendError
    detail: str = ""
    code: str = ""


class ReplyRefused(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_refused"):
    """Never put to the platform, because a rule forbids it: bot/core/policy.py `Refusal`."""

    message_id: str
    rule: str
    next_step: str
    source: str = ""
    detail: str = ""


class DraftMade(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="draft_made"):
    """What the assistant would say, where only a person may post it."""

    text: str
    in_reply_to: str = ""


class AnswerHeld(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="answer_held"):
    """Too personal for the public: it is said as soon as the customer writes in private."""

    text: str


class ThreadSolved(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="thread_solved"):
    """The public threads of the case were closed visibly."""

    roots: tuple[str, ...]


class ControlChanged(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="control_changed"):
    """The platform gave the private thread to another app ("" for us)."""

    app: str


class OptedOut(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="opted_out"):
    """The customer wants no automatic messages (`out`), or wants them again."""

    out: bool


class ReplyUnconfirmed(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="reply_unconfirmed"):
    """It may or may not have reached the customer, and the platform cannot tell us."""

    message_id: str


class OwnerChanged(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="owner_changed"):
    before: str
    after: str
    reason: str
    detail: str = ""
    agent_id: str = ""
    agent_name: str = ""
    epoch: int = 0
    episode: int = 1


class HandoffOverdue(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="handoff_overdue"):
    """Nobody has taken the handoff within the promised time."""

    waited_s: float


class HandoffEscalated(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="handoff_escalated"):
    """So many deadlines passed and nobody took it: 1 calls supervisors, from `anybody` on everybody may take it."""

    level: int
    anybody: bool = False


class HandoffStranded(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="handoff_stranded"):
    """Nobody at this desk could ever take it: no enabled agent has these skills and this language."""

    skills: tuple[str, ...]
    language: str


class CallbackAsked(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="callback_asked"):
    """The waiting customer left a way to be reached. `kind`: phone | email; the value is in the conversation."""

    kind: str


class Acted(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="acted"):
    """The assistant did something outside of the conversation; `text` tells people at the desk what."""

    text: str


class Rated(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="rated"):
    """The customer said how it was: 1 (bad) to 5 (very good). `agent_name`: who had the case before, "" for the
    assistant."""

    score: int
    agent_name: str = ""


class PersonalPosted(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="personal_posted"):
    """The customer showed personal data where everybody reads. `kinds`: bot/core/personal.py `Kind`."""

    external_id: str
    kinds: tuple[str, ...]


class MessageHidden(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="message_hidden"):
    """A customer's public message was taken out of everybody's sight, or could not be (`hidden` false)."""

    external_id: str
    hidden: bool
    detail: str = ""


class Audited(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="audited"):
    """Somebody saw, revealed, exported or changed something that no other event tells. `conversation` may be ""."""

    actor: str
    action: str
    detail: dict[str, str | int | bool] = {}


class NoteAdded(DomainEvent, frozen=True, kw_only=True, omit_defaults=True, tag="note_added"):
    agent_id: str
    agent_name: str
    text: str


AnyEvent = (
    CustomerWrote
    | CustomerEdited
    | CustomerDeleted
    | CustomerReacted
    | ReachabilityChanged
    | Understood
    | Triaged
    | ReplyComposed
    | ReplyProposed
    | ProposalSettled
    | ReplySent
    | ReplyDropped
    | ReplyFailed
    | ReplyUnconfirmed
    | ReplyRefused
    | DraftMade
    | AnswerHeld
    | ThreadSolved
    | ControlChanged
    | OptedOut
    | OwnerChanged
    | HandoffOverdue
    | HandoffEscalated
    | HandoffStranded
    | CallbackAsked
    | Acted
    | Rated
    | PersonalPosted
    | MessageHidden
    | Audited
    | NoteAdded
)
