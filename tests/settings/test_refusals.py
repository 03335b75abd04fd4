"""A wrong setting stops every process with one sentence, exit code 2 and no traceback. On the real command line."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.adapters.rasa_project import FINGERPRINT, MODEL
from bot.settings import PROJECT


def trained_model(home: Path, rasa: str) -> None:
    """Something that looks like an assistant trained by this version of Rasa."""
    models = home / "models"
    models.mkdir(parents=True)
    metadata = json.dumps({"rasa_open_source_version": rasa}).encode()
    with tarfile.open(models / MODEL, "w:gz") as archive:
        member = tarfile.TarInfo("metadata.json")
        member.size = len(metadata)
        archive.addfile(member, io.BytesIO(metadata))
    (models / FINGERPRINT).write_text("x")


class Room:
    """What a case may use: a home of its own, a live Valkey, a taken port."""

    def __init__(self, home: Path, redis_url: str, taken_port: int) -> None:
        self.home = home
        self.redis_url = redis_url
        self.taken_port = taken_port
        home.mkdir(parents=True)

    def with_model(self) -> dict[str, str]:
        trained_model(self.home, version("rasa"))
        return {}

    def with_old_model(self) -> dict[str, str]:
        trained_model(self.home, "3.1.0")
        return {}

    def with_broken_model(self) -> dict[str, str]:
        (self.home / "models").mkdir()
        (self.home / "models" / MODEL).write_bytes(b"not a model")
        return {}

    def with_live_redis(self) -> dict[str, str]:
        return {"REDIS_URL": self.redis_url}

    def with_credentials(self, text: str) -> dict[str, str]:
        path = self.home / "credentials.yml"
        path.write_text(text, encoding="utf-8")
        return {"SIGAP_CREDENTIALS": str(path), **self.with_live_redis()}

    def held_by_another(self) -> dict[str, str]:
        self.other = EmbeddedValkey(self.home)
        self.other.prepare()
        return self.with_model()


TELEGRAM = "channels.rasa_connector.Telegram:\n  token: {token}\n  mode: polling\n"
Prepare = Callable[[Room], dict[str, str]]


class Case(NamedTuple):
    """`says`: what the one sentence must contain, the key first."""

    command: str
    prepare: Prepare
    says: tuple[str, ...]


def _taken(key: str) -> Prepare:
    return lambda room: {**room.with_live_redis(), **room.with_model(), key: str(room.taken_port)}


CASES = {
    # The first ones wait ten seconds for a server that may be just starting.
    "redis unreachable": Case(
        "recorder", lambda room: {"REDIS_URL": "redis://127.0.0.1:1/0"}, ("REDIS_URL", "answers", "start the server")
    ),
    "redis host unknown": Case(
        "courier", lambda room: {"REDIS_URL": "redis://no-such-host.invalid:6379"}, ("REDIS_URL", "Correct the address")
    ),
    "nothing is running": Case(
        "agents list", lambda room: {}, ("SIGAP_HOME", "no Sigap is running", "make run", "REDIS_URL")
    ),
    "redis url malformed": Case("gateway", lambda room: {"REDIS_URL": "localhost:6379"}, ("REDIS_URL", "redis://")),
    "unknown key": Case("gateway", lambda room: {"SIGAP_PROT": "1"}, ("SIGAP_PROT", "Did you mean SIGAP_PORT?")),
    "unknown key for every command": Case(
        "dead list", lambda room: {"SIGAP_PROT": "1"}, ("SIGAP_PROT", "Did you mean SIGAP_PORT?")
    ),
    "port no number": Case("up", lambda room: {"SIGAP_PORT": "http"}, ("SIGAP_PORT", "1 to 65534")),
    "port in use, gateway": Case("gateway", _taken("SIGAP_PORT"), ("SIGAP_PORT", "in use", "choose another")),
    "port in use, up": Case("up", _taken("SIGAP_PORT"), ("SIGAP_PORT", "in use", "choose another")),
    "sandbox port in use, up": Case(
        "up", lambda room: {**_taken("SIGAP_SANDBOX_PORT")(room), "SIGAP_DEMO": "1"}, ("SIGAP_SANDBOX_PORT", "in use")
    ),
    "sandbox port in use, sandbox": Case("sandbox", _taken("SIGAP_SANDBOX_PORT"), ("SIGAP_SANDBOX_PORT", "in use")),
    "model missing, up": Case("up", lambda room: {}, ("SIGAP_HOME", "no trained assistant", "make train")),
    "model missing, worker": Case("worker", Room.with_live_redis, ("SIGAP_HOME", "no trained assistant", "make train")),
    "model of another version, up": Case(
        "up", Room.with_old_model, ("SIGAP_HOME", "trained by Rasa 3.1.0", version("rasa"), "make train")
    ),
    "model of another version, worker": Case(
        "worker", lambda room: room.with_live_redis() | room.with_old_model(), ("SIGAP_HOME", "3.1.0", "make train")
    ),
    "model broken": Case("up", Room.with_broken_model, ("SIGAP_HOME", "not a Rasa model", "make train")),
    "token empty, up": Case(
        "up", lambda room: room.with_model() | room.with_credentials(TELEGRAM.format(token='""')), ("telegram.token",)
    ),
    "token empty, gateway": Case(
        "gateway", lambda room: room.with_credentials(TELEGRAM.format(token='""')), ("telegram.token",)
    ),
    "token empty, courier": Case(
        "courier", lambda room: room.with_credentials(TELEGRAM.format(token='""')), ("telegram.token",)
    ),
    "token variable not set": Case(
        "courier", lambda room: room.with_credentials(TELEGRAM.format(token="${TELEGRAM_TOKEN_NOT_SET}")),
        ("Telegram.token", "TELEGRAM_TOKEN_NOT_SET", "Set"),
    ),
    "channel setting unknown": Case(
        "courier", lambda room: room.with_credentials(TELEGRAM.format(token="1:a") + "  colour: red\n"),
        ("telegram.colour", "unknown setting"),
    ),
    "credentials no yaml": Case(
        "courier", lambda room: room.with_credentials("a: [\n"), ("credentials.yml:", "not YAML")
    ),
    "database url malformed": Case(
        "recorder", lambda room: room.with_live_redis() | {"DATABASE_URL": "sqlite://archive.db"},
        ("DATABASE_URL", "sqlite:////"),
    ),
    "already running": Case("up", Room.held_by_another, ("SIGAP_HOME", "already running", "another folder")),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str
) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """All cases at once: the ones that wait do so side by side."""
    base = {k: v for k, v in os.environ.items() if not k.startswith("SIGAP_")}
    base |= {"REDIS_URL": "", "DATABASE_URL": "", "BACKOFFICE_URL": ""}
    folder = tmp_path_factory.mktemp("refusals")
    rooms: list[Room] = []  # kept until the end: one holds a lock
    with socket.socket() as taken, ThreadPoolExecutor(6) as pool:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        def start(number: int, case: Case) -> subprocess.CompletedProcess[str]:
            room = Room(folder / str(number), valkey_url, taken.getsockname()[1])
            environment = {"SIGAP_HOME": str(room.home), "SIGAP_PORT": str(_free_port()), **case.prepare(room)}
            rooms.append(room)
            return subprocess.run(
                [sys.executable, "-m", "bot.cli", *case.command.split()], cwd=PROJECT, env=base | environment,
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip

        yield {name: pool.submit(start, number, case) for number, (name, case) in enumerate(CASES.items())}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("name", reversed(CASES))
def test_refuses_with_one_sentence(outcomes: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    done = outcomes[name].result()
    assert done.returncode == 2, done.stderr
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("sigap: ")
    for part in CASES[name].says:
        assert part in sentence
    assert done.stdout == ""


def test_redis_wants_a_password(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    server.prepare()
    process = subprocess.Popen([*server.command(), "--requirepass", "right"])
    try:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGAP_")}
        environment |= {"SIGAP_HOME": str(tmp_path), "REDIS_URL": server.url}
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", "recorder"], cwd=PROJECT, env=environment, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait()
        server.release()
    assert done.returncode == 2
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("sigap: REDIS_URL: ")
    assert "password is wrong or missing" in sentence
