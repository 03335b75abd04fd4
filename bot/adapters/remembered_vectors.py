"""An encoder that reads no text twice: training again after an edit then takes seconds instead of minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot import arrays
from bot.arrays import packed, unpacked
from bot.triage.model import Array
from bot.triage.screen import Encoder


class RememberedVectors:
    """Implements triage's Encoder over another one; what that has read rests in a file. Only digests of the texts are
    kept beside their vectors. A file that can't be read, or that another encoder made, is made anew."""

    def __init__(self, encoder: Encoder, path: Path) -> None:
        self._encoder = encoder
        self._path = path
        self.name = encoder.name
        self.dimension = encoder.dimension

    def vector(self, text: str) -> Array:
        return self._encoder.vector(text)

    def vectors(self, texts: Sequence[str]) -> Array:
        known = self._read()
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        unread = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if unread:
            known.update(zip(unread, self._encoder.vectors(list(unread.values())), strict=True))
            # Only what was asked for now stays: texts that were edited away do not pile up.
            self._write({key: known[key] for key in dict.fromkeys(keys)})
        return np.stack([known[key] for key in keys]).astype(np.float32)

    def _read(self) -> dict[str, Array]:
        try:
            with arrays.opened(self._path) as kept:
                maker, keys, vectors = unpacked(kept["maker"]), unpacked(kept["keys"]), kept["vectors"]
        except arrays.Unreadable:
            return {}
        if maker != [self.name] or vectors.shape != (len(keys), self.dimension):
            return {}
        return dict(zip(keys, vectors, strict=True))

    def _write(self, known: dict[str, Array]) -> None:
        vectors = np.stack(list(known.values()))
        arrays.save(self._path, {"maker": packed((self.name,)), "keys": packed(tuple(known)), "vectors": vectors})
