"""The audit trail in memory, for tests."""

from __future__ import annotations

from bot.core.events import Audited
from bot.core.ports import Clock


class MemoryAuditTrail:
    """Implements ports.AuditTrail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.noted: list[Audited] = []

    async def note(self, actor: str, action: str, conversation: str = "", **detail: str | int | bool) -> None:
        self.noted.append(
            Audited(conversation=conversation, at=self._clock.now(), actor=actor, action=action, detail=detail)
        )


class MemoryAuditHead:
    """Implements ports.AuditHead."""

    def __init__(self) -> None:
        self.head: tuple[int, str] | None = None

    async def keep(self, head: tuple[int, str]) -> None:
        self.head = head

    async def read(self) -> tuple[int, str] | None:
        return self.head
