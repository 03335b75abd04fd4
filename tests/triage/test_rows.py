"""Reading on every core gives what scikit-learn's own vectorizer gives in one piece."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.triage import rows
from bot.triage.features import features
from bot.triage.normal import words
from bot.triage.scope import split

TEXTS = [
    f"{opening} {thing}{mark} {close}"
    for opening in ("where is my", "I lost the", "mana", "b4tal")
    for thing in ("parcel", "card", "kartu saya", "uang")
    for mark, close in ((",", "please help"), (".", "Thanks a lot!"), ("", "kak"))
]


def test_known_words_are_in_more_than_one_text() -> None:
    assert {"parcel", "kartu", "thanks"} <= rows.known_words(TEXTS)
    assert "once" not in rows.known_words([*TEXTS, "once"])


@pytest.mark.parametrize("chunk", [7, 1_000])
def test_rows_are_those_of_one_vectorizer(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(rows, "CHUNK", chunk)
    known = rows.known_words(TEXTS)
    written = len(TEXTS) - 5
    read = rows.read(TEXTS, known, written)
    said = [words(text, known.__contains__) for text in TEXTS]
    own = TfidfVectorizer(
        analyzer=lambda each: [feature for feature, _ in features(each)], sublinear_tf=True, dtype=np.float32,
        min_df=rows.SEEN_AT_LEAST,
    ).fit(said[:written])  # fmt: skip
    parts = [(row, part) for row, each in enumerate(said) for part in split(each)]
    assert read.index == own.vocabulary_
    assert np.allclose(read.idf, own.idf_)
    assert np.allclose(read.whole.toarray(), own.transform(said).toarray())
    assert np.allclose(read.parts.toarray(), own.transform([part for _, part in parts]).toarray())
    assert read.owners.tolist() == [row for row, _ in parts]
    assert read.parts.shape[0] > len(TEXTS)
