"""Currencies by the names and signs that customers give them.

The dollars, pounds and riyals of other countries stand here under their whole names, whether the bank exchanges them or
not: their last word alone would be read as the best-known one. data/nlu/lookups.yml has the same names for messages
without an amount; tests/nlu/test_lookups.py holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# Whose dollar it is where one of these words stands beside it: "aussie dollars", "dolar kanada".
_DOLLARS: Mapping[str, str] = {
    "USD": "us|american|amerika|amerika serikat",
    "SGD": "singapore|singaporean|singapura|singapur|sing|sg",
    "AUD": "australian|australia|aussie|ausie|oz|au",
    "HKD": "hong kong|hongkong|hk",
    "CAD": "canadian|canada|kanada",
    "NZD": "new zealand|nz|kiwi|selandia baru",
    "TWD": "taiwan|taiwanese|new taiwan|nt",
    "BND": "brunei|bruneian",
    "FJD": "fiji|fijian",
}
_NAMES: Mapping[str, str] = {
    "IDR": "rupiah|perak",
    "USD": "dollar|dollars|dolar|dolar as|bucks",
    "SGD": "",
    "MYR": "ringgit|ringgits|malaysian ringgit|ringgit malaysia",
    "EUR": "euro|euros",
    "JPY": "yen|japanese yen|yen jepang",
    "GBP": "pound|pounds|poundsterling|pound sterling|pounds sterling|british pound|british pounds|quid",
    "AUD": "",
    "CNY": "yuan|chinese yuan|renminbi|rmb",
    "SAR": "riyal|riyals|saudi riyal|saudi riyals|riyal saudi|riyal arab",
    "HKD": "",
    "CAD": "",
    "NZD": "",
    "TWD": "ntd",
    "BND": "ringgit brunei",
    "FJD": "",
    "THB": "baht|thai baht",
    "KRW": "won|korean won|won korea",
    "CHF": "swiss franc|swiss francs|franc swiss",
    "INR": "indian rupee|indian rupees|rupee india",
    "VND": "vietnamese dong|vietnam dong|dong vietnam",
    "PHP": "philippine peso|philippine pesos|peso filipina",
    "KWD": "kuwaiti dinar|kuwaiti dinars|dinar kuwait",
    "AED": "dirham|dirhams",
    "QAR": "qatari riyal|qatari riyals|riyal qatar",
    "OMR": "omani rial|omani rials|rial oman|riyal oman",
    "EGP": "egyptian pound|egyptian pounds|pound mesir",
}
_SIGNS: Mapping[str, str] = {
    "$": "USD", "us$": "USD", "s$": "SGD", "sg$": "SGD", "a$": "AUD", "au$": "AUD", "hk$": "HKD", "c$": "CAD",
    "ca$": "CAD", "nz$": "NZD", "nt$": "TWD", "€": "EUR", "£": "GBP", "¥": "JPY",
}  # fmt: skip
# Signs that other currencies have as well: a name behind the number says more.
_VAGUE = frozenset({"$", "¥"})


def _named() -> Iterator[tuple[str, str]]:
    for code, names in _NAMES.items():
        yield code.lower(), code
        yield from ((name, code) for name in names.split("|") if name)
    for code, countries in _DOLLARS.items():
        for country in countries.split("|"):
            for dollar in ("dollar", "dollars", "dolar"):
                yield f"{country} {dollar}", code
                yield f"{dollar} {country}", code


_CODES: Mapping[str, str] = {**dict(_named()), **_SIGNS, "rp": "IDR", "rm": "MYR"}


def _any_of(names: Iterator[str] | Mapping[str, str]) -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)


BEFORE = rf"(?:{_any_of(_SIGNS)}|(?:rp|rm|{'|'.join(_NAMES)})\.?)"
AFTER = rf"(?:{_any_of(_SIGNS)}|(?:{_any_of(name for name, _ in _named())})\b)"


def code_of(before: str | None, after: str | None) -> str:
    """ISO 4217 for what stands before and behind a number; rupiah where nothing does."""
    first, last = _CODES.get(_plain(before)), _CODES.get(_plain(after))
    if first and not (last and _plain(before) in _VAGUE):
        return first
    return last or "IDR"


def _plain(written: str | None) -> str:
    return " ".join((written or "").lower().rstrip(".").split())
