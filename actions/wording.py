"""Days, dates and amounts in the customer's language. Every sentence itself is a response in domain.yml."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

_WIB = timezone(timedelta(hours=7))  # western Indonesian time, which the bank's clock shows
_SYMBOLS = {"IDR": "Rp", "USD": "US$", "SGD": "S$", "MYR": "RM", "EUR": "€", "GBP": "£", "JPY": "¥", "AUD": "A$"}
_WHOLE = frozenset({"IDR", "JPY"})  # currencies that nobody writes cents of

_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "id": ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
}
_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ),
}  # fmt: skip


def day(value: date, language: str) -> str:
    """`Tuesday 25 November` or `Selasa 25 November`. The year goes without saying in a delivery."""
    return f"{_WEEKDAYS[language][value.weekday()]} {value.day} {_MONTHS[language][value.month - 1]}"


def weekdays(days: Iterable[int], language: str) -> str:
    """ISO weekdays: `Monday to Friday and Sunday`, `Senin sampai Jumat dan Minggu`; all seven are `every day`."""
    names, to = _WEEKDAYS[language], "sampai" if language == "id" else "to"
    runs: list[list[int]] = []
    for each in sorted(set(days)):
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    if runs and len(runs[0]) == len(names):
        return "setiap hari" if language == "id" else "every day"
    said: list[str] = []
    for run in runs:
        one_by_one = [names[each - 1] for each in run]
        said += one_by_one if len(run) < 3 else [f"{one_by_one[0]} {to} {one_by_one[-1]}"]
    return listed(said, language)


def rupiah(amount: int, language: str) -> str:
    """Whole rupiah: `Rp1,250,000` in English, `Rp1.250.000` in Indonesian."""
    grouped = f"{amount:,}"
    return "Rp" + (grouped.replace(",", ".") if language == "id" else grouped)


def money(amount: Decimal, currency: str, language: str) -> str:
    """`US$1,234.50` in English, `US$1.234,50` in Indonesian; rupiah and yen without cents."""
    figure = f"{amount:,.0f}" if currency in _WHOLE or amount == amount.to_integral_value() else f"{amount:,.2f}"
    if language == "id":
        figure = figure.translate(str.maketrans(",.", ".,"))
    return _SYMBOLS.get(currency, f"{currency} ") + figure


def percent(value: Decimal | float, language: str) -> str:
    """`4.5%` in English, `4,5%` in Indonesian."""
    figure = f"{value:.2f}".rstrip("0").rstrip(".")
    return (figure.replace(".", ",") if language == "id" else figure) + "%"


def months(count: int, language: str) -> str:
    """`1 month`, `3 months`, `3 bulan`."""
    if language == "id":
        return f"{count} bulan"
    return f"{count} month" if count == 1 else f"{count} months"


def listed(names: Sequence[str], language: str) -> str:
    """`Jakarta, Bandung and Surabaya`, `Jakarta, Bandung, dan Surabaya`."""
    if len(names) < 2:
        return "".join(names)
    if language == "id":
        return ", ".join(names[:-1]) + (", dan " if len(names) > 2 else " dan ") + names[-1]
    return ", ".join(names[:-1]) + " and " + names[-1]


def clock(at: datetime) -> str:
    """`14:05`, in western Indonesian time."""
    return f"{at.astimezone(_WIB):%H:%M}"
