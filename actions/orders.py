"""Shop orders: where a parcel is, and where the money of a refund is."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.lookup import Events, look_up
from actions.questions import ALONGSIDE, ORDER, REFUND


class ActionOrderStatus(Action):
    """Tells the status, the carrier and the expected day of the order in the slot `order_ref`."""

    def name(self) -> str:
        return "action_order_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, ORDER, ALONGSIDE)


class ActionRefundStatus(Action):
    """Tells how far the refund for the order in the slot `order_ref` is."""

    def name(self) -> str:
        return "action_refund_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return await look_up(dispatcher, tracker, REFUND, ALONGSIDE)
