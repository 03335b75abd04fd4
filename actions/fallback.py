"""When the assistant did not understand: once, it asks (did you mean …?); twice in a row, it hands over."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import hand_off
from actions.language import language_of
from actions.session import actions_of_previous_turn
from actions.topics import TOPICS, buttons

NAME = "action_fallback"
# From this probability on a topic is offered: what is out of scope has none that comes near it.
LIKELY = 0.15
MOST_OFFERED = 3


class ActionFallback(Action):
    """Answers what was not understood, and what no rule or story covers (RulePolicy's core fallback).

    "In a row" means that this action also answered the message before, in the same session.
    """

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        # Where no rule covers the turn, RulePolicy would predict this action again and again, so every way out
        # says what comes next.
        done = FollowupAction("action_listen")
        if NAME in actions_of_previous_turn(tracker):
            detail = "The assistant did not understand two messages in a row."
            return [*hand_off(dispatcher, "repeated_fallback", detail), done]
        form = (tracker.active_loop or {}).get("name")
        if form:
            # The form asks its question again right after this, so a list of topics would only be noise.
            dispatcher.utter_message(response="utter_form_not_understood")
            return [FollowupAction(form)]
        meant = likely_topics(tracker)
        if meant:
            dispatcher.utter_message(response="utter_did_you_mean", buttons=buttons(meant, language_of(tracker)))
        else:
            dispatcher.utter_message(response="utter_rephrase")
        return [done]


def likely_topics(tracker: Tracker) -> list[str]:
    """The topics that the message may have been about, likeliest first; none where it was about something else."""
    ranking = (tracker.latest_message or {}).get("intent_ranking") or []
    likely = [
        str(entry.get("name")) for entry in ranking
        if entry.get("name") in TOPICS and float(entry.get("confidence") or 0) >= LIKELY
    ]  # fmt: skip
    return likely[:MOST_OFFERED]
