"""The approved sentences about risks, from data/triage/wording.yml: by surface, language and channel."""

from __future__ import annotations

from pathlib import Path

from bot.core.conversation import LANGUAGES
from bot.files import read_yaml
from channels.errors import SettingsError
from channels.messages import Surface

EVERYWHERE = "all"  # the entry for channels that have none of their own

Texts = dict[str, dict[Surface, dict[str, dict[str, str]]]]  # wording → surface → language → channel → sentence


class YamlWordings:
    """Implements ports.Wordings. Raises SettingsError when a surface or a language of a wording is missing."""

    def __init__(self, path: Path) -> None:
        self._texts = read_yaml(path, Texts)
        for name, by_surface in self._texts.items():
            for surface in Surface:
                for language in LANGUAGES:
                    if not by_surface.get(surface, {}).get(language, {}).get(EVERYWHERE):
                        raise SettingsError(
                            f"{path.name}: {name}.{surface}.{language}.{EVERYWHERE}", "is missing", "Write it"
                        )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._texts)

    def variations(self, name: str) -> list[tuple[Surface, str, str, str]]:
        """Every sentence of a wording: surface, language, channel (or `all`), text."""
        return [
            (surface, language, channel, text)
            for surface, by_language in self._texts[name].items()
            for language, by_channel in by_language.items()
            for channel, text in by_channel.items()
        ]

    def text(self, name: str, language: str, channel: str, surface: Surface) -> str:
        by_language = self._texts[name][surface]
        by_channel = by_language.get(language) or by_language[LANGUAGES[0]]
        return by_channel.get(channel) or by_channel[EVERYWHERE]
