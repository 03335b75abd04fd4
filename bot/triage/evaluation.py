"""How well triage and policy do on labelled messages: what a bot would have answered that it must not, and what it
kept from a bot without need."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bot.core.risk import Assessment, Bot, Circumstances, Ruling
from bot.triage.screen import Screen
from channels.errors import SettingsError
from channels.messages import Surface


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an evaluation file. `routine`: a bot may answer it. Other keys are ignored."""

    text: str
    channel: str = "webchat"
    surface: Surface = Surface.PRIVATE
    labels: tuple[str, ...] | None = None
    routine: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    case: Case
    assessment: Assessment
    ruling: Ruling
    seconds: float

    @property
    def held(self) -> bool:
        return self.ruling.bot is not Bot.ANSWER

    @property
    def wrong(self) -> bool:
        return self.held == self.case.routine


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """`kept`: cases of this label that the bot did not answer, under whatever label; `found`: with this one."""

    label: str
    cases: int
    kept: int
    found: int
    claimed: int
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        return self.kept / self.cases if self.cases else 0.0

    @property
    def precision(self) -> float:
        return self.found / self.claimed if self.claimed else 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    results: tuple[Result, ...]
    labels: tuple[LabelScore, ...]

    @property
    def recall(self) -> float:
        return _share([result.held for result in self.results if not result.case.routine])

    @property
    def held_back(self) -> float:
        return _share([result.held for result in self.results if result.case.routine])

    @property
    def mean_us(self) -> float:
        return 1e6 * sum(result.seconds for result in self.results) / max(1, len(self.results))

    @property
    def p95_us(self) -> float:
        times = sorted(result.seconds for result in self.results)
        return 1e6 * times[min(len(times) - 1, int(0.95 * len(times)))] if times else 0.0

    @property
    def asked(self) -> float:
        return _share([result.assessment.asked for result in self.results])

    @property
    def figure(self) -> str:
        return (
            f"figure: recall={self.recall:.4f} held_back={self.held_back:.4f} "
            f"mean_us={self.mean_us:.0f} p95_us={self.p95_us:.0f}"
        )


def read_cases(path: Path) -> list[Case]:
    """Raises SettingsError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            str(path), f"cannot be read ({type(error).__name__})", "Give a file of JSON lines"
        ) from None
    cases = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cases.append(msgspec.json.decode(line, type=Case))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{path.name}:{number}", str(error),
                'A line is {"text": "…", "channel": "x", "surface": "public", "labels": [], "routine": true}',
            ) from None  # fmt: skip
    if not cases:
        raise SettingsError(path.name, "holds no cases", "Give a file with one JSON object a line")
    return cases


def evaluate(screen: Screen, cases: Sequence[Case], step: Callable[[], None] = lambda: None) -> Report:
    """`step` is called after each case."""
    now = datetime.now(UTC)
    screen.assess("warm", Circumstances(channel="webchat", surface=Surface.PRIVATE, at=now))
    results = []
    for case in cases:
        about = Circumstances(channel=case.channel, surface=case.surface, at=now)
        begun = time.perf_counter()
        assessment = screen.assess(case.text, about)
        ruling = screen.rule(assessment, about)
        results.append(Result(case=case, assessment=assessment, ruling=ruling, seconds=time.perf_counter() - begun))
        step()
    return Report(results=tuple(results), labels=tuple(_by_label(results)))


def _by_label(results: Sequence[Result]) -> Iterator[LabelScore]:
    carried = {label for result in results for label in result.case.labels or ()}
    claimed = {finding.label for result in results for finding in result.assessment.findings}
    for label in sorted(carried | claimed):
        of = [result for result in results if label in (result.case.labels or ())]
        yield LabelScore(
            label=label,
            cases=len(of),
            kept=sum(result.held or result.case.routine for result in of),
            found=sum(result.assessment.has(label) for result in of),
            claimed=sum(result.assessment.has(label) for result in results if result.case.labels is not None),
            missed=tuple(result.case.text for result in of if not result.held and not result.case.routine),
        )


def most_doubtful(results: Iterable[Result], most: int) -> list[Result]:
    """Those whose decision was nearest to the other one."""
    return sorted(results, key=lambda result: abs(result.assessment.margin))[:most]


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
