"""What every lookup by reference shares: the reference is unknown, or the back office does not answer."""

from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off

# One more try after the first miss; then a person is offered.
MISSES_BEFORE_OFFERING_A_PERSON = 2


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of lookup: the slot that holds the reference, the form that asks for it, and what it is for."""

    slot: str
    form: str
    subject: str


def answered(question: Question) -> list[dict[str, Any]]:
    """Forget the reference, so that the next question asks again, and the misses before it."""
    return [SlotSet(question.slot, None), SlotSet("lookup_misses", 0)]


def not_found(dispatcher: CollectingDispatcher, tracker: Tracker, question: Question, ref: str) -> list[dict[str, Any]]:
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
    return answered(question)


def unavailable(dispatcher: CollectingDispatcher, question: Question, ref: str) -> list[dict[str, Any]]:
    """Say honestly that the lookup failed, and hand over with the reference for the agent."""
    dispatcher.utter_message(response="utter_lookup_unavailable", ref=ref)
    events = hand_off(
        dispatcher,
        "action_failed",
        f"The back office did not answer when the assistant looked up {question.subject} {ref}.",
    )
    return answered(question) + events
