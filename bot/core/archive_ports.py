"""What the services need to know what was: the archive, the audit log, and who is whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bot.core.events import AnyEvent


class Links(Protocol):
    """Which conversations a person at the desk found to be with the same customer. Who is linked to one of them is
    linked to all of them."""

    async def of(self, key: str) -> Sequence[str]:
        """Keys of the customer's other conversations, sorted."""

    async def link(self, key: str, other: str, by: str) -> None:
        """`by`: the agent's id. Both customers' links become those of one; a conversation is never its own."""

    async def unlink(self, key: str, other: str) -> None:
        """The other one is somebody else's after all: it leaves the customer that `key` is one of."""


class AuditTrail(Protocol):
    """Notes what no other event tells. It is sealed into the audit log by the recorder."""

    async def note(self, actor: str, action: str, conversation: str = "", **detail: str | int | bool) -> None: ...


class AuditHead(Protocol):
    """The number and seal of the last entry, kept apart from the entries: so a cut-off end shows."""

    async def keep(self, head: tuple[int, str]) -> None: ...

    async def read(self) -> tuple[int, str] | None: ...


class ArchiveUnavailable(Exception):
    """The archive's database cannot be reached or written; the live system goes on without it."""


class Archive(Protocol):
    """What was. Written by the recorder alone. Blocking: call it in a thread. Raises ArchiveUnavailable."""

    def position(self) -> str:
        """The stream position of the last event written, "" for an empty archive."""

    def write(self, events: Sequence[tuple[str, AnyEvent]]) -> None:
        """Write events with their positions; those already written are passed over."""

    def solved(self, without: str) -> Sequence[Mapping[str, Any]]:
        """The latest cases of other conversations that a person finished: key, channel, language, labels, intents,
        question, answer (both with personal data masked), at."""

    def contacts(self, keys: Sequence[str], limit: int = 20) -> Sequence[Mapping[str, Any]]:
        """The changes of owner of these conversations, latest first, as events.OwnerChanged is written."""

    def audit_head(self) -> tuple[int, str] | None:
        """Number and seal of the audit log's last entry."""

    def audit_seal(self, number: int) -> str | None:
        """The seal of that entry of the audit log."""

    def search(self, words: str, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        """Conversations whose customer or messages contain the words, latest first: `key`, `channel`,
        `customer`, `text`, `at` (aware datetime)."""
