"""Runs the sandbox until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sanic import Sanic

from sandbox.app import create_app


async def serve(
    host: str = "127.0.0.1", port: int = 8081, *, demo_name: str = "Arunika", backoffice_database_url: str = ""
) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the port can't be had, ValueError as in create_app."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        app = create_app(demo_name=demo_name, backoffice_database_url=backoffice_database_url)
        async with running(app, host, port):
            await stop.wait()
    finally:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)


@asynccontextmanager
async def running(app: Sanic, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The app, served in this event loop; yields the port (a free one for 0). Raises OSError."""
    # Bound here because Sanic takes port 0 for its own default.
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = await app.create_server(
        sock=listening, return_asyncio_server=True, asyncio_server_kwargs={"start_serving": False}
    )
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    try:
        yield listening.getsockname()[1]
    finally:
        await server.before_stop()
        closed = server.close()
        # Long polls and open pages would keep it waiting.
        for connection in list(server.connections):
            connection.abort()
        if closed is not None:
            await closed
        await server.after_stop()
