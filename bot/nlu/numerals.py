"""Numbers below a thousand, written out in Indonesian and English: "tiga ratus lima puluh", "two hundred and fifty".

What makes them larger ("juta", "thousand") follows digits as well and is read in values.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

_ID: Mapping[str, int] = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
}  # fmt: skip
_EN: Mapping[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_TENS: Mapping[str, int] = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_TEENS: Mapping[str, int] = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_WHOLE: Mapping[str, int] = {**_TENS, **_TEENS, "sepuluh": 10, "sebelas": 11, "seratus": 100}
_TIMES: Mapping[str, int] = {"puluh": 10, "ratus": 100, "hundred": 100}

_id, _en = "|".join(_ID), "|".join(_EN)
_ID_TENS = rf"(?:(?:{_id})\s*(?:belas|puluh(?:\s+(?:{_id})\b)?)|sepuluh|sebelas|{_id})"
_EN_TENS = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{_en})\b)?|{'|'.join(_TEENS)}|{_en})"
_ID_HUNDREDS = rf"(?:seratus|(?:{_id}|[1-9])\s*ratus)\b(?:\s+{_ID_TENS}\b)?"
_EN_HUNDREDS = rf"(?:an?|{_en}|[1-9])\s+hundred\b(?:\s+(?:and\s+)?{_EN_TENS}\b)?"
_HALVES = rf"(?:(?:{_id}|\d+)\s+)?setengah|(?:{_en}|\d+)\s+and\s+a\s+half|half\s+an?|an?\s+half"

HUNDREDS = rf"(?:(?:{_ID_HUNDREDS}|{_EN_HUNDREDS})(?!\s+(?:puluh|belas|ratus)\b))"
_PLAIN = rf"(?:(?:{_HALVES}|{_ID_HUNDREDS}|{_EN_HUNDREDS}|{_ID_TENS}|{_EN_TENS}|nol|zero)\b)"
# "Two point five", "2 koma dua lima": behind the point the digits are said one by one.
_POINT = r"\s+(?:point|koma)\s+"
_DIGIT: Mapping[str, int] = {**_ID, **_EN, "nol": 0, "zero": 0, "oh": 0}
_DIGITS = rf"(?:{'|'.join(_DIGIT)}|\d+)\b(?:\s+(?:{'|'.join(_DIGIT)}|\d)\b)*"
NUMERAL = rf"(?:(?:{_PLAIN}|\d+){_POINT}{_DIGITS}|(?!nol\b|zero\b){_PLAIN})"

_WORDS = sorted((*_ID, *_EN, *_WHOLE, *_TIMES, "belas", "setengah", "half"), key=len, reverse=True)
_WORD = re.compile("|".join((*_WORDS, r"\d+")))
_ANY = rf"(?:{'|'.join(_WORDS)}|nol|zero)"
# What is only the end or the beginning of a number: "twenty two and [a half million]", "[two million] point five".
_BEGUN = re.compile(rf"(?:\b{_ANY}\s+(?:and\s+)?|\b(?:half|quarters?|thirds?)\s+of\s+)$", re.IGNORECASE)
_POINTED = re.compile(rf"(?:{_ANY}|\d){_POINT}$", re.IGNORECASE)
_GOES_ON = re.compile(rf"{_POINT}(?:{_ANY}|\d)", re.IGNORECASE)


def is_part(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a piece of a longer number, which nobody can read."""
    begun = (_POINTED,) if text[start].isdecimal() else (_POINTED, _BEGUN)
    return _GOES_ON.match(text, end) is not None or any(
        pattern.search(text, max(0, start - 20), start) is not None for pattern in begun
    )


def spoken(numeral: str) -> Decimal:
    """The value of what NUMERAL matches; 0 for an article alone."""
    whole, *decimals = re.split(_POINT, numeral.lower())
    if decimals:
        digits = "".join(str(_DIGIT.get(word, word)) for word in decimals[0].split())
        return spoken(whole) + Decimal(f"0.{digits}")
    total, unit = Decimal(0), 0
    for word in _WORD.findall(whole):
        if word in _TIMES:
            total, unit = total + (unit or 1) * _TIMES[word], 0
        elif word == "belas":
            total, unit = total + 10 + unit, 0
        elif word in ("setengah", "half"):
            total += Decimal("0.5")
        elif word in _WHOLE:
            total += _WHOLE[word]
        else:
            unit = _ID.get(word) or _EN.get(word) or int(word)
    return total + unit
