"""Rates: what deposits and savings earn, and what foreign currency costs."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.exchanging import Way, way
from actions.language import language_of
from actions.session import Amount, latest_amount, latest_text, latest_value
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
        # An amount says it better: in "100 dollars canada" only the whole is known to be no US dollar.
        foreign = amount.currency if amount and amount.currency != "IDR" else None
        currency = foreign or latest_value(tracker, "currency") or ""
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
        if amount is None:
            dispatcher.utter_message(
                response="utter_exchange_rate",
                unit=rate.unit,
                currency=rate.currency,
                sell=rupiah(rate.sell_idr, language),
                buy=rupiah(rate.buy_idr, language),
                time=clock(rate.at),
            )
            return []
        at = clock(rate.at)
        named = money(amount.value, amount.currency, language)
        bought = _changed(amount, rate, rate.sell_idr, language)
        sold = _changed(amount, rate, rate.buy_idr, language)
        match way(latest_text(tracker), amount.currency):
            case Way.BUYS:
                dispatcher.utter_message(response="utter_exchange_buying", amount=named, result=bought, time=at)
            case Way.SELLS:
                dispatcher.utter_message(response="utter_exchange_selling", amount=named, result=sold, time=at)
            case Way.OPEN:
                dispatcher.utter_message(
                    response="utter_exchange_either", amount=named, bought=bought, sold=sold, time=at
                )
        return []


def _changed(amount: Amount, rate: backoffice.ExchangeRate, price_idr: int, language: str) -> str:
    """What an amount in rupiah comes to in the rate's currency, or the other way round."""
    if amount.currency == "IDR":
        return money(amount.value * rate.unit / price_idr, rate.currency, language)
    return money(amount.value * price_idr / rate.unit, "IDR", language)
