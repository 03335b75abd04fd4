"""Learns the classifier of `model.py` from the training messages, with scikit-learn.

Everything that needs a measure of itself (calibration, thresholds, the weight of the encoder) is learned from messages
that the classifier which scored them had not seen: each fifth of the examples is scored by a classifier of the other
four.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.parallel import Parallel, delayed

from bot.triage.examples import Example
from bot.triage.joining import join
from bot.triage.lists import RISKY, WORDS, Label
from bot.triage.model import (
    BOUND,
    DEEPEST,
    INDONESIAN,
    RISK,
    Array,
    Linear,
    Meaning,
    Model,
    Networks,
    Trees,
    heard,
    logit,
    probability,
)
from bot.triage.rows import Read, Rows, known_words, read
from bot.triage.screen import Encoder
from channels.errors import SettingsError

FOLDS = 5
JOINED = 12_000  # pairs of messages, for the trees
PENALTY = 0.6  # LinearSVC's C
ENOUGH = 0.01  # LinearSVC's tolerance: a hundredth of it takes twice the rounds and changes no decision
# The network over sentence vectors: wider, deeper and longer ones were no better on messages that they had not seen.
HIDDEN, ROUNDS, DECAY = 512, 20, 0.01
TREES = 200  # that decide together; more were no better
SPREAD = 10.0  # sentence vectors lie close together: away from their middle, and so much apart, a network learns faster
# Of the training messages that are no risk, many of which look alarming: the share held back by classifiers that had
# not seen them. docs/evaluation.md has the share of messages from elsewhere.
MOST_HELD_BACK = 0.055
DOUBTFUL = 0.04  # share of the examples, which are harder than what customers write, that the encoder is asked about
MOST_READ = 8_000  # examples that the encoder reads: all the doubtful ones, and others: two minutes, the first time
REMARK = 0.75  # what is no risk must be likely: silence towards spam must not meet a customer

Flags = npt.NDArray[np.int8]
Folds = Sequence[tuple[Rows, Rows]]  # to learn from, and held out
Step = Callable[[str], None]


def fingerprint(paths: Iterable[Path], encoder: bool) -> str:
    """What a model depends on: the files, this package's code, and whether there is an encoder."""
    digest = hashlib.sha256(f"{encoder}".encode())
    for path in sorted((*paths, *Path(__file__).parent.glob("*.py"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def train(
    examples: Sequence[Example], labels: Mapping[str, Label], encoder: Encoder | None, step: Step = lambda what: None
) -> Model:
    """`step` is told what begins. Takes some minutes, and with an encoder what it needs for the examples."""
    heads = (*(name for name, label in labels.items() if label.from_ == WORDS), RISK, INDONESIAN)
    risky = frozenset(name for name, label in labels.items() if label.severity >= RISKY)
    flags = _flags(examples, heads, risky)
    _complete(flags, heads)
    risk = heads.index(RISK)
    step("reading words")
    written = len(examples)
    examples, folds = _with_pairs(examples, flags[:, risk] > 0, _folds(flags))
    flags = np.concatenate([flags, _flags(examples[written:], heads, risky)])
    texts = [example.text for example in examples]
    known = known_words(texts[:written])
    said = read(texts, known, written)
    (weights, bias), margins, of_parts = _held_out(said, flags, folds, step)
    slope, offset = _calibrate(margins[:written], flags[:written])
    logits, apart = (np.clip(slope * each + offset, -BOUND, BOUND).astype(np.float32) for each in (margins, of_parts))
    loudest = _loudest(logits, apart, said.owners)
    risks = [number for number, head in enumerate(heads) if head in risky or number == risk]
    linear = Linear(
        heads=heads, index=said.index, idf=said.idf, weights=weights, bias=bias, slope=slope, offset=offset,
        known=known,
    )  # fmt: skip
    step("weighing the words")
    truth = flags[:, risk].astype(bool)
    single, verdict = _of_parts(logits, apart, said.owners, truth, written, folds)
    said_of = np.concatenate([logits, loudest, verdict], axis=1)  # as Model.hear for one message
    trees, alone = _decided(said_of, truth, folds)
    # Pairs have taught the trees: from here on only what was written counts.
    alone, truth, flags = alone[:written], truth[:written], flags[:written]
    fast = _threshold(alone, truth, MOST_HELD_BACK)
    doubt = _doubt(alone, logit(fast))
    thresholds = _thresholds(heard(logits[:written], loudest[:written], risks), flags, heads, risky)
    if encoder is None:
        return Model(linear, thresholds, doubt, fast, single, trees)
    step("reading meaning")
    chosen = _chosen(alone, doubt)
    meaning, together = _meaning([examples[row] for row in chosen], encoder, said_of[chosen], flags[chosen], risk, step)
    # What is plain stays as the linear model has it; the encoder decides about the rest.
    low, high = map(logit, doubt)
    decided = np.where(alone >= high, BOUND, np.where(alone <= low, -BOUND, alone))
    inside = (alone[chosen] > low) & (alone[chosen] < high)
    decided[chosen[inside]] = together[inside]
    thresholds[RISK] = _threshold(decided, truth, MOST_HELD_BACK)
    return Model(linear, thresholds, doubt, fast, single, trees, meaning)


def _with_pairs(
    examples: Sequence[Example], risk: npt.NDArray[np.bool_], folds: Folds
) -> tuple[Sequence[Example], Folds]:
    """The examples, and behind them pairs of them: each pair is held out with the two that it is made of, and no fold
    learns from one."""
    every, rows_of = list(examples), []
    for train_rows, rows in folds:
        pairs = join(examples, risk, rows, JOINED // FOLDS)
        rows_of.append((train_rows, np.concatenate([rows, np.arange(len(every), len(every) + len(pairs))])))
        every += pairs
    return every, rows_of


def _loudest(logits: Array, apart: Array, owners: Rows) -> Array:
    """In each column the loudest of an example's parts; the whole where it has none."""
    loudest = np.full_like(logits, -BOUND)
    np.maximum.at(loudest, owners, apart)
    whole = ~np.isin(np.arange(len(logits)), owners)
    loudest[whole] = logits[whole]
    return loudest


def _of_parts(
    logits: Array, apart: Array, owners: Rows, truth: npt.NDArray[np.bool_], written: int, folds: Folds
) -> tuple[Trees, Array]:
    """Trees that judge one text by itself, and what such trees, that had not seen an example, say of its riskiest
    part. `written`: how many of the examples are no pairs."""
    whole = np.zeros((len(logits), 1), dtype=np.float32)
    each = np.zeros((len(apart), 1), dtype=np.float32)
    for train_rows, rows in folds:
        single = _grow(logits[train_rows], truth[train_rows])
        whole[rows, 0] = single.logits(logits[rows])
        theirs = np.flatnonzero(np.isin(owners, rows))
        each[theirs, 0] = single.logits(apart[theirs])
    return _grow(logits[:written], truth[:written]), _loudest(whole, each, owners)


def _decided(said: Array, truth: npt.NDArray[np.bool_], folds: Folds) -> tuple[Trees, Array]:
    """The trees, and what trees that had not seen an example say of it."""
    alone = np.zeros(len(truth), dtype=np.float32)
    for _, rows in folds:
        others = np.setdiff1d(np.arange(len(truth)), rows)
        alone[rows] = _grow(said[others], truth[others]).logits(said[rows])
    return _grow(said, truth), alone


def _grow(said: Array, truth: npt.NDArray[np.bool_]) -> Trees:
    grown = HistGradientBoostingClassifier(
        learning_rate=0.06, max_iter=TREES, max_leaf_nodes=31, max_depth=DEEPEST, l2_regularization=1.0,
        early_stopping=False, random_state=7,
    ).fit(said, truth)  # fmt: skip
    # scikit-learn's own way takes a message a millisecond, and it tells the nodes nowhere else.
    each = [predictor.nodes for (predictor,) in grown._predictors]
    sizes = np.array([len(nodes) for nodes in each])
    roots = np.cumsum(sizes) - sizes
    nodes, begins, own = np.concatenate(each), np.repeat(roots, sizes), np.arange(sizes.sum())
    leaf = nodes["is_leaf"] > 0
    return Trees(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int16),
        threshold=np.where(leaf, 0, nodes["num_threshold"]).astype(np.float32),
        left=np.where(leaf, own, begins + nodes["left"]).astype(np.int32),
        right=np.where(leaf, own, begins + nodes["right"]).astype(np.int32),
        value=nodes["value"].astype(np.float32),
        start=float(grown._baseline_prediction.ravel()[0]),
    )


def _chosen(logits: Array, doubt: tuple[float, float]) -> Rows:
    """What the encoder reads: all that it would be asked about, and others, up to MOST_READ."""
    low, high = map(logit, doubt)
    doubtful = np.flatnonzero((logits > low) & (logits < high))
    others = np.setdiff1d(np.arange(len(logits)), doubtful)
    some = np.random.default_rng(7).permutation(others)[: max(0, MOST_READ - len(doubtful))]
    return np.concatenate([doubtful, some])


def _complete(flags: Flags, heads: Sequence[str]) -> None:
    """Raises SettingsError for a label that nothing was written for: its classifier could not learn."""
    for number, head in enumerate(heads):
        if flags[:, number].sum() < FOLDS:
            raise SettingsError(
                f"data/triage/training/{head}.*.txt", "has too few messages", f"Write {FOLDS} or more, better hundreds"
            )


def _flags(examples: Sequence[Example], heads: Sequence[str], risky: frozenset[str]) -> Flags:
    flags = np.zeros((len(examples), len(heads)), dtype=np.int8)
    for row, example in enumerate(examples):
        for label in example.labels:
            flags[row, heads.index(label)] = 1
        flags[row, heads.index(RISK)] = bool(example.labels & risky)
        flags[row, heads.index(INDONESIAN)] = example.language == "id"
    return flags


def _fit(matrix: csr_matrix, flag: Flags) -> LinearSVC:
    weight = "balanced" if flag.mean() < 0.3 else None
    classifier = LinearSVC(C=PENALTY, class_weight=weight, tol=ENOUGH, random_state=7)
    return classifier.fit(matrix, flag)


def _fit_all(matrix: csr_matrix, flags: Flags) -> tuple[Array, Array]:
    """One head a process: a label's classifier knows nothing of the others."""
    matrix = matrix.astype(np.float64)  # as LinearSVC wants it: the processes share it, and cannot write to it
    matrix.sort_indices()
    fitted = Parallel(n_jobs=-1)(delayed(_fit)(matrix, flags[:, head]) for head in range(flags.shape[1]))
    weights = np.stack([one.coef_[0] for one in fitted], axis=1).astype(np.float32)
    return weights, np.array([one.intercept_[0] for one in fitted], dtype=np.float32)


def _folds(flags: Flags) -> Folds:
    # By the rarest label that a message carries, so that every fold has some of each.
    rarity = flags.sum(axis=0)
    kind = [int(min(np.flatnonzero(row), key=rarity.__getitem__, default=-1)) for row in flags]
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=7)
    return list(splitter.split(np.zeros(len(kind)), kind))


def _held_out(said: Read, flags: Flags, folds: Folds, step: Step) -> tuple[tuple[Array, Array], Array, Array]:
    """The classifiers' weights and biases; and the margins of examples, and of their parts, by classifiers that had
    seen neither."""
    margins = np.zeros(flags.shape, dtype=np.float32)
    of_parts = np.zeros((said.parts.shape[0], flags.shape[1]), dtype=np.float32)
    # Their mean is as sharp as one that has seen everything (docs/evaluation.md), and costs no further round.
    mean, middle = np.zeros((said.whole.shape[1], flags.shape[1]), np.float32), np.zeros(flags.shape[1], np.float32)
    for number, (train_rows, rows) in enumerate(folds, 1):
        step(f"learning from words, {number} of {FOLDS}")
        weights, bias = _fit_all(said.whole[train_rows], flags[train_rows])
        margins[rows] = said.whole[rows] @ weights + bias
        theirs = np.flatnonzero(np.isin(said.owners, rows))
        of_parts[theirs] = said.parts[theirs] @ weights + bias
        mean += weights / FOLDS
        middle += bias / FOLDS
    return (mean, middle), margins, of_parts


def _calibrate(margins: Array, flags: Flags) -> tuple[Array, Array]:
    """Platt's sigmoid, one a head."""
    slope, offset = np.ones(flags.shape[1], dtype=np.float32), np.zeros(flags.shape[1], dtype=np.float32)
    for head in range(flags.shape[1]):
        fitted = LogisticRegression(C=100).fit(margins[:, [head]], flags[:, head])
        slope[head], offset[head] = fitted.coef_[0, 0], fitted.intercept_[0]
    return slope, offset


def _meaning(
    examples: Sequence[Example], encoder: Encoder, said_of: Array, flags: Flags, risk: int, step: Step
) -> tuple[Meaning, Array]:
    """`said_of`: what the trees see without the encoder. `risk`: the number of the head of any risk. The second: each
    example's risk."""
    vectors = encoder.vectors([example.text for example in examples])
    own = np.zeros(flags.shape, dtype=np.float32)
    fitted = []
    folds = _folds(flags)
    for number, (train_rows, rows) in enumerate(folds, 1):
        step(f"learning from meaning, {number} of {FOLDS}")
        one = _fit_network(vectors[train_rows], flags[train_rows])
        own[rows] = one.logits(vectors[rows])
        fitted.append(one)
    # Together they are sharper than one that has seen everything.
    networks = Networks(*(np.concatenate(parts) for parts in zip(*map(astuple, fitted), strict=True)))
    mix = np.zeros((3, flags.shape[1]), dtype=np.float32)
    for head in range(flags.shape[1]):
        both = np.stack([said_of[:, head], own[:, head]], axis=1)
        weighed = LogisticRegression(C=1.0).fit(both, flags[:, head])
        mix[:, head] = (*weighed.coef_[0], weighed.intercept_[0])
    said, truth = np.concatenate([said_of, own], axis=1), flags[:, risk].astype(bool)
    together = np.zeros(len(truth), dtype=np.float32)
    for train_rows, rows in folds:
        together[rows] = _grow(said[train_rows], truth[train_rows]).logits(said[rows])
    return Meaning(networks, mix, _grow(said, truth)), together


def _fit_network(vectors: Array, flags: Flags) -> Networks:
    """One. That vectors are moved and spread is part of its first weights."""
    middle = vectors.mean(axis=0)
    classifier = MLPClassifier((HIDDEN,), alpha=DECAY, max_iter=ROUNDS, batch_size=256, random_state=7)
    with warnings.catch_warnings():  # it stops after so many rounds on purpose
        warnings.simplefilter("ignore", ConvergenceWarning)
        network = classifier.fit((vectors - middle) * SPREAD, flags)
    (hidden, weights), (hidden_bias, bias) = network.coefs_, network.intercepts_
    hidden = hidden * SPREAD
    parts = (hidden, hidden_bias - middle @ hidden, weights, bias)
    return Networks(*(each[None].astype(np.float32) for each in parts))


def _doubt(logits: Array, threshold: float) -> tuple[float, float]:
    """The band around the decision that holds the DOUBTFUL share of the examples."""
    width = float(np.quantile(np.abs(logits - threshold), DOUBTFUL))
    return probability(threshold - width), probability(threshold + width)


def _threshold(logits: Array, truth: npt.NDArray[np.bool_], share: float) -> float:
    """As low as the share of harmless messages held back allows."""
    return probability(float(np.quantile(logits[~truth], 1 - share)))


def _thresholds(logits: Array, flags: Flags, heads: Sequence[str], risky: frozenset[str]) -> dict[str, float]:
    found = {}
    for number, head in enumerate(heads):
        truth = flags[:, number].astype(bool)
        found[head] = _best_f1(logits[:, number], truth)
        if head not in risky and head != RISK:
            found[head] = max(found[head], REMARK)
    return found


def _best_f1(logits: Array, truth: npt.NDArray[np.bool_]) -> float:
    best, at = 0.0, 0.5
    for chance in np.linspace(0.1, 0.9, 33):
        flagged = logits >= logit(chance)
        hits = float((flagged & truth).sum())
        score = 2 * hits / (flagged.sum() + truth.sum()) if hits else 0.0
        if score > best:
            best, at = score, float(chance)
    return at
