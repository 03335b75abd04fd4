"""Rates: what deposits and savings earn, and what foreign currency costs."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.language import language_of
from actions.session import latest_amount, latest_value
from actions.wording import clock, listed, money, months, percent, rupiah

CURRENCIES = ("USD", "SGD", "MYR", "EUR", "JPY", "GBP", "AUD", "CNY", "SAR")


class ActionDepositRate(Action):
    """Tells the interest on deposits and savings."""

    def name(self) -> str:
        return "action_deposit_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        language = language_of(tracker)
        try:
            rates = await backoffice.deposit_rates()
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_tariff_unavailable")
            return []
        dispatcher.utter_message(
            response="utter_deposit_rate",
            terms=", ".join(f"{months(t.months, language)} {percent(t.percent, language)}" for t in rates.terms),
            savings=percent(rates.savings_percent, language),
            tax=percent(rates.tax_percent, language),
            minimum=rupiah(rates.minimum_idr, language),
        )
        return []


class ActionExchangeRate(Action):
    """Tells today's rate of the currency that the customer named, or what their amount comes to."""

    def name(self) -> str:
        return "action_exchange_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        language = language_of(tracker)
        amount = latest_amount(tracker)
        currency = latest_value(tracker, "currency") or (amount.currency if amount else "")
        if currency in ("", "IDR"):
            dispatcher.utter_message(response="utter_exchange_which", currencies=listed(CURRENCIES, language))
            return []
        try:
            rate = await backoffice.exchange_rate(currency)
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_tariff_unavailable")
            return []
        if rate is None:
            dispatcher.utter_message(
                response="utter_exchange_unknown", currency=currency.upper(), currencies=listed(CURRENCIES, language)
            )
            return []
        if amount is None or amount.currency not in (currency, "IDR"):
            dispatcher.utter_message(
                response="utter_exchange_rate",
                unit=rate.unit,
                currency=rate.currency,
                sell=rupiah(rate.sell_idr, language),
                buy=rupiah(rate.buy_idr, language),
                time=clock(rate.at),
            )
            return []
        # The customer buys foreign currency either way, so what counts is our selling rate.
        if amount.currency == "IDR":
            result = money(amount.value * rate.unit / rate.sell_idr, currency, language)
        else:
            result = money(amount.value * rate.sell_idr / rate.unit, "IDR", language)
        dispatcher.utter_message(
            response="utter_exchange_amount",
            amount=money(amount.value, amount.currency, language),
            result=result,
            time=clock(rate.at),
        )
        return []
