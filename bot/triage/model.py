"""The classifier at work: sparse features, one linear head a label, calibrated; and what the sentence encoder adds.

Training is in `training.py`, with scikit-learn. Here are only sums over a table, because one message through
scikit-learn's own transformers costs more than a millisecond, and a table can tell which word spoke for a label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from bot import arrays
from bot.arrays import Unreadable, packed, unpacked
from bot.triage.features import in_place, pieces
from bot.triage.normal import Word

Array = npt.NDArray[np.float32]

RISK = "risk"  # the head that tells any risk from none
INDONESIAN = "indonesian"  # the head that tells the language: the approved sentence has to be in the right one
FORMAT = 6

BOUND = 12.0  # logits beyond this say nothing more


@dataclass(frozen=True)
class Scored:
    """The logits of one message. `values` are those of its distinct features (`rows`); `place` leads from every
    occurrence, of the word number `owners`, to its feature: so it can be told which words spoke for a label."""

    logits: Array
    rows: npt.NDArray[np.int64]
    values: Array
    place: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    owners: Sequence[int]


@dataclass(frozen=True)
class Linear:
    """`weights`: features × heads. Logit = slope × (score + bias) + offset, calibrated on messages held out."""

    heads: tuple[str, ...]
    index: Mapping[str, int]
    idf: Array
    weights: Array
    bias: Array
    slope: Array
    offset: Array
    known: frozenset[str]
    _pieces: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)  # of words seen before

    def score(self, said: Sequence[Word]) -> Scored:
        found: list[int] = []
        owners: list[int] = []
        for feature, owner in in_place(said):
            row = self.index.get(feature)
            if row is not None:
                found.append(row)
                owners.append(owner)
        for owner, word in enumerate(said):
            rows = self._rows_of(word.text)
            found.extend(rows)
            owners.extend([owner] * len(rows))
        distinct, place, counts = np.unique(np.array(found, dtype=np.int64), return_inverse=True, return_counts=True)
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[distinct]
        values /= float(np.sqrt(values @ values)) or 1.0
        raw = values @ self.weights[distinct] + self.bias
        logits = np.clip(self.slope * raw + self.offset, -BOUND, BOUND).astype(np.float32)
        return Scored(logits, distinct, values, place, counts, owners)

    def speakers(self, scored: Scored, head: str, most: int = 4) -> list[int]:
        """Numbers of the words that spoke loudest for a head, loudest first."""
        if not len(scored.rows):
            return []
        each = scored.values * self.weights[scored.rows, self.heads.index(head)] / scored.counts
        spoke = np.bincount(np.array(scored.owners), each[scored.place])
        loudest = np.argsort(-spoke)[:most]
        return [int(owner) for owner in loudest if spoke[owner] > 0 and spoke[owner] >= LOUD * spoke[loudest[0]]]

    def _rows_of(self, word: str) -> tuple[int, ...]:
        rows = self._pieces.get(word)
        if rows is None:
            rows = tuple(row for piece in pieces(word) if (row := self.index.get(piece)) is not None)
            if len(self._pieces) < MOST_REMEMBERED:
                self._pieces[word] = rows
        return rows


MOST_REMEMBERED = 50_000  # words
LOUD = 0.35  # of the loudest: what is quieter is no evidence


# Logits that a part counts less by itself than the message as a whole: for a label, and for the risk. What a part is
# worth beside the whole is learned; but an alarm as plain as that decides, whatever the trees make of it.
APART, RISK_APART = 1.5, 5.0


def heard(message: Array, loudest: Array, risks: Sequence[int]) -> Array:
    """The logits of a message, or of many, a row each; those of a risk no fainter than in its loudest part less APART.
    `risks`: numbers of such heads."""
    louder = message.copy()
    louder[..., risks] = np.maximum(message[..., risks], loudest[..., risks] - APART)
    return louder


@dataclass(frozen=True)
class Trees:
    """How all heads decide together whether a message is a risk: boosted trees, since what one head says is worth more
    or less beside another ("regulator" beside praise, "anger" alone). The nodes of all trees in a row; a leaf leads to
    itself."""

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int16]
    threshold: Array
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Array
    start: float

    def logits(self, rows: Array) -> Array:
        """One for each row of heads' logits, within BOUND."""
        said = rows.ravel()
        begins = np.arange(len(rows))[:, None] * rows.shape[1]
        at = np.repeat(self.roots[None], len(rows), axis=0)
        for _ in range(DEEPEST):
            higher = said.take(begins + self.feature.take(at)) > self.threshold.take(at)
            at = np.where(higher, self.right.take(at), self.left.take(at))
        return cast(Array, np.clip(self.start + self.value.take(at).sum(axis=1), -BOUND, BOUND))


DEEPEST = 8  # levels of a tree


@dataclass(frozen=True)
class Networks:
    """The heads over sentence vectors, as the mean of several networks, each of which learned from other examples. One
    hidden layer for all heads: what tells one risk helps with the next. Networks first in every array."""

    hidden: Array
    hidden_bias: Array
    weights: Array
    bias: Array

    def logits(self, vectors: Array) -> Array:
        active = np.maximum(np.atleast_2d(vectors) @ self.hidden + self.hidden_bias[:, None], 0)
        said = (active @ self.weights + self.bias[:, None]).mean(axis=0)
        return cast(Array, np.clip(said, -BOUND, BOUND).reshape(*vectors.shape[:-1], self.bias.shape[-1]))


@dataclass(frozen=True)
class Meaning:
    """What the encoder adds, and how its word is weighed against the linear model's, for a label:
    logit = mix[0] × linear + mix[1] × networks + mix[2]. `trees`: how both decide together, from what Model.hear
    gives, and then the networks' heads."""

    networks: Networks
    mix: Array
    trees: Trees

    def mixed(self, linear: Array, own: Array) -> Array:
        return cast(Array, np.clip(self.mix[0] * linear + self.mix[1] * own + self.mix[2], -BOUND, BOUND))


@dataclass(frozen=True)
class Model:
    """Everything that `sigap train` learned. `thresholds`: from which probability a head's label counts.

    `doubt`: between these probabilities of risk the fast part does not decide alone. `fast`: what counts as risk when
    there is no encoder to ask. `single`: how the heads decide together about one text by itself; none does alone,
    because a name like OJK speaks for its label in the most innocent question. `trees`: how they decide about a message
    of several parts, see `hear`.
    """

    linear: Linear
    thresholds: Mapping[str, float]
    doubt: tuple[float, float]
    fast: float
    single: Trees
    trees: Trees
    meaning: Meaning | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        return self.linear.heads

    def hear(self, message: Array, parts: Sequence[Array]) -> Array:
        """What decides: the heads' logits of the message, the loudest of its parts for each head, and how risky the
        riskiest part is by itself. Without the parts a routine question drowns the alarm beside it."""
        each = np.stack(parts) if parts else message[None]
        return np.concatenate([message, each.max(axis=0), [self.single.logits(each).max()]], dtype=np.float32)


def probability(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def logit(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def save(model: Model, path: Path, fingerprint: str) -> None:
    """Whole or not at all."""
    linear = model.linear
    content: dict[str, Any] = {
        "format": np.array([FORMAT]),
        "fingerprint": packed([fingerprint]),
        "heads": packed(linear.heads),
        "features": packed(sorted(linear.index, key=linear.index.__getitem__)),
        "known": packed(sorted(linear.known)),
        "idf": linear.idf,
        "weights": linear.weights.astype(np.float16),
        "bias": linear.bias,
        "slope": linear.slope,
        "offset": linear.offset,
        "thresholds": np.array([model.thresholds[head] for head in linear.heads], dtype=np.float32),
        "doubt": np.array([*model.doubt, model.fast], dtype=np.float32),
        **_stored("single", model.single),
        **_stored("trees", model.trees),
    }
    if model.meaning is not None:
        content |= {
            "meaning_hidden": model.meaning.networks.hidden.astype(np.float16),
            "meaning_hidden_bias": model.meaning.networks.hidden_bias,
            "meaning_weights": model.meaning.networks.weights.astype(np.float16),
            "meaning_bias": model.meaning.networks.bias,
            "meaning_mix": model.meaning.mix,
            **_stored("meaning_trees", model.meaning.trees),
        }
    arrays.save(path, content, compress=True)


def _stored(name: str, trees: Trees) -> dict[str, Any]:
    return {f"{name}_{part.name}": np.asarray(getattr(trees, part.name)) for part in fields(Trees)}


def _trees(name: str, stored: Mapping[str, Any]) -> Trees:
    parts = {part.name: stored[f"{name}_{part.name}"] for part in fields(Trees)}
    return Trees(**(parts | {"start": float(parts["start"])}))


def load(path: Path) -> Model:
    """Raises Unreadable."""
    with arrays.opened(path) as stored:
        if int(stored["format"][0]) != FORMAT:
            raise Unreadable(path.name)
        heads = tuple(unpacked(stored["heads"]))
        found = unpacked(stored["features"])
        linear = Linear(
            heads=heads,
            index={feature: row for row, feature in enumerate(found)},
            idf=stored["idf"],
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"],
            slope=stored["slope"],
            offset=stored["offset"],
            known=frozenset(unpacked(stored["known"])),
        )
        low, high, fast = (float(value) for value in stored["doubt"])
        meaning = None
        if "meaning_mix" in stored:
            parts = ("hidden", "hidden_bias", "weights", "bias")
            networks = Networks(*(stored[f"meaning_{part}"].astype(np.float32) for part in parts))
            meaning = Meaning(networks, stored["meaning_mix"], _trees("meaning_trees", stored))
        thresholds = dict(zip(heads, map(float, stored["thresholds"]), strict=True))
        single, together = _trees("single", stored), _trees("trees", stored)
        return Model(linear, thresholds, (low, high), fast, single, together, meaning)


def fingerprint_of(path: Path) -> str:
    """What the stored model was made from, "" when there is none that can be read."""
    try:
        with arrays.opened(path) as stored:
            return unpacked(stored["fingerprint"])[0] if int(stored["format"][0]) == FORMAT else ""
    except Unreadable:
        return ""
