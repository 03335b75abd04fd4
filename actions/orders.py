"""Shop orders: where a parcel is, and where the money of a refund is."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.language import language_of
from actions.lookup import Question, answered, not_found, unavailable
from actions.references import normalise_order_ref
from actions.wording import day, rupiah

ORDER = Question(slot="order_ref", form="order_form", subject="order")
REFUND = Question(slot="order_ref", form="refund_form", subject="the refund for order")


class ActionOrderStatus(Action):
    """Tells the status, the carrier and the expected day of the order in the slot `order_ref`."""

    def name(self) -> str:
        return "action_order_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        given = tracker.get_slot("order_ref")
        ref = normalise_order_ref(given)
        if ref is None:
            return not_found(dispatcher, tracker, ORDER, str(given or ""))
        try:
            order = await backoffice.order(ref)
        except backoffice.BackofficeUnavailable:
            return unavailable(dispatcher, ORDER, ref)
        if order is None:
            return not_found(dispatcher, tracker, ORDER, ref)
        language = language_of(tracker)
        dispatcher.utter_message(
            response=f"utter_order_{order.status}",
            ref=order.ref,
            item=order.item,
            carrier=order.carrier or "",
            tracking=order.tracking or "",
            eta=day(order.eta, language) if order.eta else "",
            delivered_on=day(order.delivered_on, language) if order.delivered_on else "",
        )
        return answered(ORDER)


class ActionRefundStatus(Action):
    """Tells how far the refund for the order in the slot `order_ref` is."""

    def name(self) -> str:
        return "action_refund_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        given = tracker.get_slot("order_ref")
        ref = normalise_order_ref(given)
        if ref is None:
            return not_found(dispatcher, tracker, REFUND, str(given or ""))
        try:
            refund = await backoffice.refund(ref)
        except backoffice.BackofficeUnavailable:
            return unavailable(dispatcher, REFUND, ref)
        if refund is None:
            return not_found(dispatcher, tracker, REFUND, ref)
        language = language_of(tracker)
        dispatcher.utter_message(
            response=f"utter_refund_{refund.status}",
            ref=refund.ref,
            amount=rupiah(refund.amount_idr, language) if refund.amount_idr else "",
            expected_by=day(refund.expected_by, language) if refund.expected_by else "",
            paid_on=day(refund.paid_on, language) if refund.paid_on else "",
        )
        return answered(REFUND)
