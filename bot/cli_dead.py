"""`sigap dead`: what could not be worked on, for a person to decide about."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from bot.bootstrap import System
from bot.core.personal import mask
from bot.core.ports import WEBHOOK, DeadLetter
from bot.entrypoints.once import who, with_system
from bot.services.dead import NotReadable, retry_letter

app = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: messages that broke the assistant several times, and webhook bodies that no adapter could "
    "read. Nothing here was lost; `retry` puts a letter back, `drop` throws it away.",
)
console = Console()
T = TypeVar("T")

Id = Annotated[str, typer.Argument(help="The letter's id, as `sigap dead list` prints it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(help="At most this many, newest first.", min=1)] = 50,
    json: Json = False,
) -> None:
    """Show what is there, newest first."""
    letters = with_system(lambda system: system.dead.list(limit), demo=True)
    if json:
        for letter in letters:
            typer.echo(msgspec.json.encode(_summary(letter)).decode())
        return
    if not letters:
        console.print("No dead letters.")
        return
    table = Table(Column("id", no_wrap=True), "when", "mailbox", "conversation", "attempts", "error")
    for letter in letters:
        when = letter.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(letter.dead_id, when, letter.mailbox, mask(letter.key), str(letter.attempts), mask(letter.error))
    console.print(table)


@app.command()
def show(
    dead_id: Id,
    json: Json = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Also what is personal: card numbers, telephone numbers, passwords …")
    ] = False,
) -> None:
    """Show one letter whole, the customer's words included; what is personal in it is masked."""

    async def read(system: System) -> DeadLetter | None:
        return await (_noted(system, dead_id, "saw_dead_letter") if unmasked else system.dead.get(dead_id))

    letter = with_system(read, demo=True)
    if letter is None:
        raise _missing(dead_id)
    body = letter.body.decode(errors="replace")
    if not unmasked:
        body = mask(body)
    if json:
        typer.echo(msgspec.json.encode({**_summary(letter), "body": body}).decode())
        return
    for name, value in _summary(letter).items():
        console.print(f"[bold]{name}[/]: ", end="")
        console.print(str(value), markup=False)
    console.print(body, markup=False)


@app.command()
def retry(dead_id: Id) -> None:
    """Put it back where it came from. The customer is answered as if it had just arrived."""

    async def put_back(system: System) -> bool:
        if await _noted(system, dead_id, "retried_dead_letter") is None:
            return False
        return await retry_letter(system.dead, system.receive, system.channels, dead_id)

    try:
        # A letter may have come through a channel that only the demo sets up; reading it again does no harm.
        found = with_system(put_back, demo=True)
    except NotReadable as error:
        typer.echo(f"sigap: still not readable: {error}", err=True)
        raise typer.Exit(1) from None
    if not found:
        raise _missing(dead_id)
    typer.echo("Put back.")


@app.command()
def drop(dead_id: Id, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Throw it away for good."""
    if not yes:
        typer.confirm("Throw this letter away for good?", abort=True)

    async def throw_away(system: System) -> bool:
        if await _noted(system, dead_id, "dropped_dead_letter") is None:
            return False
        return await system.dead.drop(dead_id)

    if not with_system(throw_away, demo=True):
        raise _missing(dead_id)
    typer.echo("Dropped.")


async def _noted(system: System, dead_id: str, action: str) -> DeadLetter | None:
    """The letter, once the audit log was told what is done with it; None when there is none."""
    letter = await system.dead.get(dead_id)
    if letter is not None:
        case = "" if letter.mailbox == WEBHOOK else letter.key  # a body that nobody could read is in no case yet
        await system.trail.note(who(), action, case, letter=dead_id)
    return letter


def _summary(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.dead_id, "at": letter.at.isoformat(), "mailbox": letter.mailbox,
        "conversation": mask(letter.key),
        "attempts": letter.attempts, "error": mask(letter.error),
    }  # fmt: skip


def _missing(dead_id: str) -> typer.Exit:
    typer.echo(f"sigap: there is no dead letter {dead_id}. `sigap dead list` shows those that are.", err=True)
    return typer.Exit(1)
