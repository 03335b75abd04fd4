"""When the assistant did not understand: once, it asks; twice in a row, it hands over."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off
from actions.session import actions_of_previous_turn

NAME = "action_fallback"


class ActionFallback(Action):
    """Answers what was not understood, and what no rule or story covers (RulePolicy's core fallback).

    "In a row" means that this action also answered the message before, in the same session.
    """

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        if NAME in actions_of_previous_turn(tracker):
            return hand_off(dispatcher, "repeated_fallback", "The assistant did not understand two messages in a row.")
        if (tracker.active_loop or {}).get("name"):
            # The form asks its question again right after this, so a list of topics would only be noise.
            dispatcher.utter_message(response="utter_form_not_understood")
        else:
            dispatcher.utter_message(response="utter_rephrase")
        return []
