"""The system's own sentences from data/notices.yml."""

from __future__ import annotations

from pathlib import Path

import msgspec
from ruamel.yaml import YAML, YAMLError

from bot.core.conversation import LANGUAGES
from channels.errors import SettingsError

NEEDED = frozenset(
    {"handoff", "handoff_no_promise", "still_waiting", "still_waiting_no_promise", "claimed", "returned", "closed",
     "unsure_delivery", "disclosure", "handoff_public", "handoff_soon", "moved_private", "invite_private",
     "invite_private_link", "solved_public", "opted_out", "opted_in", "handoff_closed", "still_waiting_closed",
     "offer_callback", "callback_noted", "weekdays", "personal_posted"}
)  # fmt: skip


class YamlNotices:
    """Implements ports.Notices. Raises SettingsError when a notice or one of its languages is missing."""

    def __init__(self, path: Path) -> None:
        try:
            found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
            self._texts = msgspec.convert(found, dict[str, dict[str, str]])
        except (OSError, YAMLError, msgspec.ValidationError) as error:
            raise SettingsError(
                str(path.name), f"cannot be read ({type(error).__name__})", "Restore data/notices.yml"
            ) from None
        for name in sorted(NEEDED):
            for language in LANGUAGES:
                if not self._texts.get(name, {}).get(language):
                    raise SettingsError(f"{path.name}: {name}.{language}", "is missing", "Write this sentence")

    def text(self, name: str, language: str, /, **values: object) -> str:
        texts = self._texts[name]
        return texts.get(language, texts[LANGUAGES[0]]).format(**values)
