"""Disguises are undone where a word comes out, references stay, and every word knows where it stood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.triage.normal import LONGEST, words
from bot.triage.scope import scope, split

KNOWN = frozenset({"bank", "sue", "anjing", "mati", "lawyer", "please", "want", "to", "you", "help"})


def read(text: str) -> list[str]:
    return [word.text for word in words(text, KNOWN.__contains__)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I will s u e you", ["i", "will", "sue", "you"]),
        ("i w a n t t o s u e y o u", ["i", "want", "to", "sue", "you"]),
        ("h-e-l-p y-o-u w.a.n.t", ["help", "you", "want"]),
        ("i want t o s u e", ["i", "want", "to", "sue"]),
        ("i   w a n t   t o   s u e", ["i", "want", "to", "sue"]),
        ("t o t o t o t o", ["t", "o", "t", "o", "t", "o", "t", "o"]),  # scraps
        ("A B C D E F G H", ["a", "b", "c", "d", "e", "f", "g", "h"]),
        ("m.a.t.i", ["mati"]),
        ("b4nk", ["bank"]),
        ("4nj1ng", ["anjing"]),
        ("l@wyer!", ["lawyer"]),
        ("ｂａｎｋ", ["bank"]),  # full width
        ("ba\u200bnk", ["bank"]),  # an invisible character inside
        ("pleeeeease", ["pleease"]),
        ("order AR-20308 for 20rb", ["order", "ar", "-", "20308", "for", "20rb"]),
        ("a b c", ["a", "b", "c"]),  # no word comes out
        ("😡", ["angryface"]),
    ],
)
def test_reads_what_is_meant(text: str, expected: list[str]) -> None:
    assert read(text) == expected


@given(st.text(max_size=80))
def test_every_word_stands_where_it_says(text: str) -> None:
    last = 0
    for word in words(text, KNOWN.__contains__):
        assert 0 <= word.start < word.end <= len(text)
        assert word.start >= last
        last = word.start


def test_letters_that_hide_many_others_make_no_message_longer() -> None:
    ligature = "\ufdfa"  # eighteen letters
    found = words(f"{ligature} " * LONGEST)
    assert sum(len(word.text) for word in found) <= LONGEST + 18


@pytest.mark.parametrize(
    ("text", "word", "harmless"),
    [
        ("I'm not going to sue you", "sue", True),
        ("I will sue you", "sue", False),
        ("saya tidak akan sue kalian", "sue", True),
        ("my lawyer friend likes your app", "lawyer", True),
        ("my lawyer will write", "lawyer", False),
        ('the song "sue me" is great', "sue", True),
        ("if I had to sue somebody", "sue", True),
        ("kirain aman, akun saya dibobol", "dibobol", False),
        ("I thought they hacked it and they had", "hacked", False),
        ("not happy. I will sue", "sue", False),  # the negation ends with the sentence
        ("I am not angry but I will sue", "sue", False),
        ("I won't sue you", "sue", True),
        ("you don't listen! I will sue", "sue", False),
        ("do not answer\nI will sue", "sue", False),
    ],
)
def test_what_is_denied_told_or_supposed_is_not_claimed(text: str, word: str, harmless: bool) -> None:
    said = words(text, KNOWN.__contains__)
    at = [one.text for one in said].index(word)
    assert scope(said).excused(at, at + 1) is harmless


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where is my parcel? i will sue you.", ["where is my parcel ?", "i will sue you ."]),
        ("i will sue you\nwhere is my parcel", ["i will sue you", "where is my parcel"]),
        ("Hi i will sue you.\n!", ["hi i will sue you ."]),
        ("i will sue you!!!", []),  # one sentence is the whole message
        ("thanks for the answer! i will sue you", ["thanks for the answer", "i will sue you"]),
        ("susah nafas 😭 where is it", ["susah nafas cryface", "where is it"]),
        ("it costs 20.000 or 3.5 times as much", []),
        ("where is my parcel, i will sue you", ["where is my parcel ,", "i will sue you"]),
        ("i paid 1,500,000 and 1,5 juta", []),
        ("i paid 1,500, i will sue you", ["i paid 1 , 500 ,", "i will sue you"]),
        ("a, b " * 24 + ". i will sue you", ["a , b " * 24 + ".", "i will sue you"]),
        ("", []),
    ],
)
def test_a_message_of_several_sentences_or_clauses_is_heard_in_each(text: str, expected: list[str]) -> None:
    said = split(words(text, KNOWN.__contains__))
    assert [" ".join(word.text for word in sentence) for sentence in said] == expected
