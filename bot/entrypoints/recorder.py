"""The recorder: projects the event stream into the archive."""

from __future__ import annotations

import asyncio

import structlog

from bot.bootstrap import System
from bot.core.ports import StoreUnavailable
from bot.entrypoints import process
from bot.entrypoints.process import Life
from bot.settings import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    process.run("recorder", settings, record)


async def record(life: Life, system: System) -> None:
    """Follow the stream until asked to stop; an outage of either side is waited out."""
    life.ready = True
    while not life.stopping.is_set():
        recording = asyncio.create_task(system.record().run())
        stopped = asyncio.create_task(life.stopping.wait())
        await asyncio.wait({recording, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not recording.done():
            recording.cancel()
        try:
            await recording
        except asyncio.CancelledError:
            break
        except StoreUnavailable:
            log.warning("event stream unavailable")
            await asyncio.sleep(1.0)
    system.archive.close()
