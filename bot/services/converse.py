"""What happens with one inbound item: who has the conversation, who answers, what is committed.

Everything is decided from what was read, then committed at once; when somebody else changed the conversation
meanwhile (a person claimed it), it is read and decided again, and what the assistant had composed is forgotten.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import structlog
from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Owner
from bot.core.personal import Kind, masked_secrets, secrets_in
from bot.core.ports import (
    Clock,
    Commit,
    ConversationStore,
    Dialogue,
    InboundItem,
    Lease,
    LeaseLost,
    Loaded,
    Meter,
    SendLog,
    StoreUnavailable,
    TimerFired,
    Triage,
    VersionConflict,
)
from bot.services.case import Tools
from bot.services.compose import Speech
from bot.services.decide import Decision
from bot.services.route import Floor
from bot.services.waiting import ring
from channels.messages import InboundEvent, MessageEdited, MessageReceived

MOST_CONFLICTS = 20  # a person can't change a conversation faster than we decide; beyond this something is wrong

Complete = Callable[[InboundEvent], Awaitable[InboundEvent]]

_items = msgspec.json.Decoder(InboundItem)
log = structlog.get_logger(__name__)


class Converse:
    """Handles the head of an inbound mailbox. Raises what the dialogue raises, LeaseLost and StoreUnavailable.

    `complete` fetches the words of an event that only points at them; raises a SendError.
    """

    def __init__(
        self, store: ConversationStore, sends: SendLog, dialogue: Dialogue, triage: Triage, speech: Speech,
        floor: Floor, clock: Clock, meter: Meter, answer_within: timedelta, complete: Complete,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._meter = meter
        self._complete = complete
        self._tools = Tools(store, sends, dialogue, triage, speech, floor, answer_within)

    async def handle(self, lease: Lease) -> Lease | None:
        """Handle one item and commit; the next one under the same lease."""
        item = _items.decode(lease.body)
        if isinstance(item, MessageReceived) and item.incomplete:
            item = await self._complete(item)
        item, secrets = without_secrets(item)
        deeds: list[str] = []

        async def decide(loaded: Loaded) -> Commit:
            decision = Decision(self._tools, item, loaded, lease, self._clock.now(), secrets)
            if await decision.hear() and decision.conversation.owner is Owner.BOT:
                await decision.answer(loaded.tracker)
            elif isinstance(item, TimerFired):
                await ring(decision, item)
            decision.remember_deeds(deeds)
            return decision.commit()

        return await self._settle(lease, decide)

    async def give_up(self, lease: Lease, error: str) -> Lease | None:
        """The assistant can't work on this item: it goes to a person, and the customer is told."""
        item, secrets = without_secrets(_items.decode(lease.body))

        async def decide(loaded: Loaded) -> Commit:
            decision = Decision(self._tools, item, loaded, lease, self._clock.now(), secrets)
            try:
                await decision.hear()
            except (LeaseLost, StoreUnavailable):
                raise
            except Exception as broken:  # triage itself stumbles over these words: then a person reads them first
                log.error("screening failed", conversation=lease.key, error=type(broken).__name__)
                decision = Decision(self._tools, item, loaded, lease, self._clock.now(), secrets)
                await decision.hear(screened=False)
            if decision.conversation.owner is Owner.BOT:
                await decision.hand_off(handoff.Reason.ASSISTANT_FAILED, error)
            return decision.commit()

        return await self._settle(lease, decide)

    async def _settle(self, lease: Lease, decide: Callable[[Loaded], Awaitable[Commit]]) -> Lease | None:
        """Read, decide and commit, again from the start whenever somebody else was faster."""
        for _ in range(MOST_CONFLICTS):
            commit = await decide(await self._store.load(lease.key))
            try:
                following = await self._store.commit(commit)
            except VersionConflict:
                continue
            self._measure(commit)
            return following
        raise VersionConflict(lease.key)

    def _measure(self, commit: Commit) -> None:
        for event in commit.events:
            if isinstance(event, e.OwnerChanged) and event.after == Owner.WAITING:
                self._meter.count("handoffs", reason=event.reason)
            elif isinstance(event, e.Rated):
                self._meter.count("ratings", score=str(event.score), of="person" if event.agent_name else "assistant")
            elif isinstance(event, e.Triaged):
                for finding in event.findings:
                    self._meter.count("findings", label=finding.label)
            elif isinstance(event, e.Understood):
                self._meter.count("turns", channel=commit.conversation.channel)


def without_secrets(item: InboundItem) -> tuple[InboundItem, tuple[Kind, ...]]:
    """Passwords, PINs and one-time codes that a customer typed: nobody needs them, so nothing of ours keeps them. With
    the kinds of what was taken out."""
    if not isinstance(item, MessageReceived | MessageEdited) or not (found := secrets_in(item.text)):
        return item, ()
    return replace(item, text=masked_secrets(item.text)), tuple(one.kind for one in found)
