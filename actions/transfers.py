"""Transfers: where the money is, and what sending it costs."""

from decimal import Decimal
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.language import language_of
from actions.lookup import Events, look_up
from actions.questions import ALONGSIDE, TRANSFER
from actions.session import latest_amount
from actions.wording import rupiah


class ActionTransferStatus(Action):
    """Tells where the transfer in the slot `transfer_ref` is."""

    def name(self) -> str:
        return "action_transfer_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, TRANSFER, ALONGSIDE)


class ActionTransferFee(Action):
    """Tells the fees, or the one fee for the amount that the customer named."""

    def name(self) -> str:
        return "action_transfer_fee"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        language = language_of(tracker)
        try:
            fees = await backoffice.fees()
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_tariff_unavailable")
            return []
        amount = latest_amount(tracker)
        if amount is not None and amount.currency == "IDR" and amount.value >= Decimal(1):
            rtgs = amount.value > fees.bifast_to_idr
            dispatcher.utter_message(
                response="utter_transfer_fee_rtgs" if rtgs else "utter_transfer_fee_bifast",
                amount=rupiah(int(amount.value), language),
                bifast=rupiah(fees.bifast_idr, language),
                free=fees.bifast_free_a_month,
                rtgs=rupiah(fees.rtgs_idr, language),
            )
            return []
        dispatcher.utter_message(
            response="utter_transfer_fee",
            bifast=rupiah(fees.bifast_idr, language),
            free=fees.bifast_free_a_month,
            rtgs=rupiah(fees.rtgs_idr, language),
            rtgs_from=rupiah(fees.rtgs_from_idr, language),
            ewallet=rupiah(fees.ewallet_idr, language),
        )
        return []
