"""What the data lint reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Everything that customers read exists in each of these. The first is the one without a condition in domain.yml.
LANGUAGES = {"en": "English", "id": "Indonesian"}
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: `where` is `file:line` from the project's folder, `fix` says what to do about it."""

    severity: Literal["error", "warning"]
    where: str
    message: str
    fix: str


def error(where: str, message: str, fix: str) -> Finding:
    """A finding that keeps the project from passing."""
    return Finding("error", where, message, fix)


def warning(where: str, message: str, fix: str) -> Finding:
    """A finding that a person should judge."""
    return Finding("warning", where, message, fix)
