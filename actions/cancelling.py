"""Cancelling an order: which one, proof that it is the customer's own, a yes, and only then the deed."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.handoff import hand_off
from actions.lookup import MISSES_BEFORE_OFFERING_A_PERSON
from actions.references import normalise_order_ref
from actions.session import latest_message_id, latest_text

FORM = "cancel_form"

_NO = re.compile(
    r"\b(?:no|nope|not|don'?t|dont|never|keep|stop|wait|changed my mind|jangan|jgn|nggak|ngga|enggak|engga|gak|ga|"
    r"gk|tidak|tdk|bukan|tetap|tetep|gausah|ntar|nanti)\b"
)
_YES = re.compile(
    r"\b(?:yes|yep|yeah|yup|ya+|iya+|yoi|ok|oke|okay|sure|go ahead|please do|do it|confirm(?:ed)?|correct|betul|bener|"
    r"benar|yakin|lanjut|gas|boleh|silakan|silahkan|setuju)\b"
)


def forget() -> list[dict[str, Any]]:
    """The next order starts anew."""
    return [SlotSet("order_ref", None), SlotSet("phone_last4", None), SlotSet("lookup_misses", 0)]


class ActionConfirmCancel(Action):
    """Asks for a yes before what cannot be undone. Rules in data/rules/cancel.yml say what follows."""

    def name(self) -> str:
        return "action_confirm_cancel"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        ref = normalise_order_ref(tracker.get_slot("order_ref"))
        dispatcher.utter_message(response="utter_confirm_cancel", ref=ref or "")
        return []


class ActionKeepOrder(Action):
    """The customer said no after all."""

    def name(self) -> str:
        return "action_keep_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        dispatcher.utter_message(response="utter_cancel_kept")
        return forget()


class ActionCancelOrder(Action):
    """Cancels the order in the slot `order_ref`, if the last digits of its telephone number are `phone_last4`.

    A wrong number and wrong digits get the same sentence, so that nobody can find out which orders exist.
    """

    def name(self) -> str:
        return "action_cancel_order"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        return await _cancel(dispatcher, tracker)


class ActionHearCancel(Action):
    """Hears the verb itself where a yes or a no was asked for ("yes, cancel it", "jangan dibatalin"), or where the form
    asks for a number. Only a plain yes without any no cancels; what is neither is asked about again."""

    def name(self) -> str:
        return "action_hear_cancel"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        meant = meant_by(latest_text(tracker))
        if meant is False:
            dispatcher.utter_message(response="utter_cancel_kept")
            return [*forget(), ActiveLoop(None), SlotSet("requested_slot", None)]
        if (tracker.active_loop or {}).get("name") == FORM:
            return [FollowupAction(FORM)]
        if meant:
            return await _cancel(dispatcher, tracker)
        ref = normalise_order_ref(tracker.get_slot("order_ref"))
        dispatcher.utter_message(response="utter_confirm_cancel", ref=ref or "")
        # As if the question had been asked by the action that asks it: its rules hold for the answer.
        return [ActionExecuted("action_confirm_cancel"), FollowupAction("action_listen")]


def meant_by(text: str) -> bool | None:
    """Whether a message says yes or no to "shall I cancel it?"; None where it is neither. A no wins over any yes."""
    lowered = text.lower().replace("’", "'")
    if _NO.search(lowered):
        return False
    return True if _YES.search(lowered) else None


async def _cancel(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[dict[str, Any]]:
    ref = normalise_order_ref(tracker.get_slot("order_ref"))
    digits = str(tracker.get_slot("phone_last4") or "")
    cancelled = None
    if ref and digits:
        # The message's id: should this turn be done twice, because a worker died in it, it counts once.
        key = backoffice.idempotency_key(tracker.sender_id, "cancel", ref, latest_message_id(tracker))
        try:
            cancelled = await backoffice.cancel_order(ref, digits, key)
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_write_unavailable")
            detail = f"The customer wants to cancel order {ref}; the back office did not answer."
            return [*forget(), *hand_off(dispatcher, "action_failed", detail)]
    if cancelled is None or cancelled.outcome == "not_matching":
        return _no_match(dispatcher, tracker)
    dispatcher.utter_message(response=f"utter_cancel_{cancelled.outcome}", ref=cancelled.ref)
    return forget()


def _no_match(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[dict[str, Any]]:
    """Ask for both once more, and after that offer a person."""
    misses = int(tracker.get_slot("lookup_misses") or 0) + 1
    if misses >= MISSES_BEFORE_OFFERING_A_PERSON:
        dispatcher.utter_message(response="utter_cancel_no_match_again")
        return forget()
    dispatcher.utter_message(response="utter_cancel_no_match")
    return [*forget(), SlotSet("lookup_misses", misses), ActiveLoop(FORM), FollowupAction(FORM)]
