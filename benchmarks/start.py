"""How quickly the gateway answers after its start, how long everything takes, and what the processes weigh.

make bench-start
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.table import Table

from bot.settings import PROJECT
from tests.scenarios.harness import Sigap

RUNS = 5


def main() -> None:
    with TemporaryDirectory(prefix="sigap") as folder, Sigap(Path(folder) / "home") as sigap:
        gateways = [gateway_start(sigap) for _ in range(RUNS)]
        sigap.wait_until_ok()
        time.sleep(4)  # the next heartbeat tells the memory
        memory = {p["process"].split("/")[-1]: p["rss_mb"] for p in sigap.health()["processes"]}
        all_of_it = whole_start(Path(folder) / "again", sigap)
    table = Table("what", "measured", "to reach", title="Start and memory")
    table.add_row("gateway, start to first 200 (median of 5)", f"{median(gateways):.2f} s", "< 3 s")
    table.add_row("everything, a second start to /health ok", f"{all_of_it:.1f} s", "< 30 s")
    table.add_row("gateway", f"{memory['gateway']} MB", "< 200 MB")
    table.add_row("worker", f"{memory['worker-1']} MB", "< 900 MB")
    Console(width=100).print(table)
    print(
        f"figure: gateway_start_s={median(gateways):.2f} up_s={all_of_it:.1f} "
        f"gateway_mb={memory['gateway']} worker_mb={memory['worker-1']}"
    )


def gateway_start(sigap: Sigap) -> float:
    """Seconds from starting a second gateway process to its first 200."""
    environment = {
        **sigap.environment,
        "SIGAP_PORT": str(sigap.port + 1000 if sigap.port < 60_000 else sigap.port - 1000),
    }
    # The Valkey of the running system is at the address of the same home.
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "bot.cli", "gateway"], cwd=PROJECT, env=environment)
    try:
        while True:
            try:
                if (
                    httpx.get(f"http://127.0.0.1:{environment['SIGAP_PORT']}/health", trust_env=False).status_code
                    == 200
                ):
                    return time.monotonic() - began
            except httpx.HTTPError:
                time.sleep(0.01)
    finally:
        process.terminate()
        process.wait()


def whole_start(home: Path, first: Sigap) -> float:
    first.stop()
    with Sigap(home, models=home.parent / "home" / "models"):
        pass  # the first start of this home makes its files
    began = time.monotonic()
    with Sigap(home):
        return time.monotonic() - began


if __name__ == "__main__":
    main()
