"""Dates and amounts in the customer's language. Every sentence itself is a response in domain.yml."""

from datetime import date

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


def rupiah(amount: int, language: str) -> str:
    """Whole rupiah: `Rp1,250,000` in English, `Rp1.250.000` in Indonesian."""
    grouped = f"{amount:,}"
    return "Rp" + (grouped.replace(",", ".") if language == "id" else grouped)
