"""What every process does: start, show that it lives, stop when asked, and fail with one clear sentence."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import structlog
from redis.exceptions import RedisError

from bot import bootstrap
from bot.adapters.redis_presence import BEAT_S, Heartbeat
from bot.bootstrap import System
from bot.core.ports import StoreUnavailable
from bot.log import configure
from bot.settings import Settings
from channels.errors import SettingsError

log = structlog.get_logger(__name__)

EXIT_SETTINGS = 2
LOOK_S = 0.25  # how soon "ready" is told
FINISH_S = 10.0  # below the time that `sigap up` gives before it kills
FIRST_CONTACT_S = 10.0  # how long a process waits for Redis before it calls the address wrong

Main = Callable[["Life", System], Awaitable[None]]


class Life:
    """A process' own story: `stopping` is set when it is asked to stop; it sets `ready` when it can do its work."""

    def __init__(self, name: str) -> None:
        self.owner = f"{socket.gethostname()}/{name}"
        self.started_at = datetime.now(UTC)
        self.stopping = asyncio.Event()
        self.ready = False


def run(name: str, settings: Settings, main: Main) -> None:
    """Run a process until it is asked to stop. Exits with 2 and one sentence when a setting is wrong."""
    configure(name, as_json=settings.log_json)
    try:
        asyncio.run(_run(name, settings, main))
    except SettingsError as error:
        refuse(error)


def refuse(error: SettingsError) -> NoReturn:
    """Say what is wrong and how to mend it, and exit with 2."""
    print(f"sigap: {error}", file=sys.stderr)  # noqa: T201
    sys.exit(EXIT_SETTINGS)


async def _run(name: str, settings: Settings, main: Main) -> None:
    life = Life(name)
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, life.stopping.set)
    async with bootstrap.connect(settings) as system:
        await first_contact(system)
        await _alone(life, system)
        beating = asyncio.create_task(_beat(life, system))
        working = asyncio.ensure_future(main(life, system))
        stopping = asyncio.create_task(life.stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            # What is in hand is finished, unless that takes too long: then leases and send marks make leaving safe.
            await asyncio.wait({working}, timeout=FINISH_S)
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        finally:
            stopping.cancel()
            beating.cancel()
            with suppress(StoreUnavailable, asyncio.CancelledError):
                await system.presence.leave(life.owner)


async def _alone(life: Life, system: System) -> None:
    """Refuse to run twice under one name: each would take the other's leases for those of its own dead past."""
    for beat in await system.presence.alive():
        if beat.process == life.owner and beat.pid != os.getpid() and _lives(beat.pid):
            raise SettingsError(
                life.owner, f"runs already, as process {beat.pid}",
                "Stop it; for one more worker use `sigap worker --number N`",
            )  # fmt: skip


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def first_contact(system: System) -> None:
    """Wait for Redis to answer. Raises SettingsError when it does not, or wants a password that we don't have."""
    deadline = asyncio.get_running_loop().time() + FIRST_CONTACT_S
    while True:
        try:
            await system.presence.alive()
            return
        except StoreUnavailable as error:
            why = error.args[0] if error.args else "unreachable"
            hopeless = why.startswith("Authentication")  # a wrong password does not get better by waiting
            if not hopeless and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.1)
                continue
            if hopeless:
                raise SettingsError("REDIS_URL", "the user or password is wrong or missing", "Correct it") from None
            if system.settings.redis_url:
                raise SettingsError(
                    "REDIS_URL", f"no Redis or Valkey answers there ({why})",
                    "Correct the address or start the server; remove the key to use the embedded Valkey",
                ) from None  # fmt: skip
            raise SettingsError(
                "SIGAP_HOME", f"no Sigap is running on {system.settings.home}",
                "Start it with `make run`, or set REDIS_URL to the server that it uses",
            ) from None  # fmt: skip
        except RedisError as error:
            raise SettingsError(
                "REDIS_URL", f"is refused ({type(error).__name__})", "Correct number and rights"
            ) from None


async def _beat(life: Life, system: System) -> None:
    told_ready = False
    while True:
        beat = Heartbeat(
            process=life.owner, pid=os.getpid(), ready=life.ready, started_at=life.started_at, at=datetime.now(UTC),
            rss_mb=_resident_mb(),
        )  # fmt: skip
        with suppress(StoreUnavailable):
            await system.presence.beat(beat, system.meter.text())
            told_ready = life.ready
        for _ in range(int(BEAT_S / LOOK_S)):
            await asyncio.sleep(LOOK_S)
            if life.ready and not told_ready:
                break


def _resident_mb() -> int:
    """Resident memory now, in MiB; its peak where the system has no /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
