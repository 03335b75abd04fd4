"""Shop orders: where a parcel is, and where the money of a refund is."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.lookup import Events, Question, look_up
from actions.records import Order, Refund
from actions.references import normalise_order_ref
from actions.wording import day, rupiah


def _order(dispatcher: CollectingDispatcher, order: Order, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_order_{order.status}",
        ref=order.ref,
        item=order.item,
        carrier=order.carrier or "",
        tracking=order.tracking or "",
        eta=day(order.eta, language) if order.eta else "",
        delivered_on=day(order.delivered_on, language) if order.delivered_on else "",
    )


def _refund(dispatcher: CollectingDispatcher, refund: Refund, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_refund_{refund.status}",
        ref=refund.ref,
        amount=rupiah(refund.amount_idr, language) if refund.amount_idr else "",
        expected_by=day(refund.expected_by, language) if refund.expected_by else "",
        paid_on=day(refund.paid_on, language) if refund.paid_on else "",
    )


ORDER = Question("order_ref", "order_form", "order", normalise_order_ref, backoffice.order, _order)
REFUND = Question("order_ref", "refund_form", "the refund for order", normalise_order_ref, backoffice.refund, _refund)


class ActionOrderStatus(Action):
    """Tells the status, the carrier and the expected day of the order in the slot `order_ref`."""

    def name(self) -> str:
        return "action_order_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, ORDER)


class ActionRefundStatus(Action):
    """Tells how far the refund for the order in the slot `order_ref` is."""

    def name(self) -> str:
        return "action_refund_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, REFUND)
