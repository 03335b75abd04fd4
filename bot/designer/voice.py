"""A voice: how the brand sounds on one channel, from `data/voice/<channel>.yml`. docs/voice.md explains every key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from bot.designer.findings import LANGUAGES
from bot.files import read_yaml
from channels.capabilities import Capabilities
from channels.describe import bare, title
from channels.errors import SettingsError
from channels.messages import Surface
from channels.registry import CHANNELS, channel_class

FOLDER = "data/voice"
# How a customer may be addressed, by language.
ADDRESSES: Mapping[str, tuple[str, ...]] = {"en": ("you",), "id": ("Anda", "Kakak", "kamu")}

# What each key may hold: the fix that goes with a wrong value.
KEYS: Mapping[str, str] = {
    "formality": "Write formal, neutral or casual",
    "en": "Write address, greeting, sign_off and avoid under it",
    "id": "Write address, greeting, sign_off and avoid under it",
    "address": 'Write "you" under en, and one of "Anda", "Kakak", "kamu" under id',
    "greeting": "Write the words that a greeting begins with",
    "sign_off": 'Write the words that a text may end with, or ""',
    "avoid": "Write a list of words and phrases, like [hey, gonna]; [] when there are none",
    "contractions": "Write welcome, allowed or never",
    "emoji": "Write the most in one message as a number; 0 for none",
    "sentence_words": "Write the most words of a sentence as a number, 5 or more",
    "message_characters": "Write a number, or private: and public: with a number each",
    "private": "Write the most characters of a private message as a number",
    "public": "Write the most characters of a public message as a number",
    "links_in_public": "Write true or false",
    "person": "Write we or I",
    "languages": "Write a list of en and id",
    "strict": "Write true or false",
}
_PLACE = re.compile(r"`\$\.(?P<path>\w+(?:\.\w+)*)|field `(?P<field>\w+)`")
_UNKNOWN = "unknown field"


class Speech(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is particular to one language."""

    address: str
    greeting: str
    sign_off: str = ""
    avoid: tuple[str, ...] = ()


class Lengths(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The longest messages that a voice likes: in characters, in public as the platform counts them."""

    private: int
    public: int


class Voice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One channel's voice."""

    formality: Literal["formal", "neutral", "casual"]
    contractions: Literal["welcome", "allowed", "never"]
    emoji: int  # most in a message
    sentence_words: int  # most in a sentence
    message_characters: int | Lengths
    links_in_public: bool
    person: Literal["we", "I"]
    languages: tuple[Literal["en", "id"], ...]
    en: Speech | None = None
    id: Speech | None = None
    strict: bool = False  # its findings about style are errors

    def speech(self, language: str) -> Speech:
        """What is particular to `language`, one of `languages`."""
        found = {"en": self.en, "id": self.id}[language]
        assert found is not None  # `_problems` refuses a voice without
        return found

    def longest(self, surface: Surface) -> int:
        """The longest message that the voice likes there."""
        if isinstance(self.message_characters, int):
            return self.message_characters
        lengths = self.message_characters
        return lengths.public if surface is Surface.PUBLIC else lengths.private


def read_voice(project: Path, channel: str) -> Voice:
    """The voice of a registered channel. Raises SettingsError that names the file, the key and the fix."""
    where = f"{FOLDER}/{channel}.yml"
    try:
        voice = read_yaml(project / where, Voice)
    except SettingsError as error:
        raise _explained(error, where) from None
    for key, problem, fix in _problems(voice, bare(channel_class(channel)).surfaces):
        raise SettingsError(f"{where}: {key}", problem, fix)
    return voice


def strangers(project: Path, besides: frozenset[str]) -> Iterator[SettingsError]:
    """Files in the folder that belong to no channel, apart from those named in `besides`."""
    for path in sorted((project / FOLDER).glob("*.yml")):
        if path.stem not in CHANNELS and path.name not in besides:
            fix = f"Name it after one of: {', '.join(sorted(CHANNELS))}"
            yield SettingsError(f"{FOLDER}/{path.name}", "there is no such channel", fix)


def channel_title(channel: str) -> str:
    """The platform's name as it writes itself."""
    return title(bare(channel_class(channel)))


def _explained(error: SettingsError, where: str) -> SettingsError:
    """msgspec names the place; what may stand there is known here."""
    found = _PLACE.search(error.problem)
    if found is None:
        return SettingsError(where, error.problem, error.fix)
    key = (found["path"] or found["field"]).rpartition(".")[2]
    if _UNKNOWN in error.problem:
        return SettingsError(where, error.problem, f"Remove it or use one of: {', '.join(KEYS)}")
    return SettingsError(f"{where}: {key}", error.problem, KEYS.get(key, error.fix))


def _problems(voice: Voice, surfaces: Mapping[Surface, Capabilities]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the values, as (key, problem, fix)."""
    if not voice.languages:
        yield "languages", "is empty", KEYS["languages"]
    for language in voice.languages:
        yield from _speech_problems(voice, language)
    if not 0 <= voice.emoji <= 20:
        yield "emoji", "is out of range", "Write 0 to 20"
    if not 5 <= voice.sentence_words <= 200:
        yield "sentence_words", "is out of range", "Write 5 to 200"
    for surface, can in surfaces.items():
        if not 20 <= voice.longest(surface) <= can.text_limit:
            problem = (
                f"is {voice.longest(surface)} in {surface}, where the platform takes {can.text_limit:,} {can.unit}"
            )
            yield "message_characters", problem, f"Write 20 to {can.text_limit}"
    if voice.formality == "formal" and voice.contractions == "welcome":
        yield "contractions", "are welcome in a formal voice", "Write allowed or never, or make it neutral"
    if voice.formality == "formal" and voice.id is not None and voice.id.address == "kamu":
        yield "id.address", 'is "kamu" in a formal voice', 'Write "Anda" or "Kakak", or make it neutral'


def _speech_problems(voice: Voice, language: str) -> Iterator[tuple[str, str, str]]:
    speech = voice.en if language == "en" else voice.id
    if speech is None:
        yield language, f"is missing, though {LANGUAGES[language]} is among its languages", KEYS[language]
        return
    if speech.address not in ADDRESSES[language]:
        allowed = ", ".join(f'"{address}"' for address in ADDRESSES[language])
        yield f"{language}.address", f'is "{speech.address}"', f"Write one of: {allowed}"
    if not speech.greeting.strip():
        yield f"{language}.greeting", "is empty", KEYS["greeting"]
    if not all(word.strip() for word in speech.avoid):
        yield f"{language}.avoid", "has an empty entry", "Remove it"
    if speech.address.casefold() in {word.casefold() for word in speech.avoid}:
        yield f"{language}.avoid", f'has "{speech.address}", which is its form of address', "Keep it in one of the two"
