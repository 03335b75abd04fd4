"""What an action can see of the conversation: the current session's events and the latest message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from rasa_sdk import Tracker

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as the customer named it. `currency`: ISO 4217."""

    value: Decimal
    currency: str


def events_this_session(tracker: Tracker) -> Sequence[Event]:
    """The events since the last session start or restart, oldest first."""
    events: Sequence[Event] = tracker.events
    for index in range(len(events) - 1, -1, -1):
        if events[index].get("event") in ("session_started", "restart"):
            return events[index + 1 :]
    return events


def latest_text(tracker: Tracker) -> str:
    """What the customer wrote last, as typed. A pressed button arrives as its payload: `/intent`."""
    return str((tracker.latest_message or {}).get("text") or "")


def latest_intent(tracker: Tracker) -> str:
    """The name of the latest message's intent, or an empty string."""
    return str(((tracker.latest_message or {}).get("intent") or {}).get("name") or "")


def intent_of(event: Event) -> str:
    """What a message among the events was taken for, or an empty string."""
    return str(((event.get("parse_data") or {}).get("intent") or {}).get("name") or "")


def latest_metadata(tracker: Tracker) -> Mapping[str, Any]:
    """What the channel said about the latest message, for example the language of the platform's app."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            metadata = event.get("metadata")
            return metadata if isinstance(metadata, Mapping) else {}
    return {}


def said_in_public(tracker: Tracker) -> bool:
    """Whether everybody can read the latest message: who it is about is not proven by what it says."""
    return bool(latest_metadata(tracker).get("public"))


def latest_message_id(tracker: Tracker) -> str:
    """The platform's id of the latest message; the same when a turn is done again."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return str(event.get("message_id") or "")
    return ""


def latest_values(tracker: Tracker, entity: str) -> list[str]:
    """What the latest message says of an entity, in order."""
    return [str(value) for value in tracker.get_latest_entity_values(entity) if value]


def latest_value(tracker: Tracker, entity: str) -> str | None:
    """What the latest message says of an entity: the first of several."""
    return next(iter(latest_values(tracker, entity)), None)


def latest_day(tracker: Tracker) -> date | None:
    """The first day that the latest message names."""
    try:
        return date.fromisoformat(latest_value(tracker, "day") or "")
    except ValueError:  # none, or of another extractor
        return None


def latest_amount(tracker: Tracker) -> Amount | None:
    """The first amount of money in the latest message."""
    currency, _, value = (latest_value(tracker, "amount") or "").partition(" ")
    try:
        amount = Decimal(value)
    except InvalidOperation:  # none, or of another extractor
        return None
    return Amount(amount, currency) if amount.is_finite() and amount > 0 else None


def actions_of_previous_turn(tracker: Tracker) -> list[str]:
    """The names of the actions that answered the customer's message before the latest one, in this session."""
    turns: list[list[str]] = []
    for event in events_this_session(tracker):
        if event.get("event") == "user":
            turns.append([])
        elif event.get("event") == "action" and turns:
            turns[-1].append(str(event.get("name")))
    return turns[-2] if len(turns) >= 2 else []
