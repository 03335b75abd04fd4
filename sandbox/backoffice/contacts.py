"""E-mail addresses and telephone numbers, as customers are known by them."""

import re

import phonenumbers

_COUNTRY = "ID"  # of numbers without a country code
_LONGEST = 254
_EMAIL = re.compile(r"[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


def normalised(contact: str) -> str | None:
    """The address in small letters, or the number in E.164 (`+62812…`); None where it is neither."""
    text = contact.strip()
    if len(text) > _LONGEST:
        return None
    if "@" in text:
        return text.lower() if _EMAIL.fullmatch(text.lower()) else None
    try:
        number = phonenumbers.parse(text, _COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
