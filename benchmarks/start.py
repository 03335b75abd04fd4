"""How quickly the gateway answers after its start, how long everything takes, and what the processes weigh.

make bench-start
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.table import Table

from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.settings import PROJECT
from tests.scenarios.harness import Sigap, free_port

RUNS = 5


def main() -> None:
    with TemporaryDirectory(prefix="sigap") as folder:
        gateways = gateway_starts(Path(folder) / "gateway")
        home = Path(folder) / "home"
        with Sigap(home):
            pass  # the first start makes the files
        began = time.monotonic()
        with Sigap(home) as sigap:
            all_of_it = time.monotonic() - began
            time.sleep(4)  # the next heartbeat tells the memory
            memory = {p["process"].split("/")[-1]: p["rss_mb"] for p in sigap.health()["processes"]}
    table = Table("what", "measured", "to reach", title="Start and memory")
    table.add_row(f"gateway, start to first 200 (median of {RUNS})", f"{median(gateways):.2f} s", "< 3 s")
    table.add_row("everything, a second start to /health ok", f"{all_of_it:.1f} s", "< 30 s")
    table.add_row("gateway", f"{memory['gateway']} MB", "< 200 MB")
    table.add_row("worker", f"{memory['worker-1']} MB", "< 900 MB")
    Console(width=100).print(table)
    print(
        f"figure: gateway_start_s={median(gateways):.2f} up_s={all_of_it:.1f} "
        f"gateway_mb={memory['gateway']} worker_mb={memory['worker-1']}"
    )


def gateway_starts(home: Path) -> list[float]:
    """Seconds from starting a gateway process, alone on an embedded Valkey, to its first 200."""
    home.mkdir()
    valkey = EmbeddedValkey(home)
    valkey.prepare()
    server = subprocess.Popen(valkey.command())
    try:
        valkey.await_ready()
        return [gateway_start(home) for _ in range(RUNS)]
    finally:
        server.terminate()
        server.wait()
        valkey.release()


def gateway_start(home: Path) -> float:
    port = free_port()
    environment = {**os.environ, "SIGAP_HOME": str(home), "SIGAP_PORT": str(port), "SIGAP_DEMO": "0"}
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "bot.cli", "gateway"], cwd=PROJECT, env=environment)
    try:
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                time.sleep(0.01)
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
