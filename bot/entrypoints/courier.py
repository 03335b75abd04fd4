"""The courier: one task a channel, so that a slow platform stalls only itself."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import structlog

from bot.bootstrap import System
from bot.core.ports import Lease, StoreUnavailable
from bot.entrypoints import process
from bot.entrypoints.consume import consume
from bot.entrypoints.process import Life
from bot.services.deliver import Deliver
from bot.services.patience import back_off
from bot.settings import Settings
from channels.base import Channel
from channels.errors import AuthFailed

log = structlog.get_logger(__name__)

SLOTS = 16  # conversations of a channel at the same time
MOST_SIGNALS = 100  # "typing" on its way at the same time; more are not worth having
MOST_ATTEMPTS = 8


def run(settings: Settings) -> None:
    process.run("courier", settings, carry)


async def carry(life: Life, system: System) -> None:
    """Deliver every channel's outbox until asked to stop."""
    _ = system.speech
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

    async def gate() -> None:
        while (wait := courier.paused_until - asyncio.get_running_loop().time()) > 0 and not life.stopping.is_set():
            await asyncio.sleep(min(wait, 0.5))

    async def failed(lease: Lease, error: Exception) -> Lease | None:
        if isinstance(error, AuthFailed):  # already put back, with a pause for the whole channel
            log.error("channel stopped", channel=channel.name, why=error.detail, fix="correct credentials.yml")
            return None
        log.error("delivery failed", channel=channel.name, error=type(error).__name__, attempt=lease.attempts)
        if lease.attempts < MOST_ATTEMPTS:
            await outbox.fail(lease, back_off(lease.attempts))
            return None
        return await courier.give_up(lease, type(error).__name__)

    await consume(outbox, life.owner, SLOTS, life.stopping, courier.handle, failed, gate)


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
