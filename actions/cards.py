"""Cards on their way to the customer."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.language import language_of
from actions.lookup import Question, answered, not_found, unavailable
from actions.references import normalise_card_ref
from actions.wording import day

CARD = Question(slot="card_ref", form="card_form", subject="card delivery")


class ActionCardDelivery(Action):
    """Tells the status, the carrier and the expected day of the card in the slot `card_ref`."""

    def name(self) -> str:
        return "action_card_delivery"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        given = tracker.get_slot("card_ref")
        ref = normalise_card_ref(given)
        if ref is None:
            return not_found(dispatcher, tracker, CARD, str(given or ""))
        try:
            card = await backoffice.card_delivery(ref)
        except backoffice.BackofficeUnavailable:
            return unavailable(dispatcher, CARD, ref)
        if card is None:
            return not_found(dispatcher, tracker, CARD, ref)
        language = language_of(tracker)
        dispatcher.utter_message(
            response=f"utter_card_{card.status}",
            ref=card.ref,
            carrier=card.carrier or "",
            eta=day(card.eta, language) if card.eta else "",
            delivered_on=day(card.delivered_on, language) if card.delivered_on else "",
        )
        return answered(CARD)
