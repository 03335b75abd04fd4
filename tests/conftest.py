"""Shared by all tests: a real embedded Valkey, one server a session, one key prefix a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis
from sanic import Sanic

from bot.adapters.embedded_valkey import EmbeddedValkey

Sanic.test_mode = True  # several apps in one process; must be set before the first
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    with TemporaryDirectory(prefix="sigap") as folder:
        server = EmbeddedValkey(Path(folder))
        server.prepare()
        process = subprocess.Popen(server.command())
        server.await_ready()
        yield server.url
        process.terminate()
        process.wait()
        server.release()


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    """A client on an empty database."""
    client = Redis.from_url(valkey_url)
    await client.flushdb()
    yield client
    await client.close()
    await client.connection_pool.disconnect()
