"""Amounts and days as customers write them: "1,5jt", "rp 20rb", "tiga ratus ribu", "$1,200.50", "besok", "tgl 25".

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

from bot.nlu.currencies import AFTER, BEFORE, code_of
from bot.nlu.numerals import HUNDREDS, NUMERAL, is_part, spoken


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where in the text it stands. Amounts are `CUR 1234.5` (ISO 4217), days are ISO 8601."""

    kind: str  # amount | day
    value: str
    start: int
    end: int


LONGEST = 600  # characters of a message that are read
# Letters that a pattern takes for plain ones when case does not matter, and a dictionary does not.
_ODD_LETTERS = str.maketrans("ſıİK", "siik")

# ---- amounts ------------------------------------------------------------------------------------------

_THOUSANDS, _MILLIONS, _BILLIONS = "rb|ribu|rebu|k|thousand", "jt|juta|jeti|million|mio|mil", "miliar|milyar|billion"
_SCALES: Mapping[str, int] = {
    name: scale
    for names, scale in ((_THOUSANDS, 1_000), (_MILLIONS, 1_000_000), (_BILLIONS, 1_000_000_000))
    for name in names.split("|")
}
_WHOLE: Mapping[str, int] = {"goceng": 5_000, "ceban": 10_000, "goban": 50_000}  # Hokkien numerals of the markets
_DIGITS = r"\d[\d.,]*\d|\d"
_ONE = r"se(?=rb|ribu|rebu|jt|juta|jeti|miliar|milyar)|an?\s+(?=thousand|million|billion)"
_ENDS = r"(?:(?<=[abtur])an)?(?![^\W\d_])"  # "300ribuan" is about so much, "2 kan?" is no scale
# "50 juta setengah tahun" is half a year.
_HALF = r"\s+(?:setengah\b(?!\s+(?:tahun|thn|th|bulan|bln|minggu|hari|jam)\b)|and\s+a\s+half\b)"


def _counted(scales: str) -> str:
    return rf"(?:{_ONE}|(?:{NUMERAL}|{_DIGITS})\s?)(?:{scales}){_ENDS}(?:{_HALF})?"


# Largest first: "1jt500rb" and "dua juta tiga ratus ribu" are one amount each, "2 juta 3 juta" are two.
_SCALED = (
    rf"(?:{_counted(_BILLIONS)}(?:\s*{_counted(_MILLIONS)})?(?:\s*{_counted(_THOUSANDS)})?"
    rf"|{_counted(_MILLIONS)}(?:\s*{_counted(_THOUSANDS)})?|{_counted(_THOUSANDS)})"
)
_NO_COUNT = r"(?!\s?(?:kali|x|times|orang|people|hari|days?|minggu|weeks?|bulan|bln|months?|tahun|thn|years?)\b)"
# What is left below a thousand: hundreds, or what a currency or the end follows. "Dua juta dua kali" is two million.
_REST = (
    rf"(?P<rest>\s+(?:and\s+)?(?!(?:{NUMERAL}|{_DIGITS})\s?(?:{'|'.join(_SCALES)})\b)"
    rf"(?:(?:{HUNDREDS}|[1-9]\d\d(?![\d.,-]*\d)){_NO_COUNT}|{NUMERAL}(?=\s?{AFTER})"
    rf"|(?:{NUMERAL}|[1-9]\d?)(?=\W*$)))?"
)
_AMOUNT = re.compile(
    rf"(?<![\w.,-])(?:(?P<before>{BEFORE})\s?)?"
    rf"(?P<number>{_SCALED}{_REST}|(?:{'|'.join(_WHOLE)})\b|{NUMERAL}|{_DIGITS})"
    rf"(?:\s?(?P<after>{AFTER}))?(?![\w-])",
    re.IGNORECASE,
)
_TERM = re.compile(
    rf"(?P<count>{_ONE}|{NUMERAL}|{_DIGITS})(?:\s?(?P<scale>{'|'.join(_SCALES)}){_ENDS}(?P<half>{_HALF})?)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_PRICE_OF = frozenset({"one", "satu"})  # "one dollar" asks what a dollar costs
_LEAST, _MOST = Decimal("0.01"), Decimal(10) ** 15


def amounts(text: str) -> Iterator[Found]:
    """Amounts of money in a text, in digits or written out: with a currency, with a scale ("20rb"), or with thousands
    set apart ("2.500.000"). Without a currency they are rupiah."""
    for match in _AMOUNT.finditer(_readable(text)):
        number = match["number"].lower()
        if _is_open(match["rest"], number, bool(match["after"])) or is_part(match.string, *match.span("number")):
            continue
        value, scaled = _value(number)
        named = (match["before"] or match["after"]) and number not in _PRICE_OF
        if not (named or scaled or (_GROUPED.fullmatch(number) and len(number) > len("1.000"))):
            continue
        if _LEAST <= value < _MOST:
            code = code_of(match["before"], match["after"])
            yield Found("amount", _written(value, code), match.start(), match.end())


def _is_open(rest: str | None, number: str, currency: bool) -> bool:
    """Whether nobody knows what is left over: "dua juta lima ratus" is 2,000,500 as written and 2,500,000 as said."""
    if rest is None or rest.split()[0].lower() == "and":
        return False
    hundreds = re.match(HUNDREDS, rest.strip(), re.IGNORECASE) is not None
    thousands = re.search(rf"(?:{_THOUSANDS})(?:an)?\s*$", number[: -len(rest)]) is not None
    return not (thousands if hundreds else currency and not rest[-1].isdecimal())


def _value(number: str) -> tuple[Decimal, bool]:
    """What a number comes to, and whether it says a scale. "1 juta 500 ribu" is two terms."""
    if number in _WHOLE:
        return Decimal(_WHOLE[number]), True
    total, scaled = Decimal(0), False
    for term in _TERM.finditer(number):
        count, scale = term["count"], term["scale"] or ""
        times = Decimal(_SCALES.get(scale, 1))
        digits = not re.search("[a-z]", count)
        total += times * (_number(count, scale) if digits else spoken(count) or 1)
        total += times / 2 if term["half"] else 0
        scaled = scaled or bool(scale)
    return total, scaled


def _readable(text: str) -> str:
    return text[:LONGEST].translate(_ODD_LETTERS)


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
    r"(?:\s+(?P<after>ini|depan|besok|minggu\s+depan|next\s+week))?",
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
    """Days that a text names, as dates. A day without a year, or a weekday, is the next one, which may be today."""
    text = _readable(text)
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
            found = today + timedelta(days=_ahead(match, _DAYS[name], today.weekday()))
            yield Found("day", found.isoformat(), *match.span())


def _ahead(match: re.Match[str], named: int, today: int) -> int:
    """How many days until a weekday. "Next monday" and "senin depan" are never today."""
    lead, after = (match["lead"] or "").lower(), (match["after"] or "").lower()
    if after.startswith(("minggu", "next")):
        return 7 - today + named
    ahead = (named - today) % 7
    return ahead or (7 if lead.startswith("next") or after == "depan" else 0)


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
