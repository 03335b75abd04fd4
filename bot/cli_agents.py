"""`sigap agents`: who may log in at the desk."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Awaitable
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bot.bootstrap import System
from bot.core.ports import Agent
from bot.entrypoints.once import fail, with_system
from bot.services.people import BadAgent, NoSuchAgent

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
    skill: Annotated[
        list[str] | None,
        typer.Option(help="What they are certified for (data/desk.yml), or a language they write; may be repeated."),
    ] = None,
    capacity: Annotated[int, typer.Option(help="Conversations at a time; 0: the desk's usual number.", min=0)] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give an agent who exists a new password, name and role.")
    ] = False,
) -> None:
    """Add an agent. The password is asked for, and never shown or stored as it is."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not name:
            fail("--name is needed with --password-stdin")
    else:
        name = name or typer.prompt("Name")
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        agent = with_system(
            lambda system: _noted(
                system,
                "added_agent",
                system.people.add(
                    login, name, password, role.value, skills=skill or (), capacity=capacity, replacing=replace
                ),
            )
        )
    except BadAgent as error:
        hint = " (--replace changes them)" if "exists already" in str(error) else ""
        fail(f"{error}{hint}")
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
             "skills": list(agent.skills), "capacity": system.desk_rules.capacity_of(agent),
             "present": agent.agent_id in present}
            for agent in await system.people.list()
        ]  # fmt: skip

    rows = with_system(read)
    if json:
        for row in rows:
            typer.echo(msgspec.json.encode(row).decode())
        return
    if not rows:
        typer.echo("Nobody yet. `sigap agents add LOGIN` adds the first.")
        return
    table = Table("login", "name", "role", "skills", "at a time", "at the desk")
    for row in rows:
        state = "disabled" if row["disabled"] else "yes" if row["present"] else "no"
        skills = ", ".join(row["skills"]) if isinstance(row["skills"], list) else ""
        table.add_row(str(row["login"]), str(row["name"]), str(row["role"]), skills, str(row["capacity"]), state)
    console.print(table)


@app.command()
def certify(
    login: Login,
    skill: Annotated[
        list[str] | None, typer.Option(help="A skill of data/desk.yml or a language; may be repeated. None: takes all.")
    ] = None,
    capacity: Annotated[
        int | None, typer.Option(help="Conversations at a time; 0: the desk's usual number.", min=0)
    ] = None,
) -> None:
    """Give an agent these skills instead of theirs: what handoffs they get, and whether they may approve."""
    try:
        agent = with_system(
            lambda system: _noted(system, "certified_agent", system.people.certify(login, skill or (), capacity))
        )
    except NoSuchAgent:
        fail(f"there is no agent {login}. `sigap agents list` shows those that are.")
    except BadAgent as error:
        fail(str(error))
    typer.echo(f"{agent.agent_id}: {', '.join(agent.skills) or 'no skills'}")


@app.command()
def disable(login: Login) -> None:
    """Let somebody log in no more, and end every desk that they have open."""
    try:
        agent = with_system(lambda system: _noted(system, "disabled_agent", system.people.disable(login)))
    except NoSuchAgent:
        fail(f"there is no agent {login}. `sigap agents list` shows those that are.")
    typer.echo(f"{agent.agent_id} is disabled. What they held stays theirs until a supervisor frees it.")


async def _noted(system: System, action: str, change: Awaitable[Agent]) -> Agent:
    """Who may do what is part of the audit log."""
    agent = await change
    await system.trail.note(
        f"cli:{getpass.getuser()}", action, agent=agent.agent_id, role=agent.role, skills=" ".join(agent.skills)
    )
    return agent
