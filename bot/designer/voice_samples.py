"""The longest realistic value of everything that is filled into a response, from `data/voice/longest.yml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.designer.findings import LANGUAGES
from bot.designer.responses import PLACEHOLDER
from bot.files import read_yaml
from channels.errors import SettingsError

FILE = "longest.yml"
WHERE = f"data/voice/{FILE}"

Value = str | Mapping[str, str]


class Samples:
    """Fills placeholders. `values`: by name, one text for both languages or one for each."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    def fill(self, text: str, language: str) -> str:
        """The text as a customer would read it. A placeholder without a value stays as it is."""
        filled = PLACEHOLDER.sub(lambda found: self._value(found[1], language) or found[0], text)
        return str(filled).replace("{{", "{").replace("}}", "}")

    def missing(self, texts: Iterable[str]) -> list[str]:
        """The placeholders that have no value, each once."""
        found = (name for text in texts for name in PLACEHOLDER.findall(text))
        return list(dict.fromkeys(name for name in found if name not in self._values))

    def _value(self, name: str, language: str) -> str:
        value = self._values.get(name, "")
        return value if isinstance(value, str) else value[language]


def read_samples(project: Path) -> Samples:
    """Raises SettingsError that names the entry and the fix."""
    try:
        values = read_yaml(project / WHERE, dict[str, object])
    except SettingsError as error:
        raise SettingsError(WHERE, error.problem, f"{error.fix}: `placeholder: its longest value` lines") from None
    return Samples({name: _read(name, value) for name, value in values.items()})


def _read(name: str, value: object) -> Value:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    if (
        isinstance(value, dict)
        and set(value) == set(LANGUAGES)
        and all(isinstance(text, str) for text in value.values())
    ):
        return value
    texts = " and ".join(f"{language}:" for language in LANGUAGES)
    raise SettingsError(
        f"{WHERE}: {name}", "is not a text", f"Write one text for both languages, or {texts} with one text each"
    )
