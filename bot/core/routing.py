"""Who may take which handoff, in which order, and when somebody is there. Pure; the rules are data/desk.yml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from bot.core.conversation import LANGUAGES, Conversation
from bot.core.ports import Agent

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERYWHERE = "all"
ALWAYS = "always"
FAR = 15  # days that are searched for the next opening
REACH_WEIGHT = 1.5
DOUBLES_EVERY = 1.0  # deadlines: what waits long enough passes everything, so nothing starves
SUPERVISOR = "supervisor"


class DeskRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in data/desk.yml."""

    timezone: str
    hours: dict[str, dict[str, str] | str]
    closed: tuple[str, ...] = ()
    capacity: int = 5
    skills: dict[str, dict[str, str]] = {}
    anybody_after: int = 2

    def is_open(self, channel: str, now: datetime) -> bool:
        """Whether people answer on this channel at this moment (`now` is aware)."""
        local = now.astimezone(ZoneInfo(self.timezone))
        return any(start <= local.time() < end for start, end in self._spans(channel, local.date()))

    def opens_at(self, channel: str, now: datetime) -> datetime | None:
        """The next opening after `now`; None when it is open, or never opens."""
        if self.is_open(channel, now):
            return None
        return next((opens for opens, _ in self._openings(channel, now) if opens > now), None)

    def open_time(self, channel: str, since: datetime, until: datetime) -> timedelta:
        """How much of the time between lay within the hours."""
        total, at = timedelta(), since
        for opens, closes in self._openings(channel, since):
            if opens >= until:
                break
            total += max(timedelta(), min(closes, until) - max(opens, at))
            at = max(at, closes)
        return total

    def after(self, channel: str, since: datetime, open_time: timedelta) -> datetime:
        """When so much time within the hours has passed; by the clock alone where that is too far to see."""
        left, at = open_time, since
        for opens, closes in self._openings(channel, since):
            begins = max(opens, at)
            if closes - begins >= left:
                return begins + left
            left -= max(timedelta(), closes - begins)
            at = max(at, closes)
        return since + open_time

    def _openings(self, channel: str, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When people answer, from the day of `since` on."""
        zone = ZoneInfo(self.timezone)
        first = since.astimezone(zone).date()
        for day in (first + timedelta(days=ahead) for ahead in range(FAR)):
            for start, end in sorted(self._spans(channel, day)):
                closes = datetime.combine(day + timedelta(days=1), time.min, zone) if end == time.max else None
                yield datetime.combine(day, start, zone), closes or datetime.combine(day, end, zone)

    def _spans(self, channel: str, day: date) -> list[tuple[time, time]]:
        if day.isoformat() in self.closed:
            return []
        hours = self.hours.get(channel, self.hours.get(EVERYWHERE, ALWAYS))
        if isinstance(hours, str):
            return [(time.min, time.max)]
        return [span(text) for days, text in hours.items() if DAYS[day.weekday()] in weekdays(days)]

    def capacity_of(self, agent: Agent) -> int:
        return agent.capacity or self.capacity


class Unfit(msgspec.Struct, frozen=True, kw_only=True):
    """Why this person does not get this conversation: skills | language | full. `missing`: skills, or the language."""

    why: str
    missing: tuple[str, ...] = ()


def unfit(agent: Agent, conversation: Conversation, holds: int, rules: DeskRules, now: datetime) -> Unfit | None:
    """None: they may take it. A supervisor may take everything; after `anybody_after` deadlines that passed while the
    desk was open everybody may."""
    if agent.role == SUPERVISOR:
        return None
    if holds >= rules.capacity_of(agent):
        return Unfit(why="full", missing=(str(rules.capacity_of(agent)),))
    handoff = conversation.handoff
    # Open time is never more than time: most need no look at the hours.
    late = (
        pressure(conversation, now) >= rules.anybody_after and missed(conversation, now, rules) >= rules.anybody_after
    )
    if handoff is None or late:
        return None
    missing = tuple(skill for skill in handoff.skills if skill not in agent.skills)
    if missing:
        return Unfit(why="skills", missing=missing)
    if not speaks(agent, conversation.language):
        return Unfit(why="language", missing=(conversation.language,))
    return None


def able(agents: Iterable[Agent], conversation: Conversation) -> list[Agent]:
    """Those who have what it takes, whether they are there or not."""
    skills = conversation.handoff.skills if conversation.handoff else conversation.risk.skills
    return [
        agent
        for agent in agents
        if not agent.disabled
        and (agent.role == SUPERVISOR or (set(skills) <= set(agent.skills) and speaks(agent, conversation.language)))
    ]


def speaks(agent: Agent, language: str) -> bool:
    """Who names no language is asked for all."""
    named = [skill for skill in agent.skills if skill in LANGUAGES]
    return not named or language in named


def pressure(conversation: Conversation, now: datetime) -> float:
    """How much of its time a handoff has used: 0 when it was opened, 1 at its deadline."""
    handoff = conversation.handoff
    if handoff is None:
        return 0.0
    allowed = (handoff.answer_due_at - handoff.opened_at).total_seconds()
    return max(0.0, (now - handoff.opened_at).total_seconds()) / max(allowed, 1.0)


def missed(conversation: Conversation, now: datetime, rules: DeskRules) -> float:
    """The same for the time in which somebody could have come: a night without a desk uses up no certificate."""
    handoff = conversation.handoff
    if handoff is None:
        return 0.0
    channel, since = conversation.channel, handoff.opened_at
    if not rules.is_open(channel, now) and rules.opens_at(channel, now) is None:
        return pressure(conversation, now)  # it never opens: there are no hours to count by
    allowed = (handoff.answer_due_at - since).total_seconds()
    return rules.open_time(channel, since, now).total_seconds() / max(allowed, 1.0)


def urgency(conversation: Conversation, now: datetime) -> float:
    """Time to breach × risk × reach, as one number; the highest is next."""
    priority = conversation.handoff.priority if conversation.handoff else 0
    wide = any(finding.label == "wide_reach" for finding in conversation.risk.findings)
    weight = (1 + priority) * (REACH_WEIGHT if wide else 1.0)
    return float(weight * 2 ** min(60.0, pressure(conversation, now) / DOUBLES_EVERY))


def ranked(waiting: Iterable[Conversation], now: datetime) -> list[Conversation]:
    """The most urgent first; of equals the one that waits longest."""

    def place(conversation: Conversation) -> tuple[float, datetime]:
        handoff = conversation.handoff
        return -urgency(conversation, now), handoff.opened_at if handoff else conversation.opened_at

    return sorted(waiting, key=place)


def weekdays(text: str) -> Sequence[str]:
    """ "mon-fri" or "sat". Raises ValueError."""
    first, _, last = text.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    if start > end:
        raise ValueError(text)
    return DAYS[start : end + 1]


def span(text: str) -> tuple[time, time]:
    """ "07:00-22:00"; 24:00 is the day's end. Raises ValueError."""
    first, _, last = text.partition("-")
    start = time.fromisoformat(first)
    end = time.max if last == "24:00" else time.fromisoformat(last)
    if start >= end or start.tzinfo or end.tzinfo:
        raise ValueError(text)
    return start, end


def problems(
    rules: DeskRules, channels: Iterable[str], policy_skills: Mapping[str, str]
) -> Iterable[tuple[str, str, str]]:
    """What is wrong, as (key, problem, fix). `policy_skills`: skill → the label that asks for it."""
    try:
        ZoneInfo(rules.timezone)
    except (KeyError, ValueError, OSError):
        yield "timezone", "is not a time zone", "Use one like Asia/Jakarta"
    if EVERYWHERE not in rules.hours:
        yield f"hours.{EVERYWHERE}", "is missing", "Say when people answer where nothing else is said"
    for channel, hours in rules.hours.items():
        if channel != EVERYWHERE and channel not in channels:
            yield f"hours.{channel}", "is no channel", "Correct the name"
        if isinstance(hours, str):
            if hours != ALWAYS:
                yield f"hours.{channel}", f"{hours!r} is not known", f"Write {ALWAYS}, or hours by weekday"
            continue
        for days, text in hours.items():
            try:
                weekdays(days)
            except ValueError:
                yield f"hours.{channel}.{days}", "is no weekday", "Write mon, or mon-fri"
            try:
                span(text)
            except ValueError:
                yield f"hours.{channel}.{days}", f"{text!r} is no span of one day", 'Write it like "07:00-22:00"'
    for day in rules.closed:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield f"closed: {day!r}", "is no date", 'Write it like "2027-01-01"'
    if rules.capacity < 1:
        yield "capacity", "is below 1", "Nobody could take anything"
    if rules.anybody_after < 1:
        yield "anybody_after", "is below 1", "Write a number of deadlines"
    for skill, titles in rules.skills.items():
        if set(LANGUAGES) - set(titles):
            yield f"skills.{skill}", "needs en and id", "Write both"
    for skill, label in policy_skills.items():
        if skill not in rules.skills:
            yield f"skills.{skill}", f"is asked for by {label} in data/triage/policy.yml and missing here", "Add it"
