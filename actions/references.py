"""Order and card references: however people type them, one shape inside."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.session import latest_text, said_in_public

ORDER_DIGITS = 5
CARD_DIGITS = 4
TRANSFER_DIGITS = 6
PHONE_DIGITS = 4

# A number standing alone: not part of a word, an amount ("Rp 20000", "20.000") or a longer number.
_BARE_NUMBER = re.compile(r"(?<![\w.,-])(?<!rp )(\d+)(?![\w-]|[.,]\d)", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,])(?:\+?62|0)[\s-]?8[0-9](?:[\s-]?[0-9]){6,10}(?![0-9])")
_WITH_PREFIX = re.compile(
    r"\b(?:ar|kd|tf)[\s.:_/-]*[0-9]+|\b(?:in|year|tahun|thn)\s+(?:19|20)[0-9]{2}\b", re.IGNORECASE
)
_OTHER_NUMBER = re.compile(
    r"(?:rp\.?|idr|usd|[$€£]|\b(?:at|jam|pukul|before|after|sebelum|sesudah|since|from|sejak|dari|bulan|card|kartu|pin|"
    r"paid|bayar|costs?|harga(?:nya)?))\s*[0-9]{4}(?![0-9])"
    r"|(?<![0-9])[0-9]{4}\s*(?:rupiah|idr|euros?|dollars?|rb|ribu|k)\b|[0-9]+/[0-9]+",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(ar|kd|tf)[\s.:_/-]*[0-9]+((?:\s*(?:[,&+]|and|or|dan|atau|sama)\s*#?[0-9]{4,6}"
    r"(?![\w-]|[.,][0-9]|\s*(?:rupiah|rp|idr|usd|euros?|dollars?|rb|ribu|k)\b))+)",
    re.IGNORECASE,
)
# A longer message that happens to contain a number is more likely about something else.
_LONGEST_BARE_ANSWER = 40
_LONGEST_CORRECTION = 120  # what is read of it is asked about once more


def normalise_order_ref(text: object) -> str | None:
    """`AR-12345` for anything with the prefix "ar" (in any case) or none and five digits; else None."""
    return _normalise(text, "AR", ORDER_DIGITS)


def normalise_card_ref(text: object) -> str | None:
    """`KD-1234` for anything with the prefix "kd" (in any case) or none and four digits; else None."""
    return _normalise(text, "KD", CARD_DIGITS)


def normalise_transfer_ref(text: object) -> str | None:
    """`TF-123456` for anything with the prefix "tf" (in any case) or none and six digits; else None."""
    return _normalise(text, "TF", TRANSFER_DIGITS)


def _normalise(text: object, prefix: str, digits: int) -> str | None:
    compact = re.sub(r"[^0-9A-Za-z]", "", text).upper() if isinstance(text, str) else ""
    match = re.fullmatch(rf"(?:{prefix})?([0-9]{{{digits}}})", compact)
    return f"{prefix}-{match[1]}" if match else None


def bare_number(text: str, digits: int) -> str | None:
    """The one number with so many digits in a short answer ("20311", "it's 20311 i think"); else None."""
    if len(text) > _LONGEST_BARE_ANSWER:
        return None
    found = {number for number in _BARE_NUMBER.findall(text) if len(number) == digits}
    return found.pop() if len(found) == 1 else None


def listed_after_references(text: str) -> list[str]:
    """Numbers that go on a list which began with a reference: `AR-20311` of "AR-20301 and 20311"."""
    return [f"{prefix}-{number}" for prefix, rest in _LIST.findall(text) for number in re.findall("[0-9]+", rest)]


def phone_digits(text: str, longest: int = _LONGEST_BARE_ANSWER) -> str | None:
    """The last four digits of a telephone number: typed alone (in `longest` characters at the most), or
    of the one whole number in a message; else None."""
    text = text[:200]
    numbers = {re.sub(r"[^0-9]", "", match) for match in _PHONE.findall(text)}
    if len(numbers) == 1:
        return numbers.pop()[-PHONE_DIGITS:]
    found = set(re.findall(r"(?<![\w.,-])([0-9]{4})(?![\w-]|[.,][0-9])", _WITH_PREFIX.sub(" ", text)))
    return found.pop() if not numbers and len(found) == 1 and len(text) <= longest else None


def other_phone_digits(text: str, known: str) -> str | None:
    """The digits that are to replace `known` ones ("no, 4417"); None where nothing of the kind is said, or where four
    digits may be money, a time, a year or a question."""
    if "?" in text:
        return None
    bare = re.sub(rf"(?<![0-9]){re.escape(known)}(?![0-9])", " ", text) if known else text
    return phone_digits(" ".join(_OTHER_NUMBER.sub(" ", bare).split()), _LONGEST_CORRECTION)


class ActionReadBareReference(Action):
    """While a form asks for a reference, takes the digits alone as the answer.

    Called through the slot mappings of the references in domain.yml, only when the pattern with the prefix found
    nothing; and for the last digits of a telephone number.
    """

    def name(self) -> str:
        return "action_read_bare_reference"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        requested = tracker.get_slot("requested_slot")
        text = latest_text(tracker)
        if requested == "order_ref" and (number := bare_number(text, ORDER_DIGITS)):
            return [SlotSet("order_ref", normalise_order_ref(number))]
        if requested == "card_ref" and (number := bare_number(text, CARD_DIGITS)):
            return [SlotSet("card_ref", normalise_card_ref(number))]
        if requested == "transfer_ref" and (number := bare_number(text, TRANSFER_DIGITS)):
            return [SlotSet("transfer_ref", normalise_transfer_ref(number))]
        if requested == "phone_last4" and not said_in_public(tracker) and (digits := phone_digits(text)):
            return [SlotSet("phone_last4", digits)]
        return []
