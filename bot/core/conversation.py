"""A conversation: the small state that every decision is made from. Its history lives in the event log."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from bot.core.events import IntentSeen
from channels.messages import Button, Customer, Event, Surface

CHOICES_KEPT = 40  # buttons that a customer may still tap; older ones fall back to their title
INTENTS_KEPT = 10  # what the handoff's context shows
STEPS_KEPT = 10


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
    reworded: bool = False  # a notice may have been lost and was said again in other words, once


class Conversation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer's thread on one channel.

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
        return replace(self, customer=customer, last_inbound_at=event.at, last_inbound_id=external_id, reachable=True)

    def offering(self, buttons: tuple[tuple[Button, str], ...]) -> Conversation:
        """Remember what the keys of newly offered buttons mean."""
        offered = tuple(Choice(button.key, button.title, payload) for button, payload in buttons)
        return replace(self, choices=(self.choices + offered)[-CHOICES_KEPT:])

    def choice(self, key: str) -> Choice | None:
        return next((choice for choice in reversed(self.choices) if choice.key == key), None)

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
