"""A conversation: the small state that every decision is made from. Its history lives in the event log."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from bot.core.events import IntentSeen
from bot.core.risk import Assessment, Risk, Ruling
from channels.messages import Button, Customer, Event, MessageReceived, Surface

CHOICES_KEPT = 40  # buttons that a customer may still tap; older ones fall back to their title
INTENTS_KEPT = 10  # what the handoff's context shows
STEPS_KEPT = 10
THREADS_KEPT = 10  # public threads of one customer; older ones are in the transcript
IDS_KEPT = 50  # ids of public messages that a rule may still ask about
MOODS_KEPT = 5  # how angry the last messages were
CONTACTS_KEPT = 10  # when the customer came with something new
NEW_CONTACT_AFTER = timedelta(hours=6)  # of silence
HELD_KEPT = 3  # answers that wait for the customer to write in private


class Owner(StrEnum):
    """Who answers. Exactly one, always."""

    BOT = "bot"
    WAITING = "waiting"  # handed over, no person has taken it yet
    HUMAN = "human"
    CLOSED = "closed"


class Choice(msgspec.Struct, frozen=True):
    """A button that we offered: what its key means to the assistant."""

    key: str
    title: str
    payload: str


class Handoff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a person is needed, and the context that they get. Filled at the moment of the handoff."""

    reason: str
    opened_at: datetime
    answer_due_at: datetime
    detail: str = ""
    intents: tuple[IntentSeen, ...] = ()
    slots: dict[str, str] = {}
    steps: tuple[str, ...] = ()
    claimed_at: datetime | None = None
    first_answer_at: datetime | None = None
    overdue: bool = False
    # What the one who takes it must be able to do, and how far ahead in the queue it stands (bot/core/risk.py).
    skills: tuple[str, ...] = ()
    priority: int = 0
    label: str = ""  # the finding of triage that led to it
    escalation: int = 0  # deadlines that passed without anybody
    callback_offered: bool = False
    told_overdue: bool = False
    reworded: bool = False  # a notice may have been lost and was said again in other words, once
    stranded: bool = False  # nobody who works here had what it takes when it was opened


class Callback(msgspec.Struct, frozen=True):
    """How a waiting customer wants to be reached when somebody is there. `kind`: phone | email."""

    kind: str
    value: str
    at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A public reply in a regulated case, before a second person let it out. An edit makes a new `version`, and an
    approval is always of one version."""

    proposal_id: str
    text: str
    agent_id: str
    agent_name: str
    at: datetime
    version: int = 1


class Helped(msgspec.Struct, frozen=True, kw_only=True):
    """The person who had the case last, until when, and what it was about: the intents before the handoff. `closed`:
    they closed it, and the customer was asked how it was. `told`: the assistant has greeted knowing it."""

    by: str
    at: datetime
    intents: tuple[str, ...] = ()
    closed: bool = False
    told: bool = False


class PublicThread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer's exchange with the brand under one public message. `root` began it, `last_id` is what the
    customer wrote last there: what an answer goes under."""

    root: str
    last_id: str
    at: datetime
    post: str = ""
    link: str = ""
    solved: bool = False


class Answered(msgspec.Struct, frozen=True):
    """An automatic public answer, or a private reply, that was given to a customer's public message."""

    to: str
    message_id: str


class Seen(msgspec.Struct, frozen=True):
    """When a public message was written, for the rules that run from then; whether a private reply may hang on it, and
    whether it can be hidden."""

    external_id: str
    at: datetime
    private_reply: bool = True
    hidable: bool = True


class Conversation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer's case on one channel: what they write in public and in private, in one place.

    `surface` is where they wrote last. `private_to` is their private address ("" until they wrote in private),
    `public` their public threads, the latest last.

    `version` counts commits (compare-and-set); `epoch` counts changes of owner; `taken_epoch` is the one that a
    person's latest takeover began: automated words from before it are never said after it. An `episode` runs from
    the assistant's start to a person's return or a close.
    """

    key: str
    channel: str
    thread_id: str
    customer: Customer
    opened_at: datetime
    surface: Surface = Surface.PRIVATE
    language: str = ""
    owner: Owner = Owner.BOT
    version: int = 0
    epoch: int = 0
    taken_epoch: int = 0
    episode: int = 1
    agent_id: str = ""
    agent_name: str = ""
    handoff: Handoff | None = None
    reachable: bool = True
    last_inbound_at: datetime | None = None
    last_inbound_id: str = ""  # external id, for replies that quote
    choices: tuple[Choice, ...] = ()
    intents: tuple[IntentSeen, ...] = ()
    steps: tuple[str, ...] = ()
    slots: dict[str, str] = {}
    offered: tuple[str, ...] = ()  # keys of the choices offered last, in order: a typed number means one of them
    private_to: str = ""
    last_private_at: datetime | None = None  # opens the platform's reply window
    public: tuple[PublicThread, ...] = ()
    seen: tuple[Seen, ...] = ()
    unsummoned: tuple[str, ...] = ()  # public messages whose author did not call the brand
    deleted: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # public messages of theirs that we had the platform hide
    answered: tuple[Answered, ...] = ()
    private_replies: tuple[Answered, ...] = ()
    held: tuple[str, ...] = ()  # what waits to be said in private
    warning: str = ""  # about what the customer posted in public; goes into the first private message
    draft: str = ""  # what the assistant would say where only a person may
    disclosed_in: str = ""  # id of the message that told the customer that a program answers
    opted_out: str = ""  # id of the message that confirmed it; "" while automatic messages are welcome
    elsewhere: str = ""  # the other app that holds the private thread
    elsewhere_since: datetime | None = None
    risk: Risk = Risk()  # what triage found in the present episode
    moods: tuple[float, ...] = ()  # how angry the last messages were, 0 to 1
    contacts: tuple[datetime, ...] = ()
    callback: Callback | None = None  # what the waiting customer left
    proposal: Proposal | None = None  # waits for a second person
    helped: Helped | None = None  # until the customer has said how it was
    known: dict[str, str] = {}  # slots of earlier episodes: still nobody's business in public

    @classmethod
    def begin(cls, event: Event) -> Conversation:
        """The conversation that a first event opens."""
        locale = event.customer.locale.split("-")[0].lower()
        return cls(
            key=event.conversation_key,
            channel=event.channel,
            thread_id=event.thread_id,
            customer=event.customer,
            surface=event.surface,
            opened_at=event.at,
            language=locale if locale in LANGUAGES else LANGUAGES[0],
        )

    def heard(self, event: Event, external_id: str) -> Conversation:
        """Take note of who wrote last; a later event knows the customer's name best."""
        customer = event.customer if event.customer.name or not self.customer.name else self.customer
        last = self.last_inbound_at
        fresh = last is None or event.at - last >= NEW_CONTACT_AFTER
        heard = replace(
            self,
            contacts=(*self.contacts, event.at)[-CONTACTS_KEPT:] if fresh else self.contacts,
            # What a case was about is over with it, and at the latest when the customer comes back another day.
            risk=Risk() if fresh and self.owner is Owner.BOT else self.risk,
            customer=customer,
            surface=event.surface,
            last_inbound_at=event.at,
            last_inbound_id=external_id,
            reachable=True,
        )
        if event.surface is Surface.PRIVATE:
            return heard.reached_privately(event)
        if isinstance(event, MessageReceived):
            return heard._heard_in_public(event)
        return heard

    def reached_privately(self, event: Event) -> Conversation:
        """An action of the customer in the private thread: it opens the reply window, and shows the address."""
        last = max(self.last_private_at, event.at) if self.last_private_at else event.at
        return replace(self, private_to=event.customer.address or event.customer.external_id, last_private_at=last)

    def _heard_in_public(self, event: MessageReceived) -> Conversation:
        root = event.root or event.external_id
        thread = PublicThread(root=root, last_id=event.external_id, at=event.at, post=event.post, link=event.link)
        others = tuple(other for other in self.public if other.root != root)
        return replace(
            self,
            public=(*others, thread)[-THREADS_KEPT:],
            seen=(*self.seen, Seen(event.external_id, event.at, event.private_reply, event.hidable))[-IDS_KEPT:],
            unsummoned=(self.unsummoned if event.summoned else (*self.unsummoned, event.external_id)[-IDS_KEPT:]),
        )

    @property
    def thread(self) -> PublicThread | None:
        """The public thread that the customer wrote in last."""
        return self.public[-1] if self.public else None

    def written_at(self, external_id: str) -> datetime | None:
        return next((seen.at for seen in reversed(self.seen) if seen.external_id == external_id), None)

    def takes_private_reply(self, external_id: str) -> bool:
        return any(seen.external_id == external_id and seen.private_reply for seen in self.seen)

    def hidable(self, external_id: str) -> bool:
        """Whether that public message can be hidden, as far as we know."""
        return all(seen.hidable for seen in self.seen if seen.external_id == external_id)

    @property
    def facts(self) -> dict[str, str]:
        """Everything that was ever found out about the customer."""
        return {**self.known, **self.slots}

    def answers_to(self, external_id: str) -> tuple[str, ...]:
        """Ids of the automatic public answers to a customer's message, the first one first."""
        return tuple(answer.message_id for answer in self.answered if answer.to == external_id)

    def private_replies_to(self, external_id: str) -> tuple[str, ...]:
        return tuple(answer.message_id for answer in self.private_replies if answer.to == external_id)

    def offering(self, buttons: tuple[tuple[Button, str], ...], *, apart: bool = False) -> Conversation:
        """Remember what the keys of newly offered buttons mean. `apart`: in a message of their own, whose numbers begin
        at one; so a typed number means the latest list."""
        offered = tuple(Choice(button.key, button.title, payload) for button, payload in buttons)
        return replace(
            self,
            choices=(self.choices + offered)[-CHOICES_KEPT:],
            offered=(() if apart and offered else self.offered) + tuple(choice.key for choice in offered),
        )

    def choice(self, key: str) -> Choice | None:
        return next((choice for choice in reversed(self.choices) if choice.key == key), None)

    def screened(self, assessment: Assessment, ruling: Ruling) -> Conversation:
        """Keep what triage found in the customer's latest message."""
        return replace(
            self,
            language=assessment.language or self.language,
            risk=self.risk.adding(assessment, ruling),
            moods=(*self.moods, assessment.anger)[-MOODS_KEPT:],
        )

    def understanding(
        self, intents: tuple[IntentSeen, ...], language: str, slots: dict[str, str], steps: tuple[str, ...]
    ) -> Conversation:
        """Keep what the assistant understood and did, for the person who may take over."""
        return replace(
            self,
            language=language if language in LANGUAGES else self.language,
            intents=(self.intents + intents[:1])[-INTENTS_KEPT:],
            steps=(self.steps + steps)[-STEPS_KEPT:],
            # The assistant forgets a reference once it has looked it up; the person who takes over needs it still.
            slots={**self.slots, **slots},
        )


LANGUAGES = ("en", "id")
