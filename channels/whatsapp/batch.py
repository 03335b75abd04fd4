"""What all events of one change have in common: the number that it came to, and who the people in it are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from channels.messages import Customer, Surface, Unsupported
from channels.meta.envelope import Id, Time, moment
from channels.whatsapp import wire

CHANNEL = "whatsapp"


class Batch(NamedTuple):
    """One `value` of a webhook, without its lists. `digest` names the change itself."""

    phone_number_id: str
    display_phone_number: str
    contacts: tuple[wire.Contact, ...]
    items: int  # how many messages, statuses … it has
    standby: bool  # another sender answers on this number; we may only read along
    received_at: datetime
    digest: str

    def base(self, event_id: str, phone: Id | None, user_id: Id | None, at: Time) -> dict[str, Any] | None:
        """The common fields of an event about this customer; None when the event does not say who it is.

        The business-scoped user id is the customer, because the phone number may be missing; where there is none
        yet, the phone number is. https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
        """
        number, scoped = digits(phone), str(user_id or "")
        contact = self._contact(number, scoped)
        scoped = scoped or str(contact.user_id or "")
        number = number or digits(contact.wa_id)
        if not scoped and not number:
            return None
        profile = contact.profile or wire.Profile()
        customer = Customer(
            external_id=scoped or number,
            name=profile.name or "",
            username=profile.username or "",
            address=number if scoped else "",
        )
        also = (number,) if scoped and number else ()
        return self._common(event_id, customer, moment(at, self.received_at), also)

    def about_nobody(self, event_id: str) -> dict[str, Any]:
        """The common fields of an event that is about the number itself."""
        customer = Customer(external_id=self.phone_number_id)
        return self._common(f"{event_id}.{self.digest}", customer, self.received_at, ())

    def renamed(
        self, event_id: str, user_id: str, phone: Id | None, before: tuple[str, ...], at: Time
    ) -> Unsupported | None:
        """The customer has a new id. `also` carries the old ones, so that the case stays the same."""
        number = digits(phone)
        key = user_id or number
        if not key:
            return None
        also = tuple(dict.fromkeys(name for name in (*before, number) if name and name != key))
        customer = Customer(external_id=key, address=number if user_id else "")
        return Unsupported(
            **self._common(event_id, customer, moment(at, self.received_at), also), kind="user_id_update"
        )

    def _contact(self, number: str, user_id: str) -> wire.Contact:
        """Who the item is by: the contact that it names; or the only one, where it can be nobody else's."""
        given = (number, user_id)
        for contact in self.contacts:
            told = (digits(contact.wa_id), str(contact.user_id or ""))
            shared = [mine == theirs for mine, theirs in zip(given, told, strict=True) if mine and theirs]
            alone = len(self.contacts) == 1 and (self.items == 1 or not any(given))
            if any(shared) or (alone and not shared):
                return contact
        return wire.Contact()

    def _common(self, event_id: str, customer: Customer, at: datetime, also: tuple[str, ...]) -> dict[str, Any]:
        return {
            "channel": CHANNEL,
            "event_id": f"standby.{event_id}" if self.standby else event_id,
            "thread_id": customer.external_id,
            "at": at,
            "customer": customer,
            "surface": Surface.PRIVATE,
            "also": also,
        }


def digits(phone: Id | None) -> str:
    """A phone number as WhatsApp writes it in webhooks: international, without +."""
    return str(phone or "").removeprefix("+")
