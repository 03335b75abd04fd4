"""The desk's rules from data/desk.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.core.risk import Policy
from bot.core.routing import DeskRules, problems
from bot.files import read_yaml
from channels.errors import SettingsError


def read_desk(path: Path, channels: Iterable[str], policy_skills: Mapping[str, str]) -> DeskRules:
    """Raises SettingsError that names the key and the fix. `policy_skills`: skill → the label that asks for it."""
    rules = read_yaml(path, DeskRules)
    for key, problem, fix in problems(rules, channels, policy_skills):
        raise SettingsError(f"{path.name}: {key}", problem, fix)
    return rules


def skills_of(policy: Policy) -> dict[str, str]:
    """Every skill that a policy asks for, with a label that does."""
    return {skill: label for label, rules in policy.items() for rule in rules.values() for skill in rule.skills}
