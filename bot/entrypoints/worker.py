"""The worker: takes one conversation's messages at a time, in order, and lets the assistant answer."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import structlog

from bot.adapters.rasa_project import usable_model
from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import InboundItem, Lease, StoreUnavailable
from bot.entrypoints import process
from bot.entrypoints.consume import consume
from bot.entrypoints.process import Life
from bot.services.signs import typing_sign
from bot.settings import Settings
from channels.base import Channel
from channels.errors import Ambiguous, RateLimited, Unavailable
from channels.messages import ButtonTapped, MessageReceived

log = structlog.get_logger(__name__)
_items = msgspec.json.Decoder(InboundItem)

SLOTS = 8  # conversations at the same time: while one waits for the back office, others go on
WARM_WITHIN_S = 10.0  # a step: longer only where an action server does not answer
MOST_ATTEMPTS = 3
TYPING_AFTER_S = 0.6  # a turn that takes longer waits for the back office: the customer sees that we are at it
BACK_OFF_S = 0.5
PLATFORM_PAUSE_S = 20.0  # between attempts to fetch words that a webhook only pointed at
PLATFORM_PATIENCE_S = 3600.0
# Read when Rasa, TensorFlow and numpy are loaded, which is not before the worker runs. A second thread for numpy's
# small sums only waits, spinning, for the cores that other workers need: two workers did a third less together.
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def run(settings: Settings, number: int = 1) -> None:
    """Run one worker. Several on one machine have different numbers."""
    # Rasa's and TensorFlow's own, dozens at every start. A filter would not hold: Sanic sets another when it is loaded.
    warnings.showwarning = lambda *_, **__: None
    os.environ.update(ENVIRONMENT)
    os.environ["BACKOFFICE_URL"] = settings.backoffice_url
    process.run(f"worker-{number}", settings, work)


async def work(life: Life, system: System) -> None:
    """Load the assistant and work the inbound mailboxes off."""
    model = usable_model(system.settings.models)
    # A missing sentence, a wrong rule or setting must stop the start, not the first customer.
    _ = system.speech, system.channels

    # Seconds and 700 MB: only workers pay.
    from bot.adapters.rasa_dialogue import RasaDialogue  # noqa: PLC0415
    from bot.adapters.triage_project import open_triage  # noqa: PLC0415

    triage = open_triage(system.settings.project, system.settings.models)
    loading = asyncio.create_task(asyncio.to_thread(RasaDialogue, model, system.settings.project))
    stopping = asyncio.create_task(life.stopping.wait())
    await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not loading.done():
        # A thread can't be stopped, and nothing is in hand yet.
        await system.presence.leave(life.owner)
        os._exit(0)
    stopping.cancel()
    dialogue = loading.result()
    converse = system.converse(dialogue, triage)
    await warm(triage=triage.warm, assistant=dialogue.warm, counting=partial(_count, system.channels.values()))
    life.ready = True
    log.info("assistant loaded", model=model.name)

    async def failed(lease: Lease, error: Exception) -> Lease | None:
        if isinstance(error, RateLimited | Unavailable | Ambiguous) and lease.waited_s < PLATFORM_PATIENCE_S:
            # Its words are still with the platform, which does not answer now: nobody's mistake.
            pause = error.retry_after if isinstance(error, RateLimited) else PLATFORM_PAUSE_S
            await system.inbound.fail(lease, pause, counts=False)
            return None
        if lease.attempts < MOST_ATTEMPTS:
            log.warning("turn failed", error=type(error).__name__, attempt=lease.attempts)
            system.meter.count("turns_failed", outcome="retried")
            await system.inbound.fail(lease, BACK_OFF_S * 2 ** (lease.attempts - 1))
            return None
        return await give_up(lease, type(error).__name__)

    async def give_up(lease: Lease, error: str) -> Lease | None:
        log.error("turn given up", error=error, attempts=lease.attempts)
        system.meter.count("turns_failed", outcome="given_up")
        await system.dead.keep(system.inbound.name, lease.key, lease.body, error)
        try:
            return await converse.give_up(lease, error)
        except ValueError:  # not even readable as an item: nobody to hand it to, it is in the dead letters
            return await system.inbound.ack(lease)

    async def handle(lease: Lease) -> Lease | None:
        if lease.attempts > MOST_ATTEMPTS:  # it killed the workers that had it
            return await give_up(lease, "Killed")
        typing = asyncio.create_task(_show_typing(system, lease))
        try:
            return await converse.handle(lease)
        finally:
            typing.cancel()

    await consume(system.inbound, life.owner, SLOTS, life.stopping, handle, failed)


async def warm(**steps: Callable[[], Awaitable[None]]) -> None:
    """Build what is built when first needed, before a customer needs it. What goes wrong never stops the start."""
    for name, step in steps.items():
        try:
            async with asyncio.timeout(WARM_WITHIN_S):
                await step()
        except Exception as error:
            log.warning("not warmed up", step=name, error=type(error).__name__)


async def _count(channels: Iterable[Channel[Any]]) -> None:
    """A platform's own way of counting may be a library that takes half a second to load."""
    for channel in channels:
        for surface in channel.surfaces:
            channel.can(surface).measure("é")


async def _show_typing(system: System, lease: Lease) -> None:
    """Only to somebody whom the assistant is about to answer."""
    await asyncio.sleep(TYPING_AFTER_S)
    item = _items.decode(lease.body)
    if not isinstance(item, MessageReceived | ButtonTapped) or getattr(item, "standby", False):
        return
    with suppress(StoreUnavailable):
        conversation = (await system.store.load(lease.key)).conversation
        quiet = conversation and (
            conversation.owner in (Owner.WAITING, Owner.HUMAN) or conversation.opted_out or conversation.elsewhere
        )
        if not quiet:
            await system.signals.publish(typing_sign(item, system.clock.now()))
