"""What a word is worth where it stands: denied, quoted, told of somebody else, only imagined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.triage.normal import Word

REACH = 5  # words that a cue covers after itself
BACK = 2  # words before it that a cue about others covers
MOST_PARTS = 24  # each is heard by itself, which takes its time

NEGATION = frozenset(
    """
    not no never don't dont didn't didnt doesn't doesnt won't wont wouldn't wouldnt isn't isnt aren't arent wasn't
    wasnt can't cant cannot couldn't couldnt shouldn't shouldnt haven't havent hasn't hasnt ain't without nobody none
    neither nor
    tidak tdk nggak ngga enggak engga gak ga gk kagak kaga ndak tak tiada bukan bkn belum blm jangan jgn tanpa ora
    """.split()
)
SUPPOSING = frozenset(
    """
    if would could might suppose supposing imagine hypothetically
    jika kalau klo kalo kl jikalau seandainya andai andaikan misal misalnya umpama semisal
    """.split()
)
OTHERS = frozenset(
    """
    friend friends cousin neighbour neighbor colleague teacher movie film song lyrics book novel series episode news
    article
    teman temen tetangga sepupu kolega guru dosen lagu lirik drama berita artikel sinetron
    """.split()
)
QUOTES = frozenset('"“”«»„「」')
STOPS = frozenset(".!?;")
CLAUSE_ENDS = STOPS | {",", ":"}
ENDS = STOPS | {"but", "tapi", "tetapi", "namun", "however"}


@dataclass(frozen=True)
class Scope:
    """For each word: whether it is denied, only supposed, quoted, and whether the sentence is a question or is about
    others."""

    denied: tuple[bool, ...]
    supposed: tuple[bool, ...]
    quoted: tuple[bool, ...]
    others: tuple[bool, ...]

    def excused(self, start: int, end: int, *, even_supposed: bool = False) -> bool:
        """Whether what stands there (word numbers) is not claimed by the writer. `even_supposed`: imagining it, or
        telling it of a friend, is no comfort."""
        return any(
            self.denied[i] or self.quoted[i] or (not even_supposed and (self.supposed[i] or self.others[i]))
            for i in range(start, end)
        )


def around(words: Sequence[Word], start: int, end: int, reach: int) -> tuple[int, int]:
    """So many words on either side of a place, up to the next comma or end of a sentence."""
    first, last = max(0, start - reach), min(len(words), end + reach)
    while start > first and not _closes(words[start - 1]):
        start -= 1
    while end < last and not _closes(words[end - 1]):
        end += 1
    return start, end


def _closes(word: Word) -> bool:
    return word.last or word.text in CLAUSE_ENDS


def split(words: Sequence[Word]) -> list[Sequence[Word]]:
    """Sentences and clauses of two or more words, or only sentences where there are more than MOST_PARTS (what comes
    behind counts as one); nothing where the message is all one."""
    ends = [number for number, word in enumerate(words, 1) if word.last]
    commas = [number for number in range(1, len(words)) if _parts(words[number - 1], words[number])]
    parts = _between(words, sorted({*ends, *commas}))
    if len(parts) > MOST_PARTS:
        parts = _between(words, ends[: MOST_PARTS - 1])
    return parts


def _parts(word: Word, following: Word) -> bool:
    """Whether a comma stands between clauses, and not in a number: "1,500,000"."""
    return word.text == "," and not (word.end == following.start and following.text[0].isdigit())


def _between(words: Sequence[Word], ends: Sequence[int]) -> list[Sequence[Word]]:
    parts = [words[start:end] for start, end in pairwise([0, *ends, len(words)])]
    return [part for part in parts if len(part) > 1] if ends else []


def scope(words: Sequence[Word]) -> Scope:
    denied, supposed, quoted, others = ([False] * len(words) for _ in range(4))
    denying = supposing = telling = 0
    inside = False
    quotes = sum(word.text in QUOTES for word in words)
    for number, word in enumerate(words):
        if word.text in ENDS or (number and words[number - 1].last):
            denying = supposing = telling = 0
        if word.text in ENDS:
            continue
        if word.text in QUOTES and quotes > 1:
            inside = not inside
            continue
        denied[number], supposed[number] = denying > 0, supposing > 0
        quoted[number], others[number] = inside, telling > 0
        denying, supposing, telling = max(0, denying - 1), max(0, supposing - 1), max(0, telling - 1)
        if word.text in NEGATION:
            denying = REACH
        elif word.text in SUPPOSING:
            supposing = REACH
        elif word.text in OTHERS:
            telling = REACH
            for earlier in range(max(0, number - BACK), number):  # "my lawyer friend"
                others[earlier] = words[earlier].text not in ENDS
    return Scope(tuple(denied), tuple(supposed), tuple(quoted), tuple(others))
