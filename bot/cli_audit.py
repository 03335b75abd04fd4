"""`sigap audit`: who saw, said, approved, changed or exported what, and whether the log is whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.bootstrap import System
from bot.core.audit import Break, Entry
from bot.entrypoints.once import fail, who, with_system

app = typer.Typer(
    no_args_is_help=True,
    help="The audit log is append-only; each entry's seal covers the one before it. It names cases by a digest, never "
    "by a customer's name: --case KEY finds those of a conversation (KEY as the desk's address shows it).",
)
console = Console(highlight=False)
T = TypeVar("T")

Case = Annotated[str, typer.Option(help="Only entries about this conversation, like telegram:42.")]
Actor = Annotated[str, typer.Option(help="Only what this login name did.")]

MEANING = {
    "altered": "it was altered, or sealed with another SIGAP_SECRET",
    "missing": "it is missing",
    "cut_off": "it and everything behind it is missing",
}

UNNOTED = (
    "Which entry was written last is not noted in Redis (it lost its data, or somebody removed the note): "
    "that entries are missing at the end could not be seen."
)
EMPTY = (
    "The archive holds events, yet the audit log holds no entry, and none is noted in Redis: either no person has done "
    "anything here so far, or somebody removed both."
)


class Format(StrEnum):
    JSON = "jsonl"
    PDF = "pdf"


@app.command()
def verify(
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Check every seal from the first entry on; names the first broken link. Exit code 1 when there is one."""
    check = with_system(_check)
    if json:
        found = {"entries": check.entries, "broken": check.broken, "end_noted": check.noted, "warning": check.warning}
        typer.echo(msgspec.json.encode(found).decode())
    elif check.broken is None:
        console.print(f"{check.entries} entries: the chain holds.")
        if check.warning:
            console.print(f"[yellow]{check.warning}[/]")
    else:
        console.print(f"[red]The chain is broken at entry {check.broken.seq}: {MEANING[check.broken.what]}.[/]")
    if check.broken is not None:
        raise typer.Exit(1)


@app.command()
def show(
    case: Case = "",
    actor: Actor = "",
    last: Annotated[int, typer.Option(help="So many of the latest entries.", min=1)] = 50,
) -> None:
    """Show the latest entries."""

    async def read(system: System) -> list[Entry]:
        return list(await asyncio.to_thread(system.archive.audit, case, actor))[-last:]

    table = Table("no.", "time (UTC)", "who", "what", "case", "details")
    for entry in with_system(read):
        detail = ", ".join(f"{name}: {value}" for name, value in entry.detail.items())
        at = f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        table.add_row(str(entry.seq), at, *map(Text, (entry.actor, entry.action, entry.case, detail)))
    console.print(table)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    form: Annotated[Format, typer.Option("--format", help="JSON lines, or a PDF.")] = Format.JSON,
    case: Case = "",
    actor: Actor = "",
) -> None:
    """Write the log for an inspector. That it was exported is an entry itself."""

    async def read(system: System) -> tuple[list[Entry], Break | None, str]:
        broken = (await _check(system)).broken
        entries = list(await asyncio.to_thread(system.archive.audit, case, actor))
        await system.trail.note(who(), "exported_audit", case, format=form.value, of=actor, broken=broken is not None)
        return entries, broken, system.settings.brand

    entries, broken, brand = with_system(read)
    from bot.adapters.audit_pdf import audit_lines, audit_pdf  # noqa: PLC0415 - fonts and all, only here

    content = audit_lines(entries) if form is Format.JSON else audit_pdf(entries, broken, datetime.now(UTC), brand)
    try:
        out.write_bytes(content)
    except OSError as error:
        fail(f"{out} cannot be written ({error.strerror})")
    console.print(f"{len(entries)} entries written to {out}", markup=False)
    if broken is not None:
        console.print(f"[red]The chain is broken at entry {broken.seq}: {MEANING[broken.what]}.[/]")
        raise typer.Exit(1)


class Check(msgspec.Struct, frozen=True):
    """Where the chain breaks, how many entries there are, whether its end is noted apart from it, and whether anything
    ever happened here."""

    broken: Break | None
    entries: int
    noted: bool
    used: bool

    @property
    def warning(self) -> str:
        """What a chain that holds can't tell."""
        if self.noted:
            return ""
        return UNNOTED if self.entries else EMPTY if self.used else ""


async def _check(system: System) -> Check:
    head = await system.audit_head.read()
    broken = await asyncio.to_thread(system.archive.first_break, head)
    last = await asyncio.to_thread(system.archive.audit_head)
    used = bool(await asyncio.to_thread(system.archive.position))
    return Check(broken, last[0] if last else 0, head is not None, used)
