"""Transfers: where the money is, and what sending it costs."""

from decimal import Decimal
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.charged import Charged, charged
from actions.language import language_of
from actions.lookup import Events, look_up
from actions.questions import ALONGSIDE, TRANSFER
from actions.session import latest_amount, latest_text
from actions.wording import rupiah


class ActionTransferStatus(Action):
    """Tells where the transfer in the slot `transfer_ref` is."""

    def name(self) -> str:
        return "action_transfer_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, TRANSFER, ALONGSIDE)


class ActionTransferFee(Action):
    """Tells the fee that the customer asks about, for the amount that they named, or all of them."""

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
        about, amount = charged(latest_text(tracker)), latest_amount(tracker)
        in_rupiah = amount.value if amount is not None and amount.currency == "IDR" else Decimal(0)
        if about is Charged.ABROAD:
            international = rupiah(fees.international_idr, language)
            dispatcher.utter_message(response="utter_transfer_fee_abroad", international=international)
        elif about is Charged.CASH:
            dispatcher.utter_message(response="utter_withdrawal_fee", atm=rupiah(fees.atm_other_bank_idr, language))
        elif about is Charged.TRANSFER and in_rupiah >= Decimal(1):
            rtgs = in_rupiah > fees.bifast_to_idr
            dispatcher.utter_message(
                response="utter_transfer_fee_rtgs" if rtgs else "utter_transfer_fee_bifast",
                amount=rupiah(int(in_rupiah), language),
                bifast=rupiah(fees.bifast_idr, language),
                free=fees.bifast_free_a_month,
                rtgs=rupiah(fees.rtgs_idr, language),
            )
        else:
            dispatcher.utter_message(
                response="utter_transfer_fee",
                bifast=rupiah(fees.bifast_idr, language),
                free=fees.bifast_free_a_month,
                rtgs=rupiah(fees.rtgs_idr, language),
                rtgs_from=rupiah(fees.rtgs_from_idr, language),
                ewallet=rupiah(fees.ewallet_idr, language),
                international=rupiah(fees.international_idr, language),
                atm=rupiah(fees.atm_other_bank_idr, language),
            )
        return []
