"""The command line beside the audit log: what an operator does is in it, and an emptied log is not called whole."""

from __future__ import annotations

import asyncio
import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from typer.testing import CliRunner, Result

from bot.adapters.redis_events import RedisDeadLetters
from bot.adapters.sql_archive import SqlArchive
from bot.cli import app
from bot.core import events as e
from bot.core.audit import Seals
from bot.core.ports import WEBHOOK

KEY = "telegram:42"
BODY = b'{"text": "call me on +62 812-3456-7890"}'
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation nobody has used yet; the address of its archive."""
    Redis.from_url(valkey_url).flushdb()
    url = f"sqlite:///{tmp_path}/archive.db"
    monkeypatch.setenv("REDIS_URL", valkey_url)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SIGAP_HOME", str(tmp_path))
    return url


def sigap(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def letter(valkey_url: str, mailbox: str = "in", key: str = KEY) -> str:
    async def keep() -> str:
        redis: AsyncRedis[bytes] = AsyncRedis.from_url(valkey_url)
        dead_id = await RedisDeadLetters(redis).keep(mailbox, key, BODY, "broke")
        await redis.close()
        return dead_id

    return asyncio.run(keep())


def noted(valkey_url: str) -> list[tuple[str, str, str, object]]:
    """Who did what in which case, with which letter."""
    entries = Redis.from_url(valkey_url).xrange("sigap:events")
    events = [msgspec.json.decode(fields[b"e"], type=e.AnyEvent) for _, fields in entries]
    return [
        (event.actor, event.action, event.conversation, event.detail["letter"])
        for event in events
        if isinstance(event, e.Audited)
    ]


def test_what_is_done_with_a_dead_letter_is_noted(database: str, valkey_url: str) -> None:
    first, second, body = letter(valkey_url), letter(valkey_url), letter(valkey_url, WEBHOOK, "telegram")
    who = f"cli:{getpass.getuser()}"
    masked = sigap("dead", "show", first)
    assert masked.exit_code == 0, masked.output
    assert "3456" not in masked.output
    assert noted(valkey_url) == []
    assert "3456" in sigap("dead", "show", first, "--unmasked").output
    assert sigap("dead", "retry", first).exit_code == 0
    assert sigap("dead", "drop", second, "--yes").exit_code == 0
    assert sigap("dead", "drop", body, "--yes").exit_code == 0
    for words in (("show", first, "--unmasked"), ("retry", first), ("drop", first, "--yes")):
        assert sigap("dead", *words).exit_code == 1  # it is gone: nothing was done
    assert noted(valkey_url) == [
        (who, "saw_dead_letter", KEY, first),
        (who, "retried_dead_letter", KEY, first),
        (who, "dropped_dead_letter", KEY, second),
        (who, "dropped_dead_letter", "", body),
    ]


def test_an_emptied_log_without_its_note_is_not_called_whole(database: str) -> None:
    unused = sigap("audit", "verify")
    assert (unused.exit_code, "removed" in unused.output) == (0, False), unused.output
    archive = SqlArchive(database, Seals("s" * 32))
    archive.write([("1700000000000-1", e.Audited(conversation=KEY, at=AT, actor="dina", action="saw"))])
    archive.close()
    engine = sa.create_engine(database, future=True)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_no_delete"))
        connection.execute(sa.text("DELETE FROM audit"))
    engine.dispose()
    emptied = sigap("audit", "verify")
    assert emptied.exit_code == 0
    assert "somebody removed both" in " ".join(emptied.output.split())
    told = json.loads(sigap("audit", "verify", "--json").output)
    assert (told["entries"], told["broken"], told["end_noted"]) == (0, None, False)
    assert "removed both" in told["warning"]
