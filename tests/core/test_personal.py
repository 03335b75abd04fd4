"""What belongs to one person is found however it is typed, what does not is left alone, and masks hold."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.core.personal import MASK, SECRETS, Kind, find, mask, masked_secrets, secrets_in
from bot.core.reading import read

CARD = "4111 1111 1111 1111"
unhurried = settings(deadline=None)  # the first look reads the telephone plans of the world


def luhn(digits: str) -> str:
    """The check digit, written independently of the library that the finder uses."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if index % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def mod97(country: str, account: str) -> str:
    rearranged = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    return f"{country}{98 - int(rearranged) % 97:02d}{account}"


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


card_numbers = st.one_of(
    digits(14).map(lambda rest: "4" + rest),
    st.tuples(st.integers(51, 55), digits(13)).map(lambda parts: f"{parts[0]}{parts[1]}"),
    st.tuples(st.sampled_from(["34", "37"]), digits(12)).map("".join),
).map(lambda start: start + luhn(start))
births = st.dates(date(1930, 1, 1), date(2008, 12, 31))
niks = st.builds(
    lambda place, born, woman, serial: (
        f"{place}{born.day + (40 if woman else 0):02d}{born.month:02d}{born.year % 100:02d}{serial:04d}"
    ),
    st.sampled_from(["317101", "327301", "357801", "510301", "960101", "110101"]), births, st.booleans(),
    st.integers(1, 9999),
)  # fmt: skip
ibans = st.one_of(
    digits(18).map(lambda rest: mod97("DE", rest)), digits(10).map(lambda rest: mod97("NL", "ABNA" + rest))
)


class TestFound:
    @pytest.mark.parametrize(
        ("text", "kind", "what"),
        [
            ("my card 4111 1111 1111 1111 does not work", Kind.CARD, CARD),
            ("3782 822463 10005", Kind.CARD, "3782 822463 10005"),
            ("kartu 4111-1111-1111-1111, exp 12/26", Kind.CARD, "4111-1111-1111-1111"),
            ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", Kind.CARD, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
            ("NIK saya 3171 0157 0845 0001", Kind.NIK, "3171 0157 0845 0001"),
            ("npwp: 01.312.166.0-091.000", Kind.NPWP, "01.312.166.0-091.000"),
            ("NPWP saya 013121660091000", Kind.NPWP, "013121660091000"),
            ("NPWP 0013121660091000", Kind.NPWP, "0013121660091000"),
            ("DE89 3704 0044 0532 0130 00 thanks", Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
            ("gb82west12345698765432", Kind.IBAN, "gb82west12345698765432"),
            ("telp 0812-3456-7890 ya", Kind.PHONE, "0812-3456-7890"),
            ("wa081234567890", Kind.PHONE, "081234567890"),
            ("+65 9123 4567", Kind.PHONE, "+65 9123 4567"),
            ("norek BCA saya 123 456 7890", Kind.ACCOUNT, "123 456 7890"),
            ("tulis ke ani.s+1@example.co.id.", Kind.EMAIL, "ani.s+1@example.co.id"),
            ("ani [at] gmail [dot] com", Kind.EMAIL, "ani [at] gmail [dot] com"),
            ("ani at gmail dot com", Kind.EMAIL, "ani at gmail dot com"),
            ("kirim ke Jl. Melati Raya No. 5 RT 01/RW 02 ya", Kind.ADDRESS, "Jl. Melati Raya No. 5 RT 01/RW 02"),
            ("ke jalan merdeka no 12, Bandung 40115", Kind.ADDRESS, "jalan merdeka no 12, Bandung 40115"),
            ("alamat saya di Griya Indah C3/12 Bekasi", Kind.ADDRESS, "Griya Indah C3/12 Bekasi"),
            ("I live at 221b Baker Street", Kind.ADDRESS, "221b Baker Street"),
            ("my address is 5 Elm Close, Leeds", Kind.ADDRESS, "5 Elm Close, Leeds"),
            ("TTL: Jakarta, 12-03-1990", Kind.BIRTH, "12-03-1990"),
            ("saya lahir 12 Maret 1990", Kind.BIRTH, "12 Maret 1990"),
            ("DOB 1990-03-12", Kind.BIRTH, "1990-03-12"),
            ("born on March 12, 1990", Kind.BIRTH, "March 12, 1990"),
            ("12/03/1990 is my date of birth", Kind.BIRTH, "12/03/1990"),
            ("KTP atas nama Rina, 17-08-1985", Kind.BIRTH, "17-08-1985"),
            ("my password is hunter2", Kind.PASSWORD, "hunter2"),
            ("password saya: rahasia", Kind.PASSWORD, "rahasia"),
            ("kata sandi gue adalah Bunga!2020 tolong", Kind.PASSWORD, "Bunga!2020"),
            ("passwordnya bunga123", Kind.PASSWORD, "bunga123"),
            ('my password is "correct horse battery"', Kind.PASSWORD, "correct horse battery"),
            ("pin gue 1234", Kind.PIN, "1234"),
            ("1234 pin saya", Kind.PIN, "1234"),
            ("kode OTP saya 482913", Kind.CODE, "482913"),
            ("482 913 is my otp", Kind.CODE, "482 913"),
            ("OTP untuk transaksi Rp150.000 adalah 482913. Jangan berikan", Kind.CODE, "482913"),
            ("G-482913 is your Google verification code", Kind.CODE, "482913"),
            ("kode OTP A7K9Q2", Kind.CODE, "A7K9Q2"),
            ("cvv nya 123", Kind.CVV, "123"),
            ("5105 1051 0510 5100 12/26 737", Kind.CVV, "737"),
        ],
    )
    def test_as_people_type_it(self, text: str, kind: Kind, what: str) -> None:
        assert what in [text[one.start : one.end] for one in find(text) if one.kind is kind]

    @pytest.mark.parametrize(
        "text",
        [
            "where is my order AR-20308? I paid Rp1.500.000 on 12-10-2026",
            "pesanan 20308 belum datang, resi JP1234567890",
            "resi JNE 0123456789012345",
            "no resi: 4111111111111111",
            "nomor virtual account 4111111111111111",
            "card 4111 1111 1111 1112",  # the check digit is wrong
            "9971011708450001",  # no such province
            "3171013217450001",  # 32 of the 17th month
            "transaksi 1700000000000 gagal, error code: 5003, kode error 5003",
            "total Rp4.111.111.111.111.111",
            "kode pos 40115, kode voucher 123456, kode promo 2024",
            "my password is not working, password reset link is broken",
            "password saya salah terus, lupa password",
            "I forgot my password &amp; which phone number I used",
            "OTP not received for order 20308",
            "OTP belum masuk sudah 3 hari",
            "ganti PIN 6 digit",
            "jalan jalan ke bandung, sudah jalan 3 hari, gimana jalan keluarnya?",
            "I waited 2 days on the street",
            "delivered on 12-10-2026, born to complain",
            "@arunika 2 jam belum dibalas",
            "2026-11-22 05:14:33.123456 3f2a9b7c-1d2e-4f5a-8b9c-0d1e2f3a4b5c",
            "open at 9, in 34 cities, fee Rp2,500, 15%",
            "DE89 3704 0044 0532 0130 01",
        ],
    )
    def test_what_is_nobodys_is_left_alone(self, text: str) -> None:
        assert find(text) == ()
        assert mask(text) == text

    @unhurried
    @given(card_numbers, st.sampled_from(["", " ", "-", ".", "  ", " - "]), st.integers(1, 6))
    def test_any_card_with_any_gaps(self, number: str, gap: str, size: int) -> None:
        assume(gap != "." or size != 3)  # an amount looks so
        assume(len(gap) < 3)
        written = gap.join(number[start : start + size] for start in range(0, len(number), size))
        assert [(one.kind, one.start, one.end) for one in find(f"x {written} y")] == [(Kind.CARD, 2, 2 + len(written))]

    @unhurried
    @given(card_numbers, st.integers(0, 8))
    def test_a_wrong_check_digit_is_no_card(self, number: str, more: int) -> None:
        wrong = number[:-1] + str((int(number[-1]) + 1 + more) % 10)
        assert Kind.CARD not in [one.kind for one in find(wrong)]

    @unhurried
    @given(niks)
    def test_any_nik(self, number: str) -> None:
        assert [one.kind for one in find(f"ktp {number} ya")] == [Kind.NIK]

    @unhurried
    @given(ibans, st.booleans())
    def test_any_iban(self, number: str, spaced: bool) -> None:
        written = " ".join(number[start : start + 4] for start in range(0, len(number), 4)) if spaced else number
        assert [(one.kind, one.end) for one in find(written + " thanks")] == [(Kind.IBAN, len(written))]

    @unhurried
    @given(births, st.sampled_from(["%d-%m-%Y", "%d/%m/%y", "%Y-%m-%d", "%d %B %Y", "%d%m%Y"]))
    def test_any_date_of_birth(self, born: date, written: str) -> None:
        said = born.strftime(written)
        assert [(one.kind, one.end) for one in find(f"lahir {said}")] == [(Kind.BIRTH, 6 + len(said))]


class TestHiding:
    """Full-width digits, dashes, spaces and what cannot be seen hide nothing, and the place is the written one's."""

    @pytest.mark.parametrize(
        "written",
        [
            "４１１１　１１１１　１１１１　１１１１",
            "4111\u200b1111\u200b1111\u200b1111",
            "4111\u2013 1111\u20111111\u2212 1111",
            "4111\u00a01111\u202f1111\u20031111",
            "٤١١١١١١١١١١١١١١١",
            "4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣",
            "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
        ],
    )
    def test_a_card(self, written: str) -> None:
        text = f"ﬁx “{written}” \u200bplease"
        [one] = find(text)
        assert (one.kind, text[one.start : one.end]) == (Kind.CARD, written)
        assert mask(text) == f"ﬁx “{MASK * 4}1111” \u200bplease"

    @unhurried
    @given(st.text(max_size=20), st.text(st.sampled_from("\u200b\u2060\u00ad\ufe0f\u180e\U000e0041"), max_size=3))
    def test_reading_points_back_to_what_was_written(self, text: str, unseen: str) -> None:
        written = unseen.join(text)
        reading = read(written)
        assert read(reading.text).text == reading.text
        for index, character in enumerate(reading.text):
            start, end = reading.span(index, index + 1)
            assert character in read(written[start:end]).text


ANYTHING = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            "pin otp is my kode saya password : = 1234 482913 4111 1111 4111111111111111 0812 3456 7890 lahir 12 03 "
            "1990 Jl. Melati 5 a@b.co @ • •••• rt 01 rw 02 DE89 cvv 123 / - . norek rahasia1 \u200b ４".split(" ")
        ),
        max_size=14,
    ).map(" ".join),
)


class TestMask:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            (f"card {CARD}!", f"card {MASK * 4}1111!"),
            ("ani@example.com", f"a{MASK * 3}@{MASK * 3}"),
            ("0812-3456-7890", f"{MASK * 4}890"),
            ("kode OTP saya 482913", f"kode OTP saya {MASK * 6}"),
            ("my password is hunter2", f"my password is {MASK * 6}"),
            ("DE89 3704 0044 0532 0130 00", f"DE{MASK * 4}3000"),
        ],
    )
    def test_a_hint_stays_of_what_has_one(self, text: str, masked: str) -> None:
        assert mask(text) == masked

    @unhurried
    @given(ANYTHING)
    @example("4111111111111111 pin saya")
    @example("password password: 1234 is my otp")
    def test_nothing_is_found_in_masked_text_and_masking_again_changes_nothing(self, text: str) -> None:
        masked = mask(text)
        assert find(masked) == ()
        assert mask(masked) == masked
        stored = masked_secrets(text)
        assert secrets_in(stored) == ()
        assert masked_secrets(stored) == stored

    @unhurried
    @given(ANYTHING)
    def test_what_is_found_lies_in_the_text_in_order(self, text: str) -> None:
        found = find(text)
        edges = [edge for one in found for edge in (one.start, one.end)]
        assert edges == sorted(edges)
        assert all(0 <= one.start < one.end <= len(text) for one in found)
        assert bool(found) == (mask(text) != text)

    @unhurried
    @given(st.text(st.characters(whitelist_categories=("Ll", "Lu", "Zs", "Po", "So"), blacklist_characters="@")))
    def test_words_without_numbers_stay(self, text: str) -> None:
        assume(not any(word in text.lower() for word in ("pass", "pw", "psw", "sandi", "jl", "jalan", " at ")))
        plain = unicodedata.normalize("NFKC", text)
        assume(not any(character.isdigit() or character == "@" for character in plain))
        assert mask(text) == text

    def test_stored_words_lose_secrets_and_nothing_else(self) -> None:
        text = f"pin 1234, {CARD}, 0812-3456-7890, lahir 12-03-1990"
        assert masked_secrets(text) == text.replace("1234,", f"{MASK * 6},", 1)
        assert {one.kind for one in secrets_in(text)} <= SECRETS

    def test_what_the_brand_publishes_is_its_own(self) -> None:
        text = "call 0800-123-4567 or 0812-3456-7890"
        assert mask(text, published=["0800-123-4567"]) == f"call 0800-123-4567 or {MASK * 4}890"

    def test_a_long_message_takes_no_long_time(self) -> None:
        for piece in ("pin 1 ", "my password is ", "1 ", "a@", "+-%", "jl a ", "4111 ", "kode otp saya "):
            find((piece * 4000)[:4000])  # the suite's time limit is the assertion
