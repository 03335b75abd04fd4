"""The desk's own words, in the languages that agents read. The pages' scripts use the same catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = {"en": "English", "id": "Bahasa Indonesia"}

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    language: json.loads((Path(__file__).parent / "words" / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def words(language: str, key: str, **values: object) -> str:
    """The text of a key. A key that is missing is a mistake of ours and raises KeyError."""
    return CATALOGUE[language][key].format(**values)


def preferred(chosen: str, accept_language: str) -> str:
    """The language chosen before, or else the first of the browser's that we have, or else English."""
    tags = [chosen, *(part.split(";")[0].strip()[:2].lower() for part in accept_language.split(","))]
    return next((tag for tag in tags if tag in LANGUAGES), "en")
