"""The brand's rules of speech: who wants no automatic messages, when it is quiet, what is personal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.adapters.yaml_house import read_house
from bot.core.house import House, Personal, QuietHours, personal_in
from bot.settings import PROJECT

OURS = read_house(PROJECT / "data" / "policy.yml")
SIGNS = st.text(st.sampled_from(" \t\n.,!?…*\"'“”()🙏🛑-–_"), max_size=6)
LETTERS = st.text(st.characters(whitelist_categories=("Ll", "Lu", "Nd")), min_size=1, max_size=8)


class TestOptingOut:
    @given(word=st.sampled_from(OURS.opt_out), before=SIGNS, after=SIGNS, shout=st.booleans(), between=st.data())
    def test_however_it_is_written(
        self, word: str, before: str, after: str, shout: bool, between: st.DataObject
    ) -> None:
        spaced = "".join(
            character if character != " " else between.draw(st.sampled_from([" ", "  ", "\n", ", "]))
            for character in word
        )
        text = before + (spaced.upper() if shout else spaced.title()) + after
        assert OURS.opts_out(text)
        assert not OURS.opts_in(text)

    @given(word=st.sampled_from(OURS.opt_out + OURS.opt_in), more=LETTERS, front=st.booleans())
    def test_only_as_the_whole_message(self, word: str, more: str, front: bool) -> None:
        text = f"{more} {word}" if front else f"{word} {more}"
        assume(" ".join(text.casefold().split()) not in OURS.opt_out + OURS.opt_in)
        assert not OURS.opts_out(text)
        assert not OURS.opts_in(text)

    @given(st.text(max_size=30))
    def test_out_and_in_exclude_each_other(self, text: str) -> None:
        assert not (OURS.opts_out(text) and OURS.opts_in(text))

    @pytest.mark.parametrize("text", ["STOP", "Berhenti!", "jangan kirim lagi.", "unsubscribe"])
    def test_out_in_both_languages(self, text: str) -> None:
        assert OURS.opts_out(text)

    @pytest.mark.parametrize("text", ["START", "Mulai", "lanjutkan"])
    def test_in_again_in_both_languages(self, text: str) -> None:
        assert OURS.opts_in(text)

    @pytest.mark.parametrize("text", ["", "  ", "!!!", "please stop my card", "kapan berhenti?", "bus stop"])
    def test_what_only_looks_like_it(self, text: str) -> None:
        assert not OURS.opts_out(text)


ZONES = ["Asia/Jakarta", "Asia/Jayapura", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns"]
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1))


def hours(start: str, end: str, zone: str = "Asia/Jakarta") -> House:
    return House(quiet_hours=QuietHours(from_=start, to=end, timezone=zone))


class TestQuietHours:
    @pytest.mark.parametrize(
        ("utc", "until"),
        [
            ("2026-03-01T13:59:59", None),  # 20:59:59 in Jakarta
            ("2026-03-01T14:00:00", "2026-03-02T00:00:00"),
            ("2026-03-01T17:30:00", "2026-03-02T00:00:00"),  # past midnight there
            ("2026-03-01T23:59:59", "2026-03-02T00:00:00"),
            ("2026-03-02T00:00:00", None),
        ],
    )
    def test_over_midnight(self, utc: str, until: str | None) -> None:
        def at(text: str) -> datetime:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)

        assert OURS.quiet_until(at(utc)) == (at(until) if until else None)

    def test_within_one_day(self) -> None:
        house = hours("12:00", "13:30", "UTC")
        noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        assert house.quiet_until(noon) == noon + timedelta(minutes=90)
        assert house.quiet_until(noon - timedelta(seconds=1)) is None
        assert house.quiet_until(noon + timedelta(minutes=90)) is None

    @given(start=TIMES, end=TIMES, zone=st.sampled_from(ZONES), now=MOMENTS, offset=st.integers(-12, 14))
    def test_it_ends_when_it_says_and_is_quiet_until_then(
        self, start: object, end: object, zone: str, now: datetime, offset: int
    ) -> None:
        house = hours(str(start), str(end), zone)
        assume(zone != "America/St_Johns" or now.month in {1, 2, 6, 7, 12})  # no change of the clocks
        asked = now.replace(tzinfo=timezone(timedelta(hours=offset)))
        until = house.quiet_until(asked)
        local = asked.astimezone(ZoneInfo(zone)).time()
        if start == end:
            assert until is None
        if until is None:
            return
        assert asked < until <= asked + timedelta(days=1)
        assert until.astimezone(ZoneInfo(zone)).time() == end
        assert house.quiet_until(until) is None, "at its end it is over"
        assert house.quiet_until(until - timedelta(microseconds=1)) == until
        assert (start <= local < end) if start < end else (local >= start or local < end)  # type: ignore[operator]

    def test_seconds_count(self) -> None:
        house = hours("21:00", "07:00:30", "UTC")
        almost = datetime(2026, 3, 1, 7, 0, 10, tzinfo=UTC)
        assert house.quiet_until(almost) == almost + timedelta(seconds=20)

    def test_a_night_in_which_the_clocks_change(self) -> None:
        """Europe/Berlin, 29 March 2026: 02:00 becomes 03:00."""
        house = hours("22:00", "07:00", "Europe/Berlin")
        late = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 23:30 there
        assert house.quiet_until(late) == datetime(2026, 3, 29, 5, 0, tzinfo=UTC)

    def test_none_set(self) -> None:
        assert House().quiet_until(datetime(2026, 3, 1, tzinfo=UTC)) is None


class TestPersonal:
    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("Your order AR-12345 is packed", ("reference",)),
            ("your savings account", ("product held",)),
            ("Saldo Kakak Rp1.234.567", ("amount",)),
            ("Kirim ke Jl. Melati Raya 5", ("address",)),
            ("Number 1234 5678 9012", ("number",)),
            ("ani@example.co.id", ("e-mail address",)),
            ("Transfers cost Rp2,500.", ()),
            ("Transfers cost Rp2,500,000", ("amount",)),  # a published amount is no licence for a larger one
            ("We open at 9, in 34 cities", ()),
        ],
    )
    def test_what_ours_sees(self, text: str, kinds: tuple[str, ...]) -> None:
        assert personal_in(text, {}, OURS) == kinds

    @given(
        value=st.text(st.characters(whitelist_categories=("Ll", "Nd")), min_size=3, max_size=12), shout=st.booleans()
    )
    def test_a_personal_slots_value_is_found_wherever_it_stands(self, value: str, shout: bool) -> None:
        house = House(personal_slots=frozenset({"ref"}))
        text = f"about {value.upper() if shout else value}, then"
        assume(value.upper().casefold() == value.casefold())
        assert "ref" in personal_in(text, {"ref": value}, house)
        assert "ref" not in personal_in(text, {"other": value}, house)

    def test_too_short_a_value_would_be_found_in_everything(self) -> None:
        assert personal_in("it is a fact", {"ref": "a"}, House(personal_slots=frozenset({"ref"}))) == ()

    def test_each_kind_once(self) -> None:
        house = House(personal=(Personal("reference", r"AR-\d+"), Personal("reference", r"KD-\d+")))
        assert personal_in("AR-1 and KD-2 and AR-3", {}, house) == ("reference",)
