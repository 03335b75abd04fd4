"""Trained models on disk: arrays of numbers and lines of text, in numpy's format. Nothing in one is ever executed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

# Whatever numpy, zipfile and zlib say to a damaged file.
DAMAGE = (
    OSError, ValueError, KeyError, EOFError, IndexError, AttributeError, RuntimeError, BadZipFile, zlib.error,
)  # fmt: skip


class Unreadable(Exception):
    """The file is missing, damaged, or from another version: train again."""


def save(path: Path, arrays: Mapping[str, Any], *, compress: bool = False) -> None:
    """Whole or not at all."""
    made = path.with_suffix(".part.npz")
    (np.savez_compressed if compress else np.savez)(made, **arrays)
    made.replace(path)


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[Mapping[str, Any]]:
    """The arrays by name, read as they are asked for. Raises Unreadable, also for what the block misses in it."""
    try:
        with np.load(source, allow_pickle=False) as stored:
            yield stored
    except DAMAGE as error:
        raise Unreadable(getattr(source, "name", "model")) from error


def packed(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Lines of text as an array."""
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def unpacked(array: npt.NDArray[np.uint8]) -> list[str]:
    return array.tobytes().decode().split("\n") if array.size else []
