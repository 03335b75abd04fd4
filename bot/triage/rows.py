"""The training messages as rows of features, on every core: for all of them what `model.Linear.score` does for one."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.parallel import Parallel, delayed

from bot.triage.features import features
from bot.triage.model import Array
from bot.triage.normal import words
from bot.triage.scope import split

CHUNK = 20_000  # texts
SEEN_AT_LEAST = 3  # messages that a feature must be in

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Read:
    """`whole`: a row a text; `parts`: a row for each part of a text, whose number is in `owners`. `index` leads from a
    feature to its column, `idf` is how rare it is."""

    index: Mapping[str, int]
    idf: Array
    whole: csr_matrix
    parts: csr_matrix
    owners: Rows


def known_words(texts: Sequence[str]) -> frozenset[str]:
    """Words that exist: what a disguise may turn out to be."""
    counts: Counter[str] = Counter()
    for counted in Parallel(n_jobs=-1)(delayed(_words_of)(chunk) for chunk in _chunks(texts)):
        counts.update(counted)
    return frozenset(word for word, count in counts.items() if count > 1 and word.isalpha())


def read(texts: Sequence[str], known: frozenset[str], written: int) -> Read:
    """Which features there are and how rare they are is learned from the first `written` texts."""
    counted = Parallel(n_jobs=-1)(delayed(_count)(chunk, known) for chunk in _chunks(texts))
    index: dict[str, int] = {}
    for found, *_ in counted:
        for feature in found:
            index.setdefault(feature, len(index))
    texts_with, before = np.zeros(len(index), dtype=np.int64), 0
    for found, matrix, _, many in counted:
        columns = np.fromiter(map(index.__getitem__, found), dtype=np.int64)
        texts_with[columns] += matrix[: max(0, min(many, written - before))].getnnz(axis=0)
        before += many
    names = np.array(list(index), dtype=object)
    often = np.flatnonzero(texts_with >= SEEN_AT_LEAST)
    often = often[np.argsort(names[often])]  # the same order however many chunks there were
    kept = {name: column for column, name in enumerate(names[often].tolist())}
    wholes, parts, owners, before = [], [], [], 0
    while counted:  # which are large: none stays longer than it has to
        found, matrix, theirs, many = counted.pop(0)
        columns = np.array([kept.get(feature, -1) for feature in found], dtype=np.int32)
        matrix = matrix[:, columns >= 0]
        indices = columns[columns >= 0][matrix.indices]
        every = csr_matrix((matrix.data, indices, matrix.indptr), (matrix.shape[0], len(kept)))
        wholes.append(every[:many])
        parts.append(every[many:])
        owners.append(theirs + before)
        before += many
    whole, beside = vstack(wholes, format="csr"), vstack(parts, format="csr")
    weigh = TfidfTransformer(sublinear_tf=True).fit(whole[:written])
    return Read(
        index=kept,
        idf=weigh.idf_.astype(np.float32),
        whole=weigh.transform(whole),
        parts=weigh.transform(beside) if beside.shape[0] else beside,
        owners=np.concatenate(owners),
    )


def _chunks(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]


def _words_of(texts: Sequence[str]) -> Counter[str]:
    """In how many of the texts a word is."""
    return Counter(word for text in texts for word in {word.text for word in words(text)})


def _count(texts: Sequence[str], known: frozenset[str]) -> tuple[list[str], csr_matrix, Rows, int]:
    """The features by column, the counts of texts and then of their parts, whose part each is, and how many texts."""
    said = [words(text, known.__contains__) for text in texts]
    parts = [(row, part) for row, each in enumerate(said) for part in split(each)]
    index: defaultdict[str, int] = defaultdict(lambda: len(index))
    columns, ends = array("i"), [0]
    for each in (*said, *(part for _, part in parts)):
        columns.extend([index[feature] for feature, _ in features(each)])
        ends.append(len(columns))
    # scikit-learn's CountVectorizer takes 1.7 times as long.
    ones = np.ones(len(columns), dtype=np.float32)
    matrix = csr_matrix((ones, np.asarray(columns), ends), (len(ends) - 1, len(index)))
    matrix.sum_duplicates()
    return list(index), matrix, np.array([row for row, _ in parts], dtype=np.int64), len(said)
