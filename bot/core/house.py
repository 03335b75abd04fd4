"""The brand's own rules of speech, from data/policy.yml: what is personal, who opted out, when it is quiet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import regex

from bot.core.personal import find, without_published
from bot.core.reading import normal

SHORTEST_VALUE = 3  # a slot's value below this would be found in every text

_BETWEEN = regex.compile(r"[\s.,:;_/-]+")
_NAMES_IN_FRONT = regex.compile(r"^(?:\s*@\w[\w.]*[,:]?\s+)+")
_NOT_WORDS = regex.compile(r"[^\p{L}\p{N}\s]+")


class Personal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of thing that belongs to one customer of this brand, and how to see it in a text. What belongs to anybody
    (cards, telephone numbers, addresses …) is found by bot/core/personal.py."""

    name: str
    pattern: str


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From … to, in the zone's own time; may pass midnight."""

    from_: str = msgspec.field(name="from")
    to: str
    timezone: str


class House(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in data/policy.yml."""

    public_responses: frozenset[str] = frozenset()
    solving_responses: frozenset[str] = frozenset()
    personal_slots: frozenset[str] = frozenset()
    personal: tuple[Personal, ...] = ()
    published: tuple[str, ...] = ()
    opt_out: tuple[str, ...] = ()
    opt_in: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None

    def opts_out(self, text: str) -> bool:
        return _plain(text) in self.opt_out

    def opts_in(self, text: str) -> bool:
        return _plain(text) in self.opt_in

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet ends, if `now` (aware) is in it."""
        hours = self.quiet_hours
        if hours is None:
            return None
        local = now.astimezone(ZoneInfo(hours.timezone))
        start, end = time.fromisoformat(hours.from_), time.fromisoformat(hours.to)
        at = local.time()
        quiet = start <= at < end if start <= end else at >= start or at < end
        if not quiet:
            return None
        until = datetime.combine(local.date(), end, local.tzinfo)
        return (until if until > local else until + timedelta(days=1)).astimezone(now.tzinfo)


def personal_in(text: str, slots: dict[str, str], house: House) -> tuple[str, ...]:
    """The kinds of personal data that a text holds, each once: what the slots say, and what looks like it.

    `slots` are the conversation's; those that the house names as personal count.
    """
    bare = without_published(text, house.published)
    found = [
        name
        for name, value in slots.items()
        if name in house.personal_slots and len(value) >= SHORTEST_VALUE and _joined(value) in _joined(bare)
    ]
    found += [kind.name for kind in house.personal if regex.search(kind.pattern, bare, regex.IGNORECASE)]
    found += [one.kind for one in find(text, house.published)]
    return tuple(dict.fromkeys(found))


def _joined(text: str) -> str:
    return str(_BETWEEN.sub("", normal(text).casefold()))


def problems(house: House) -> Iterable[tuple[str, str, str]]:
    """What is wrong with the values, as (key, problem, fix)."""
    for kind in house.personal:
        try:
            regex.compile(kind.pattern)
        except regex.error as error:
            yield f"personal.{kind.name}", f"is not a pattern ({error})", "Correct it"
    for key, words in (("opt_out", house.opt_out), ("opt_in", house.opt_in)):
        for word in words:
            if word != _plain(word):
                yield f"{key}: {word!r}", "would never match", f"Write {_plain(word)!r}: small letters, no signs"
    both = set(house.opt_out) & set(house.opt_in)
    if both:
        yield "opt_in", f"{min(both)!r} is in opt_out too", "Keep it in one of the two"
    if house.quiet_hours is not None:
        for key, value in (("from", house.quiet_hours.from_), ("to", house.quiet_hours.to)):
            try:
                has_zone = time.fromisoformat(value).tzinfo is not None
            except ValueError:
                has_zone = True
            if has_zone:  # the zone has a line of its own
                yield f"quiet_hours.{key}", f"{value!r} is not a time", 'Write it like "21:00"'
        try:
            ZoneInfo(house.quiet_hours.timezone)
        except (KeyError, ValueError, OSError):
            yield "quiet_hours.timezone", "is not a time zone", "Use one like Asia/Jakarta"


def without_names(text: str) -> str:
    """The words alone: in public they come behind the brand's name, like "@arunika stop"."""
    return str(_NAMES_IN_FRONT.sub("", text))


def _plain(text: str) -> str:
    text = without_names(text)
    return " ".join(_NOT_WORDS.sub(" ", text.casefold()).split())
