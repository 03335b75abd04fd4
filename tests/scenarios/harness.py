"""A whole Sigap of its own: `sigap up` in a subprocess, with its own folder and ports; its processes can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from bot.adapters.embedded_valkey import socket_path
from bot.settings import PROJECT

START_S = 120.0
TRAINED = Path(os.environ.get("SIGAP_HOME") or PROJECT / ".sigap").resolve() / "models"  # by `make test`


class Failed(Exception):
    """The system did not do what was waited for; the message has the end of its log."""


class Sigap:
    """Use as a context manager. `environment` adds to or overrides the settings."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None, models: Path | None = None) -> None:
        self.home = home
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SIGAP_")},
            "SIGAP_HOME": str(home),
            "SIGAP_PORT": str(self.port),
            "SIGAP_SANDBOX_PORT": str(self.sandbox_port),
            "SIGAP_DEMO": "1",
            "REDIS_URL": "",
            "DATABASE_URL": "",
            **(environment or {}),
        }
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "models").exists():
            (home / "models").symlink_to(models or TRAINED)
        self._log = home / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=10, trust_env=False)

    def __enter__(self) -> Sigap:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "up"], cwd=PROJECT, env=self.environment, stdout=log, stderr=log
            )
        self.wait_until_ok()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._http.close()

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise Failed(f"did not stop\n{self.log()[-3000:]}") from None

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def health(self) -> dict[str, Any]:
        try:
            return dict(self._http.get(f"{self.url}/health").json())
        except (httpx.HTTPError, ValueError):
            return {}

    def wait_until_ok(self, timeout_s: float = START_S) -> float:
        """Seconds until /health said ok."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_s:
            if self._process is not None and self._process.poll() is not None:
                raise Failed(f"ended with {self._process.returncode}\n{self.log()[-3000:]}")
            if self.health().get("status") == "ok":
                return time.monotonic() - began
            time.sleep(0.1)
        raise Failed(f"not ok within {timeout_s} s: {self.health()}\n{self.log()[-3000:]}")

    def pid(self, name: str) -> int:
        """Of "valkey" or the first process whose name begins so ("worker", "gateway" …)."""
        if name == "valkey":
            client = Redis(unix_socket_path=str(socket_path(self.home)))
            try:
                return int(client.info("server")["process_id"])
            finally:
                client.close()
        for process in self.health().get("processes", []):
            if process["process"].split("/")[-1].startswith(name):
                return int(process["pid"])
        raise Failed(f"no {name} is running: {self.health()}")

    def kill(self, name: str) -> int:
        """kill -9, at once; the pid that it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def command(self, *arguments: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        """`sigap …` with this system's settings."""
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *arguments],
            cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=timeout_s,
        )  # fmt: skip

    def start_command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *arguments],
            cwd=PROJECT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
