"""`sigap agents` against a running Valkey."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from bot.cli_agents import app

PASSWORD = "correct horse battery\n"


@pytest.fixture(autouse=True)
def installation(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Redis.from_url(valkey_url).flushdb()
    monkeypatch.setenv("REDIS_URL", valkey_url)
    monkeypatch.setenv("SIGAP_HOME", str(tmp_path))


def sigap(*args: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(args), input=given)


def listed() -> list[dict[str, object]]:
    return [json.loads(line) for line in sigap("list", "--json").stdout.splitlines()]


def test_add_list_and_disable() -> None:
    assert "Nobody yet" in sigap("list").stdout
    added = sigap("add", "dina", "--name", "Dina Lestari", "--password-stdin", given=PASSWORD)
    assert added.exit_code == 0, added.output
    assert PASSWORD.strip() not in added.output
    sigap("add", "sari", "--name", "Sari", "--role", "supervisor", "--password-stdin", given=PASSWORD)
    assert [(row["login"], row["role"], row["disabled"], row["present"]) for row in listed()] == [
        ("dina", "agent", False, False),
        ("sari", "supervisor", False, False),
    ]
    assert sigap("disable", "dina").exit_code == 0
    assert [row["disabled"] for row in listed()] == [True, False]
    assert "Dina Lestari" in sigap("list").stdout


def test_the_password_is_asked_for_twice_and_not_shown() -> None:
    asked = sigap("add", "dina", given=f"Dina\n{PASSWORD}{PASSWORD}")
    assert asked.exit_code == 0, asked.output
    assert PASSWORD.strip() not in asked.output
    assert [row["name"] for row in listed()] == ["Dina"]


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        (("add", "dina", "--name", "D", "--password-stdin"), "short\n", "a password has 10 to 256 characters"),
        (("add", "dina", "--password-stdin"), PASSWORD, "--name is needed"),
        (("add", "A B", "--name", "D", "--password-stdin"), PASSWORD, "a login name is"),
        (("disable", "nobody"), "", "there is no agent nobody"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(args: tuple[str, ...], given: str, said: str) -> None:
    answer = sigap(*args, given=given)
    assert answer.exit_code == 1
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_an_existing_login_is_changed_only_with_replace() -> None:
    for extra, code in ((), 0), ((), 1), (("--replace",), 0):
        answer = sigap("add", "dina", "--name", "Dina", "--password-stdin", *extra, given=PASSWORD)
        assert answer.exit_code == code, answer.output
