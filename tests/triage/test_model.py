"""What the classifier is made of: the arrays say what scikit-learn's own objects say, also after having been stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.triage import model, training
from bot.triage.model import APART, BOUND, Networks, heard
from tests.scenarios.harness import TRAINED


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_trees_say_what_scikit_learn_says(random: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random.normal(0, 4, (2_000, 5)).astype(np.float32)
    truth = (rows[:, 0] > 1) ^ (rows[:, 3] * rows[:, 1] > 2)
    kept = []
    original = training.HistGradientBoostingClassifier.fit
    monkeypatch.setattr(
        training.HistGradientBoostingClassifier, "fit", lambda self, *data: kept.append(self) or original(self, *data)
    )
    trees = training._grow(rows, truth)
    said = np.clip(kept[0].decision_function(rows), -BOUND, BOUND)
    assert np.abs(trees.logits(rows) - said).max() < 1e-3
    assert np.mean((trees.logits(rows) > 0) == truth) > 0.95


def test_networks_say_the_same_of_one_as_of_many(random: np.random.Generator) -> None:
    shapes = ((3, 8, 6), (3, 6), (3, 6, 4), (3, 4))
    networks = Networks(*(random.normal(size=shape).astype(np.float32) for shape in shapes))
    vectors = random.normal(size=(5, 8)).astype(np.float32)
    together = networks.logits(vectors)
    assert together.shape == (5, 4)
    assert np.allclose(together, [networks.logits(vector) for vector in vectors], atol=1e-5)
    assert networks.logits(vectors[:0]).shape == (0, 4)


def test_a_message_is_no_fainter_than_its_loudest_part() -> None:
    message, loudest = (np.array(row, dtype=np.float32) for row in ([0, 5, 1], [4, 5, 9]))
    assert heard(message, loudest, [0, 1]).tolist() == [4 - APART, 5, 1], "only a risk is listened for"


def test_a_message_is_judged_with_its_loudest_and_its_riskiest_part() -> None:
    learned = model.load(TRAINED / "triage.npz")
    message, *parts = np.random.default_rng(3).normal(0, 4, (3, len(learned.heads))).astype(np.float32)
    verdicts = [learned.single.logits(part[None])[0] for part in parts]
    assert learned.hear(message, parts).tolist() == [*message, *np.maximum(*parts), max(verdicts)]
    alone = learned.hear(message, [])
    assert alone.tolist() == [*message, *message, learned.single.logits(message[None])[0]]


def test_what_was_learned_survives_the_disk(tmp_path: Path) -> None:
    learned = model.load(TRAINED / "triage.npz")
    model.save(learned, tmp_path / "again.npz", "print")
    again = model.load(tmp_path / "again.npz")
    assert model.fingerprint_of(tmp_path / "again.npz") == "print"
    rows = np.random.default_rng(2).normal(0, 4, (20, len(learned.heads))).astype(np.float32)
    assert (again.single.logits(rows) == learned.single.logits(rows)).all()
    heard = np.stack([learned.hear(row, []) for row in rows])
    assert (again.trees.logits(heard) == learned.trees.logits(heard)).all()
    assert again.thresholds == learned.thresholds
    assert (again.meaning is None) == (learned.meaning is None)
