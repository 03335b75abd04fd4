"""Our own words, as platforms give them back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.echo import SHORTEST_PART, plain, same_words

WORDS = st.text(st.characters(whitelist_categories=("L", "N", "P", "Zs")), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Halo Kak,\n\nkartunya sudah dikirim.", "Halo Kak, kartunya sudah dikirim."),
        ("See https://arunika.example/fees?x=1 now", "See https://t.co/Ab3 now"),
        ("Thanks for telling us", "@ani @budi Thanks for telling us"),
        ("Terima kasih  ", "TERIMA KASIH"),
        ("Café", unicodedata.normalize("NFD", "Café")),
    ],
)
def test_what_platforms_change_does_not_matter(ours: str, shown: str) -> None:
    assert same_words(plain(shown), plain(ours))


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("Your card is on its way", "Your card was sent back"),
        ("ok", "ok, I will look at it myself"),
        ("Hi", "Hi Ani, this is Dina"),
        ("Thanks @ani for writing", "Thanks @budi for writing"),  # only in front are names the platform's
    ],
)
def test_other_words_are_a_persons(ours: str, shown: str) -> None:
    assert not same_words(plain(shown), plain(ours))


def test_one_part_of_a_long_answer_is_ours_when_it_is_long_enough() -> None:
    ours = plain("The fee is low.\n\nAnything else?")
    assert same_words(plain("Anything else?"), ours)
    assert not same_words("fee is l"[: SHORTEST_PART - 1], ours)


@given(WORDS)
def test_our_words_are_ours_and_plain_is_plain(text: str) -> None:
    assert same_words(plain(text), plain(text))
    assert plain(plain(text)) == plain(text) or "@" in text
