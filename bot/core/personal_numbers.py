"""Numbers that belong to one person, told from other numbers by what each kind must fulfil.

Cards: network prefix, length and check digit. https://en.wikipedia.org/wiki/Payment_card_number
NIK: province and date of birth. https://id.wikipedia.org/wiki/Nomor_Induk_Kependudukan
NPWP: check digit. https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/Indonesia-TIN.pdf
IBAN: the country's format and mod 97. https://www.swift.com/products_services/bic_and_iban_format_registration_iban_format_r
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import phonenumbers
import regex
from stdnum import iban, luhn
from stdnum.id import npwp

PHONE_REGION = "ID"
FEWEST_PHONE_DIGITS = 6
LONGEST_NAME = 25  # characters between "account number" and the number: a bank's name

Span = tuple[int, int]

_RUN = regex.compile(r"(?<!\d)\d(?:[\s._/-]{0,2}\d){12,60}(?!\d)")
_GROUP = regex.compile(r"\d+")
_NETWORKS = regex.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|6(?:0|1|2|4|5)\d{14,17}|220[0-4]\d{12,15}"  # Discover, UnionPay, RuPay, Mir
    r"|(?:50|5[6-8]|63|67)\d{11,17}"  # Maestro
    r"|1946\d{12}"  # Indonesia's own debit cards (GPN)
)
# https://id.wikipedia.org/wiki/Kode_wilayah_kerja_administrasi_pemerintahan_Indonesia, the first two digits
_PROVINCES = frozenset("11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 51 52 53 61 62 63 64 65 "
                       "71 72 73 74 75 76 81 82 91 92 93 94 95 96".split())  # fmt: skip
_CARD = regex.compile(
    r"\b(?:card|kartu|credit|kredit|debit|visa|master\s?card|jcb|amex|atm|cc)\b[^\d\n]{0,20}$", regex.IGNORECASE
)
_IDENTITY = regex.compile(r"\b(?:nik|e?-?ktp|kk|identitas|identity|id card)\b[^\d\n]{0,20}$", regex.IGNORECASE)
# What an order, a parcel or a payment is called by: nobody's own number, however it looks.
_GOODS = regex.compile(
    r"\b(?:resi|awb|tracking|order|pesanan|invoice|faktur|booking|transa(?:ction|ksi)|ref(?:erence|erensi)?|"
    r"virtual account|va|ti(?:c)?ket|sku|imei|serial|seri)\b"
    r"(?:nya)?(?:\s*(?:no|nomor|number|id|code|kode|is|saya|my))*[\s.:#=-]{0,4}$",
    regex.IGNORECASE,
)
_TAX = regex.compile(
    r"\b(?:npwp|tax (?:id|number|no))\b(?:nya)?[^\d\n]{0,20}(?P<number>\d(?:[\s.-]{0,2}\d){14,15})(?!\d)",
    regex.IGNORECASE,
)
_TAX_WRITTEN = regex.compile(r"(?<![\d.])\d{2}[. ]\d{3}[. ]\d{3}[. ]\d[- .]\d{3}[. ]\d{3}(?!\d)")
_IBAN = regex.compile(r"(?<![\p{L}\d])[A-Za-z]{2}\d{2}(?:[ .-]{0,2}[A-Za-z0-9]){11,40}")
_ACCOUNT = regex.compile(
    r"\b(?:no\.?\s?rek(?:ening)?|norek|rek(?:ening)?|acc(?:oun)?t?\s?(?:number|no)|a/c)\b\.?(?:nya)?"
    rf"[^\d\n]{{0,{LONGEST_NAME}}}?(?P<number>(?<!\d)\d(?:[\s.-]?\d){{7,15}})(?!\d)",
    regex.IGNORECASE,
)
_GLUED = regex.compile(r"(?<!\p{L})(?:wa|hp|telp?|no|nomor|phone|call|sms)(?=[+0]\d{8})", regex.IGNORECASE)


def cards(text: str) -> Iterator[Span]:
    for start, end, digits in _windows(text, 13, 19):
        if _NETWORKS.fullmatch(digits) and luhn.is_valid(digits) and not _about_goods(text, start):
            if digits[:2] in _PROVINCES and is_nik(digits) and _IDENTITY.search(text, 0, start):
                continue
            yield start, end


def niks(text: str) -> Iterator[Span]:
    for start, end, digits in _windows(text, 16, 16):
        if is_nik(digits) and not _about_goods(text, start) and not _CARD.search(text, 0, start):
            yield start, end


def is_nik(digits: str) -> bool:
    """Province, then day (a woman's plus 40), month and year of birth of either century, then four digits."""
    if len(digits) != 16 or digits[:2] not in _PROVINCES or digits.endswith("0000"):
        return False
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    for century in (1900, 2000):
        try:
            date(century + year, month, day - 40 if day > 40 else day)
        except ValueError:
            continue
        return True
    return False


def npwps(text: str) -> Iterator[Span]:
    """As it is printed, or after its name: fifteen bare digits could be a parcel's."""
    for found in _TAX_WRITTEN.finditer(text):
        if npwp.is_valid(found[0]):
            yield found.span()
    for found in _TAX.finditer(text):
        digits = "".join(_GROUP.findall(found["number"]))
        if npwp.is_valid(digits) or is_nik(digits):
            yield found.span("number")


def ibans(text: str) -> Iterator[Span]:
    for found in _IBAN.finditer(text):
        ends = [match.end() for match in regex.finditer(r"[A-Za-z0-9](?![A-Za-z0-9])", text[: found.end()])]
        for end in reversed([end for end in ends if end - found.start() >= 15]):
            if iban.is_valid(text[found.start() : end], check_country=False):
                yield found.start(), end
                break


def phones(text: str) -> Iterator[Span]:
    if sum(character.isdigit() for character in text) < FEWEST_PHONE_DIGITS:
        return
    spaced = _GLUED.sub(lambda label: " " * len(label[0]), text)
    for found in phonenumbers.PhoneNumberMatcher(spaced, PHONE_REGION):
        if not _about_goods(text, found.start):
            yield found.start, found.end


def accounts(text: str) -> Iterator[Span]:
    """A bank account's number has no check digit: it is one where it is called so."""
    for found in _ACCOUNT.finditer(text):
        yield found.span("number")


def _windows(text: str, fewest: int, most: int) -> Iterator[tuple[int, int, str]]:
    """Groups of digits side by side with so many digits together: (start, end, the digits)."""
    for run in _RUN.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        for first in range(len(groups)):
            digits = ""
            for last in range(first, len(groups)):
                digits += text[slice(*groups[last])]
                if len(digits) > most:
                    break
                if len(digits) >= fewest and not _is_amount(text, groups[first : last + 1]):
                    yield groups[first][0], groups[last][1], digits


def _is_amount(text: str, groups: list[Span]) -> bool:
    """1.500.000.000.000: points before every three digits."""
    if len(groups) < 2 or any(end - start != 3 for start, end in groups[1:]):
        return False
    return all(text[before[1] : after[0]] in (".", ",") for before, after in pairwise(groups))


def _about_goods(text: str, start: int) -> bool:
    return bool(_GOODS.search(text, max(0, start - 50), start))
