"""Cancelling an order: which one, proof that it is the customer's own, a yes, and only then the deed.

What cannot be undone is done only for an unmistakable yes to the very order that was asked about. Whatever else comes
at that point is asked about again: a second question costs a message, a wrong yes an order.
"""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.consent import Answer, answer_to_cancel
from actions.handoff import hand_off, tell_done
from actions.lookup import MISSES_BEFORE_OFFERING_A_PERSON, Events
from actions.references import normalise_order_ref, other_phone_digits
from actions.session import (
    actions_of_previous_turn,
    latest_intent,
    latest_message_id,
    latest_text,
    latest_values,
    said_in_public,
)

FORM = "cancel_form"

# As if the action that asks had asked: its rules hold for the answer.
_ASKED = (SlotSet("order_ref", None), ActionExecuted("action_confirm_cancel"), FollowupAction("action_listen"))


def forget() -> Events:
    """The next order starts anew."""
    return [SlotSet(slot, None) for slot in ("order_ref", "phone_last4", "cancel_ref")] + [SlotSet("lookup_misses", 0)]


class ActionConfirmCancel(Action):
    """Asks for a yes, and keeps which order it asked about. Rules in data/rules/cancel.yml say what follows."""

    def name(self) -> str:
        return "action_confirm_cancel"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        ref = normalise_order_ref(tracker.get_slot("order_ref"))
        # Only `cancel_ref` keeps it: should the customer walk away now, the next order to cancel is asked for anew.
        asked = _ask(dispatcher, ref or "", _other_digits(tracker))
        return [*asked, SlotSet("cancel_ref", ref), SlotSet("order_ref", None)]


class _Hears:
    """Hears the answer to "shall I cancel it?", whatever intent it was taken for; no Action itself, or Rasa's SDK would
    register it."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        answer = answer_to_cancel(latest_text(tracker), latest_intent(tracker))
        if (tracker.active_loop or {}).get("name") == FORM:
            return _inside_the_form(dispatcher, answer)
        asked = normalise_order_ref(tracker.get_slot("cancel_ref"))
        others = {normalise_order_ref(value) for value in latest_values(tracker, "order_ref")} - {asked}
        corrected = None if others else _other_digits(tracker)  # "no, 4417" is no no
        if answer is Answer.NO and not others and not corrected:
            return _keep(dispatcher)
        unmistakable = answer is Answer.YES and not others and not said_in_public(tracker)
        if unmistakable and asked and not _foreign_numbers(tracker, asked):
            return await _cancel(dispatcher, tracker, asked)
        if latest_intent(tracker) == "nlu_fallback" and "action_hear_cancel" in actions_of_previous_turn(tracker):
            detail = (
                f"The customer was asked whether to cancel order {asked}; two answers in a row were not understood."
            )
            return [*forget(), *hand_off(dispatcher, "repeated_fallback", detail)]
        # Another number, a question, a yes and a no in one: the question stands, for the order that it was about.
        return [*_ask(dispatcher, asked or "", corrected), *_ASKED]


class ActionCancelOrder(_Hears, Action):
    """After what was taken for a yes. Cancels the order in the slot `cancel_ref`, if its telephone number ends in
    `phone_last4`."""

    def name(self) -> str:
        return "action_cancel_order"


class ActionKeepOrder(_Hears, Action):
    """After what was taken for a no, or for the wish to leave the form."""

    def name(self) -> str:
        return "action_keep_order"


class ActionHearCancel(_Hears, Action):
    """After an answer that holds the verb itself: "yes, cancel it", "jangan dibatalin"."""

    def name(self) -> str:
        return "action_hear_cancel"


class ActionLeaveCancel(Action):
    """The customer stops while the form asks."""

    def name(self) -> str:
        return "action_leave_cancel"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return _keep(dispatcher)


def _other_digits(tracker: Tracker) -> str | None:
    """Digits in the latest message that are not the proof's; what everybody can read proves nothing."""
    if said_in_public(tracker):
        return None
    return other_phone_digits(latest_text(tracker), str(tracker.get_slot("phone_last4") or ""))


def _ask(dispatcher: CollectingDispatcher, ref: str, digits: str | None) -> Events:
    """For a yes. `digits`: those that are to be the proof from now on."""
    if digits is None:
        dispatcher.utter_message(response="utter_confirm_cancel", ref=ref)
        return []
    dispatcher.utter_message(response="utter_confirm_cancel_digits", ref=ref, digits=digits)
    return [SlotSet("phone_last4", digits)]


def _foreign_numbers(tracker: Tracker, asked: str) -> set[str]:
    """Numbers in the answer that are neither the order's nor the proof's: "ok, 20302" means another order."""
    known = {"".join(filter(str.isdigit, asked)), str(tracker.get_slot("phone_last4") or "")}
    return set(re.findall(r"[0-9]+", latest_text(tracker))) - known


def _keep(dispatcher: CollectingDispatcher) -> Events:
    dispatcher.utter_message(response="utter_cancel_kept")
    return forget()


def _inside_the_form(dispatcher: CollectingDispatcher, answer: Answer) -> Events:
    if answer is not Answer.NO:
        return [FollowupAction(FORM)]
    return [*_keep(dispatcher), ActiveLoop(None), SlotSet("requested_slot", None), FollowupAction("action_listen")]


async def _cancel(dispatcher: CollectingDispatcher, tracker: Tracker, ref: str) -> Events:
    """A wrong number and wrong digits get the same sentence, so that nobody can find out which orders exist."""
    digits = str(tracker.get_slot("phone_last4") or "")
    # The message's id: should this turn be done twice, because a worker died in it, it counts once.
    key = backoffice.idempotency_key(tracker.sender_id, "cancel", ref, latest_message_id(tracker))
    try:
        cancelled = await backoffice.cancel_order(ref, digits, key) if digits else None
    except backoffice.BackofficeUnavailable:
        dispatcher.utter_message(response="utter_write_unavailable")
        detail = f"Cancelling order {ref} was asked for and perhaps done: the back office did not answer. Check first."
        return [*forget(), *hand_off(dispatcher, "action_failed", detail)]
    if cancelled is None or cancelled.outcome == "not_matching":
        return _no_match(dispatcher, tracker)
    if cancelled.outcome == "cancelled":
        tell_done(dispatcher, f"Order {cancelled.ref} was cancelled.")
    dispatcher.utter_message(response=f"utter_cancel_{cancelled.outcome}", ref=cancelled.ref)
    return forget()


def _no_match(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """Ask for both once more, and after that offer a person."""
    misses = int(tracker.get_slot("lookup_misses") or 0) + 1
    if misses >= MISSES_BEFORE_OFFERING_A_PERSON:
        dispatcher.utter_message(response="utter_cancel_no_match_again")
        return forget()
    dispatcher.utter_message(response="utter_cancel_no_match")
    return [*forget(), SlotSet("lookup_misses", misses), ActiveLoop(FORM), FollowupAction(FORM)]
