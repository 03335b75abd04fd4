"""The desk's suggested first sentences, from data/replies.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.core.conversation import LANGUAGES
from bot.files import read_yaml
from channels.errors import SettingsError

ANY, EVERYWHERE = "any", "all"

Catalogue = Mapping[str, Mapping[str, Mapping[str, str]]]


def read_replies(path: Path, labels: Iterable[str]) -> Catalogue:
    """Label → language → channel → text. Raises SettingsError that names the entry."""
    found = read_yaml(path, dict[str, dict[str, dict[str, str]]])
    known = {*labels, ANY}
    for label, by_language in found.items():
        if label not in known:
            raise SettingsError(f"{path.name}: {label}", "is no label of data/triage/labels.yml", "Correct the name")
        for language in LANGUAGES:
            if not by_language.get(language, {}).get(EVERYWHERE):
                raise SettingsError(f"{path.name}: {label}.{language}.{EVERYWHERE}", "is missing", "Write it")
        for language, by_channel in by_language.items():
            for channel, text in by_channel.items():
                try:
                    text.format(customer="", agent="")
                except (KeyError, IndexError, ValueError):
                    raise SettingsError(
                        f"{path.name}: {label}.{language}.{channel}", "has an unknown {…}", "Use {customer} and {agent}"
                    ) from None
    return found
