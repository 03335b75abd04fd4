"""The same processes on a Redis and a PostgreSQL that are not ours, as an operator with many machines runs them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.sql_archive import SqlArchive
from bot.core.audit import Seals
from tests.scenarios.harness import Sigap
from tests.scenarios.test_kills import recording

SEALS = Seals("s" * 32)

REDIS_URL = "redis://127.0.0.1:6379/9"
SCHEMA = "sigap_scenario"
DATABASE_URL = f"postgresql://postgres@127.0.0.1:5432/test?options=-csearch_path%3D{SCHEMA}"


@pytest.fixture
def servers() -> Iterator[None]:
    redis, engine = Redis.from_url(REDIS_URL), create_engine(DATABASE_URL, future=True)
    try:
        redis.flushdb()
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    except (RedisError, SQLAlchemyError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no Redis and PostgreSQL on this machine ({type(error).__name__})")
    yield
    redis.flushdb()
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
    engine.dispose()


@pytest.mark.timeout(240)
def test_two_workers_on_redis_and_postgresql(servers: None, tmp_path: Path) -> None:
    file = recording(tmp_path / "talk.jsonl", 30)
    outside = {"REDIS_URL": REDIS_URL, "DATABASE_URL": DATABASE_URL, "SIGAP_WORKERS": "2"}
    with Sigap(tmp_path / "home", outside) as sigap:
        names = {process["process"].split("/")[-1] for process in sigap.health()["processes"]}
        assert {"worker-1", "worker-2"} <= names
        done = sigap.command("replay", str(file), "--channel", "webchat", "--rate", "10", "--json")
        figures = json.loads(done.stdout)
        assert (figures["lost"], figures["duplicated"], figures["reordered"]) == (0, 0, 0)
        assert figures["sent"] == 60
        archive = SqlArchive(DATABASE_URL, SEALS)
        deadline = time.monotonic() + 15
        while len(found := archive.search("parcel monday")) == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        archive.close()
        assert found, "the recorder has written the conversations into PostgreSQL"
        assert all(row["channel"] == "webchat" for row in found)
        sigap.kill("recorder")  # the last of seven children: all of them are watched, on few cores too
        deadline = time.monotonic() + 15
        while "recorder stopped (killed by signal 9)" not in sigap.log() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "recorder stopped (killed by signal 9); starting it again" in sigap.log()
    assert not (tmp_path / "home" / "archive.db").exists()
    assert not (tmp_path / "home" / "valkey").exists()
