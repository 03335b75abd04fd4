"""What customers ask about by a reference: orders, refunds, cards on their way, transfers; and how each is told."""

from datetime import date

from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.lookup import Question
from actions.records import CardDelivery, Order, Refund, Transfer
from actions.references import normalise_card_ref, normalise_order_ref, normalise_transfer_ref
from actions.wording import day, rupiah


def _day(when: date | None, language: str) -> str:
    """ "" for a day that nobody knows."""
    return day(when, language) if when else ""


def _order(dispatcher: CollectingDispatcher, order: Order, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_order_{order.status}",
        ref=order.ref,
        item=order.item,
        carrier=order.carrier or "",
        tracking=order.tracking or "",
        eta=_day(order.eta, language),
        delivered_on=_day(order.delivered_on, language),
    )


def _refund(dispatcher: CollectingDispatcher, refund: Refund, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_refund_{refund.status}",
        ref=refund.ref,
        amount=rupiah(refund.amount_idr, language) if refund.amount_idr else "",
        expected_by=_day(refund.expected_by, language),
        paid_on=_day(refund.paid_on, language),
    )


def _card(dispatcher: CollectingDispatcher, card: CardDelivery, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_card_{card.status}",
        ref=card.ref,
        carrier=card.carrier or "",
        eta=_day(card.eta, language),
        delivered_on=_day(card.delivered_on, language),
    )


def _transfer(dispatcher: CollectingDispatcher, transfer: Transfer, language: str) -> None:
    dispatcher.utter_message(
        response=f"utter_transfer_{transfer.status}",
        ref=transfer.ref,
        expected_by=_day(transfer.expected_by, language),
        completed_on=_day(transfer.completed_on, language),
        returned_on=_day(transfer.returned_on, language),
    )


ORDER = Question("order_ref", "order_form", "order", normalise_order_ref, backoffice.order, _order)
REFUND = Question("order_ref", "refund_form", "the refund for order", normalise_order_ref, backoffice.refund, _refund)
CARD = Question("card_ref", "card_form", "card delivery", normalise_card_ref, backoffice.card_delivery, _card)
TRANSFER = Question("transfer_ref", "transfer_form", "transfer", normalise_transfer_ref, backoffice.transfer, _transfer)
# What a reference that comes along with another is about.
ALONGSIDE = (ORDER, CARD, TRANSFER)
