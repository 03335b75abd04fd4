"""What every lookup by reference shares: which ones are meant, one is unknown, or the back office does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.backoffice import BackofficeUnavailable
from actions.handoff import hand_off
from actions.language import language_of
from actions.session import latest_values

# One more try after the first miss; then a person is offered.
MISSES_BEFORE_OFFERING_A_PERSON = 2
MOST_AT_ONCE = 3  # references of one message that are looked up: each has an answer of its own
MOST_NAMED = 6  # of those, and of the ones that are to be asked about again

Events = list[dict[str, Any]]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Question(Generic[Record]):
    """One kind of lookup.

    The slot, and the entity of the same name, hold the reference; `form` asks for it; `subject` is what it is for, told
    to agents. `normalise` gives a reference its one shape, or None. `find` asks the back office and gives None where it
    knows no such reference. `tell` says a record in a language.
    """

    slot: str
    form: str
    subject: str
    normalise: Callable[[object], str | None]
    find: Callable[[str], Awaitable[Record | None]]
    tell: Callable[[CollectingDispatcher, Record, str], None]


async def look_up(dispatcher: CollectingDispatcher, tracker: Tracker, question: Question[Record]) -> Events:
    """Answer for every reference that the customer asked about, three at the most."""
    refs = _asked_about(tracker, question)
    if not refs:
        return _not_found(dispatcher, tracker, question, str(tracker.get_slot(question.slot) or ""))
    now, later = refs[:MOST_AT_ONCE], refs[MOST_AT_ONCE:MOST_NAMED]
    # Together, so that three take no longer than one.
    found = await asyncio.gather(*map(question.find, now), return_exceptions=True)
    unknown, open_ = [], []
    for ref, record in zip(now, found, strict=True):
        if isinstance(record, BackofficeUnavailable):
            open_.append(ref)
        elif isinstance(record, BaseException):
            raise record
        elif record is None:
            unknown.append(ref)
        else:
            question.tell(dispatcher, record, language_of(tracker))
    if open_:  # a person looks up whatever has no answer
        return _unavailable(dispatcher, question, ", ".join([*open_, *unknown, *later]))
    if later:
        dispatcher.utter_message(response="utter_lookup_rest", refs=", ".join(later))
    if unknown:
        return _not_found(dispatcher, tracker, question, ", ".join(unknown))
    return _answered(question)


def _asked_about(tracker: Tracker, question: Question[Record]) -> list[str]:
    """The reference in the slot, with the others of the message that it came from."""
    meant = question.normalise(tracker.get_slot(question.slot))
    if meant is None:
        return []
    said = [ref for ref in map(question.normalise, latest_values(tracker, question.slot)) if ref]
    return list(dict.fromkeys(said)) if meant in said else [meant]


def _answered(question: Question[Record]) -> Events:
    """Forget the reference, so that the next question asks again, and the misses before it."""
    return [SlotSet(question.slot, None), SlotSet("lookup_misses", 0)]


def _not_found(dispatcher: CollectingDispatcher, tracker: Tracker, question: Question[Record], ref: str) -> Events:
    """Say that the reference is unknown; ask once more, and after that offer a person."""
    misses = int(tracker.get_slot("lookup_misses") or 0) + 1
    if misses < MISSES_BEFORE_OFFERING_A_PERSON:
        dispatcher.utter_message(response=f"utter_not_found_{question.slot}", ref=ref)
        # The sentence asks again, so the form is only reopened. Running it now would take the same reference
        # from the same message a second time.
        return [
            SlotSet(question.slot, None),
            SlotSet("lookup_misses", misses),
            ActiveLoop(question.form),
            SlotSet("requested_slot", question.slot),
            FollowupAction("action_listen"),
        ]
    dispatcher.utter_message(response=f"utter_not_found_again_{question.slot}", ref=ref)
    return _answered(question)


def _unavailable(dispatcher: CollectingDispatcher, question: Question[Record], ref: str) -> Events:
    """Say honestly that the lookup failed, and hand over with the reference for the agent."""
    dispatcher.utter_message(response="utter_lookup_unavailable", ref=ref)
    events = hand_off(
        dispatcher,
        "action_failed",
        f"The back office did not answer when the assistant looked up {question.subject} {ref}.",
    )
    return _answered(question) + events
