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
from actions.handoff import hand_off, tell_done
from actions.session import latest_message_id, latest_text

COUNTRY = "ID"  # of numbers without a country code
LONGEST = 300  # characters of a message that may hold a contact
MOST_LINKS = 3  # in one conversation

# The whole word around an "@", and what of it can be an address: a part of one may be somebody else's.
_AROUND_AT = re.compile(r"[^\s,;<>()\[\]\"]+@[^\s,;<>()\[\]\"]+")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class SeveralContacts(Exception):
    """More than one address or number: which one is meant?"""


def contact_in(text: str) -> str | None:
    """The e-mail address in small letters, or the telephone number as `+62812…`; None where there is neither, or
    something that is no address. Raises SeveralContacts."""
    text = text[:LONGEST]
    words = {word.lower().strip(".!?:'*_") for word in _AROUND_AT.findall(text)}
    if words and not all(_EMAIL.fullmatch(word) for word in words):
        return None
    rest = _AROUND_AT.sub(" ", text)
    numbers = {
        phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        for match in phonenumbers.PhoneNumberMatcher(rest, COUNTRY)
    }
    found = words | numbers
    if len(found) > 1:
        raise SeveralContacts
    return found.pop() if found else None


class ActionReadContact(Action):
    """While a form asks for it, takes the e-mail address or telephone number out of the answer."""

    def name(self) -> str:
        return "action_read_contact"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        if tracker.get_slot("requested_slot") != "contact":
            return []
        try:
            contact = contact_in(latest_text(tracker))
        except SeveralContacts:
            dispatcher.utter_message(response="utter_contact_which")
            return []
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
        sent_before = int(tracker.get_slot("links_sent") or 0)
        if sent_before >= MOST_LINKS:
            dispatcher.utter_message(response="utter_link_enough")
            return [forget]
        # The message's id: should this turn be done twice, because a worker died in it, one link goes out.
        key = backoffice.idempotency_key(tracker.sender_id, self.kind, contact, latest_message_id(tracker))
        try:
            sent = await backoffice.send_link(self.kind, contact, key)
        except backoffice.BackofficeUnavailable:
            dispatcher.utter_message(response="utter_write_unavailable")
            detail = f"A link ({self.kind}) was asked for and perhaps sent: the back office did not answer."
            return [forget, *hand_off(dispatcher, "action_failed", detail)]
        if not sent:
            dispatcher.utter_message(response="utter_contact_format")
            return [
                forget,
                ActiveLoop(self.form),
                SlotSet("requested_slot", "contact"),
                FollowupAction("action_listen"),
            ]
        tell_done(dispatcher, f"A link ({self.kind}) was asked for; it goes to the contact given, if it is registered.")
        dispatcher.utter_message(response="utter_link_sent")
        return [forget, SlotSet("links_sent", sent_before + 1)]


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
