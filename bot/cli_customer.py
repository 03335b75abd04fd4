"""`sigap customer`: everything about one customer, to hand it out or to erase it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.bootstrap import System
from bot.core.customer_ports import AlreadyErasing
from bot.core.personal import mask
from bot.entrypoints.once import fail, who, with_system
from bot.services.customer import Report

app = typer.Typer(
    no_args_is_help=True,
    help="One customer's data: hand it out, or erase it from the live store, the archive and their files.",
)
console = Console()
T = TypeVar("T")

SHOWN = 30  # traces on a screen; --json has them all

Key = Annotated[str, typer.Argument(help="The conversation, CHANNEL:ID, as the desk's address line shows it.")]
Linked = Annotated[bool, typer.Option("--linked", help="Also the conversations that the desk linked to it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")]


@app.command()
def export(
    key: Key,
    linked: Linked = False,
    out: Annotated[Path | None, typer.Option(help="Write the document to this file, for your eyes only.")] = None,
    json: Json = False,
) -> None:
    """Everything that is kept about a customer: a summary, or (--out, --json) the whole document."""

    async def read(system: System) -> Mapping[str, Any]:
        document = await _look(system, key, linked)
        _known(document, key)
        if json or out is not None:
            keys = [conversation["key"] for conversation in document["conversations"]]
            return await system.customers.export(keys, who())
        return document

    document = _asked(read)
    data = msgspec.json.format(msgspec.json.encode(document), indent=2)
    if out is not None:
        try:
            with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data + b"\n")
        except OSError as error:
            fail(f"--out: {out} cannot be written ({error.strerror}). Choose another file.")
        typer.echo(f"Written to {out}. It holds personal data: hand it on safely and delete it.")
    if json:
        typer.echo(data.decode())
    elif out is None:
        console.print(_summary(document))
        console.print("--out FILE writes everything, --json prints it.")


@app.command()
def erase(
    key: Key,
    linked: Linked = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase a customer for good, then search for what is left, byte by byte. Exit code 1 when something is."""
    document = _asked(lambda system: _look(system, key, linked))
    _known(document, key)
    if not json:
        console.print(_summary(document))
    if not yes:
        typer.confirm("Erase all of this for good?", abort=True)
    keys = [conversation["key"] for conversation in document["conversations"]]
    report = _asked(lambda system: system.customers.erase(keys, who()))
    if json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(report), "clean": report.clean}).decode())
    else:
        _tell(report)
    if not report.clean:
        raise typer.Exit(1)


def _tell(report: Report) -> None:
    typer.echo(f"Erased {report.pieces} pieces of {len(report.keys)} conversation(s).")
    if report.begun_again:
        typer.echo("The customer has written since; that is new and was kept: " + ", ".join(report.begun_again))
    for problem in report.unsettled:
        typer.echo(f"Not certain: {problem}.")
    if report.left:
        table = Table("still there", "where", title="Left behind")
        for trace in report.left[:SHOWN]:
            table.add_row(escape(mask(trace.needle)[:60]), escape(trace.place))
        console.print(table)
        if len(report.left) > SHOWN:
            typer.echo(f"… and {len(report.left) - SHOWN} more; --json shows all.")
    else:
        typer.echo("Searched the live store, the archive and all files: nothing is left.")
    if report.elsewhere:
        words = {trace.needle for trace in report.elsewhere}
        typer.echo(f"{len(words)} word(s) of theirs are in other conversations too, where others wrote them.")


def _summary(document: Mapping[str, Any]) -> Table:
    table = Table("conversation", "customer", "since", "events", "waiting", "dead letters", "names", "linked to")
    for part in document["conversations"]:
        state = part["state"] or {}
        table.add_row(
            escape(part["key"]), escape(str((state.get("customer") or {}).get("name", ""))),
            str(state.get("opened_at", ""))[:10],
            *(str(len(part[name])) for name in ("events", "waiting", "dead_letters", "names")),
            escape(", ".join(part["linked"])),
        )  # fmt: skip
    return table


async def _look(system: System, key: str, linked: bool) -> Mapping[str, Any]:
    return await system.customers.look(await system.customers.keys(key, linked=linked))


def _known(document: Mapping[str, Any], key: str) -> None:
    parts: Sequence[Mapping[str, Any]] = document["conversations"]
    kept = ("state", "events", "waiting", "dead_letters", "names", "linked")
    if not any(part[name] for part in parts for name in kept):
        fail(f"nothing is kept about {key}. It looks like telegram:123456789; the desk's address line shows it.")


def _asked(work: Callable[[System], Awaitable[T]]) -> T:
    try:
        return with_system(work)
    except AlreadyErasing:
        fail("another erasure is at work. Try again in a minute.")
