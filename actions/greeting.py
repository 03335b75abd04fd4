"""The greeting: the first of a session says that an assistant is answering and that a person is there."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.session import events_this_session

NAME = "action_greet"


class ActionGreet(Action):
    """Greets: in full once a session, briefly after that."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        greeted = any(
            event.get("event") == "action" and event.get("name") == NAME for event in events_this_session(tracker)
        )
        dispatcher.utter_message(response="utter_greet_again" if greeted else "utter_greet")
        return []
