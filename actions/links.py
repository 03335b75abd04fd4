"""Links by which customers do for themselves what needs proof of who they are: a new password, a new address.

The back office sends the link to the registered address or number, and to nothing else; whether there is one it does
not tell, so the assistant cannot tell anybody who is a customer.
"""

import re
from typing import Any, ClassVar

import phonenumbers
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.handoff import hand_off
from actions.session import latest_message_id, latest_text

COUNTRY = "ID"  # of numbers without a country code
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def contact_in(text: str) -> str | None:
    """The e-mail address in small letters, or the telephone number as `+62812…`; None where there is neither."""
    if email := _EMAIL.search(text):
        return email.group().lower().rstrip(".")
    for match in phonenumbers.PhoneNumberMatcher(text, COUNTRY):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


class ActionReadContact(Action):
    """While a form asks for it, takes the e-mail address or telephone number out of the answer."""

    def name(self) -> str:
        return "action_read_contact"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        contact = contact_in(latest_text(tracker)) if tracker.get_slot("requested_slot") == "contact" else None
        return [SlotSet("contact", contact)] if contact else []


class _SendsLink:
    """What both have in common; no Action itself, or Rasa's SDK would register it."""

    kind: ClassVar[str]
    form: ClassVar[str]

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        contact = str(tracker.get_slot("contact") or "")
        forget = SlotSet("contact", None)
        # The message's id: should this turn be done twice, because a worker died in it, one link goes out.
        key = backoffice.idempotency_key(tracker.sender_id, self.kind, contact, latest_message_id(tracker))
        try:
            sent = await backoffice.send_link(self.kind, contact, key)
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_write_unavailable")
            detail = f"The customer wants a link ({self.kind}); the back office did not answer."
            return [forget, *hand_off(dispatcher, "action_failed", detail)]
        if not sent:
            dispatcher.utter_message(response="utter_contact_format")
            return [
                forget,
                ActiveLoop(self.form),
                SlotSet("requested_slot", "contact"),
                FollowupAction("action_listen"),
            ]
        dispatcher.utter_message(response="utter_link_sent")
        return [forget]


class ActionSendPasswordLink(_SendsLink, Action):
    """A link to set a new password goes to the registered contact in the slot `contact`."""

    kind = "password_reset"
    form = "password_form"

    def name(self) -> str:
        return "action_send_password_link"


class ActionSendAddressLink(_SendsLink, Action):
    """A link to change personal data goes to the registered contact in the slot `contact`."""

    kind = "address_change"
    form = "address_form"

    def name(self) -> str:
        return "action_send_address_link"
