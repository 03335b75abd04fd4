"""Static word vectors: what words mean beside each other, learned once by others from very much text.

They are the weights in the wheel of wordllama (https://github.com/dleemiller/WordLlama, MIT): 32,000 pieces of words,
256 numbers each. Only its two data files are used, through safetensors and tokenizers: its own code asks for numpy 2.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Array = npt.NDArray[np.float32]

WEIGHTS = "weights/l2_supercat_256.safetensors"
PIECES = "tokenizers/l2_supercat_tokenizer_config.json"


class StaticVectors:
    """The mean vector of a text's pieces, of length one (zeros for an empty text)."""

    def __init__(self) -> None:
        folder = _folder()
        [table] = load_file(folder / WEIGHTS).values()
        self._table = table.astype(np.float32)
        self._tokenizer = Tokenizer.from_file(str(folder / PIECES))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    @property
    def dimension(self) -> int:
        return int(self._table.shape[1])

    def of(self, text: str) -> Array:
        rows = self._tokenizer.encode(text, add_special_tokens=False).ids
        if not rows:
            return np.zeros(self.dimension, dtype=np.float32)
        mean = self._table[rows].mean(axis=0)
        return cast(Array, mean / (float(np.sqrt(mean @ mean)) or 1.0))


def _folder() -> Path:
    """Where the wheel's files are. Raises ImportError when it is not installed."""
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("wordllama is not installed: run `make install`")
    return Path(next(iter(spec.submodule_search_locations)))
