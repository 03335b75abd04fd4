"""Learns the intent classifier of `model.py` from examples, with scikit-learn.

Whatever needs a measure of itself (how sharp a probability is, below which one a message is out of scope, how much the
encoder's word weighs) is learned from messages that the classifier which scored them had not seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.nlu.features import Patterns, alike, clean, pieces, words
from bot.nlu.model import STATIC, TINY, Block, IntentModel, Meaning, clarity, softmax
from bot.nlu.vectors import Array, StaticVectors

if TYPE_CHECKING:  # it brings spaCy, which this package does not need
    from bot.triage.screen import Encoder

PENALTY = 0.7  # LinearSVC's C
TOLERANCE = 0.01  # the same predictions as at 0.0001, sooner
# Over sentence vectors, which lie close together. With few examples an intent logistic regression beats LinearSVC there
# by half a point to one, with many it is level and sooner; it need not converge for that.
MEANING_PENALTY, MEANING_STEPS = 300.0, 200
FOLDS = 5
ENOUGH = 2_000  # messages scored unseen: more would not measure better
# The encoder is asked about three times as many messages as the fast part got wrong, the least clear ones: more helped
# BANKING77 neither with all its examples nor with ten an intent.
ASKED_FOR_ONE_WRONG = 3.0
ASKED_LEAST, ASKED_MOST = 0.15, 0.75  # shares of what is in scope

Rows = npt.NDArray[np.int64]
Step = Callable[[str], None]
Fit = Callable[[csr_matrix | Array, Rows], LinearSVC | LogisticRegression]


@dataclass(frozen=True)
class Tuning:
    """What config.yml may set. `answered`: the share of what is in scope that must stay above the threshold. `static`:
    how much static word vectors weigh beside words and pieces; they know English best, and help most where an intent
    has few examples."""

    answered: float = 0.95
    static: float = STATIC

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Tuning:
        """Other keys are ignored. Raises ValueError that names the key and the fix."""
        chosen = {}
        for key, least, most in (("answered", 0.5, 1.0), ("static", 0.0, 4.0)):
            value = config.get(key, getattr(cls, key))
            if isinstance(value, bool) or not isinstance(value, float | int) or not least <= value <= most:
                raise ValueError(f"{key} is {value!r}. Write a number from {least:g} to {most:g}.")
            chosen[key] = float(value)
        return cls(**chosen)


USUAL = Tuning()


def learn(
    texts: Sequence[str],
    intents: Sequence[str],
    static: StaticVectors,
    encoder: Encoder | None = None,
    *,
    patterns: Patterns = (),
    tuning: Tuning = USUAL,
    step: Step = lambda what: None,
) -> IntentModel:
    """Needs two intents, each with two examples or more. `step` is told what begins."""
    names = tuple(sorted(set(intents)))
    truth = np.array([names.index(intent) for intent in intents], dtype=np.int64)
    step("reading words")
    matrix, word_block, piece_block = _matrix(texts, static, patterns, tuning.static)
    step("learning")
    weights, bias = _fit(matrix, truth, len(names), _over_words)
    checked, margins = _unseen(matrix, truth, len(names), _over_words, step)
    sharpness = _fitted([margins], truth[checked])[0]
    unseen = clarity(softmax(sharpness * margins))
    model = IntentModel(
        intents=names, word_block=word_block, piece_block=piece_block, weights=weights, bias=bias,
        sharpness=sharpness, threshold=float(np.quantile(unseen, 1 - tuning.answered)), patterns=patterns,
        static=tuning.static,
    )  # fmt: skip
    if encoder is None:
        return model
    step("reading meaning")
    vectors = encoder.vectors(texts)
    again, own = _unseen(vectors, truth, len(names), _over_meaning, step)
    assert np.array_equal(again, checked)
    fast, sharp = _fitted([margins, own], truth[checked])
    wrong = float(np.mean(margins.argmax(axis=1) != truth[checked]))
    below = float(np.quantile(unseen, min(ASKED_MOST, max(ASKED_LEAST, ASKED_FOR_ONE_WRONG * wrong))))
    both = clarity(softmax(fast * margins + sharp * own))
    meaning = Meaning(*_fit(vectors, truth, len(names), _over_meaning), fast, sharp, below)
    decided = np.where(unseen < below, both, unseen)
    return IntentModel(
        **{**vars(model), "meaning": meaning, "sharp_threshold": float(np.quantile(decided, 1 - tuning.answered))}
    )


def _matrix(
    texts: Sequence[str], static: StaticVectors, patterns: Patterns, weight: float
) -> tuple[csr_matrix, Block, Block]:
    shaped = [clean(text) for text in texts]
    blocks, parts = [], []
    for analyzer in (lambda text: words(text, patterns), pieces):
        vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, dtype=np.float32)
        parts.append(vectorizer.fit_transform(shaped))
        blocks.append(Block(vectorizer.vocabulary_, vectorizer.idf_.astype(np.float32)))
    parts.append(csr_matrix(weight * np.stack([static.of(alike(text)) for text in shaped])))
    return hstack(parts).tocsr(), *blocks


def _over_words(matrix: csr_matrix | Array, truth: Rows) -> LinearSVC:
    return LinearSVC(C=PENALTY, tol=TOLERANCE).fit(matrix, truth)


def _over_meaning(vectors: csr_matrix | Array, truth: Rows) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=MEANING_PENALTY, max_iter=MEANING_STEPS).fit(vectors, truth)


def _fit(matrix: csr_matrix | Array, truth: Rows, classes: int, fit: Fit) -> tuple[Array, Array]:
    """One column of weights and one bias an intent; an intent that is not among the rows is never chosen."""
    fitted = fit(matrix, truth)
    weights, bias = fitted.coef_.T, fitted.intercept_
    if len(fitted.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    full = np.zeros((matrix.shape[1], classes), dtype=np.float32)
    offset = np.full(classes, -1.0, dtype=np.float32)
    full[:, fitted.classes_] = weights
    offset[fitted.classes_] = bias
    return full, offset


def _folds(truth: Rows) -> Iterator[tuple[Rows, Rows]]:
    """As many as give enough messages."""
    seen = 0
    for train, rest in StratifiedKFold(min(FOLDS, np.bincount(truth).min()), shuffle=True, random_state=7).split(
        np.zeros(len(truth)), truth
    ):
        yield train, rest
        seen += len(rest)
        if seen >= ENOUGH:
            return


def _unseen(matrix: csr_matrix | Array, truth: Rows, classes: int, fit: Fit, step: Step) -> tuple[Rows, Array]:
    """Rows, and their margins by a classifier that had not seen them."""
    rows, margins = [], []
    for number, (train, rest) in enumerate(_folds(truth), 1):
        step(f"checking, part {number}")
        weights, bias = _fit(matrix[train], truth[train], classes, fit)
        rows.append(rest)
        margins.append(matrix[rest] @ weights + bias)
    return np.concatenate(rows), np.concatenate(margins).astype(np.float32)


def _fitted(margins: Sequence[Array], truth: Rows) -> tuple[float, ...]:
    """How much each opinion weighs, so that the probabilities are the likeliest for what was true."""

    def loss(logs: npt.NDArray[np.float64]) -> float:
        total = sum(np.exp(log) * each for log, each in zip(logs, margins, strict=True))
        return float(-np.log(softmax(total)[np.arange(len(truth)), truth] + TINY).mean())

    best = minimize(loss, np.log(np.full(len(margins), 4.0)), method="Nelder-Mead")
    return tuple(float(weight) for weight in np.exp(best.x))
