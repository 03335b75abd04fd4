"""The brand's rules of speech from data/policy.yml."""

from __future__ import annotations

from pathlib import Path

import msgspec
from ruamel.yaml import YAML, YAMLError

from bot.core.house import House, problems
from channels.errors import SettingsError


def read_house(path: Path) -> House:
    """Raises SettingsError that names the key and the fix. A missing file stops the start: it holds legal rules."""
    try:
        house = msgspec.convert(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}, House)
    except OSError as error:
        raise SettingsError(path.name, f"cannot be read ({error.strerror})", "Restore data/policy.yml") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"is not YAML ({type(error).__name__})", "Correct the file") from None
    except msgspec.ValidationError as error:
        raise SettingsError(path.name, str(error), "Correct this entry") from None
    for key, problem, fix in problems(house):
        raise SettingsError(f"{path.name}: {key}", problem, fix)
    return house
