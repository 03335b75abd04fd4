"""`sigap up`: every process on one machine, supervised, with the embedded Valkey where no REDIS_URL is set."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from msgspec.structs import replace
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from bot import bootstrap, demo
from bot.adapters import redis_link
from bot.adapters.embedded_valkey import EmbeddedValkey, ValkeyUnavailable
from bot.adapters.rasa_project import usable_model
from bot.core.archive_ports import ArchiveUnavailable
from bot.entrypoints import gateway, process
from bot.settings import Settings
from channels.errors import SettingsError

BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
HEALTHY_S = 30.0  # a process that lived this long begins again with the shortest back-off
STOP_S = 15.0  # how long a process may take to finish what it has in hand
READY_S = 120.0

console = Console(stderr=True, highlight=False)


def run(settings: Settings) -> None:
    """Start everything and stay until Ctrl-C. Exits with 2 and one sentence when a setting is wrong."""
    try:
        sys.exit(asyncio.run(Supervisor(settings).run()))
    except SettingsError as error:
        process.refuse(error)
    except ValkeyUnavailable as error:
        print(f"sigap: SIGAP_HOME: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(process.EXIT_SETTINGS)


class Supervisor:
    """Starts the children in order, restarts who dies, stops all in reverse order: Valkey last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._valkey = None if settings.redis_url else EmbeddedValkey(settings.home)
        self._children: list[_Child] = []
        self._stopping = asyncio.Event()
        self._exit = 0

    async def run(self) -> int:
        """The exit code: 0 after Ctrl-C, 2 when a child refused its settings."""
        self._look_before()
        loop = asyncio.get_running_loop()
        # A thread waits for each child all its life; the loop's own pool is too small for that on few cores.
        loop.set_default_executor(ThreadPoolExecutor(max_workers=2 * (len(self._plan()) + 4)))
        for wanted in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wanted, self._stopping.set)
        try:
            if self._valkey is not None:
                self._valkey.prepare()
                self._start("valkey", self._valkey.command())
                await asyncio.to_thread(self._valkey.await_ready)
            async with bootstrap.connect(self._settings) as system:
                await process.first_contact(system)
                if self._settings.demo:
                    await demo.seed(system.people)
            for name, arguments in self._plan():
                self._start(name, [sys.executable, "-m", "bot.cli", *arguments])
            ready = asyncio.create_task(self._announce())
            await self._stopping.wait()
            ready.cancel()
        finally:
            await self._stop()
        return self._exit

    def _look_before(self) -> None:
        """Find out now what would make a child refuse: one sentence, before anything is started."""
        usable_model(self._settings.models)
        gateway.listen(self._settings.host, self._settings.port).close()
        if self._settings.demo:
            try:
                gateway.listen("127.0.0.1", self._settings.sandbox_port).close()
            except SettingsError as error:
                raise SettingsError("SIGAP_SANDBOX_PORT", error.problem, error.fix) from None
        system = bootstrap.System(self._settings, redis_link.connect(bootstrap.redis_url(self._settings)))
        _ = system.channels
        try:
            system.archive.position()
        except ArchiveUnavailable as error:
            # A PostgreSQL that is away may come back, and is caught up with then. A file or an option will not.
            if self._settings.database_url.startswith("sqlite") or str(error) == "ProgrammingError":
                raise SettingsError("DATABASE_URL", f"cannot be used ({error})", "Correct it or remove it") from None
            console.print(f"[yellow]The archive's database does not answer ({error}); going on without it.[/]")
        finally:
            system.archive.close()

    def _plan(self) -> Sequence[tuple[str, Sequence[str]]]:
        workers = [(f"worker-{n}", ["worker", "--number", str(n)]) for n in range(1, self._settings.workers + 1)]
        sandbox = [("sandbox", ["sandbox"])] if self._settings.demo else []
        return [
            *sandbox,
            ("gateway", ["gateway"]),
            *workers,
            ("courier", ["courier"]),
            ("recorder", ["recorder"]),
        ]

    def _start(self, name: str, command: Sequence[str]) -> None:
        child = _Child(name, command, self._environment(), self._settings.project, self._gave_up)
        self._children.append(child)

    def _environment(self) -> Mapping[str, str]:
        # Children connect to the very server that we started, and read no .env a second time.
        settings = replace(self._settings, redis_url=bootstrap.redis_url(self._settings))
        return {**os.environ, **settings.environment(), "PYTHONWARNINGS": "ignore"}  # Rasa's and TensorFlow's own

    def _gave_up(self, name: str) -> None:
        """A child refused its settings: it has said why, restarting would not help."""
        console.print(f"[red]{name} refused to start; stopping.[/]")
        self._exit = process.EXIT_SETTINGS
        self._stopping.set()

    async def _announce(self) -> None:
        """Wait until everything answers, then say where."""
        settings = self._settings
        url = f"http://{settings.host}:{settings.port}"
        with console.status("starting: the assistant takes a few seconds to load …"):
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(int(READY_S / 0.25)):
                    try:
                        report = (await client.get(f"{url}/health")).json()
                    except (httpx.HTTPError, ValueError):
                        report = {}
                    if report.get("status") == "ok":
                        break
                    await asyncio.sleep(0.25)
                else:
                    console.print("[red]Not everything started within two minutes; see the lines above.[/]")
                    return
        table = Table.grid(padding=(0, 2))
        table.add_row("Web chat", f"{settings.base_url}/chat")
        table.add_row("Desk", f"{settings.base_url}/desk")
        if settings.demo:
            table.add_row("Sandbox", f"http://127.0.0.1:{settings.sandbox_port}/sandbox")
            logins = " · ".join(login for login, _ in demo.DEMO_LOGINS)
            table.add_row("Log in at the desk as", f"{logins}   password: {demo.DEMO_PASSWORD}")
        table.add_row("Health", f"{settings.base_url}/health")
        console.print(Panel(table, title="Sigap is up", subtitle="Ctrl-C stops everything", expand=False))

    async def _stop(self) -> None:
        for child in reversed(self._children):
            if child.name != "valkey":
                child.ask_to_stop()
        for child in self._children:
            if child.name != "valkey":
                await child.stopped()
        for child in self._children:
            if child.name == "valkey":
                child.ask_to_stop()
                await child.stopped()
        if self._valkey is not None:
            self._valkey.release()


class _Child:
    """One process and the task that restarts it."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path,
        gave_up: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.name = name
        self._command = command
        self._environment = environment
        self._folder = folder
        self._gave_up = gave_up
        self._asked = False
        self._process = self._spawn()
        self._watch = asyncio.create_task(self._keep())

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=dict(self._environment),
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the others in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
        )

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            since = loop.time()
            code = await asyncio.to_thread(self._process.wait)
            if self._asked:
                return
            if code == process.EXIT_SETTINGS:
                self._gave_up(self.name)
                return
            failures = 0 if loop.time() - since > HEALTHY_S else failures
            delay = min(LONGEST_BACK_OFF_S, BACK_OFF_S * 2**failures)
            failures += 1
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            console.print(f"[yellow]{self.name} stopped ({how}); starting it again in {delay:g} s[/]")
            await asyncio.sleep(delay)
            if self._asked:
                return
            self._process = self._spawn()

    def ask_to_stop(self) -> None:
        self._asked = True
        if self._process.poll() is None:
            self._process.terminate()

    async def stopped(self) -> None:
        try:
            await asyncio.wait_for(asyncio.to_thread(self._process.wait), STOP_S)
        except TimeoutError:
            console.print(f"[red]{self.name} did not stop in {STOP_S:g} s; killed[/]")
            self._process.kill()
        self._watch.cancel()


def _die_with_parent() -> None:
    """On Linux, ask the kernel to stop this child when `sigap up` itself is killed, so that no orphan holds a port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
