from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.core.conversation import Conversation, Handoff, Owner
from bot.core.ports import Agent
from bot.core.risk import Finding, Risk
from bot.core.routing import DeskRules, able, missed, problems, ranked, unfit
from channels.messages import Customer

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # Monday, 10:00 in Jakarta
RULES = DeskRules(
    timezone="Asia/Jakarta",
    hours={"all": {"mon-fri": "09:00-17:00", "sat": "09:00-12:00"}, "x": "always"},
    closed=("2026-03-03",),
    capacity=2,
    skills={"fraud": {"en": "f", "id": "f"}},
)


def agent(*skills: str, role: str = "agent", capacity: int = 0) -> Agent:
    return Agent(agent_id="dina", name="Dina", password_hash="", skills=skills, role=role, capacity=capacity)


def waiting(
    minutes: float = 0, *, due: float = 15, priority: int = 0, skills: tuple[str, ...] = (), language: str = "en",
    wide: bool = False, key: str = "x:1",
) -> Conversation:  # fmt: skip
    opened = NOW - timedelta(minutes=minutes)
    found = (Finding(label="wide_reach", severity=2, confidence=1.0),) if wide else ()
    return Conversation(
        key=key, channel="x", thread_id="1", customer=Customer(external_id="1"), opened_at=opened, language=language,
        owner=Owner.WAITING, risk=Risk(findings=found),
        handoff=Handoff(
            reason="triage", opened_at=opened, answer_due_at=opened + timedelta(minutes=due), skills=skills,
            priority=priority,
        ),
    )  # fmt: skip


class TestWhoMayTakeIt:
    def test_the_skill_decides(self) -> None:
        fraud = waiting(skills=("fraud",))
        missing = unfit(agent(), fraud, 0, RULES, NOW)
        assert missing is not None
        assert (missing.why, missing.missing) == ("skills", ("fraud",))
        assert unfit(agent("fraud"), fraud, 0, RULES, NOW) is None
        assert unfit(agent(role="supervisor"), fraud, 99, RULES, NOW) is None

    def test_who_names_languages_gets_only_those(self) -> None:
        indonesian = waiting(language="id")
        assert unfit(agent(), indonesian, 0, RULES, NOW) is None
        assert unfit(agent("id"), indonesian, 0, RULES, NOW) is None
        missing = unfit(agent("en"), indonesian, 0, RULES, NOW)
        assert missing is not None
        assert missing.why == "language"

    def test_full_hands_take_nothing_more(self) -> None:
        full = unfit(agent(), waiting(), 2, RULES, NOW)
        assert full is not None
        assert (full.why, full.missing) == ("full", ("2",))
        assert unfit(agent(capacity=3), waiting(), 2, RULES, NOW) is None

    def test_after_two_deadlines_anybody_may(self) -> None:
        assert unfit(agent(), waiting(29, skills=("fraud",)), 0, RULES, NOW) is not None
        assert unfit(agent(), waiting(30, skills=("fraud",)), 0, RULES, NOW) is None

    def test_a_night_without_a_desk_uses_up_no_certificate(self) -> None:
        late = replace(waiting(skills=("fraud",)), channel="webchat", handoff=replace(
            waiting(skills=("fraud",)).handoff, opened_at=NOW + timedelta(hours=10),
            answer_due_at=NOW + timedelta(hours=10, minutes=15),
        ))  # fmt: skip
        # Monday 20:00; Tuesday is a holiday, and on Wednesday the desk opens at nine.
        opening = NOW + timedelta(days=1, hours=23)
        assert missed(late, opening, RULES) == 0
        assert unfit(agent(), late, 0, RULES, opening + timedelta(minutes=29)) is not None
        assert unfit(agent(), late, 0, RULES, opening + timedelta(minutes=30)) is None
        assert RULES.after("webchat", NOW + timedelta(hours=10), timedelta(minutes=30)) == opening + timedelta(
            minutes=30
        )

    def test_where_the_desk_never_opens_the_clock_counts(self) -> None:
        never = replace(RULES, hours={**RULES.hours, "x": {}})
        assert missed(waiting(30), NOW, never) == pytest.approx(2)
        assert never.after("x", NOW, timedelta(minutes=5)) == NOW + timedelta(minutes=5)

    @given(
        st.sampled_from(["webchat", "x"]), st.integers(0, 7 * 24 * 60), st.integers(1, 5 * 24 * 60)
    )  # fmt: skip
    def test_time_within_hours_passes_as_it_is_counted(self, channel: str, begins: int, minutes: int) -> None:
        since, span = NOW + timedelta(minutes=begins), timedelta(minutes=min(minutes, 40 * 60))
        until = RULES.after(channel, since, span)
        assert RULES.open_time(channel, since, until) == span
        assert RULES.open_time(channel, since, until - timedelta(minutes=1)) < span

    def test_able_are_those_with_the_skill_whether_or_not_they_are_there(self) -> None:
        staff = [agent(), agent("fraud"), replace(agent("fraud"), disabled=True), agent(role="supervisor")]
        assert able(staff, waiting(skills=("fraud",))) == [staff[1], staff[3]]


class TestOrder:
    def test_risk_reach_and_time_to_breach_move_ahead(self) -> None:
        calm, grave = waiting(5), waiting(5, priority=5)
        wide, late = waiting(5, wide=True), waiting(14)
        assert ranked([calm, grave], NOW) == [grave, calm]
        assert ranked([calm, wide], NOW) == [wide, calm]
        assert ranked([calm, late], NOW) == [late, calm]
        assert ranked([waiting(5), soon := waiting(5, due=6)], NOW)[0] == soon

    @given(st.integers(0, 5), st.booleans(), st.floats(1, 60))
    def test_nothing_starves(self, priority: int, wide: bool, due: float) -> None:
        old = waiting(15 * 5, priority=0)
        new = waiting(0, priority=priority, wide=wide, due=due)
        assert ranked([new, old], NOW)[0] == old


class TestHours:
    def test_open_and_closed(self) -> None:
        assert RULES.is_open("webchat", NOW)
        assert RULES.opens_at("webchat", NOW) is None
        evening = NOW + timedelta(hours=8)  # Monday 18:00; Tuesday is closed
        assert not RULES.is_open("webchat", evening)
        opens = RULES.opens_at("webchat", evening)
        assert opens is not None
        assert opens.isoformat() == "2026-03-04T09:00:00+07:00"
        assert RULES.is_open("x", evening)

    def test_an_early_morning_opens_the_same_day(self) -> None:
        opens = RULES.opens_at("webchat", NOW - timedelta(hours=3))
        assert opens is not None
        assert opens.isoformat() == "2026-03-02T09:00:00+07:00"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"hours": {"x": "always"}}, "hours.all"),
        ({"hours": {"all": "sometimes"}}, "hours.all"),
        ({"hours": {"all": "always", "fax": "always"}}, "hours.fax"),
        ({"hours": {"all": {"monday": "09:00-17:00"}}}, "hours.all.monday"),
        ({"hours": {"all": {"mon": "17:00-09:00"}}}, "hours.all.mon"),
        ({"closed": ("tomorrow",)}, "closed: 'tomorrow'"),
        ({"capacity": 0}, "capacity"),
        ({"anybody_after": 0}, "anybody_after"),
        ({"skills": {"fraud": {"en": "f"}}}, "skills.fraud"),
        ({"skills": {}}, "skills.fraud"),
    ],
)
def test_a_wrong_entry_is_named(change: dict[str, object], key: str) -> None:
    assert key in [found for found, _, _ in problems(replace(RULES, **change), ("x",), {"fraud": "fraud"})]
    assert list(problems(RULES, ("x",), {"fraud": "fraud"})) == []
