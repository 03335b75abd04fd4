"""The recorder: projects the event stream into the archive, and empties what has been kept long enough."""

from __future__ import annotations

import asyncio
from contextlib import suppress

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
    """Follow the stream until asked to stop; an outage of either side is waited out. Raises SettingsError when
    data/retention.yml is wrong."""
    forgetting = asyncio.create_task(system.forget.run())
    life.ready = True
    while not life.stopping.is_set():
        recording = asyncio.create_task(system.record().run())
        stopped = asyncio.create_task(life.stopping.wait())
        await asyncio.wait({recording, stopped, forgetting}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if forgetting.done():
            recording.cancel()
            await forgetting  # it never ends by itself: what broke it ends the process, which is started anew
        if not recording.done():
            recording.cancel()
        try:
            await recording
        except asyncio.CancelledError:
            break
        except StoreUnavailable:
            log.warning("event stream unavailable")
            await asyncio.sleep(1.0)
    forgetting.cancel()
    with suppress(asyncio.CancelledError):
        await forgetting
    system.archive.close()
