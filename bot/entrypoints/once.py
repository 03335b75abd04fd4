"""For commands that ask the running system something and end."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from msgspec.structs import replace

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.ports import StoreUnavailable
from bot.entrypoints.process import first_contact, refuse
from channels.errors import SettingsError

T = TypeVar("T")


def with_system(work: Callable[[System], Awaitable[T]], *, demo: bool | None = None) -> T:
    """Do the work over one connection. Ends the command with one sentence where that can't be.

    `demo`: with the channels that only the demo sets up; None: as the settings say.
    """

    async def run() -> T:
        read = settings.load()
        async with bootstrap.connect(read if demo is None else replace(read, demo=demo)) as system:
            await first_contact(system)
            return await work(system)

    try:
        return asyncio.run(run())
    except SettingsError as error:
        refuse(error)
    except StoreUnavailable as error:
        refuse(SettingsError("REDIS_URL", f"the store cannot be reached ({error})", "Start it, or `sigap up`"))
    except ArchiveUnavailable as error:
        refuse(SettingsError("DATABASE_URL", f"the archive cannot be reached ({error})", "Start its database"))


def who() -> str:
    """Whoever runs this command, as the audit log names them."""
    return f"cli:{getpass.getuser()}"


def fail(message: str) -> NoReturn:
    """End the command: what was asked for can't be done."""
    print(f"sigap: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(1)
