"""What the linear model looks at: words, pairs of words that stand near each other, denied words, and pieces of words.
The same code in training and at work, so that both see the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.triage.normal import Word
from bot.triage.scope import scope

NEAR = 8  # words apart that two still say something together: "rope" and "goodbye" in one sentence
SHORTEST_PIECE, LONGEST_PIECE = 2, 5  # characters; catches typos, endings and words never seen


def features(words: Sequence[Word]) -> Iterator[tuple[str, int]]:
    """(feature, number of the word that it belongs to): those of its place, then those of the word itself."""
    yield from in_place(words)
    for number, word in enumerate(words):
        for piece in pieces(word.text):
            yield piece, number


def in_place(words: Sequence[Word]) -> Iterator[tuple[str, int]]:
    """What a word means beside its neighbours and under a negation."""
    where = scope(words)
    before = "<s>"
    for number, word in enumerate(words):
        text = word.text
        yield f"b {before} {text}", number
        if number > 1:
            yield f"s {words[number - 2].text} {text}", number  # with one word between
        if where.denied[number]:
            yield "not " + text, number
        if where.supposed[number]:
            yield "if " + text, number
        if where.quoted[number] or where.others[number]:
            yield "told " + text, number
        for other in words[max(0, number - NEAR) : number]:
            yield f"p {min(other.text, text)} {max(other.text, text)}", number
        before = text
    yield f"b {before} </s>", max(0, len(words) - 1)


@lru_cache(maxsize=5_000)  # the same words come again and again; more would weigh on every worker
def pieces(word: str) -> tuple[str, ...]:
    """The word, and every run of its letters."""
    padded = f" {word} "
    sizes = range(SHORTEST_PIECE, min(LONGEST_PIECE, len(padded)) + 1)
    runs = (padded[start : start + size] for size in sizes for start in range(len(padded) - size + 1))
    return "w " + word, *runs
