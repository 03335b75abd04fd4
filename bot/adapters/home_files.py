"""Searches the files of an installation for what belongs to a customer, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.core.needles import Needles, Search, Trace

CHUNK = 4 * 1024 * 1024
NOT_OURS = frozenset({"models"})  # trained before any customer wrote


class HomeFiles:
    """Implements customer_ports.SearchedFiles over SIGAP_HOME: the embedded server's files, the archive, logs."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def search(self, needles: Needles) -> Sequence[Trace]:
        search, traces = Search(needles), set()
        for path in self._files():
            for chunk in _chunks(path, search.longest + 1):
                traces |= {Trace(str(path), one) for one in search(chunk)}
        return sorted(traces)

    def _files(self) -> Iterator[Path]:
        for path in sorted(self._home.rglob("*")):
            if path.relative_to(self._home).parts[0] not in NOT_OURS and path.is_file():
                yield path


def _chunks(path: Path, overlap: int) -> Iterator[bytes]:
    """With the end of each before the next, so that nothing hides between two."""
    before = b""
    try:
        with path.open("rb") as file:
            while read := file.read(CHUNK):
                yield before + read
                before = (before + read)[-overlap:] if overlap else b""
    except OSError:
        return  # a socket, or gone meanwhile
