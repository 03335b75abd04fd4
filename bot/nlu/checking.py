"""Checks the classifier against itself: each fifth of the examples by a classifier of the other four.

Rasa's own `rasa test nlu --cross-validation` does the same with the whole pipeline, in some minutes; this takes half a
minute, tells the languages apart, and knows which intents get mixed up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from bot.nlu.features import Patterns
from bot.nlu.learn import Tuning, learn
from bot.nlu.model import OUT_OF_SCOPE, IntentModel
from bot.nlu.vectors import Array, StaticVectors

if TYPE_CHECKING:  # it brings spaCy, which this package does not need
    from bot.triage.screen import Encoder

FOLDS = 5
CONFUSIONS_SHOWN = 15

Step = Callable[[str], None]


class Labelled(msgspec.Struct, frozen=True):
    """A message and what it should be understood as."""

    text: str
    intent: str
    language: str


class Confusion(msgspec.Struct, frozen=True):
    """`count` messages of `intent` were taken for `taken_for`; one of them."""

    intent: str
    taken_for: str
    count: int
    example: str


class Checked(msgspec.Struct, frozen=True):
    """`f1`: weighted over the intents, by language. `wrong`: by intent, (messages, of which wrong)."""

    f1: dict[str, float]
    wrong: dict[str, tuple[int, int]]
    confusions: tuple[Confusion, ...]


class _AlreadyRead:
    """Implements triage's Encoder for messages that an encoder reads once: each is in every part."""

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        self.name, self.dimension = encoder.name, encoder.dimension
        self._known = dict(zip(texts, encoder.vectors(texts), strict=True))

    def vector(self, text: str) -> Array:
        vector: Array = self._known[text]
        return vector

    def vectors(self, texts: Sequence[str]) -> Array:
        return np.stack([self._known[text] for text in texts])


def decided(text: str, known: IntentModel, static: StaticVectors, encoder: Encoder | None) -> str:
    """What the assistant takes a message for; OUT_OF_SCOPE for what it would ask back about."""
    chances, clear = known.weighed(text, static, encoder)
    return known.intents[int(chances.argmax())] if clear >= known.needed(encoder) else OUT_OF_SCOPE


def check(messages: Sequence[Labelled], understood: Sequence[str]) -> Checked:
    """How well the messages were understood."""
    f1 = {}
    for language in sorted({message.language for message in messages}):
        mine = [number for number, message in enumerate(messages) if message.language == language]
        truth, found = [messages[number].intent for number in mine], [understood[number] for number in mine]
        f1[language] = round(float(f1_score(truth, found, average="weighted")), 4)
    wrong = [
        (message, found) for message, found in zip(messages, understood, strict=True) if found != message.intent
    ]  # fmt: skip
    counted = Counter(message.intent for message in messages)
    missed = Counter(message.intent for message, _ in wrong)
    mixed = Counter((message.intent, found) for message, found in wrong)
    return Checked(
        f1=f1,
        wrong={intent: (counted[intent], missed[intent]) for intent in sorted(counted)},
        confusions=tuple(
            Confusion(intent, found, count, next(m.text for m, f in wrong if (m.intent, f) == (intent, found)))
            for (intent, found), count in mixed.most_common(CONFUSIONS_SHOWN)
        ),
    )


def cross_validate(
    messages: Sequence[Labelled], static: StaticVectors, patterns: Patterns, encoder: Encoder | None = None, *,
    tuning: Tuning, step: Step = lambda what: None,
) -> Checked:  # fmt: skip
    """Needs FOLDS messages of each intent. `step` is told what begins."""
    texts, intents = [message.text for message in messages], [message.intent for message in messages]
    if encoder is not None:
        step("reading meaning")
        encoder = _AlreadyRead(encoder, texts)
    understood = [""] * len(messages)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(np.zeros(len(messages)), intents)
    for number, (rest, fold) in enumerate(folds, 1):
        step(f"checking, part {number} of {FOLDS}")
        known = learn(
            [texts[row] for row in rest], [intents[row] for row in rest], static, encoder, patterns=patterns,
            tuning=tuning,
        )  # fmt: skip
        for row in fold:
            understood[row] = decided(texts[row], known, static, encoder)
    return check(messages, understood)
