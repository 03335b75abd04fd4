"""`sigap replay`: recorded conversations played as customers against the running system."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot import bootstrap
from bot import settings as settings_module
from bot.entrypoints.process import first_contact, refuse
from bot.replay.customers import CUSTOMERS
from bot.replay.play import play
from bot.replay.recording import BadRecording, Recording, read
from bot.replay.verdict import Verdict
from bot.settings import Settings
from channels.errors import SettingsError

console = Console(stderr=True)


def replay(
    file: Annotated[Path, typer.Argument(help="Recorded conversations: JSON lines of {id, turns: [{role, text}]}.")],
    channel: Annotated[str, typer.Option(help=f"Where the customers write: {', '.join(CUSTOMERS)}.")],
    rate: Annotated[float, typer.Option(help="New customers a second.", min=0.01)] = 10.0,
    limit: Annotated[int | None, typer.Option(help="Only the first so many conversations.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as one JSON object.")] = False,
) -> None:
    """Play recorded conversations as customers and say what became of every message.

    Needs a running system (`make run`); all customers but those of the web chat are the sandbox's. Every message
    must be answered by the assistant or handed to a person with a notice. Exit code 1 when anything was lost,
    doubled or reordered, was too long or too personal for its place, or broke a rule of the platform.
    """
    if channel not in CUSTOMERS:
        refuse(SettingsError("--channel", f"“{channel}” cannot be replayed", f"Use one of: {', '.join(CUSTOMERS)}"))
    try:
        # Its customers live in the sandbox, whose channels are set up in demo mode only.
        settings = replace(settings_module.load(), demo=True)
        recordings = read(file, limit)
        verdict = asyncio.run(_run(settings, channel, recordings, rate))
    except SettingsError as error:
        refuse(error)
    except BadRecording as error:
        typer.echo(f"sigap: {error}", err=True)
        raise typer.Exit(2) from None
    figures = summary(verdict)
    if as_json:
        typer.echo(msgspec.json.encode({"channel": channel, **figures}).decode())
    else:
        Console(width=None if console.is_terminal else 130).print(table({channel: verdict}))
    typer.echo("figure: " + " ".join(f"{name}={value}" for name, value in figures.items()), err=as_json)
    if verdict.faulty:
        raise typer.Exit(1)


async def _run(settings: Settings, channel: str, recordings: list[Recording], rate: float) -> Verdict:
    async with bootstrap.connect(settings) as system:
        await first_contact(system)
        if channel not in system.channels:
            raise SettingsError(f"--channel {channel}", "is not set up", "Add its section to credentials.yml")
        customers = CUSTOMERS[channel](settings)
        messages = sum(len(recording.texts) for recording in recordings)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        try:
            with Progress(*columns, console=console) as progress:
                task = progress.add_task(f"replaying through {channel}", total=messages)
                return await play(
                    system, customers, recordings, rate, lambda: progress.advance(task), system.channels[channel]
                )
        finally:
            await customers.close()


def summary(verdict: Verdict) -> dict[str, float]:
    """The figures of the last line."""
    return {
        "sent": verdict.sent, "answered": verdict.answered, "handed_off": verdict.handed_off, "lost": verdict.lost,
        "duplicated": verdict.duplicated, "reordered": verdict.reordered, "unconfirmed": verdict.unconfirmed,
        "over_limit": verdict.over_limit, "personal": verdict.personal, "violations": verdict.violations,
        "p50_ms": round(verdict.percentile(50)), "p95_ms": round(verdict.percentile(95)),
        "p99_ms": round(verdict.percentile(99)),
    }  # fmt: skip


def table(verdicts: dict[str, Verdict]) -> Table:
    """The result for people, a row a channel."""
    made = Table(
        "channel", "sent", "answered", "handed off", "unanswered", "lost", "duplicated", "out of order",
        "unconfirmed", "too long", "personal", "violations", "p50 ms", "p95 ms", "p99 ms", title="Replay",
    )  # fmt: skip
    for channel, v in verdicts.items():
        made.add_row(
            channel,
            *(str(n) for n in (v.sent, v.answered, v.handed_off, v.unanswered, v.lost, v.duplicated, v.reordered,
                               v.unconfirmed, v.over_limit, v.personal, v.violations)),
            *(f"{v.percentile(p):.0f}" for p in (50, 95, 99)),
        )  # fmt: skip
    return made
