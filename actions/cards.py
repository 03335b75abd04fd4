"""Cards: on their way to the customer, and lost or stolen ones."""

import contextlib
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.handoff import hand_off, tell_done
from actions.lookup import Events, look_up
from actions.questions import ALONGSIDE, CARD
from actions.session import latest_message_id, latest_metadata


class ActionCardDelivery(Action):
    """Tells the status, the carrier and the expected day of the card in the slot `card_ref`."""

    def name(self) -> str:
        return "action_card_delivery"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, CARD, ALONGSIDE)


class ActionCardBlock(Action):
    """Says at once what helps now, has a link to freeze the cards sent where the channel knows the customer's number,
    and calls a person: a lost card never waits for an answer."""

    def name(self) -> str:
        return "action_card_block"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        number = str(latest_metadata(tracker).get("phone") or "")  # one that the platform vouches for
        sent = False
        if number:
            key = backoffice.idempotency_key(tracker.sender_id, "card_freeze", latest_message_id(tracker))
            with contextlib.suppress(backoffice.BackofficeUnavailable):  # the person who is called will do it
                sent = await backoffice.send_link("card_freeze", number, key)
        dispatcher.utter_message(response="utter_card_block_link" if sent else "utter_card_block")
        detail = "The customer's card is lost, stolen or misused. They were told how to freeze it in the app."
        if sent:
            detail += " A link to freeze it was sent to the number that they write from, if it is registered."
            tell_done(dispatcher, "A link to freeze the cards was sent to the number that the customer writes from.")
        return hand_off(dispatcher, "urgent", detail)
