"""Amounts and days as customers write them, and what looks like one and is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.values import amounts, days

SATURDAY = date(2026, 11, 28)


def money(text: str) -> list[str]:
    return [found.value for found in amounts(text)]


def named(text: str) -> list[str]:
    return [found.value for found in days(text, SATURDAY)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,5jt", "IDR 1500000"),
        ("rp 20rb", "IDR 20000"),
        ("Rp2.500.000", "IDR 2500000"),
        ("rp2,500", "IDR 2500"),
        ("Rp. 15.000,-", "IDR 15000"),
        ("kirim 50k dong", "IDR 50000"),
        ("2 juta rupiah", "IDR 2000000"),
        ("1.125 juta", "IDR 1125000"),
        ("300ribuan", "IDR 300000"),
        ("dua juta", "IDR 2000000"),
        ("lima ratus ribu", "IDR 500000"),
        ("sejuta", "IDR 1000000"),
        ("goceng doang", "IDR 5000"),
        ("1,2 miliar", "IDR 1200000000"),
        ("2.500.000", "IDR 2500000"),
        ("$1,200.50", "USD 1200.5"),
        ("100 usd", "USD 100"),
        ("usd100", "USD 100"),
        ("RM50", "MYR 50"),
        ("50 bucks", "USD 50"),
        ("€99,90", "EUR 99.9"),
        ("10.000 yen", "JPY 10000"),
    ],
)
def test_an_amount_is_read(text: str, value: str) -> None:
    assert money(text) == [value]


@pytest.mark.parametrize(
    "text",
    ["AR-20311", "KD 4801", "20311", "0812-3456-7890", "jam 15.30", "lantai 3", "rp", "0 rupiah", "v1.2.3", "12%"],
)
def test_what_is_no_amount_is_left_alone(text: str) -> None:
    assert money(text) == []


@given(st.integers(1_000, 10**12))
def test_any_rupiah_is_read_back_in_both_ways_of_writing(value: int) -> None:
    written = f"Rp{value:,}"
    assert money(f"kirim {written} ya") == money("kirim " + written.replace(",", ".")) == [f"IDR {value}"]


@given(st.text(max_size=60))
def test_no_text_breaks_the_readers(text: str) -> None:
    for found in (*amounts(text), *days(text, SATURDAY)):
        assert 0 <= found.start < found.end <= len(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("besok buka?", "2026-11-29"),
        ("are you open tomorrow", "2026-11-29"),
        ("hari ini", "2026-11-28"),
        ("lusa", "2026-11-30"),
        ("the day after tomorrow", "2026-11-30"),
        ("on saturday", "2026-11-28"),
        ("hari minggu buka ga", "2026-11-29"),
        ("open on sun?", "2026-11-29"),
        ("jumat depan", "2026-12-04"),
        ("25 desember", "2026-12-25"),
        ("dec 25th", "2026-12-25"),
        ("tgl 25/12 buka?", "2026-12-25"),
        ("open on 25/12", "2026-12-25"),
        ("1/1/2027", "2027-01-01"),
        ("2026-12-31", "2026-12-31"),
        ("tgl 3", "2026-12-03"),
        ("the 5th", "2026-12-05"),
        ("20 november", "2026-11-20"),
        ("29 feb", "2028-02-29"),
    ],
)
def test_a_day_is_read(text: str, value: str) -> None:
    assert named(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "2 minggu lagi",
        "may i ask",
        "sun is shining",
        "31/02",
        "the 5 items",
        "24/7",
        "mar",
        "99 desember",
        "on 1/13",
        "9/10",
        "4/5 stars",
    ],
)
def test_what_is_no_day_is_left_alone(text: str) -> None:
    assert named(text) == []


@given(st.dates(date(2026, 1, 1), date(2099, 12, 31)))
def test_any_full_date_is_read_back(day: date) -> None:
    in_words = (f"{day.day} {day:%B} {day.year}", f"{day:%b} {day.day}, {day.year}")
    for written in (f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d}", *in_words):
        assert named(f"for {written} please") == [day.isoformat()]
