"""Everything that the voice tools look at, read once: project, voices, longest values, the brand's rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.core.house import House, problems
from bot.designer.findings import LANGUAGES
from bot.designer.project import Project, read
from bot.designer.voice import FOLDER, Voice, read_voice, strangers
from bot.designer.voice_samples import FILE, Samples, read_samples
from bot.files import read_yaml
from channels.errors import SettingsError
from channels.registry import CHANNELS

POLICY = "data/policy.yml"


@dataclass(frozen=True, slots=True)
class Book:
    """`voices` by channel. `disclosure` by language: what the first automatic message begins with."""

    project: Project
    voices: dict[str, Voice]
    samples: Samples
    house: House
    disclosure: dict[str, str]

    def is_public(self, response: str) -> bool:
        """Whether it may be said where everybody reads along."""
        return response in self.house.public_responses

    def speaks(self, channel: str) -> tuple[str, ...]:
        """The languages of a channel's voice, in the usual order."""
        return tuple(language for language in LANGUAGES if language in self.voices[channel].languages)


def has_voices(folder: Path) -> bool:
    """Whether a project describes voices at all."""
    return (folder / FOLDER).is_dir()


def open_book(folder: Path) -> Book:
    """Raises SettingsError, with the first thing that is wrong."""
    try:
        project = read(folder)
    except (AttributeError, TypeError, KeyError):  # a list where Rasa has a mapping, or the other way round
        raise SettingsError("domain.yml or data/", "has an entry of another shape than Rasa's", "Mend it") from None
    for finding in project.findings:
        raise SettingsError(finding.where, finding.message, finding.fix.capitalize())
    book, errors = read_book(folder, project)
    for error in errors:
        raise error
    return book


def read_book(folder: Path, project: Project) -> tuple[Book, list[SettingsError]]:
    """The book, and what could not be read of it: such a voice is missing in the book, other things are empty."""
    errors = list(strangers(folder, frozenset({FILE})))
    voices = {}
    for channel in sorted(CHANNELS):
        try:
            voices[channel] = read_voice(folder, channel)
        except SettingsError as error:
            errors.append(error)
    samples, house = Samples({}), House()
    try:
        samples = read_samples(folder)
    except SettingsError as error:
        errors.append(error)
    try:
        house = _house(folder)
    except SettingsError as error:
        errors.append(error)
    return Book(project, voices, samples, house, _disclosure(project)), errors


def _house(folder: Path) -> House:
    try:
        house = read_yaml(folder / POLICY, House)
    except SettingsError as error:
        raise SettingsError(POLICY, error.problem, error.fix) from None
    for key, problem, fix in problems(house):
        raise SettingsError(f"{POLICY}: {key}", problem, fix)
    return house


def _disclosure(project: Project) -> dict[str, str]:
    _, texts = project.notices.get("disclosure", ("", {}))
    return {language: str(texts.get(language) or "") for language in LANGUAGES}
