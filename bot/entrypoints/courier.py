"""The courier: one task a channel, so that a slow platform stalls only itself."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any
from uuid import uuid4

import structlog
from aiolimiter import AsyncLimiter

from bot.bootstrap import System
from bot.core.ports import Lease, StoreUnavailable
from bot.entrypoints import process
from bot.entrypoints.consume import consume
from bot.entrypoints.process import Life
from bot.services.deliver import Deliver, back_off
from bot.settings import Settings
from channels.base import Channel
from channels.errors import AuthFailed

log = structlog.get_logger(__name__)

SLOTS = 16  # conversations of a channel at the same time
BURST_S = 3.0  # pacing is held over this long, so that an answer in two bubbles does not wait
MOST_SIGNALS = 100  # "typing" on its way at the same time; more are not worth having
PACED_CONVERSATIONS = 2000  # limiters kept; the idlest are forgotten first
MOST_ATTEMPTS = 8


def run(settings: Settings) -> None:
    process.run("courier", settings, carry)


async def carry(life: Life, system: System) -> None:
    """Deliver every channel's outbox until asked to stop."""
    _ = system.notices
    name_of_this_life = uuid4().hex
    couriers = {name: system.deliver(channel, name_of_this_life) for name, channel in system.channels.items()}
    signals = asyncio.create_task(_signals(system, couriers))
    life.ready = True
    try:
        await asyncio.gather(
            *(_channel(life, system, system.channels[name], courier) for name, courier in couriers.items())
        )
    finally:
        signals.cancel()


async def _channel(life: Life, system: System, channel: Channel[Any], courier: Deliver) -> None:
    outbox = system.outbox(channel.name)
    pace = Pace(channel)

    async def gate() -> None:
        while (wait := courier.paused_until - asyncio.get_running_loop().time()) > 0 and not life.stopping.is_set():
            await asyncio.sleep(min(wait, 0.5))

    async def handle(lease: Lease) -> Lease | None:
        await pace.wait(lease.key)
        return await courier.handle(lease)

    async def failed(lease: Lease, error: Exception) -> Lease | None:
        if isinstance(error, AuthFailed):  # already put back, with a pause for the whole channel
            log.error("channel stopped", channel=channel.name, why=error.detail, fix="correct credentials.yml")
            return None
        log.error("delivery failed", channel=channel.name, error=type(error).__name__, attempt=lease.attempts)
        if lease.attempts < MOST_ATTEMPTS:
            await outbox.fail(lease, back_off(lease.attempts))
            return None
        return await courier.give_up(lease, type(error).__name__)

    await consume(outbox, life.owner, SLOTS, life.stopping, handle, failed, gate)


class Pace:
    """Keeps within a platform's usual rates; what the platform itself answers always wins."""

    def __init__(self, channel: Channel[Any]) -> None:
        can = channel.capabilities
        self._overall = AsyncLimiter(max(1.0, can.overall_per_second), 1.0)
        self._each_rate = max(1.0, can.per_conversation_per_second * BURST_S)
        self._each: OrderedDict[str, AsyncLimiter] = OrderedDict()

    async def wait(self, key: str) -> None:
        limiter = self._each.pop(key, None) or AsyncLimiter(self._each_rate, BURST_S)
        self._each[key] = limiter
        if len(self._each) > PACED_CONVERSATIONS:
            self._each.popitem(last=False)
        await limiter.acquire()
        await self._overall.acquire()


async def _signals(system: System, couriers: dict[str, Deliver]) -> None:
    """Show "typing…" on whatever channel it is about."""
    showing: set[asyncio.Task[None]] = set()
    while True:
        try:
            async for signal in system.signals.listen():
                if signal.channel in couriers and len(showing) < MOST_SIGNALS:
                    # On their own, so that a platform that hangs delays nobody else's.
                    task = asyncio.create_task(couriers[signal.channel].signal(signal))
                    showing.add(task)
                    task.add_done_callback(showing.discard)
        except StoreUnavailable:
            await asyncio.sleep(1.0)
