"""The brand's rules of speech from data/policy.yml."""

from __future__ import annotations

from pathlib import Path

from bot.core.house import House, problems
from bot.files import read_yaml
from channels.errors import SettingsError


def read_house(path: Path) -> House:
    """Raises SettingsError that names the key and the fix. A missing file stops the start: it holds legal rules."""
    house = read_yaml(path, House)
    for key, problem, fix in problems(house):
        raise SettingsError(f"{path.name}: {key}", problem, fix)
    return house
