"""Looks the lists of data/triage over for what a compliance officer may have got wrong. Pure; the command prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import regex

from bot.core.risk import Policy
from bot.triage import lists
from bot.triage.examples import ROUTINE, read_examples
from bot.triage.lists import RISKY, WORDS, Label
from channels.errors import SettingsError
from channels.messages import Surface

LONGEST_PUBLIC = 200  # characters: with the notice that a program writes, a name and room to spare in 280
LONGEST_PRIVATE = 600
FEWEST_EXAMPLES = 100  # messages a risk and language, and as many that only look like it

_NUMBER = regex.compile(r"\d+")

Variation = tuple[Surface, str, str, str]  # surface, language, channel, text


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`severity`: error (the start would stop, or a customer be misled) or warning."""

    severity: str
    where: str
    message: str
    fix: str


def lint(
    folder: Path, policy: Policy, labels: Mapping[str, Label], wordings: Mapping[str, Sequence[Variation]]
) -> list[Problem]:
    """Everything that is wrong, errors first. Raises SettingsError for what can't even be read."""
    found = [
        *_wordings(wordings, policy),
        *_patterns(folder, labels),
        *_regulators(folder),
        *_training(folder, labels),
    ]
    return sorted(found, key=lambda problem: problem.severity)


def _wordings(wordings: Mapping[str, Sequence[Variation]], policy: Policy) -> Iterator[Problem]:
    used = {rule.wording for rules in policy.values() for rule in rules.values()}
    for name, variations in wordings.items():
        if name not in used:
            yield _warning(f"wording.yml: {name}", "no rule of policy.yml says it", "Remove it, or name it in a rule")
        numbers: dict[tuple[Surface, str], set[str]] = {}
        for surface, language, channel, text in variations:
            where = f"wording.yml: {name}.{surface}.{language}.{channel}"
            most = LONGEST_PUBLIC if surface is Surface.PUBLIC else LONGEST_PRIVATE
            if len(text) > most:
                yield _error(where, f"has {len(text)} characters", f"Keep it within {most}")
            if surface is Surface.PUBLIC and "http" in text:
                yield _error(where, "holds a link in public", "Say it in private")
            known = numbers.setdefault((surface, channel), set(_NUMBER.findall(text)))
            if known != set(_NUMBER.findall(text)):
                yield _error(where, "names other numbers than the other language", "Both must say the same")


def _patterns(folder: Path, labels: Mapping[str, Label]) -> Iterator[Problem]:
    said: dict[str, str] = {}
    for label, patterns in lists.read_patterns(folder, labels).items():
        for pattern in patterns:
            where = f"patterns/{label}.yml: {pattern.name}"
            for phrase in pattern.says:
                if phrase != phrase.lower():
                    yield _error(where, f"{phrase!r} would never match", "Write it in small letters")
                if pattern.sure and len(phrase) < 4:
                    yield _warning(where, f"{phrase!r} is very short to decide alone", "Make it longer, or not sure")
                if said.setdefault(phrase, where) != where:
                    yield _warning(where, f"{phrase!r} is in {said[phrase]} too", "Keep it where it belongs most")


def _regulators(folder: Path) -> Iterator[Problem]:
    regulators = lists.read_regulators(folder)
    if not regulators:
        yield _error("regulators.yml", "is empty", "Restore it: a tagged regulator would be overlooked")
    for name, times in Counter(regulator.name for regulator in regulators).items():
        if times > 1:
            yield _warning(f"regulators.yml: {name}", "is there twice", "Put the two together")


def _training(folder: Path, labels: Mapping[str, Label]) -> Iterator[Problem]:
    known = frozenset(name for name, label in labels.items() if label.from_ == WORDS)
    try:
        examples = read_examples(folder, known)
    except SettingsError as error:
        yield _error("training", str(error), "Correct the file")
        return
    by_file: Counter[tuple[str, bool]] = Counter()
    for example in examples:
        label = example.source.split(".")[0]
        by_file[(example.source, label in example.labels)] += 1
    for label in sorted(known):
        for language in ("en", "id"):
            source = f"{label}.{language}.txt"
            for carries, what in ((True, "risk"), (False, "harmless")):
                count = by_file[(source, carries)]
                if count < FEWEST_EXAMPLES and labels[label].severity >= RISKY:
                    yield _warning(
                        f"training/{source}", f"has {count} {what} messages", f"Write {FEWEST_EXAMPLES} or more"
                    )
    if not any(example.source.startswith(f"{ROUTINE}.") for example in examples):
        yield _warning("training", f"has no {ROUTINE}.*.txt", "Write down what customers usually ask")


def _error(where: str, message: str, fix: str) -> Problem:
    return Problem(severity="error", where=where, message=message, fix=fix)


def _warning(where: str, message: str, fix: str) -> Problem:
    return Problem(severity="warning", where=where, message=message, fix=fix)


def errors(problems: Iterable[Problem]) -> int:
    return sum(problem.severity == "error" for problem in problems)
