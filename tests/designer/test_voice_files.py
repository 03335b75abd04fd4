"""The files of data/voice: what they may hold, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.designer.voice import read_voice
from bot.designer.voice_book import open_book
from bot.designer.voice_samples import read_samples
from channels.errors import SettingsError
from channels.messages import Surface
from channels.registry import CHANNELS

PROJECT = Path(__file__).parents[2]
VOICE = """\
formality: neutral
languages: [en, id]
en: {address: you, greeting: Hi}
id: {address: Kakak, greeting: Halo, avoid: [nggak]}
contractions: welcome
emoji: 1
sentence_words: 20
message_characters: 200
links_in_public: true
person: I
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data/voice").mkdir(parents=True)
    return tmp_path


def voice(folder: Path, channel: str = "x", old: str = "", new: str = "") -> Path:
    assert old in VOICE
    (folder / f"data/voice/{channel}.yml").write_text(VOICE.replace(old, new, 1) if old else VOICE + new)
    return folder


def refused(folder: Path, channel: str = "x") -> SettingsError:
    with pytest.raises(SettingsError) as raised:
        read_voice(folder, channel)
    return raised.value


def test_the_project_has_a_voice_for_every_channel() -> None:
    book = open_book(PROJECT)
    assert set(book.voices) == set(CHANNELS)
    assert all(book.speaks(channel) == ("en", "id") for channel in book.voices)


def test_the_project_speaks_formally_on_linkedin_and_briefly_on_x() -> None:
    voices = open_book(PROJECT).voices
    linkedin = voices["linkedin"]
    assert (linkedin.formality, linkedin.contractions, linkedin.emoji, linkedin.speech("id").address) == (
        "formal", "never", 0, "Anda",
    )  # fmt: skip
    assert voices["x"].longest(Surface.PUBLIC) == 280
    assert not voices["x"].links_in_public


def test_a_voice_may_have_one_length_or_one_for_each_surface(folder: Path) -> None:
    read = read_voice(voice(folder), "x")
    assert read.longest(Surface.PUBLIC) == read.longest(Surface.PRIVATE) == 200
    both = voice(folder, "x", "message_characters: 200", "message_characters: {private: 300, public: 280}")
    assert read_voice(both, "x").longest(Surface.PRIVATE) == 300


@pytest.mark.parametrize(
    ("old", "new", "key", "fix"),
    [
        ("formality: neutral", "formality: posh", "formality", "formal, neutral or casual"),
        ("emoji: 1", "emoji: some", "emoji", "number"),
        ("emoji: 1", "emoji: -1", "emoji", "0 to 20"),
        ("emoji: 1\n", "", "emoji", "number"),
        ("address: Kakak", "address: Bro", "id.address", '"Anda", "Kakak", "kamu"'),
        ("address: you", "address: thou", "en.address", '"you"'),
        ("greeting: Hi", "greeting: ''", "en.greeting", "words"),
        ("person: I", "person: they", "person", "we or I"),
        ("contractions: welcome", "contractions: sometimes", "contractions", "welcome, allowed or never"),
        ("links_in_public: true", "links_in_public: perhaps", "links_in_public", "true or false"),
        ("languages: [en, id]", "languages: [en, fr]", "languages", "en and id"),
        ("languages: [en, id]", "languages: []", "languages", "en and id"),
        ("id: {address: Kakak, greeting: Halo, avoid: [nggak]}\n", "", "id", "address"),
        ("sentence_words: 20", "sentence_words: 0", "sentence_words", "5 to 200"),
        ("message_characters: 200", "message_characters: 281", "message_characters", "20 to 280"),
        ("message_characters: 200", "message_characters: {private: 200}", "public", "number"),
        ("avoid: [nggak]", "avoid: [kakak]", "id.avoid", "one of the two"),
        ("avoid: [nggak]", "avoid: [' ']", "id.avoid", "Remove"),
        ("avoid: [nggak]", "avoid: nggak", "avoid", "list"),
        ("formality: neutral", "formality: formal", "contractions", "allowed or never"),
    ],
)
def test_a_wrong_value_names_the_key_and_the_fix(folder: Path, old: str, new: str, key: str, fix: str) -> None:
    error = refused(voice(folder, "x", old, new))
    assert error.key == f"data/voice/x.yml: {key}"
    assert fix in error.fix


def test_an_unknown_key_is_refused_with_the_known_ones(folder: Path) -> None:
    error = refused(voice(folder, new="tone: warm\n"))
    assert error.key == "data/voice/x.yml"
    assert "`tone`" in error.problem
    assert "formality" in error.fix


def test_a_formal_voice_does_not_say_kamu(folder: Path) -> None:
    text = VOICE.replace("neutral", "formal").replace("welcome", "never").replace("Kakak", "kamu")
    (folder / "data/voice/x.yml").write_text(text)
    assert refused(folder).key == "data/voice/x.yml: id.address"


@pytest.mark.parametrize("text", ["- a list\n", "formality: [\n", ""])
def test_a_file_that_is_no_voice_is_one_sentence(folder: Path, text: str) -> None:
    (folder / "data/voice/x.yml").write_text(text)
    assert refused(folder).key.startswith("data/voice/x.yml")


def test_a_missing_voice_is_named(folder: Path) -> None:
    assert refused(folder).key == "data/voice/x.yml"


def test_longest_values_are_one_text_or_one_for_each_language(folder: Path) -> None:
    (folder / "data/voice/longest.yml").write_text("free: 25\neta: {en: Wednesday, id: Rabu}\n")
    samples = read_samples(folder)
    assert samples.fill("{free} by {eta}, {{x}} {who}", "id") == "25 by Rabu, {x} {who}"
    assert samples.missing(["{eta} {who}", "{who}"]) == ["who"]


@pytest.mark.parametrize("text", ["eta: {en: Wednesday}\n", "eta: {en: Wednesday, fr: mercredi}\n", "eta: [a]\n"])
def test_a_longest_value_of_another_shape_is_refused(folder: Path, text: str) -> None:
    (folder / "data/voice/longest.yml").write_text(text)
    with pytest.raises(SettingsError, match="eta"):
        read_samples(folder)
