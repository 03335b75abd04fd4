"""`sigap train` and `sigap lint`: what designers do with the Rasa project."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from bot import settings as settings_module
from bot.adapters.rasa_project import TrainingFailed, is_current
from bot.adapters.rasa_project import train as train_model
from bot.entrypoints.process import refuse
from bot.settings import Settings
from channels.errors import SettingsError

console = Console(stderr=True, highlight=False)


def train(
    if_needed: Annotated[bool, typer.Option("--if-needed", help="Only when something changed since.")] = False,
) -> None:
    """Train triage (data/triage) and the assistant (config.yml, domain.yml, data/), in place of the old ones."""
    try:
        settings = settings_module.load()
        _train_triage(settings, if_needed=if_needed)
        if if_needed and is_current(settings.project, settings.models):
            console.print("The assistant is current.")
            return
        with console.status("training the assistant …") as status:

            def show(line: str) -> None:
                if line.strip():
                    status.update(f"training the assistant … [dim]{escape(line.strip()[:90])}[/]")

            model = train_model(settings.project, settings.models, show)
        console.print(f"Trained: {model}")
    except SettingsError as error:
        refuse(error)
    except TrainingFailed as error:
        console.print(str(error), markup=False)
        console.print("[red]Training failed; the lines above are Rasa's. The old assistant stays in place.[/]")
        raise typer.Exit(1) from None


def _train_triage(settings: Settings, *, if_needed: bool) -> None:
    from bot.adapters.triage_project import train_triage  # noqa: PLC0415 - scikit-learn and spaCy take seconds

    with console.status("training triage …") as status:

        def show(what: str) -> None:
            status.update(f"training triage … [dim]{escape(what)}[/]")

        made = train_triage(settings.project, settings.models, show, if_needed=if_needed)
    console.print("Trained: triage" if made else "Triage is current.")


def lint(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
) -> None:
    """Check the assistant's data: both languages, enough examples, limits, buttons, links. Exit code 1 on errors."""
    from bot.designer.lint import lint as find  # noqa: PLC0415 - keeps the other commands quick

    try:
        findings = find(settings_module.load().project)
    except SettingsError as error:
        refuse(error)
    for finding in findings:
        if json:
            typer.echo(msgspec.json.encode(finding).decode())
        else:
            colour = "red" if finding.severity == "error" else "yellow"
            console.print(f"[{colour}]{finding.severity}[/] {escape(finding.where)}: {escape(finding.message)}")
            console.print(f"        {escape(finding.fix)}", style="dim")
    errors = sum(finding.severity == "error" for finding in findings)
    if not json:
        console.print(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)
