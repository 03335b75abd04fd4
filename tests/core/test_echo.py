"""Our own words, as platforms give them back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.echo import plain, under_root

WORDS = st.text(st.characters(whitelist_categories=("L", "N", "P", "Zs")), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Halo Kak,\n\nkartunya sudah dikirim.", "Halo Kak, kartunya sudah dikirim."),
        ("See https://arunika.example/fees?x=1 now", "See https://t.co/Ab3 now"),
        ("Thanks for telling us", "@ani @budi Thanks for telling us"),
        ("@ani Ya", "Ya"),
        ("Ya", "@ani.wijaya_ Ya"),
        ("Terima kasih  ", "TERIMA KASIH"),
        ("Café", unicodedata.normalize("NFD", "Café")),
    ],
)
def test_what_platforms_change_does_not_matter(ours: str, shown: str) -> None:
    assert plain(shown) == plain(ours)


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Your card is on its way", "Your card was sent back"),
        ("Your card is on its way", "Your card is on its way. Dina"),
        ("Your card is on its way. Anything else?", "Your card is on its way."),
        ("ok", "ok, I will look at it myself"),
        ("Hi", "Hi Ani, this is Dina"),
        ("", "Hi"),
        ("Thanks @ani for writing", "Thanks @budi for writing"),  # only in front are names the platform's
    ],
)
def test_other_words_are_a_persons(ours: str, shown: str) -> None:
    assert plain(shown) != plain(ours)


@given(WORDS)
def test_plain_words_stay_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text) or "@" in text


def test_the_place_under_a_public_message_is_of_its_channel() -> None:
    assert under_root("fake", "1") != under_root("other", "1")
