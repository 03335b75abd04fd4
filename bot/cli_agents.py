"""`sigap agents`: who may log in at the desk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, NoReturn, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.entrypoints.process import first_contact, refuse
from bot.services.people import BadAgent, NoSuchAgent
from channels.errors import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    help="People who answer customers at /desk. Disabling one ends every desk that they have open.",
)
console = Console()
T = TypeVar("T")

Login = Annotated[str, typer.Argument(help="The login name: a-z, 0-9 and . _ @ -")]


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="The name that customers see; asked for when not given.")] = "",
    role: Annotated[Role, typer.Option(help="A supervisor may also free a colleague's conversation.")] = Role.AGENT,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give an agent who exists a new password, name and role.")
    ] = False,
) -> None:
    """Add an agent. The password is asked for, and never shown or stored as it is."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not name:
            _fail("--name is needed with --password-stdin")
    else:
        name = name or typer.prompt("Name")
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        agent = _with_system(lambda system: system.people.add(login, name, password, role.value, replacing=replace))
    except BadAgent as error:
        hint = " (--replace changes them)" if "exists already" in str(error) else ""
        _fail(f"{error}{hint}")
    typer.echo(f"{agent.name} can log in as {agent.agent_id} ({agent.role}).")


@app.command("list")
def list_agents(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
) -> None:
    """Show who may log in and who has a desk open now."""

    async def read(system: System) -> list[dict[str, object]]:
        present = set(await system.people.present())
        return [
            {"login": agent.agent_id, "name": agent.name, "role": agent.role, "disabled": agent.disabled,
             "present": agent.agent_id in present}
            for agent in await system.people.list()
        ]  # fmt: skip

    rows = _with_system(read)
    if json:
        for row in rows:
            typer.echo(msgspec.json.encode(row).decode())
        return
    if not rows:
        typer.echo("Nobody yet. `sigap agents add LOGIN` adds the first.")
        return
    table = Table("login", "name", "role", "at the desk")
    for row in rows:
        state = "disabled" if row["disabled"] else "yes" if row["present"] else "no"
        table.add_row(str(row["login"]), str(row["name"]), str(row["role"]), state)
    console.print(table)


@app.command()
def disable(login: Login) -> None:
    """Let somebody log in no more, and end every desk that they have open."""
    try:
        agent = _with_system(lambda system: system.people.disable(login))
    except NoSuchAgent:
        _fail(f"there is no agent {login}. `sigap agents list` shows those that are.")
    typer.echo(f"{agent.agent_id} is disabled. What they held stays theirs until a supervisor frees it.")


def _fail(message: str) -> NoReturn:
    typer.echo(f"sigap: {message}", err=True)
    raise typer.Exit(1)


def _with_system(work: Callable[[System], Awaitable[T]]) -> T:
    async def run() -> T:
        async with bootstrap.connect(settings.load()) as system:
            await first_contact(system)
            return await work(system)

    try:
        return asyncio.run(run())
    except SettingsError as error:
        refuse(error)
