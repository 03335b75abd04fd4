"""A bad day on every platform at once: what becomes of 2,000 conversations when the platforms misbehave.

    make bench-chaos                                     sentences of its own
    make bench-chaos DATA=conversations.jsonl OPTIONS="--conversations 300"

Every stand-in delivers webhooks twice (20 %) and out of order (10 %), answers with 5xx (5 %), takes a message and
never answers (2 %), and allows fewer messages a second than are sent. Nothing may be lost, and no customer may see
anything twice; where nobody can know whether a message arrived, the desk has to show it as unconfirmed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from ruamel.yaml import YAML

from bot import bootstrap
from bot import settings as settings_module
from bot.bootstrap import System
from bot.replay.customers import CUSTOMERS
from bot.replay.play import play
from bot.replay.recording import Recording, read
from bot.replay.verdict import COUNTED, Verdict
from bot.settings import PROJECT
from tests.scenarios.harness import Sigap

SENTENCES = ("nlu_unseen.en.yml", "nlu_unseen.id.yml")
# Longer than the 10 s for which our clients wait.
HANG_S = 12.0
UNKIND = {
    "duplicate_share": 0.2,
    "reorder_share": 0.1,
    "error_share": 0.05,
    "timeout_after_send_share": 0.02,
    "hang_s": HANG_S,
}
# Meta lets calls wait for a minute at least, and counts over longer times than a second.
META = ("facebook", "instagram", "whatsapp")
META_BURST_S = 20
COLUMNS = {
    "sent": "sent", "answered": "answered", "handed_off": "handed off", "lost": "lost", "duplicated": "doubled",
    "reordered": "reordered", "doubted": "unconfirmed", "over_limit": "too long", "personal": "personal",
    "violations": "violations",
}  # fmt: skip
NEVER = ("lost", "duplicated", "reordered", "over_limit", "personal", "violations")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="recorded conversations, JSON lines")
    parser.add_argument("--conversations", type=int, default=2000, help="over all channels (default 2000)")
    parser.add_argument("--rate", type=float, default=7.0, help="new customers a second over all (default 7)")
    parser.add_argument("--limit-per-second", type=float, default=1.5, help="sends that each platform takes")
    parser.add_argument("--channels", default=",".join(CUSTOMERS), help="with commas in between")
    options = parser.parse_args()
    channels = options.channels.split(",")
    recordings = read(options.data) if options.data else own_recordings()
    shared = deal(list(islice(cycle(recordings), options.conversations)), channels)
    with TemporaryDirectory(prefix="sigap") as folder, Sigap(Path(folder) / "home") as sigap:
        for channel in channels:
            turn_dials(sigap, channel, options.limit_per_second)
        verdicts = asyncio.run(run(sigap, shared, options.rate / len(channels)))
        limited = {channel: refused_for_limits(sigap, channel) for channel in channels}
    return report(verdicts, shared, limited)


def own_recordings() -> list[Recording]:
    """Conversations of one to three messages out of the assistant's unseen test sentences, always the same ones."""
    texts: list[str] = []
    for name in SENTENCES:
        found = YAML(typ="safe").load(PROJECT / "tests" / "assistant" / name)
        for intent in found["nlu"]:
            texts += [line.removeprefix("- ").strip() for line in intent["examples"].splitlines() if line.strip()]
    chance = random.Random(7)
    return [Recording(str(number), chance.sample(texts, 1 + number % 3)) for number in range(len(texts))]


def deal(recordings: Sequence[Recording], channels: Sequence[str]) -> dict[str, list[Recording]]:
    """Each channel's share, one after the other."""
    return {channel: list(recordings[number :: len(channels)]) for number, channel in enumerate(channels)}


def turn_dials(sigap: Sigap, channel: str, limit: float) -> None:
    """Our own web chat has no platform that could misbehave."""
    if channel == "webchat":
        return
    if channel == "telegram":
        where, limits = "dials", {"overall_per_second": limit, "overall_burst": max(1, int(limit))}
    else:
        burst = limit * META_BURST_S if channel in META else 0.0
        where, limits = f"social/{channel}/dials", {"limit_per_second": limit, "limit_burst": burst}
    answer = httpx.post(f"{sigap.sandbox_url}/sandbox/api/{where}", json={**UNKIND, **limits}, trust_env=False)
    answer.raise_for_status()


def refused_for_limits(sigap: Sigap, channel: str) -> int:
    """Sends that the stand-in refused because there were too many; Telegram's does not count them."""
    if channel in ("webchat", "telegram"):
        return 0
    answer = httpx.get(f"{sigap.sandbox_url}/sandbox/api/social/{channel}/state", trust_env=False)
    return int(answer.json()["limited"])


async def run(sigap: Sigap, shared: dict[str, list[Recording]], rate: float) -> dict[str, Verdict]:
    """All channels at the same time; `rate` is new customers a second on each."""
    settings = settings_module.load(sigap.environment, dotenv=sigap.home / "none")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    async with bootstrap.connect(settings) as system:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            verdicts = await asyncio.gather(
                *(one(system, channel, mine, rate, progress) for channel, mine in shared.items())
            )
    return dict(zip(shared, verdicts, strict=True))


async def one(
    system: System, channel: str, recordings: Sequence[Recording], rate: float, progress: Progress
) -> Verdict:
    """One channel's share."""
    customers = CUSTOMERS[channel](system.settings)
    task = progress.add_task(channel, total=sum(len(recording.texts) for recording in recordings))
    try:
        return await play(system, customers, recordings, rate, lambda: progress.advance(task), system.channels[channel])
    finally:
        await customers.close()


def report(verdicts: dict[str, Verdict], shared: dict[str, list[Recording]], limited: dict[str, int]) -> int:
    table = Table("channel", "conversations", *COLUMNS.values(), "p50 s", "p95 s", "over limit", title="Chaos")
    total = Verdict()
    for channel, verdict in verdicts.items():
        total.add(verdict)
        table.add_row(channel, str(len(shared[channel])), *_row(verdict), str(limited[channel] or "–"))
    conversations = sum(map(len, shared.values()))
    table.add_section()
    table.add_row("all", str(conversations), *_row(total), str(sum(limited.values())))
    Console(width=170).print(table)
    figures = {name: getattr(total, name) for name in COUNTED if name not in ("duplicated", "unconfirmed", "doubted")}
    figures |= {"doubled": total.duplicated, "unconfirmed": total.doubted, "over_the_rate": sum(limited.values())}
    print(f"figure: conversations={conversations} " + " ".join(f"{name}={value}" for name, value in figures.items()))
    return int(any(getattr(total, name) for name in NEVER))


def _row(verdict: Verdict) -> list[str]:
    waits = [f"{verdict.percentile(percent) / 1000:.1f}" for percent in (50, 95)]
    return [*(str(getattr(verdict, name)) for name in COLUMNS), *waits]


if __name__ == "__main__":
    sys.exit(main())
