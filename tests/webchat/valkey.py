"""A Valkey of a test's own, to be killed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.adapters.embedded_valkey import EmbeddedValkey


class Valkey:
    """Keeps its data over a kill, as the one in production does."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="sigap")
        self._server = EmbeddedValkey(Path(self._folder.name))
        self._server.prepare()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._process = subprocess.Popen(self._server.command())
        self._server.await_ready()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        self._server.release()
        self._folder.cleanup()
