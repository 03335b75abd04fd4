"""Amounts and days as customers write them, and what looks like one and is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.values import Found, amounts, days

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
        ("100$", "USD 100"),
        ("50€ or so", "EUR 50"),
        ("tiga ratus lima puluh juta", "IDR 350000000"),
        ("dua puluh lima ribu", "IDR 25000"),
        ("seratus lima puluh ribu", "IDR 150000"),
        ("lima belas jt", "IDR 15000000"),
        ("duaratus ribuan", "IDR 200000"),
        ("2 ratus ribu", "IDR 200000"),
        ("dua ribu lima ratus", "IDR 2500"),
        ("1 juta 500 ribu", "IDR 1500000"),
        ("1jt500rb", "IDR 1500000"),
        ("sejuta dua ratus ribu", "IDR 1200000"),
        ("dua setengah juta", "IDR 2500000"),
        ("sejuta setengah", "IDR 1500000"),
        ("50 juta setengah tahun", "IDR 50000000"),
        ("setengah juta", "IDR 500000"),
        ("half a million", "IDR 500000"),
        ("a million", "IDR 1000000"),
        ("three hundred and fifty thousand", "IDR 350000"),
        ("two hundred fifty thousand", "IDR 250000"),
        ("two hundred fifty dollars", "USD 250"),
        ("one hundred twenty-five euros", "EUR 125"),
        ("dua juta dua kali", "IDR 2000000"),
        ("100 dolar singapura", "SGD 100"),
        ("80 sgd", "SGD 80"),
        ("300 Aussie dollars", "AUD 300"),
        ("100 hong  kong\tdollars", "HKD 100"),
        ("250 dollar kanada", "CAD 250"),
        ("$100 SGD", "SGD 100"),
        ("S$100", "SGD 100"),
        ("HK$100", "HKD 100"),
        ("350 us dollars", "USD 350"),
        ("1 million won", "KRW 1000000"),
        ("100 rıbu", "IDR 100000"),
        ("two point five million", "IDR 2500000"),
        ("one point two five million", "IDR 1250000"),
        ("2 point 5 million", "IDR 2500000"),
        ("zero point five million", "IDR 500000"),
        ("twenty two point five thousand dollars", "USD 22500"),
        ("two point five dollars", "USD 2.5"),
        ("satu koma lima juta", "IDR 1500000"),
        ("dua koma lima juta dong", "IDR 2500000"),
        ("2 koma 5 juta", "IDR 2500000"),
        ("2 koma 50 juta", "IDR 2500000"),
        ("nol koma lima juta", "IDR 500000"),
        ("sepuluh koma tujuh lima miliar", "IDR 10750000000"),
        ("2 and a half million", "IDR 2500000"),
        ("2 setengah juta", "IDR 2500000"),
        ("five million and a half", "IDR 5500000"),
        ("two million and five hundred dollars", "USD 2000500"),
        ("dua juta seratus kali", "IDR 2000000"),
        ("50 juta 365 hari", "IDR 50000000"),
        ("50 juta dua belas bulan", "IDR 50000000"),
        ("dua juta tiga ribu lima ratus", "IDR 2003500"),
        ("5 juta dong", "IDR 5000000"),
        ("5 juta ke 08123456789", "IDR 5000000"),
    ],
)
def test_an_amount_is_read(text: str, value: str) -> None:
    assert money(text) == [value]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("antara 1 juta sampai 2 juta", ["IDR 1000000", "IDR 2000000"]),
        ("500 ribu 200 ribu", ["IDR 500000", "IDR 200000"]),
        ("kirim lima puluh ribu lalu 20rb", ["IDR 50000", "IDR 20000"]),
        ("100 usd jadi dua juta", ["USD 100", "IDR 2000000"]),
    ],
)
def test_several_amounts_come_in_order(text: str, values: list[str]) -> None:
    assert money(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "AR-20311",
        "KD 4801",
        "20311",
        "0812-3456-7890",
        "jam 15.30",
        "lantai 3",
        "rp",
        "0 rupiah",
        "v1.2.3",
        "12%",
        "cuma 2 kan?",
        "tinggal dua kan",
        "one dollar",
        "satu dolar",
        "two hundred",
        "lima orang",
        "sek bentar",
        "2-3 juta",
        "dua-tiga juta",
        "1jt500",
        "dua juta lima ratus",
        "dua juta lima ratus dolar",
        "dua juta lima ratus lima puluh rupiah",
        "sejuta dua ratus ya",
        "two million five hundred",
        "2 juta 500",
        "2 juta 500 rupiah",
        "2 juta 550 ya",
        "dua juta lima puluh",
        "2 juta 5",
        "dua puluh lima setengah juta",
        "twenty two and a half million",
        "two million point five",
        "three quarters of a million",
        "satu dua juta",
        "dua koma lima puluh juta",
        "dua koma 5 lima puluh juta",
        "lima enam ratus ribu",
    ],
)
def test_what_is_no_amount_is_left_alone(text: str) -> None:
    assert money(text) == []


@given(st.integers(1_000, 10**12))
def test_any_rupiah_is_read_back_in_both_ways_of_writing(value: int) -> None:
    written = f"Rp{value:,}"
    assert money(f"kirim {written} ya") == money("kirim " + written.replace(",", ".")) == [f"IDR {value}"]


ONES = {
    "id": "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas".split(),
    "en": """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen""".split(),
}
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_indonesian(number: int) -> str:
    for size, name in ((1_000_000, "juta"), (1_000, "ribu"), (100, "ratus"), (10, "puluh")):
        count, rest = divmod(number, size)
        if number < 12:
            return ONES["id"][number]
        if number < 20:
            return f"{ONES['id'][number - 10]} belas"
        if count:
            head = f"se{name}" if count == 1 and size in (1_000, 100) else f"{in_indonesian(count)} {name}"
            return f"{head} {in_indonesian(rest)}" if rest else head
    raise AssertionError(number)


def in_english(number: int, joined: str = " and ") -> str:
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        count, rest = divmod(number, size)
        if count:
            head = f"{in_english(count, joined)} {name}"
            return head + (joined if rest < 100 else " ") + in_english(rest, joined) if rest else head
    if number < 20:
        return ONES["en"][number]
    tens, rest = divmod(number, 10)
    return f"{TENS[tens]}-{ONES['en'][rest]}" if rest else TENS[tens]


@given(st.integers(2, 999_999_999))
def test_any_number_written_out_is_read_back_before_a_currency(value: int) -> None:
    in_two_ways = value > 1_000_000 and 100 <= value % 1_000_000 < 1_000  # "dua juta lima ratus"
    said = f"{in_indonesian(value)} rupiah"
    found = [] if in_two_ways else [Found("amount", f"IDR {value}", 6, 6 + len(said))]
    assert list(amounts(f"kirim {said} ya")) == found
    for joined in (" and ", " "):
        said = f"{in_english(value, joined)} dollars"
        found = [] if in_two_ways else [Found("amount", f"USD {value}", 5, 5 + len(said))]
        assert list(amounts(f"send {said} please")) == found


@given(st.integers(1, 999_999))
def test_whole_thousands_written_out_need_no_currency(thousands: int) -> None:
    value = thousands * 1_000
    for said in (in_indonesian(value), in_english(value), in_english(value, " "), in_english(value).replace("-", " ")):
        assert list(amounts(f"(tf {said}!)")) == [Found("amount", f"IDR {value}", 4, 4 + len(said))]


@given(st.integers(1, 999), st.integers(1, 999))
def test_millions_and_thousands_in_digits_are_one_amount(millions: int, thousands: int) -> None:
    value = f"IDR {millions * 1_000_000 + thousands * 1_000}"
    for said in (f"{millions} juta {thousands} ribu", f"{millions}jt{thousands}rb", f"{millions} jt {thousands}k"):
        assert money(f"tf {said} ke ibu") == [value]


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
    ("text", "value"),
    [
        ("monday", "2026-11-30"),
        ("on monday", "2026-11-30"),
        ("senin ini", "2026-11-30"),
        ("next monday", "2026-12-07"),
        ("senin depan buka?", "2026-12-07"),
        ("hari senin depan", "2026-12-07"),
        ("senin minggu depan", "2026-12-07"),
        ("jumat minggu depan", "2026-12-11"),
        ("next friday", "2026-12-04"),
    ],
)
def test_the_next_monday_is_no_monday_that_is_today(text: str, value: str) -> None:
    assert [found.value for found in days(text, date(2026, 11, 30))] == [value]


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
