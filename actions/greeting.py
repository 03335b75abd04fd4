"""The greeting: the first of a session says that an assistant is answering and that a person is there; the first
after a person had the conversation knows about that."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.language import language_of
from actions.session import events_this_session, latest_metadata
from actions.topics import TOPICS

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
        metadata, language = latest_metadata(tracker), language_of(tracker)
        helper = metadata.get("helped_by")
        topics = [TOPICS[intent][language] for intent in metadata.get("helped_with") or () if intent in TOPICS]
        if helper and topics:
            dispatcher.utter_message(response="utter_greet_resumed_topic", agent=helper, topic=topics[-1])
        elif helper:
            dispatcher.utter_message(response="utter_greet_resumed", agent=helper)
        else:
            dispatcher.utter_message(response="utter_greet_again" if greeted else "utter_greet")
        return []
