"""Updates that the bot has not taken yet, and long polling. https://core.telegram.org/bots/api#getting-updates"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox.feed import Signal
from sandbox.telegram.errors import BotApiError

# "Incoming updates are stored on the server until the bot receives them […] but not longer than 24 hours."
KEEP_SECONDS = 24 * 3600
_OFF_UNLESS_ASKED_FOR = frozenset(("chat_member", "message_reaction", "message_reaction_count"))


@dataclass(frozen=True)
class Update:
    """One event for the bot. `created` is in epoch seconds."""

    update_id: int
    chat_id: int
    created: float
    body: dict[str, Any]


class Updates:
    """Keeps updates until the bot confirms them; ids grow by one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # A sandbox that starts again must not repeat the ids of the last one: the bot would take new updates
        # for duplicates. Telegram, too, may go on from a random number.
        self._next_id = 100_000_000 + secrets.randbelow(1_500_000_000)
        self.pending: OrderedDict[int, Update] = OrderedDict()
        self.allowed: list[str] | None = None
        # Called with each new update; the webhook's delivery listens here.
        self.on_new: Callable[[Update], None] = lambda update: None
        # Epoch seconds of the last getUpdates call.
        self.polled_at = 0.0
        self._changed = Signal()
        self._poller: object | None = None

    def add(self, kind: str, chat_id: int, payload: dict[str, Any]) -> int:
        """Store an update and return its id; 0 for a kind that `allowed_updates` leaves out."""
        wanted = kind in self.allowed if self.allowed else kind not in _OFF_UNLESS_ASKED_FOR
        if not wanted:
            return 0
        update = Update(self._next_id, chat_id, self._clock(), {"update_id": self._next_id, kind: payload})
        self._next_id += 1
        self.pending[update.update_id] = update
        self.on_new(update)
        self._changed.fire()
        return update.update_id

    def done(self, update_id: int) -> None:
        """The bot has it."""
        self.pending.pop(update_id, None)

    def expired(self, update: Update) -> bool:
        """Whether it is older than Telegram keeps it."""
        return self._clock() - update.created > KEEP_SECONDS

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """getUpdates: confirm everything before `offset`, then return up to `limit` updates.

        Waits up to `seconds` for the first one. Raises 409 in this call when another one starts meanwhile.
        """
        me = self._poller = object()
        self.polled_at = self._clock()
        self._changed.fire()
        self._confirm(offset)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while not self.pending and await self._changed.wait(deadline - loop.time()):
                self._still_alone(me)
        finally:
            if self._poller is me:
                self._poller = None
        return [update.body for update in islice(self.pending.values(), limit)]

    def _still_alone(self, me: object) -> None:
        if self._poller is not me:
            raise BotApiError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            # A negative offset counts from the end; everything before is forgotten.
            while len(self.pending) > -offset:
                self.pending.popitem(last=False)
        while self.pending and ((first := next(iter(self.pending.values()))).update_id < offset or self.expired(first)):
            self.pending.popitem(last=False)
