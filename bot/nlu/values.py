"""Amounts and days as customers write them: "1,5jt", "rp 20rb", "$1,200.50", "besok", "tgl 25", "on saturday".

By hand, because the libraries for dates search a text in tens of milliseconds, more than a whole turn takes here, and
those for money know neither "jt" nor "rb".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where in the text it stands. Amounts are `CUR 1234.5` (ISO 4217), days are ISO 8601."""

    kind: str  # amount | day
    value: str
    start: int
    end: int


LONGEST = 600  # characters of a message that are read

# ---- amounts ------------------------------------------------------------------------------------------

_SCALES: Mapping[str, int] = {
    "rb": 1_000, "ribu": 1_000, "rebu": 1_000, "k": 1_000, "thousand": 1_000,
    "jt": 1_000_000, "juta": 1_000_000, "jeti": 1_000_000, "million": 1_000_000, "mio": 1_000_000, "mil": 1_000_000,
    "miliar": 1_000_000_000, "milyar": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_CURRENCIES: Mapping[str, str] = {
    "rp": "IDR", "idr": "IDR", "rupiah": "IDR", "perak": "IDR",
    "$": "USD", "usd": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "dolar": "USD", "bucks": "USD",
    "sgd": "SGD", "s$": "SGD", "myr": "MYR", "rm": "MYR", "ringgit": "MYR", "€": "EUR", "eur": "EUR", "euro": "EUR",
    "euros": "EUR", "£": "GBP", "gbp": "GBP", "pounds": "GBP", "¥": "JPY", "jpy": "JPY", "yen": "JPY", "aud": "AUD",
    "cny": "CNY", "yuan": "CNY", "sar": "SAR", "riyal": "SAR", "real": "SAR",
}  # fmt: skip
_WORDS: Mapping[str, int] = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8, "sembilan": 9,
    "sepuluh": 10, "seratus": 100,
}  # fmt: skip
_WHOLE: Mapping[str, int] = {  # Hokkien numerals of the markets, and amounts that are one word
    "goceng": 5_000, "ceban": 10_000, "goban": 50_000, "sejuta": 1_000_000, "seribu": 1_000, "semiliar": 1_000_000_000,
}  # fmt: skip
_BEFORE = r"(?:(?P<before>us\$|s\$|[$€£¥]|(?:rp|idr|usd|sgd|myr|rm|eur|gbp|jpy|aud|cny|sar))\.?\s?)?"
_SCALE = r"(?:\s?(?P<scale>rb|ribu|rebu|k|thousand|jt|juta|jeti|million|mio|mil|miliar|milyar|billion)(?:an)?\b)?"
_AFTER = (
    r"(?:\s?(?P<after>[€£]|(?:rupiah|perak|idr|usd|dollars?|dolar|bucks|sgd|myr|ringgit|eur|euros?|gbp|pounds|jpy|yen|"
    r"aud|cny|yuan|sar|riyal)\b))?"
)
_NUMBER = r"(?P<number>\d[\d.,]*\d|\d)"
_AMOUNT = re.compile(r"(?<![\w.,-])" + _BEFORE + _NUMBER + _SCALE + _AFTER + r"(?![\w-])", re.IGNORECASE)
_IN_WORDS = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_WORDS)})\s+(?:(?P<more>puluh|ratus)\s+)?(?P<scale>ribu|rebu|juta|miliar|milyar)"
    rf"|(?P<whole>{'|'.join(_WHOLE)}))\b",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_LEAST, _MOST = Decimal("0.01"), Decimal(10) ** 15


def amounts(text: str) -> Iterator[Found]:
    """Amounts of money in a text: with a currency, with a scale ("20rb"), or with thousands set apart ("2.500.000").
    Without a currency they are rupiah."""
    text = text[:LONGEST]
    for match in _AMOUNT.finditer(text):
        before, scale, after = match["before"], (match["scale"] or "").lower(), match["after"]
        number = match["number"]
        if not (before or scale or after) and not (_GROUPED.fullmatch(number) and len(number) > len("1.000")):
            continue
        value = _number(number, scale) * _SCALES.get(scale, 1)
        if _LEAST <= value < _MOST:
            currency = _CURRENCIES[(before or after or "rp").lower()]
            yield Found("amount", _written(value, currency), match.start(), match.end())
    for match in _IN_WORDS.finditer(text):
        if match["whole"]:
            spoken = Decimal(_WHOLE[match["whole"].lower()])
        else:
            times = {"puluh": 10, "ratus": 100}.get((match["more"] or "").lower(), 1)
            spoken = Decimal(_WORDS[match["tens"].lower()] * times * _SCALES[match["scale"].lower()])
        yield Found("amount", _written(spoken, "IDR"), match.start(), match.end())


def _number(digits: str, scale: str) -> Decimal:
    """Which of the separators is the decimal one: "1,5" and "1.5" jt, "2.500" and "2,500", "1.250.000,50"."""
    marks = [char for char in digits if char in ".,"]
    if not marks:
        return Decimal(digits)
    if len(set(marks)) == 2:
        decimal = marks[-1]
        whole, _, rest = digits.rpartition(decimal)
        return Decimal(f"{re.sub('[.,]', '', whole) or 0}.{rest or 0}")
    mark = marks[0]
    parts = digits.split(mark)
    grouped = bool(_GROUPED.fullmatch(digits)) and not digits.startswith("0")
    # "1.125 juta" is one and an eighth; "1.500 rb" is fifteen hundred thousand.
    if len(marks) > 1 or (grouped and _SCALES.get(scale, 1) < 1_000_000):
        return Decimal("".join(parts))
    return Decimal(f"{parts[0] or 0}.{parts[1] or 0}")


def _written(value: Decimal, currency: str) -> str:
    plain = f"{value.quantize(Decimal('0.01')):f}"
    return f"{currency} {plain.rstrip('0').rstrip('.')}"


# ---- days ---------------------------------------------------------------------------------------------

_DAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday|mon|senin|senen", "tuesday|tue|tues|selasa", "wednesday|wed|rabu", "thursday|thu|thurs|kamis",
            "friday|fri|jumat|jum'at", "saturday|sat|sabtu|sabtunya", "sunday|sun|minggu|ahad",
        )
    )
    for name in names.split("|")
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january|jan|januari", "february|feb|februari", "march|mar|maret", "april|apr", "may|mei", "june|jun|juni",
            "july|jul|juli", "august|aug|agustus|agu|ags", "september|sep|sept", "october|oct|oktober|okt",
            "november|nov", "december|dec|desember|des",
        ),
        1,
    )
    for name in names.split("|")
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
# "minggu" is a week as well, "sun" and "sat" are words: these count only where something says that a day is meant.
_UNSURE = frozenset({"minggu", "sun", "sat", "mon", "wed", "fri", "tue", "thu"})
_LEAD = r"(?:on|this|next|hari|every|tiap|setiap)"
_RELATIVE: Mapping[str, int] = {
    "today": 0, "tonight": 0, "hari ini": 0, "skrg": 0, "sekarang": 0, "right now": 0, "malam ini": 0, "nanti malam": 0,
    "tomorrow": 1, "tmrw": 1, "tmr": 1, "besok": 1, "bsk": 1, "day after tomorrow": 2, "lusa": 2, "besok lusa": 2,
    "yesterday": -1, "kemarin": -1, "kmrn": -1, "kemaren": -1,
}  # fmt: skip
_RELATIVELY = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, _RELATIVE), key=len, reverse=True))})\b", re.IGNORECASE
)
_WEEKDAY = re.compile(
    rf"\b(?P<lead>{_LEAD}\s+)?(?P<day>{'|'.join(sorted(map(re.escape, _DAYS), key=len, reverse=True))})s?\b"
    r"(?:\s+(?:ini|depan|besok))?",
    re.IGNORECASE,
)
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_DATES = (
    re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d\d?)-(?P<day>\d\d?)\b"),
    re.compile(r"(?<![\d./-])(?P<day>\d\d?)[/.-](?P<month>\d\d?)[/.-](?P<year>20\d\d)(?![\d./-])"),
    # "9/10" alone is a score: a day and a month need a word before them that says so.
    re.compile(
        r"\b(?:on|by|for|from|since|until|till|tgl|tanggal|pada|hari|dari|sejak|sampai|buat|untuk)\s+"
        r"(?P<day>\d\d?)/(?P<month>\d\d?)(?![\d./-])(?!\s?(?:stars?|bintang))",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?P<day>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\s+(?P<day>\d\d?)(?:st|nd|rd|th)?\b(?!\d){_YEAR}", re.IGNORECASE),
    re.compile(r"\b(?:tgl|tanggal)\s+(?P<day>\d\d?)\b(?![.,]?\d)", re.IGNORECASE),
    re.compile(r"\bthe\s+(?P<day>\d\d?)(?:st|nd|rd|th)\b", re.IGNORECASE),
)


def days(text: str, today: date) -> Iterator[Found]:
    """Days that a text names, as dates. A day without a year, or a weekday, is the next one."""
    text = text[:LONGEST]
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            found = _date(match.groupdict(), today)
            if found is not None and not _overlaps(match, taken):
                taken.append(match.span())
                yield Found("day", found.isoformat(), *match.span())
    for match in _RELATIVELY.finditer(text):
        if not _overlaps(match, taken):
            taken.append(match.span())
            found = today + timedelta(days=_RELATIVE[match.group().lower()])
            yield Found("day", found.isoformat(), *match.span())
    for match in _WEEKDAY.finditer(text):
        name = match["day"].lower()
        sure = name not in _UNSURE or (match["lead"] and not (name == "minggu" and "hari" not in match["lead"].lower()))
        if sure and not _overlaps(match, taken):
            ahead = (_DAYS[name] - today.weekday()) % 7
            yield Found("day", (today + timedelta(days=ahead)).isoformat(), *match.span())


def _date(parts: Mapping[str, str | None], today: date) -> date | None:
    """Day, and month and year where they are given; None for a day that does not exist."""
    day, month, year = int(parts["day"] or 0), parts.get("month"), parts.get("year")
    if month is None:
        return _day_of_month(day, today)
    number = _MONTHS.get(month.lower()) or (int(month) if month.isdecimal() else 0)
    for candidate in (int(year),) if year else (today.year, today.year + 1, today.year + 2, today.year + 3):
        try:
            found = date(candidate, number, day)
        except ValueError:  # 31/02, or the 29th of February
            continue
        if year or found >= today - timedelta(days=60):  # "25 november" in December is the one that has just been
            return found
    return None


def _day_of_month(day: int, today: date) -> date | None:
    year, month = today.year, today.month
    for _ in range(3):
        if day >= 1 and day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _overlaps(match: re.Match[str], taken: list[tuple[int, int]]) -> bool:
    return any(match.start() < end and start < match.end() for start, end in taken)
