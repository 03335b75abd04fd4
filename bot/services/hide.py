"""The courier's work on a message of a customer's that shall be hidden from everybody.

It says nothing, and it protects the customer: so neither a person's takeover nor an opt-out nor the policy stops it,
only what the platform can. Hiding twice does no harm, so that what may have been done is done again, and no send log is
kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.core import events as e
from bot.core.channel_ports import ChannelStates, Limits
from bot.core.ports import Clock, ConversationStore, Lease, Mailbox, Meter
from bot.services.patience import AUTH_PAUSE_S, MOST_ATTEMPTS, REFUSALS_BEFORE_BLAME, back_off, until_stored
from bot.services.unsent import Unsent
from channels.base import Channel
from channels.errors import Ambiguous, AuthFailed, RateLimited, SendError, Unavailable
from channels.messages import OutboundMessage

Wait = Callable[[OutboundMessage, Lease, RateLimited], Awaitable[None]]


class Hide:
    """Hides on one channel. `wait_as_told` puts the letter back, and lets the whole channel wait where it has to."""

    def __init__(
        self, channel: Channel[Any], outbox: Mailbox, store: ConversationStore, limits: Limits, states: ChannelStates,
        clock: Clock, meter: Meter, unsent: Unsent, wait_as_told: Wait,
    ) -> None:  # fmt: skip
        self._channel = channel
        self._outbox = outbox
        self._store = store
        self._limits = limits
        self._states = states
        self._clock = clock
        self._meter = meter
        self._unsent = unsent
        self._wait_as_told = wait_as_told

    async def handle(self, message: OutboundMessage, lease: Lease) -> Lease | None:
        """Hide it; the next message of the conversation, or None when it has to wait."""
        if message.surface not in self._channel.surfaces or self._channel.can(message.surface).hiding is None:
            return await self.failed(message, lease, "the platform cannot hide it")
        conversation = (await self._store.load(lease.key)).conversation
        if conversation is not None and message.reply_to in conversation.deleted:
            return await self._settle(message, lease, detail="its author had deleted it")
        wait = await until_stored(lambda: self._limits.take(message.channel, self._channel.limits(message)))
        if wait > 0:
            self._meter.count("sends", channel=message.channel, outcome="paced")
            await self._outbox.fail(lease, wait, counts=False)
            return None
        try:
            usage = (await self._channel.send_part(message, 0)).usage
        except SendError as error:
            told = error.usage
            await until_stored(lambda: self._limits.note(message.channel, told))
            return await self._face(message, lease, error)
        await until_stored(lambda: self._limits.note(message.channel, usage))
        await self._states.sent(message.channel, self._clock.now())
        return await self._settle(message, lease)

    async def failed(self, message: OutboundMessage, lease: Lease, detail: str) -> Lease | None:
        """It stays in sight: a person is called."""
        await self._states.sent(message.channel, self._clock.now(), failed=True)
        event = self._event(message, lease, hidden=False, detail=detail)
        return await until_stored(lambda: self._unsent.unhidden(message, lease, event))

    async def _face(self, message: OutboundMessage, lease: Lease, error: SendError) -> Lease | None:
        """Do what the error says."""
        if isinstance(error, RateLimited):
            await self._wait_as_told(message, lease, error)
            return None
        if isinstance(error, AuthFailed):
            # A right that only hiding needs must not silence the channel; dead credentials are found by what is said.
            if (await self._states.read(message.channel, self._clock.now())).stopped:
                await self._outbox.fail(lease, AUTH_PAUSE_S, counts=False)
                return None
            again = lease.attempts < REFUSALS_BEFORE_BLAME
        else:
            again = isinstance(error, Unavailable | Ambiguous) and lease.attempts < MOST_ATTEMPTS
        if not again:
            return await self.failed(message, lease, error.detail)
        self._meter.count("sends", channel=message.channel, outcome="retried")
        await self._outbox.fail(lease, back_off(lease.attempts))
        return None

    async def _settle(self, message: OutboundMessage, lease: Lease, detail: str = "") -> Lease | None:
        event = self._event(message, lease, hidden=True, detail=detail)
        following = await until_stored(lambda: self._store.record(lease.key, [event], lease))
        self._meter.count("sends", channel=message.channel, outcome="hidden")
        return following

    def _event(self, message: OutboundMessage, lease: Lease, *, hidden: bool, detail: str) -> e.MessageHidden:
        return e.MessageHidden(
            conversation=lease.key, at=self._clock.now(), external_id=message.reply_to, hidden=hidden, detail=detail
        )
