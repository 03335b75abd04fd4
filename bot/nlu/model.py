"""The intent classifier at work: sums over a table, calibrated. Training is in `learn.py`, with scikit-learn.

One message through scikit-learn's own transformers costs more than all of this, and a table can also tell which words
spoke for an intent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from bot import arrays
from bot.arrays import Unreadable, packed, unpacked
from bot.nlu.features import Patterns, alike, clean, compiled, pieces, words
from bot.nlu.vectors import Array, StaticVectors

if TYPE_CHECKING:  # it brings spaCy, which this package does not need
    from bot.triage.screen import Encoder

FORMAT = 3
FILE = "intents.npz"
OUT_OF_SCOPE = "out_of_scope"  # the intent whose examples are what the assistant has no answer for
TINY = 1e-12  # keeps a probability of nought from having a logarithm of minus infinity
STATIC = 1.25  # usual weight of the static vectors beside words and pieces, which are of length one as well


@dataclass(frozen=True)
class Block:
    """One kind of features: which row of the table each has, and how telling it is."""

    index: Mapping[str, int]
    idf: Array

    def rows(self, features: Iterable[str]) -> tuple[npt.NDArray[np.int64], Array]:
        """The known features' rows, and their weights in this message (tf-idf, of length one)."""
        get = self.index.get
        found = [row for feature in features if (row := get(feature)) is not None]
        distinct, counts = np.unique(np.array(found, dtype=np.int64), return_counts=True)
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[distinct]
        return distinct, values / (float(np.sqrt(values @ values)) or 1.0)


@dataclass(frozen=True)
class Meaning:
    """What the sentence encoder adds: heads over its vectors, and how much their word weighs beside the table's.

    `below`: it is asked when the fast part's answer is less clear than that."""

    weights: Array
    bias: Array
    fast: float
    sharp: float
    below: float


@dataclass(frozen=True)
class IntentModel:
    """`weights`: one row for each word feature, then each piece, then each number of the static vector; one column an
    intent. `sharpness` turns margins into probabilities. A message that is less clear than `threshold` is taken for out
    of scope; `sharp_threshold` is the same where there is an encoder. `static`: how much the static vectors weigh."""

    intents: tuple[str, ...]
    word_block: Block
    piece_block: Block
    weights: Array
    bias: Array
    sharpness: float
    threshold: float
    sharp_threshold: float = 0.0
    meaning: Meaning | None = None
    patterns: Patterns = ()
    static: float = STATIC

    def margins(self, text: str, static: StaticVectors) -> Array:
        shaped = clean(text)
        word_rows, word_values = self.word_block.rows(words(shaped, self.patterns))
        piece_rows, piece_values = self.piece_block.rows(pieces(shaped))
        first = len(self.word_block.index)
        dense = first + len(self.piece_block.index)
        if not len(word_rows) and not len(piece_rows):
            return np.zeros(len(self.intents), dtype=np.float32)  # nothing of it was ever seen: nothing to go by
        found = word_values @ self.weights[word_rows] + piece_values @ self.weights[first + piece_rows]
        return cast(Array, found + self.static * static.of(alike(shaped)) @ self.weights[dense:] + self.bias)

    def probabilities(self, margins: Array) -> Array:
        return softmax(self.sharpness * margins)

    def weighed(self, text: str, static: StaticVectors, encoder: Encoder | None) -> tuple[Array, float]:
        """Probabilities, and how clear they are; by the fast part, and in doubt with the encoder's word."""
        margins = self.margins(text, static)
        chances = self.probabilities(margins)
        clear = float(clarity(chances))
        if encoder is not None and self.meaning is not None and clear < self.meaning.below:
            chances = self.sharpened(margins, encoder.vector(text))
            clear = float(clarity(chances))
        return chances, clear

    def needed(self, encoder: Encoder | None) -> float:
        """How clear an answer has to be."""
        return self.threshold if encoder is None or self.meaning is None else self.sharp_threshold

    def sharpened(self, margins: Array, vector: Array) -> Array:
        """Probabilities with the encoder's word. Only for a model that learned to weigh it."""
        assert self.meaning is not None
        own = vector @ self.meaning.weights + self.meaning.bias
        return softmax(self.meaning.fast * margins + self.meaning.sharp * own)


def clarity(probabilities: Array) -> Array:
    """1 where one intent has all the probability, 0 where all have the same: one minus the entropy, as a share.

    It tells what is out of scope better than the best probability does: 83 % of CLINC150's such messages against 77 %,
    at the same share of the others turned away."""
    entropy = -(probabilities * np.log(probabilities + TINY)).sum(axis=-1)
    return cast(Array, 1 - entropy / np.log(max(2, probabilities.shape[-1])))


def softmax(logits: Array) -> Array:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return cast(Array, shifted / shifted.sum(axis=-1, keepdims=True))


def save(model: IntentModel, path: Path) -> None:
    """Whole or not at all."""
    content: dict[str, Any] = {
        "numbers": np.array(
            [FORMAT, model.sharpness, model.threshold, model.sharp_threshold, model.static], dtype=np.float64
        ),
        "intents": packed(model.intents),
        "words": packed(sorted(model.word_block.index, key=model.word_block.index.__getitem__)),
        "pieces": packed(sorted(model.piece_block.index, key=model.piece_block.index.__getitem__)),
        "word_idf": model.word_block.idf,
        "piece_idf": model.piece_block.idf,
        "weights": model.weights.astype(np.float16),
        "bias": model.bias,
        "pattern_names": packed(tuple(name for name, _ in model.patterns)),
        "patterns": packed(tuple(pattern.pattern for _, pattern in model.patterns)),
    }
    if (meaning := model.meaning) is not None:
        content |= {
            "meaning_weights": meaning.weights,
            "meaning_bias": meaning.bias,
            "meaning": np.array([meaning.fast, meaning.sharp, meaning.below], dtype=np.float64),
        }
    arrays.save(path, content)


def load(path: Path | BinaryIO) -> IntentModel:
    """Raises Unreadable."""
    with arrays.opened(path) as stored:
        version, *numbers = (float(number) for number in stored["numbers"])
        if version != FORMAT:
            raise Unreadable(FILE)
        sharpness, threshold, sharp_threshold, static = numbers
        meaning = None
        if "meaning" in stored:
            weighed = (float(number) for number in stored["meaning"])
            meaning = Meaning(stored["meaning_weights"], stored["meaning_bias"], *weighed)
        return IntentModel(
            intents=tuple(unpacked(stored["intents"])),
            word_block=Block(_numbered(unpacked(stored["words"])), stored["word_idf"]),
            piece_block=Block(_numbered(unpacked(stored["pieces"])), stored["piece_idf"]),
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"],
            sharpness=sharpness,
            threshold=threshold,
            sharp_threshold=sharp_threshold,
            meaning=meaning,
            patterns=compiled(zip(unpacked(stored["pattern_names"]), unpacked(stored["patterns"]), strict=True)),
            static=static,
        )


def _numbered(features: Sequence[str]) -> dict[str, int]:
    return {feature: row for row, feature in enumerate(features)}
