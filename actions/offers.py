"""A yes while a form asks: to what was offered just before the form asked again, or to nothing."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import DETAILS, hand_off
from actions.session import actions_of_previous_turn

# What each answer offers: a person, or another form. Outside of forms data/rules says the same.
OFFERS_A_PERSON = frozenset(
    {
        "utter_app_problem",
        "utter_card_declined",
        "utter_card_unblock",
        "utter_close_account",
        "utter_pending_transfer",
        "utter_promo_code",
        "utter_transfer_cancel",
    }
)
OFFERS_A_FORM = {"utter_reset_password": "password_form", "utter_change_address": "address_form"}


class ActionYesInForm(Action):
    """Takes up the latest offer; without one, the form asks again."""

    def name(self) -> str:
        return "action_yes_in_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        asking = (tracker.active_loop or {}).get("name")
        for done in reversed(actions_of_previous_turn(tracker)):
            if done in OFFERS_A_PERSON:
                return hand_off(dispatcher, "customer_asked", DETAILS["customer_asked"])
            if form := OFFERS_A_FORM.get(done):
                return [
                    SlotSet("contact", None),
                    SlotSet("requested_slot", None),
                    ActiveLoop(form),
                    FollowupAction(form),
                ]
        return [FollowupAction(asking)] if asking else [FollowupAction("action_listen")]
