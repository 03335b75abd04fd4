"""Holds what customers' screens showed against what the system believes, message by message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import quantiles
from typing import Any

import msgspec

from bot.core.house import House, personal_in
from bot.core.transcript import Line
from bot.replay.customers import Seen
from channels import fit
from channels.base import Channel
from channels.messages import Button, Surface


class Verdict(msgspec.Struct, kw_only=True):
    """What became of a replay's messages. `waits_ms`: from writing to the first answer on the customer's screen.

    lost: a customer's message that is not in the transcript, or drew neither answer nor notice, or an answer that
    the system believes sent and no screen shows. duplicated: anything that is somewhere once too often.
    reordered: anything in another order than it was written. unconfirmed: answers of which nobody knows whether
    they arrived; each of them went to a person, with a notice to the customer. doubted: all that the desk shows so,
    also those that a screen shows.
    over_limit: words of the brand that are longer than the platform allows. personal: public ones that hold what
    belongs to one customer. violations: calls that broke a rule of the platform.
    """

    sent: int = 0
    answered: int = 0
    handed_off: int = 0
    unanswered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    unconfirmed: int = 0
    doubted: int = 0
    over_limit: int = 0
    personal: int = 0
    violations: int = 0
    waits_ms: list[float] = []

    @property
    def faulty(self) -> bool:
        """Whether anything happened that never may."""
        faults = self.lost, self.duplicated, self.reordered, self.over_limit, self.personal, self.violations
        return any(faults)

    def add(self, other: Verdict) -> None:
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits_ms += other.waits_ms

    def percentile(self, percent: int) -> float:
        """Of the waits, in ms; 0 without any."""
        if len(self.waits_ms) < 2:
            return self.waits_ms[0] if self.waits_ms else 0.0
        return quantiles(self.waits_ms, n=100, method="inclusive")[percent - 1]


COUNTED = tuple(name for name in Verdict.__struct_fields__ if name != "waits_ms")


def judge(
    written: Sequence[str], waits_ms: Sequence[float], seen: Sequence[Seen], lines: Sequence[Line],
    *, silent: bool = False,
) -> Verdict:  # fmt: skip
    """The verdict on one conversation. `silent`: only a person may answer here, so that no notice tells of one."""
    verdict = Verdict(sent=len(written), waits_ms=list(waits_ms))
    heard = [line for line in lines if line.kind == "message" and line.author == "customer"]
    _compare(verdict, [_plain(text) for text in written], [_plain(line.text) for line in heard])
    said = [line for line in lines if line.kind == "message" and line.author != "customer"]
    shown = _arrived(verdict, said, seen)
    with_person = _with_person(lines, shown, told=silent)
    for line in heard[: len(written)]:
        replies = [reply for reply in said if reply.in_reply_to == line.line_id and reply.line_id in shown]
        if line.line_id in with_person or any(reply.line_id in with_person for reply in replies):
            verdict.handed_off += 1
        elif replies:
            verdict.answered += 1
        else:
            verdict.unanswered += 1
            verdict.lost += 1
    return verdict


def look_at_rules(seen: Sequence[Seen], channel: Channel[Any], slots: Mapping[str, str], house: House) -> Verdict:
    """What a screen shows that the platform or the brand's own rules forbid."""
    verdict = Verdict()
    for item in seen:
        can = channel.can(item.surface)
        verdict.over_limit += can.measure(item.text) > can.text_limit
        verdict.personal += item.surface is Surface.PUBLIC and bool(personal_in(item.text, dict(slots), house))
    return verdict


def _with_person(lines: Sequence[Line], shown: set[str], *, told: bool) -> set[str]:
    """The customer's messages that a person has, with the customer knowing it, and the notices that said so.

    A message is a person's when one has the conversation before the customer writes again.
    """
    found: set[str] = set()
    person = False
    last = ""
    for line in lines:
        if line.kind == "owner" and line.after:
            person = line.after in ("waiting", "human")
            # It is counted as unconfirmed; on X a second automatic answer, which would say so, is forbidden.
            told = told or (person and line.reason == "send_unconfirmed")
        elif line.author == "customer" and line.kind == "message":
            last = line.line_id
        elif line.line_id in shown and line.author in ("notice", "agent"):
            told = told or person or line.author == "agent"
            if person:
                found.add(line.line_id)
        elif line.kind == "opted":
            told = told or line.reason == "out"  # the confirmation says that a person reads it
        if person and told and last:
            found.add(last)
    return found


def _compare(verdict: Verdict, written: list[str], heard: list[str]) -> None:
    """What the customer wrote against what the transcript has."""
    for text in set(written):
        more = heard.count(text) - written.count(text)
        verdict.duplicated += max(0, more)
        verdict.lost += max(0, -more)
    verdict.duplicated += sum(text not in set(written) for text in heard)
    if sorted(written) == sorted(heard):
        verdict.reordered += sum(a != b for a, b in zip(written, heard, strict=True))


def _arrived(verdict: Verdict, said: Sequence[Line], seen: Sequence[Seen]) -> set[str]:
    """Match what the brand composed with what the screen shows; the ids of lines that are on it.

    A line may be several bubbles in a row. It is looked for from where the last one ended, then anywhere: found
    before an earlier line, it is reordered. Bubbles that no line explains are duplicates.
    """
    shown: set[str] = set()
    free = [_plain(item.words) for item in seen]
    taken = [False] * len(seen)
    end = furthest = 0
    for line in said:
        if line.status == "dropped":
            continue
        verdict.doubted += line.status == "unconfirmed"
        spans = (
            _span(free, taken, start, wanted)
            for wanted in _spellings(line)
            for start in (*range(end, len(seen)), *range(end))
        )
        span = next(filter(None, spans), None)
        if span is not None:
            taken[span.start : span.stop] = [True] * len(span)
            verdict.reordered += span.start < furthest
            end, furthest = span.stop, max(furthest, span.start)
            shown.add(line.line_id)
        elif line.status == "unconfirmed":
            verdict.unconfirmed += 1
        elif line.status not in ("failed", "refused"):
            verdict.lost += 1
    verdict.duplicated += taken.count(False)
    return shown


def _spellings(line: Line) -> Iterator[str]:
    """How a platform may show a line: where it has no buttons, they are numbered lines."""
    yield _plain(line.text)
    if line.buttons:
        yield _plain(fit.numbered(line.text, [Button(key=title, title=title) for title in line.buttons]))


def _span(bubbles: Sequence[str], taken: Sequence[bool], start: int, wanted: str) -> range | None:
    """The bubbles from `start` on that together say `wanted`."""
    wanted = wanted.replace(" ", "")
    got = ""
    for stop in range(start, len(bubbles)):
        if taken[stop]:
            return None
        got += bubbles[stop].replace(" ", "")
        if got == wanted:
            return range(start, stop + 1)
        if not got or not wanted.startswith(got):
            return None
    return None


def _plain(text: str) -> str:
    return " ".join(text.split())
