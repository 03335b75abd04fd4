"""Links between conversations in one process' memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence


class MemoryLinks:
    """Implements ports.Links."""

    def __init__(self) -> None:
        self._groups: dict[str, frozenset[str]] = {}

    async def of(self, key: str) -> Sequence[str]:
        return sorted(self._groups.get(key, frozenset()) - {key})

    async def link(self, key: str, other: str, by: str) -> None:
        both = {key, other} | self._groups.get(key, frozenset()) | self._groups.get(other, frozenset())
        for member in both:
            self._groups[member] = frozenset(both)

    async def unlink(self, key: str, other: str) -> None:
        if other in self._groups.get(key, frozenset()) and other != key:
            left = self._groups.pop(other) - {other}
            for member in left:
                self._groups[member] = left
