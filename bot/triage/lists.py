"""Reads data/triage: labels, policy, wordings, patterns, regulators. A wrong entry is a SettingsError that names it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from bot.core.risk import Bot, Policy, Rule
from bot.files import read_yaml
from channels.errors import SettingsError
from channels.messages import Surface

WORDS, CIRCUMSTANCES = "words", "circumstances"
RISKY = 2  # severity from which a label is a risk, not only a remark
KNOWN_CIRCUMSTANCES = frozenset({"rising_anger", "repeat_contact", "wide_reach"})


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of labels.yml."""

    severity: int
    title: dict[str, str]
    meaning: str
    from_: str = msgspec.field(name="from", default=WORDS)


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of patterns/LABEL.yml.

    `says`: phrases; a * ends a word that may go on. `near`: one word of every group, in this order, with at most
    `within` words from first to last. `sure`: decides alone where it is not denied, quoted, supposed or told of others.
    `even_supposed`: where it is supposed or told of others, too. `unless_harmless`: the classifier may overrule it.
    """

    name: str
    says: tuple[str, ...] = ()
    near: tuple[tuple[str, ...], ...] = ()
    within: int = 6
    sure: bool = False
    even_supposed: bool = False
    unless_harmless: bool = False


class Regulator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of regulators.yml. `names` are found in any case, `acronyms` only in capitals; `handles` without @."""

    name: str
    country: str  # ISO 3166 code, EU for the Union
    sector: str
    names: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """data/triage/circumstances.yml: from where on something counts."""

    followers: int = 10_000
    verified: bool = True  # a verified account counts by itself
    engagement: int = 50  # likes, replies and shares
    contacts: int = 3  # cases, the present one included …
    contacts_within_days: int = 7  # … within so many days
    anger_rise: float = 0.25  # a mood this much above the first of the last ones …
    angry: float = 0.6  # … and at least this angry


def read_labels(folder: Path) -> dict[str, Label]:
    path = folder / "labels.yml"
    labels = read_yaml(path, dict[str, dict[str, Label]]).get("labels", {})
    if not labels:
        raise SettingsError(f"{path.name}: labels", "is empty", "Restore data/triage/labels.yml")
    for name, label in labels.items():
        if not 1 <= label.severity <= 5:
            raise SettingsError(f"{path.name}: {name}.severity", "is not from 1 to 5", "Correct it")
        if label.from_ not in (WORDS, CIRCUMSTANCES):
            raise SettingsError(
                f"{path.name}: {name}.from", f"{label.from_!r} is unknown", "Use words or circumstances"
            )
        if label.from_ == CIRCUMSTANCES and name not in KNOWN_CIRCUMSTANCES:
            raise SettingsError(f"{path.name}: {name}", "no code finds this in the circumstances", "Use from: words")
        if {"en", "id"} - set(label.title):
            raise SettingsError(f"{path.name}: {name}.title", "needs en and id", "Write both")
    for name in sorted(KNOWN_CIRCUMSTANCES - set(labels)):
        raise SettingsError(f"{path.name}: {name}", "is missing", "Restore it, with from: circumstances")
    return labels


def read_policy(folder: Path, labels: Mapping[str, Label], wordings: Collection[str]) -> Policy:
    """Every label has a rule on every surface, and every acknowledgement its approved sentence."""
    path = folder / "policy.yml"
    rules = read_yaml(path, dict[str, dict[str, dict[Surface, Rule]]]).get("labels", {})
    for name in sorted(set(labels) - set(rules)):
        raise SettingsError(f"{path.name}: {name}", "has no rule", "Say what the bot may do with it")
    for name in sorted(set(rules) - set(labels)):
        raise SettingsError(f"{path.name}: {name}", "is no label of labels.yml", "Correct the name or remove it")
    for name, by_surface in rules.items():
        for surface in Surface:
            where = f"{path.name}: {name}.{surface}"
            rule = by_surface.get(surface)
            if rule is None:
                raise SettingsError(where, "has no rule", "Say what the bot may do with it there")
            _check(where, rule, wordings)
    return rules


def _check(where: str, rule: Rule, wordings: Collection[str]) -> None:
    if rule.bot is Bot.ACKNOWLEDGE and not rule.wording:
        raise SettingsError(where, "acknowledges without a wording", "Name one of wording.yml")
    if rule.wording and rule.bot is not Bot.ACKNOWLEDGE:
        raise SettingsError(where, f"has a wording, but the bot is to {rule.bot}", "Remove it, or use acknowledge")
    if rule.wording and rule.wording not in wordings:
        raise SettingsError(where, f"the wording {rule.wording!r} is not in wording.yml", "Write it there")
    if not rule.handoff and rule.bot is not Bot.SILENT:
        raise SettingsError(where, "only silence can do without a person", "Remove handoff: false")
    if not 0 <= rule.priority <= 5:
        raise SettingsError(where, "priority is not from 0 to 5", "Correct it")
    if rule.answer_within < 0:
        raise SettingsError(where, "answer_within is below 0", "Write minutes")


def read_patterns(folder: Path, labels: Mapping[str, Label]) -> dict[str, tuple[Pattern, ...]]:
    found: dict[str, tuple[Pattern, ...]] = {}
    for path in sorted((folder / "patterns").glob("*.yml")):
        if path.stem not in labels or labels[path.stem].from_ != WORDS:
            raise SettingsError(f"patterns/{path.name}", "is no label that words can carry", "Rename the file")
        patterns = read_yaml(path, tuple[Pattern, ...])
        names: set[str] = set()
        for pattern in patterns:
            where = f"patterns/{path.name}: {pattern.name}"
            if pattern.name in names:
                raise SettingsError(where, "is there twice", "Give it another name")
            if bool(pattern.says) == bool(pattern.near):
                raise SettingsError(where, "needs either says or near", "Keep one of the two")
            if pattern.unless_harmless and not pattern.sure:
                raise SettingsError(where, "unless_harmless without sure", "Add sure: true, or remove it")
            if any(len(word.split()) != 1 for group in pattern.near for word in group):
                raise SettingsError(where, "near takes single words", "Use says for phrases")
            names.add(pattern.name)
        found[path.stem] = patterns
    return found


def read_regulators(folder: Path) -> tuple[Regulator, ...]:
    path = folder / "regulators.yml"
    regulators = read_yaml(path, dict[str, tuple[Regulator, ...]]).get("regulators", ())
    handles: dict[str, str] = {}
    for regulator in regulators:
        where = f"{path.name}: {regulator.name}"
        if not (regulator.names or regulator.acronyms or regulator.handles):
            raise SettingsError(where, "can never be found", "Give it names, acronyms or handles")
        for acronym in regulator.acronyms:
            if acronym != acronym.upper():
                raise SettingsError(where, f"the acronym {acronym!r} is not in capitals", "Move it to names")
        for handle in regulator.handles:
            if handle != handle.lower().lstrip("@"):
                raise SettingsError(where, f"the handle {handle!r} needs small letters and no @", "Correct it")
            if handle in handles:
                raise SettingsError(where, f"the handle {handle!r} belongs to {handles[handle]} too", "Keep one")
            handles[handle] = regulator.name
    return regulators


def read_limits(folder: Path) -> Limits:
    return read_yaml(folder / "circumstances.yml", Limits)
