"""`sigap channels` and `sigap check` as an operator calls them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from bot.adapters.redis_channel_states import RedisChannelStates
from bot.cli import app
from channels.messages import Health, Probe

CREDENTIALS = """
channels.rasa_connector.Telegram:
  token: "123456:not-a-real-token"
  mode: polling
  base_url: "http://127.0.0.1:9/bot"
"""


@pytest.fixture
def operator(tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    (tmp_path / "credentials.yml").write_text(CREDENTIALS, encoding="utf-8")
    monkeypatch.setenv("SIGAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIGAP_CREDENTIALS", str(tmp_path / "credentials.yml"))
    monkeypatch.setenv("REDIS_URL", valkey_url)
    monkeypatch.setenv("SIGAP_DEMO", "0")
    return CliRunner()


def note(url: str) -> None:
    async def write() -> None:
        redis: Redis[bytes] = Redis.from_url(url)
        states, now = RedisChannelStates(redis), datetime.now(UTC)
        lost = Probe(name="subscription", ok=False, detail="the subscription is gone", fix="Restart the gateway")
        await states.checked("telegram", Health.of([lost]), now)
        await states.sent("telegram", now)
        await states.sent("telegram", now, failed=True)
        await redis.close()

    asyncio.run(write())


def test_a_lost_subscription_is_shown_with_what_to_do(operator: CliRunner, valkey_url: str) -> None:
    note(valkey_url)
    shown = operator.invoke(app, ["channels", "--json"])
    assert shown.exit_code == 0, shown.output
    rows = {row["channel"]: row for row in map(json.loads, shown.output.strip().splitlines())}
    telegram = rows["telegram"]
    assert (telegram["state"], telegram["mode"], telegram["subscribed"]) == ("ill", "polling", False)
    assert (telegram["problem"], telegram["fix"]) == ("the subscription is gone", "Restart the gateway")
    assert telegram["sent"] >= 1
    assert telegram["failures"] >= 1
    table = operator.invoke(app, ["channels"]).output
    assert "the subscription is gone" in table
    assert "Restart the gateway" in table


def test_check_says_what_to_fix_and_ends_with_one(operator: CliRunner) -> None:
    checked = operator.invoke(app, ["check", "telegram"])
    assert checked.exit_code == 1
    assert "cannot be reached" in checked.output
    assert "→" in checked.output


def test_check_of_a_channel_that_is_not_set_up_names_it(operator: CliRunner) -> None:
    checked = operator.invoke(app, ["check", "facebook"])
    assert checked.exit_code != 0
    assert "Traceback" not in checked.output
