"""Finds the patterns and regulators of data/triage in a message, with spaCy's matchers over our own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from bot.triage.lists import Pattern, Regulator
from bot.triage.normal import Word, words
from bot.triage.scope import scope

REGULATOR = "regulator"
SHOUTING = 0.7  # share of capitals from which a capital says nothing

_HANDLE = regex.compile(r"(?<![\w@])@([A-Za-z0-9_.]{2,40})")


@dataclass(frozen=True)
class Hit:
    """`start` and `end` count words; characters where there are none (`chars`)."""

    label: str
    name: str
    start: int
    end: int
    sure: bool
    detail: str = ""
    unless_harmless: bool = False


class Patterns:
    """Built once; a look takes some 50 µs."""

    def __init__(self, patterns: Mapping[str, Sequence[Pattern]], regulators: Sequence[Regulator]) -> None:
        self._vocab = Vocab()
        self._phrases = PhraseMatcher(self._vocab)
        self._tokens = Matcher(self._vocab)
        self._meaning: dict[str, tuple[str, Pattern]] = {}
        for label, several in patterns.items():
            for pattern in several:
                key = f"{label}/{pattern.name}"
                self._meaning[key] = (label, pattern)
                self._add(key, pattern)
        self._regulators: dict[str, Regulator] = {}
        self._handles = {handle: regulator for regulator in regulators for handle in regulator.handles}
        acronyms: dict[str, Regulator] = {}
        for regulator in regulators:
            self._regulators[regulator.name] = regulator
            if regulator.names:
                self._phrases.add(f"@{regulator.name}", [self._doc(words(name)) for name in regulator.names])
            acronyms |= dict.fromkeys(regulator.acronyms, regulator)
        self._acronyms = acronyms
        names = "|".join(regex.escape(name) for name in sorted(acronyms, key=len, reverse=True))
        self._acronym = regex.compile(rf"(?<![\p{{L}}\p{{N}}@])(?:{names})(?![\p{{L}}\p{{N}}])") if names else None

    def find(self, text: str, said: Sequence[Word], tagged: Iterable[str] = ()) -> list[Hit]:
        """The hits in a message, without what is denied, quoted, supposed or told of others: the classifier, which has
        seen such sentences, decides about those."""
        doc = self._doc(said)
        where = scope(said)
        hits: list[Hit] = []
        for key, start, end in (*self._phrases(doc), *self._tokens(doc)):
            name = self._vocab.strings[key]
            if name.startswith("@"):
                hits.append(Hit(REGULATOR, name[1:], start, end, False, name[1:]))
                continue
            label, pattern = self._meaning[name]
            # A denial inside a phrase is its own: "I did not make this payment".
            until = start + 1 if pattern.says else end
            if not where.excused(start, until, even_supposed=pattern.even_supposed):
                hits.append(Hit(label, pattern.name, start, end, pattern.sure, unless_harmless=pattern.unless_harmless))
        return _widest(hits) + self._names(text, said, tagged)

    def _names(self, text: str, said: Sequence[Word], tagged: Iterable[str]) -> list[Hit]:
        hits: list[Hit] = []
        for match in _HANDLE.finditer(text):
            regulator = self._handles.get(match.group(1).lower().rstrip("."))
            if regulator:
                start, end = _word_range(said, *match.span())
                hits.append(Hit(REGULATOR, regulator.name, start, end, True, regulator.name))
        for tag in tagged:
            regulator = self._tagged(tag)
            if regulator and all(hit.name != regulator.name for hit in hits):
                hits.append(Hit(REGULATOR, regulator.name, 0, 0, True, regulator.name))
        letters = [character for character in text if character.isalpha()]
        if (self._acronym and letters and sum(map(str.isupper, letters)) < SHOUTING * len(letters)) or len(text) < 12:
            for match in self._acronym.finditer(text) if self._acronym else ():
                start, end = _word_range(said, *match.span())
                name = self._acronyms[match.group()].name
                hits.append(Hit(REGULATOR, name, start, end, False, name))
        return hits

    def _tagged(self, tag: str) -> Regulator | None:
        """Whose account was tagged: X and Instagram tell its handle, Facebook and LinkedIn the name that it shows."""
        known = self._handles.get(tag.lower()) or self._acronyms.get(tag.strip())
        if known is not None:
            return known
        found = [self._vocab.strings[key] for key, _, _ in self._phrases(self._doc(words(tag)))]
        return next((self._regulators[name[1:]] for name in found if name.startswith("@")), None)

    def _add(self, key: str, pattern: Pattern) -> None:
        literal = [phrase for phrase in pattern.says if "*" not in phrase]
        if literal:
            self._phrases.add(key, [self._doc(words(phrase)) for phrase in literal])
        token_patterns: list[list[dict[str, Any]]] = [
            [_token(part) for part in phrase.split()] for phrase in pattern.says if "*" in phrase
        ]
        if pattern.near:
            gaps = max(0, pattern.within - len(pattern.near))
            spec: list[dict[str, Any]] = []
            for number, group in enumerate(pattern.near):
                if number:
                    spec += [{"OP": "?"}] * gaps
                spec.append(_any_of(group))
            token_patterns.append(spec)
        if token_patterns:
            self._tokens.add(key, token_patterns)

    def _doc(self, said: Sequence[Word]) -> Doc:
        return Doc(self._vocab, words=[word.text for word in said] or [" "])


def _token(part: str) -> dict[str, Any]:
    return {"TEXT": {"REGEX": f"^{regex.escape(part[:-1])}"}} if part.endswith("*") else {"ORTH": part}


def _any_of(group: Sequence[str]) -> dict[str, Any]:
    if all("*" not in word for word in group):
        return {"TEXT": {"IN": list(group)}}
    alternatives = "|".join(
        regex.escape(word[:-1]) + ".*" if word.endswith("*") else regex.escape(word) for word in group
    )
    return {"TEXT": {"REGEX": f"^(?:{alternatives})$"}}


def _widest(hits: list[Hit]) -> list[Hit]:
    """One hit a pattern: a gap that may be any length matches many times."""
    best: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        key = (hit.label, hit.name)
        known = best.get(key)
        if known is None or (hit.sure, hit.start - hit.end) > (known.sure, known.start - known.end):
            best[key] = hit
    return list(best.values())


def _word_range(said: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    inside = [number for number, word in enumerate(said) if word.start < end and word.end > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
