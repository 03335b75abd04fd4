"""Replays recorded conversations through the channels against a system of its own, with and without kills.

    make bench-replay DATA=conversations.jsonl

For each channel: one undisturbed run, then one in which worker, gateway, courier and Valkey are each killed with
-9 in the middle. The last line has the figures of all runs together and the waits of the undisturbed ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.scenarios.harness import Sigap

KILLED = ("worker", "gateway", "courier", "valkey")
NEVER = ("lost", "duplicated", "reordered", "over_limit", "personal", "violations")
COUNTS = ("sent", "answered", "handed_off", *NEVER, "unconfirmed")
COLUMNS = (*COUNTS, "p50_ms", "p95_ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="recorded conversations, JSON lines")
    parser.add_argument("--rate", type=float, default=4.0, help="new customers a second (default 4)")
    parser.add_argument("--limit", type=int, help="only the first so many conversations")
    parser.add_argument("--channels", default="webchat,telegram", help="with commas in between")
    options = parser.parse_args()
    console = Console(stderr=True)
    table = Table("channel", "killed", *COLUMNS, title="Replay")
    totals = dict.fromkeys(COUNTS, 0)
    waits: dict[str, float] = {}
    with TemporaryDirectory(prefix="sigap") as folder:
        for channel in options.channels.split(","):
            for kills in (False, True):
                with console.status(f"{channel}, {'with kills' if kills else 'undisturbed'} …"):
                    figures = run(Path(folder) / f"{channel}{kills}", channel, kills, options)
                table.add_row(channel, "each once" if kills else "–", *(str(figures[name]) for name in COLUMNS))
                for name in totals:
                    totals[name] += figures[name]
                if not kills:
                    waits |= {f"{channel}_p50_ms": figures["p50_ms"], f"{channel}_p95_ms": figures["p95_ms"]}
    Console(width=160).print(table)
    print("figure: " + " ".join(f"{name}={value}" for name, value in {**totals, **waits}.items()))
    return int(any(totals[name] for name in NEVER))


def run(home: Path, channel: str, kills: bool, options: argparse.Namespace) -> dict[str, int]:
    with Sigap(home) as sigap:
        limit = ["--limit", str(options.limit)] if options.limit else []
        replay = sigap.start_command(
            "replay", str(options.data), "--channel", channel, "--rate", str(options.rate), "--json", *limit
        )
        if kills:
            for name in KILLED:
                time.sleep(8)
                if replay.poll() is None:
                    sigap.kill(name)
                    sigap.wait_until_ok()
        try:
            out, err = replay.communicate(timeout=1800)
        except subprocess.TimeoutExpired:
            replay.kill()
            raise
        if not out.strip():
            sys.exit(f"the replay said nothing\n{err[-2000:]}")
        return dict(json.loads(out))


if __name__ == "__main__":
    sys.exit(main())
