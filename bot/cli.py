"""The command line: `sigap …`. Every command reads the same settings and fails with one clear sentence."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot import settings as settings_module
from bot.cli_agents import app as agents_app
from bot.cli_audit import app as audit_app
from bot.cli_channels import channels, check
from bot.cli_customer import app as customer_app
from bot.cli_dead import app as dead_app
from bot.cli_nlu import app as nlu_app
from bot.cli_project import lint, train
from bot.cli_replay import replay
from bot.cli_triage import app as triage_app
from bot.cli_voice import app as voice_app
from bot.entrypoints.process import refuse
from channels.errors import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sigap answers a brand's customers on social media and hands over to people. "
    "`sigap up` runs everything; the other commands run one part or look at it. "
    "Settings come from the environment or a .env file (see README.md).",
)
app.add_typer(agents_app, name="agents")
app.add_typer(customer_app, name="customer")
app.add_typer(audit_app, name="audit")
app.add_typer(dead_app, name="dead")
app.add_typer(nlu_app, name="nlu")
app.add_typer(triage_app, name="triage")
app.add_typer(voice_app, name="voice")
app.command()(channels)
app.command()(check)
app.command()(train)
app.command()(lint)
app.command()(replay)


def _run(module: str, **options: Any) -> None:
    """Import a process' module on demand: the gateway must not pay for the worker's libraries."""
    try:
        settings = settings_module.load()
        entry: Callable[..., None] = importlib.import_module(f"bot.entrypoints.{module}").run
        entry(settings, **options)
    except SettingsError as error:
        refuse(error)


@app.command()
def up() -> None:
    """Run everything on this machine, with an embedded Valkey when REDIS_URL is not set. Ctrl-C stops all."""
    _run("up")


@app.command()
def gateway() -> None:
    """Take webhooks in; serve web chat, desk, /health and /metrics."""
    _run("gateway")


@app.command()
def worker(
    number: Annotated[int, typer.Option(help="Tells workers on one machine apart.", min=1)] = 1,
) -> None:
    """Let the assistant answer. Start as many as you like, on any machine."""
    _run("worker", number=number)


@app.command()
def courier() -> None:
    """Send what was composed, within each platform's limits."""
    _run("courier")


@app.command()
def recorder() -> None:
    """Keep the archive (DATABASE_URL) up to date."""
    _run("recorder")


@app.command()
def sandbox() -> None:
    """Stand-ins for the platforms and a demo back office, for trying Sigap without accounts."""
    _run("sandbox")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
