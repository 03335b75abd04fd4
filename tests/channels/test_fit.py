"""Fitting text to a limit: nothing lost, nothing torn, every part within the limit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.fit import numbered, split, utf16_length
from channels.messages import Button


def utf8_length(text: str) -> int:
    return len(text.encode())


MEASURES = [len, utf16_length, utf8_length]
PIECES = [
    "word ", "two words. ", "\n", "\n\n", "  ", "https://arunika.example/a?b=c&d=é ", "@arunika_bot ",
    "👩‍👩‍👧‍👦", "🇮🇩🇮🇩", "👍🏽", "e\u0301\u0323", " \u0301", "مرحبا ", "שלום. ", "สวัสดี", "漢字。", "\r\n",
    "x" * 40, "\u200d", "\u0600a",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=30).map("".join)


@settings(max_examples=250, deadline=None)
@given(text=TEXTS, limit=st.integers(4, 60), measure=st.sampled_from(MEASURES))
def test_every_part_fits_and_only_white_space_is_lost(text: str, limit: int, measure: Callable[[str], int]) -> None:
    parts = split(text, limit, measure)
    assert all(measure(part) <= limit for part in parts)
    assert all(part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@settings(max_examples=250, deadline=None)
@given(text=TEXTS, limit=st.integers(30, 60))
def test_no_grapheme_cluster_is_torn(text: str, limit: int) -> None:
    """Each part's clusters are, in order, clusters of the whole."""
    whole = iter(regex.findall(r"\X", text))
    for part in split(text, limit):
        for cluster in regex.findall(r"\X", part):
            if len(cluster) <= limit:
                assert cluster in whole, "not a cluster of the text, or out of order"


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=60))
def test_a_word_that_fits_is_never_cut(words: list[str]) -> None:
    parts = split(" ".join(words), 12)
    assert [word for part in parts for word in part.split()] == words


def test_a_short_text_is_left_as_it_is() -> None:
    assert split("  Halo\n", 10) == ["  Halo\n"]


def test_nothing_to_say_has_no_parts() -> None:
    assert split(" \n\t ", 4) == []
    assert split("", 4) == []


def test_paragraphs_are_preferred_to_sentences_and_those_to_words() -> None:
    text = "One two three. Four five.\n\nSix seven. Eight nine ten."
    assert split(text, 30) == ["One two three. Four five.", "Six seven. Eight nine ten."]
    assert split(text, 24) == ["One two three.", "Four five.", "Six seven.", "Eight nine ten."]
    assert split("one two three four five", 12) == ["one two", "three four", "five"]


def test_an_early_full_stop_does_not_leave_a_part_nearly_empty() -> None:
    assert split("Ya. " + "kata " * 10, 30)[0] == "Ya. kata kata kata kata kata"


def test_a_link_is_kept_whole_between_letters_without_spaces() -> None:
    link = "https://arunika.example/kartu"
    parts = split("請查看" * 4 + link + "謝謝您的耐心" * 4, 36)
    assert any(link in part for part in parts)


def test_a_link_longer_than_a_part_is_cut_rather_than_lost() -> None:
    link = "https://arunika.example/" + "a" * 100
    assert "".join(split(link, 40)) == link


def test_a_cluster_longer_than_a_part_is_cut_rather_than_lost() -> None:
    cluster = "a" + "\u0301" * 50
    parts = split(cluster, 10)
    assert "".join(parts) == cluster
    assert max(map(len, parts)) <= 10


def test_full_stops_of_languages_without_spaces_end_sentences() -> None:
    assert split("カードは発送済みです。明日届きます。", 12) == ["カードは発送済みです。", "明日届きます。"]


def test_a_limit_below_any_character_is_refused() -> None:
    with pytest.raises(ValueError, match="limit of 3"):
        split("hello", 3)


def test_a_long_text_takes_no_long_time() -> None:
    text = "word and another one. " * 20_000
    assert len(split(text, 4096, utf16_length)) == pytest.approx(len(text) / 4096, rel=0.05)


def test_utf16_counts_what_lies_outside_the_basic_plane_twice() -> None:
    assert utf16_length("a€😀") == 4


def test_numbered_choices_carry_titles_and_links() -> None:
    buttons = (
        Button(key="a", title="Yes"),
        Button(key="b", title="Fees", url="https://arunika.example/fees"),
    )
    assert numbered("Which?", buttons) == "Which?\n\n1. Yes\n2. Fees: https://arunika.example/fees"
    assert numbered("", buttons[:1]) == "1. Yes"
