"""What erasing, exporting and forgetting need from the places that hold what belongs to customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from bot.core.forgetting import Moments
from bot.core.needles import Needles, Trace


class Erased(msgspec.Struct, frozen=True):
    """What a place let go: how many pieces, and the position of the event stream at that moment. What has a later
    position is new."""

    pieces: int
    position: str


class LiveCustomers(Protocol):
    """The live store. Every method raises StoreUnavailable, `erase` also AlreadyErasing."""

    async def export(self, key: str) -> Mapping[str, Any]: ...

    async def erase(self, key: str, ids: Sequence[str]) -> Erased:
        """Everything of the conversation, so that whoever works on it right now cannot bring it back. `ids`: the
        platform's ids of the customer and their messages."""

    async def position(self) -> str:
        """Of the latest event, "0-0" when there was none yet."""

    async def begun_again(self, key: str) -> bool:
        """Whether the customer has written since."""

    async def forget(self, channel: str, moments: Moments) -> int:
        """Empty what is too old; how many pieces. Raises AlreadyErasing, too."""

    async def search(self, needles: Needles) -> Sequence[Trace]: ...

    async def settle(self) -> str:
        """Get what was let go off the disk, too; "", or why that is not certain, for a person."""


class KeptCustomers(Protocol):
    """An archive. Blocking: call it in a thread. Raises ArchiveUnavailable."""

    def behind(self, position: str) -> bool:
        """Whether events up to this position are still to be written."""

    def export(self, key: str) -> Mapping[str, Any]: ...

    def erase(self, key: str, upto: str) -> int:
        """What happened in a conversation up to a stream position, also what has not been written yet."""

    def forget(self, channel: str, moments: Moments) -> int: ...

    def search(self, needles: Needles) -> Sequence[Trace]: ...

    def settle(self) -> str: ...


class SearchedFiles(Protocol):
    """Files that nobody erases in, because nothing of a customer's should ever get there. Blocking."""

    def search(self, needles: Needles) -> Sequence[Trace]: ...


class AlreadyErasing(Exception):
    """Another erasure is at work, and two would undo each other's."""
