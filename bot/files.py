"""Reads the project's own YAML files. Whatever is wrong with one is a sentence that names the entry and the fix."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from ruamel.yaml import YAML, YAMLError

from channels.errors import SettingsError

T = TypeVar("T")


def read_yaml(path: Path, kind: type[T]) -> T:
    """The file as `kind`, whose unknown keys are refused where it says so. Raises SettingsError."""
    try:
        return msgspec.convert(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}, kind)
    except OSError as error:
        fix = f"Restore {path.parent.name}/{path.name}"
        raise SettingsError(path.name, f"cannot be read ({error.strerror})", fix) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(path.name, f"is not YAML ({type(error).__name__})", "Correct the file") from None
    except msgspec.ValidationError as error:
        raise SettingsError(path.name, str(error), "Correct this entry") from None
