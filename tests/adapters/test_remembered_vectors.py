from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.remembered_vectors import RememberedVectors
from bot.triage.model import Array


class Counting:
    name = "counting"
    dimension = 2

    def __init__(self) -> None:
        self.read: list[str] = []

    def vector(self, text: str) -> Array:
        return self.vectors([text])[0]

    def vectors(self, texts: Sequence[str]) -> Array:
        self.read += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_no_text_is_read_twice_and_the_order_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    RememberedVectors(Counting(), path).vectors(["a", "bb", "a"])
    again = Counting()
    found = RememberedVectors(again, path).vectors(["ccc", "bb", "a"])
    assert again.read == ["ccc"]
    assert found.tolist() == [[3, 1], [2, 1], [1, 1]]


def test_what_another_encoder_read_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    RememberedVectors(Counting(), path).vectors(["a"])
    other = Counting()
    other.name = "another"
    RememberedVectors(other, path).vectors(["a"])
    assert other.read == ["a"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"what"])
def test_a_file_that_cannot_be_read_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(content)
    assert RememberedVectors(Counting(), path).vectors(["a"]).tolist() == [[1, 1]]
    assert RememberedVectors(again := Counting(), path).vectors(["a"]).tolist() == [[1, 1]]
    assert again.read == []
