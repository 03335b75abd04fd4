"""The desk's rules from data/desk.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from ruamel.yaml import YAML, YAMLError

from bot.core.risk import Policy
from bot.core.routing import DeskRules, problems
from channels.errors import SettingsError


def read_desk(path: Path, channels: Iterable[str], policy_skills: Mapping[str, str]) -> DeskRules:
    """Raises SettingsError that names the key and the fix. `policy_skills`: skill → the label that asks for it."""
    try:
        rules = msgspec.convert(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}, DeskRules)
    except OSError as error:
        raise SettingsError(path.name, f"cannot be read ({error.strerror})", "Restore data/desk.yml") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"is not YAML ({type(error).__name__})", "Correct the file") from None
    except msgspec.ValidationError as error:
        raise SettingsError(path.name, str(error), "Correct this entry") from None
    for key, problem, fix in problems(rules, channels, policy_skills):
        raise SettingsError(f"{path.name}: {key}", problem, fix)
    return rules


def skills_of(policy: Policy) -> dict[str, str]:
    """Every skill that a policy asks for, with a label that does."""
    return {skill: label for label, rules in policy.items() for rule in rules.values() for skill in rule.skills}
