"""Shared by all tests: a real embedded Valkey, one server a session, one key prefix a test; a schema on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from uuid import uuid4

import psycopg2
import pytest
from redis.asyncio import Redis
from sanic import Sanic

from bot.adapters.embedded_valkey import EmbeddedValkey

Sanic.test_mode = True  # several apps in one process; must be set before the first
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1/test")


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


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A schema of its own, gone afterwards."""
    try:
        connection = psycopg2.connect(POSTGRES, connect_timeout=3)
    except psycopg2.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL at {POSTGRES}; set TEST_DATABASE_URL")
    connection.autocommit = True
    schema = f"t{uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
    yield f"{POSTGRES}?options={quote(f'-csearch_path={schema}')}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")
    connection.close()
