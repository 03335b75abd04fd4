"""The sandbox as a process of its own: the platforms must outlive a gateway that is killed."""

from __future__ import annotations

import asyncio

from bot.entrypoints.gateway import listen
from bot.log import configure
from bot.settings import Settings
from channels.errors import SettingsError


def run(settings: Settings) -> None:
    """Serve the stand-ins and the demo back office on the sandbox port."""
    from sandbox.serve import serve  # noqa: PLC0415 - nothing else needs the sandbox's code

    configure("sandbox", as_json=settings.log_json)
    try:
        listen("127.0.0.1", settings.sandbox_port).close()
    except SettingsError as error:
        raise SettingsError("SIGAP_SANDBOX_PORT", error.problem, error.fix) from None
    asyncio.run(serve("127.0.0.1", settings.sandbox_port, backoffice_database_url=settings.backoffice_database_url))
