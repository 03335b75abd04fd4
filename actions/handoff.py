"""Asking Sigap's core to hand the conversation to a person.

The request is a message with a custom payload, so that it passes through any Rasa channel: Sigap's worker takes
the payload and writes its own notice to the customer, with the real waiting time; a stock Rasa channel shows
the text.
"""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.session import latest_intent

# Why the assistant steps back, by what the customer wanted. Any other intent is one by which the customer
# accepted an offered person ("yes").
REASONS = {"talk_to_human": "customer_asked", "complaint": "complaint"}
DETAILS = {
    "customer_asked": "The customer asked for a person.",
    "complaint": "The customer has a complaint.",
}


def hand_off(dispatcher: CollectingDispatcher, reason: str, detail: str) -> list[dict[str, Any]]:
    """Ask for a person and leave any form. `detail` is one sentence for the agent, in English.

    Returns the events that the calling action must return.
    """
    dispatcher.utter_message(
        response=f"utter_handoff_{reason}",
        json_message={"sigap": "handoff", "reason": reason, "detail": detail},
    )
    return [ActiveLoop(None), SlotSet("requested_slot", None)]


def tell_done(dispatcher: CollectingDispatcher, what: str) -> None:
    """Let the people at the desk know what was done outside of the conversation, in one English sentence: it stays
    done, even where a person takes over before the assistant can say so."""
    dispatcher.utter_message(json_message={"sigap": "done", "what": what})


class ActionHandoff(Action):
    """Hands over, for the reason that the latest message gives."""

    def name(self) -> str:
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        reason = REASONS.get(latest_intent(tracker), "customer_asked")
        return hand_off(dispatcher, reason, DETAILS[reason])
