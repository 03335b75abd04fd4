"""`sigap channels` and `sigap check`: how the platforms are doing, and what to do about it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import httpx
import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core.channel_ports import ChannelState
from bot.entrypoints.once import with_system
from bot.entrypoints.process import refuse
from bot.services.look import examine
from channels.base import Channel, PollingChannel
from channels.errors import SettingsError
from channels.messages import Health

T = TypeVar("T")
console = Console(width=None if Console().is_terminal else 140)
FETCH_S = 5.0
CLOSE_TO_A_LIMIT = 0.75
SUBSCRIPTION_PROBES = frozenset({"subscription", "webhook", "delivery"})
LIMITS_SHOWN = 3  # of each channel; --json has all

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]


def channels(json: Json = False) -> None:
    """Show every channel: state, mode, last event, subscription, token, use of limits, waiting, failures."""
    rows = with_system(_read, demo=True)
    if json:
        for row in rows:
            typer.echo(msgspec.json.encode(row).decode())
        return
    if not rows:
        console.print("No channel is set up. See credentials.yml and docs/channels.md.")
        return
    table = Table(
        "channel", "state", "mode", "last event", "subscribed", "token ends", "limits used", "waiting", "sent", "failed"
    )
    for row in rows:
        table.add_row(
            row["channel"], _state(row), row["mode"], _ago(row["last_event_at"]),
            {True: "yes", False: "no", None: "–"}[row["subscribed"]], _ahead(row["token_expires_at"]),
            "\n".join(_limit(scope, *use) for scope, use in _fullest(row["limits"])) or "–",
            str(row["waiting"]), str(row["sent"]), str(row["failures"]),
        )  # fmt: skip
    console.print(table)
    for row in rows:
        if row["problem"]:
            console.print(Text(f"{row['channel']}: {row['problem']}", style="red"))
            console.print(Text(f"  → {row['fix']}"))
    console.print("`sent` and `failed` are today's (UTC). `sigap check` looks anew.", style="dim")


def check(
    channel: Annotated[str, typer.Argument(help="One channel's name; all that are set up when not given.")] = "",
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Also the accounts that only the demo sets up.")] = False,
    json: Json = False,
) -> None:
    """Ask each platform whether credentials, permissions, subscription and clock are right; say what to fix.

    Ends with 1 when something is wrong. Needs neither Redis nor running processes.
    """
    try:
        healths = asyncio.run(_examine(channel, sandbox=sandbox, quiet=json))
    except SettingsError as error:
        refuse(error)
    for name, health in healths.items():
        if json:
            typer.echo(msgspec.json.encode({"channel": name, **msgspec.to_builtins(health)}).decode())
        else:
            _print(name, health)
    if not all(health.ok for health in healths.values()):
        raise typer.Exit(1)


async def _examine(wanted: str, *, sandbox: bool, quiet: bool) -> dict[str, Health]:
    loaded = settings.load()
    async with bootstrap.connect(replace(loaded, demo=loaded.demo or sandbox)) as system:
        found = system.channels
        if wanted and wanted not in found:
            fix = f"Set it up in credentials.yml, or choose one of: {', '.join(sorted(found)) or 'none is set up'}"
            raise SettingsError(wanted, "is not set up", fix)
        names = [wanted] if wanted else sorted(found)
        healths = {}
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), transient=True, disable=quiet) as progress:
            task = progress.add_task("")
            for name in names:
                progress.update(task, description=f"asking {name} …")
                healths[name] = await examine(found[name], system.webhook_address(name), _fetch)
        return healths


async def _fetch(url: str) -> int:
    async with httpx.AsyncClient(timeout=FETCH_S) as client:
        return (await client.get(url)).status_code


async def _read(system: System) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    set_up = system.set_up
    rows = []
    for name, channel in sorted(system.channels.items()):
        state = await system.states.read(name, now)
        if name not in set_up and state == ChannelState():
            continue  # only the demo would set it up, and no demo runs
        depth = await system.outbox(name).depth()
        health = state.health
        well = health is None or health.ok
        rows.append(
            {
                "channel": name,
                "state": "stopped" if state.stopped else "ill" if not well else "ok" if health else "not looked at",
                "mode": _mode(channel),
                "last_event_at": state.last_event_at,
                "last_sent_at": state.last_sent_at,
                "checked_at": state.checked_at,
                "token_expires_at": health.token_expires_at if health else None,
                "subscribed": _subscribed(health),
                "subscription": health.detail if health else "",
                "limits": dict(await system.limits.used(name)),
                "waiting": depth.messages,
                "sent": state.sent,
                "failures": state.failures,
                "problem": state.stopped or ("" if well or health is None else health.detail),
                "fix": health.fix if health and not well else "See `sigap check`" if state.stopped else "",
            }
        )
    return rows


def _subscribed(health: Health | None) -> bool | None:
    """Whether the platform knows where to deliver; None where nothing was found out, or nothing is subscribed to."""
    found = [probe.ok for probe in health.probes if probe.name in SUBSCRIPTION_PROBES] if health else []
    return all(found) if found else None


def _mode(channel: Channel[Any]) -> str:
    if channel.delivery == "feed":
        return "own page"
    return "polling" if isinstance(channel, PollingChannel) and channel.polls else "webhook"


def _print(name: str, health: Health) -> None:
    console.print(Text(name, style="bold green" if health.ok else "bold red"))
    for probe in health.probes:
        mark = Text("  ✓ " if probe.ok else "  ✗ ", style="green" if probe.ok else "red")
        console.print(mark + Text(f"{probe.name}: {probe.detail or ('well' if probe.ok else 'wrong')}"))
        if not probe.ok and probe.fix:
            console.print(Text(f"      → {probe.fix}"))
    if health.token_expires_at is not None:
        console.print(Text(f"    the token ends {_ahead(health.token_expires_at)}"))


def _state(row: dict[str, Any]) -> Text:
    style = {"ok": "green", "not looked at": "dim"}.get(row["state"], "red")
    return Text(row["state"], style=style)


def _ago(moment: datetime | None) -> str:
    return f"{_span((datetime.now(UTC) - moment).total_seconds())} ago" if moment else "–"


def _ahead(moment: datetime | None) -> str:
    if moment is None:
        return "–"
    left = (moment - datetime.now(UTC)).total_seconds()
    return f"in {_span(left)}" if left > 0 else "ended"


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _fullest(limits: dict[str, tuple[int, int, float]]) -> list[tuple[str, tuple[int, int, float]]]:
    """The limits that are closest to their end; those that nothing was counted against are not worth a line."""
    used = [(scope, use) for scope, use in limits.items() if use[0]]
    return sorted(used, key=lambda item: item[1][0] / item[1][1], reverse=True)[:LIMITS_SHOWN]


def _limit(scope: str, used: int, most: int, window_s: float) -> str:
    close = " !" if used >= most * CLOSE_TO_A_LIMIT else ""
    return f"{scope} {used}/{most} in {_span(window_s)}{close}"
