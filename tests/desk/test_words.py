"""The two catalogues say the same things, and the pages ask only for what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.conversation import LANGUAGES
from bot.core.handoff import Reason
from bot.desk import words
from channels.registry import CHANNELS

DESK = Path(words.__file__).parent


def test_both_languages_have_the_same_keys_and_the_same_blanks() -> None:
    assert set(words.CATALOGUE) == set(LANGUAGES)
    english, indonesian = words.CATALOGUE["en"], words.CATALOGUE["id"]
    assert english.keys() == indonesian.keys()
    for key, text in english.items():
        assert text.strip()
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", indonesian[key]), key


def test_every_reason_and_channel_has_a_name() -> None:
    for language in LANGUAGES:
        for reason in Reason:
            assert f"reason.{reason}" in words.CATALOGUE[language]
        for channel in CHANNELS:
            assert f"channel.{channel}" in words.CATALOGUE[language]


def test_every_key_that_is_asked_for_exists() -> None:
    asked: set[str] = set()
    for path in [*DESK.glob("static/*.js"), *DESK.glob("templates/*.html")]:
        asked |= set(re.findall(r"""\bt\(\s*["']([\w.]+)["']""", path.read_text(encoding="utf-8")))
        asked |= set(re.findall(r"""part\(["']([\w.]+)["']""", path.read_text(encoding="utf-8")))
    asked |= set(re.findall(r'"(login\.\w+|history\.\w+)"', (DESK / "routes.py").read_text(encoding="utf-8")))
    codes = re.findall(
        r'Refusal\(\d+, "(\w+)"', "".join(path.read_text(encoding="utf-8") for path in DESK.glob("*.py"))
    )
    asked = {key for key in asked if not key.endswith((".", ".html"))}  # "." begins a name that is put together
    asked |= {f"error.{code}" for code in codes}
    assert len(asked) > 80
    assert asked - words.CATALOGUE["en"].keys() == set()


@pytest.mark.parametrize(
    ("chosen", "browser", "language"),
    [
        ("", "", "en"),
        ("", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("", "fr-FR,fr;q=0.9,id;q=0.3", "id"),
        ("en", "id-ID", "en"),
        ("xx", "de", "en"),
    ],
)
def test_the_chosen_language_wins_then_the_browsers(chosen: str, browser: str, language: str) -> None:
    assert words.preferred(chosen, browser) == language
