"""`sigap triage`: what triage finds in a message, how well it does on labelled ones, whether its lists are sound."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from bot import settings as settings_module
from bot.adapters.yaml_wordings import YamlWordings
from bot.core.risk import Assessment, Bot, Circumstances, Ruling
from bot.entrypoints.process import refuse
from channels.errors import SettingsError
from channels.messages import Surface

if TYPE_CHECKING:  # spaCy and numpy take a second that only these commands pay
    from bot.triage import evaluation

app = typer.Typer(
    no_args_is_help=True,
    help="Triage looks at every message before the assistant does. Its lists are in data/triage: labels.yml, "
    "policy.yml, wording.yml, regulators.yml, patterns/ and training/. `sigap train` learns from them.",
)
console = Console(highlight=False)
progress_console = Console(stderr=True)

Encoder = Annotated[
    bool, typer.Option("--encoder/--no-encoder", help="Ask the sentence encoder, where it is installed.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]

COLOURS = {Bot.ANSWER: "green", Bot.ACKNOWLEDGE: "yellow", Bot.SILENT: "red"}
MEANING = {
    Bot.ANSWER: "the assistant may answer",
    Bot.ACKNOWLEDGE: "approved sentence, then a person",
    Bot.SILENT: "the bot says nothing",
}


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="What a customer might write.")],
    channel: Annotated[str, typer.Option(help="The platform that it is written on.")] = "webchat",
    surface: Annotated[Surface, typer.Option(help="Where: private or public.")] = Surface.PRIVATE,
    followers: Annotated[int, typer.Option(help="Followers of the account.", min=0)] = 0,
    encoder: Encoder = True,
    json: Json = False,
) -> None:
    """Show the labels of a message, what speaks for them, and what the policy decides."""
    from bot.adapters.triage_project import open_triage  # noqa: PLC0415 - spaCy takes a second

    try:
        settings = settings_module.load()
        screen = open_triage(settings.project, settings.models, encoder=encoder)
        wordings = YamlWordings(settings.project / "data" / "triage" / "wording.yml")
    except SettingsError as error:
        refuse(error)
    about = Circumstances(channel=channel, surface=surface, at=datetime.now(UTC), followers=followers)
    assessment = screen.assess(text, about)
    ruling = screen.rule(assessment, about)
    if json:
        typer.echo(msgspec.json.encode({"assessment": assessment, "ruling": ruling}).decode())
        return
    _print_assessment(text, assessment)
    _print_ruling(ruling)
    if ruling.wording:
        for language in ("en", "id"):
            console.print(
                f"  says ({language}): {wordings.text(ruling.wording, language, channel, surface)}", markup=False
            )


@app.command()
def lint(json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False) -> None:
    """Check the lists of data/triage: wordings, patterns, regulators, training messages. Exit code 1 on errors."""
    from bot.adapters.triage_project import lint_triage  # noqa: PLC0415
    from bot.triage.lint import errors  # noqa: PLC0415

    try:
        found = lint_triage(settings_module.load().project)
    except SettingsError as error:
        refuse(error)
    for problem in found:
        if json:
            typer.echo(msgspec.json.encode(problem).decode())
        else:
            colour = "red" if problem.severity == "error" else "yellow"
            console.print(Text.assemble((problem.severity, colour), f" {problem.where}: {problem.message}"))
            console.print(Text(f"        {problem.fix}", style="dim"))
    if not json:
        console.print(f"{errors(found)} errors, {len(found) - errors(found)} warnings")
    if errors(found):
        raise typer.Exit(1)


@app.command("eval")
def evaluate(
    file: Annotated[Path, typer.Argument(help="JSON lines: text, channel, surface, labels, routine.")],
    json: Json = False,
    missed: Annotated[int, typer.Option(help="Show this many missed and held-back messages.", min=0)] = 20,
    encoder: Annotated[
        bool | None, typer.Option("--encoder/--no-encoder", help="Only with, or only without. Both when left out.")
    ] = None,
) -> None:
    """Measure triage and policy on labelled messages, with and without the sentence encoder.

    recall: the share of `routine: false` lines that the policy does not let the bot answer by itself. held_back: the
    share of `routine: true` lines that it doesn't either.
    """
    from bot.adapters.triage_project import open_triage  # noqa: PLC0415
    from bot.triage import evaluation  # noqa: PLC0415

    try:
        settings = settings_module.load()
        cases = evaluation.read_cases(file)
        screens = {
            wanted: open_triage(settings.project, settings.models, encoder=wanted)
            for wanted in ((False, True) if encoder is None else (encoder,))
        }
    except SettingsError as error:
        refuse(error)
    reports = {}
    for wanted, screen in screens.items():
        if wanted and not screen.can_ask:
            console.print("The sentence encoder is not installed here, or the model was trained without it.")
            continue
        with Progress(console=progress_console, transient=True) as progress:
            task = progress.add_task("with the encoder" if wanted else "without the encoder", total=len(cases))
            reports[wanted] = evaluation.evaluate(screen, cases, lambda: progress.advance(task))  # noqa: B023
    if json:
        typer.echo(msgspec.json.encode([_plain(wanted, report) for wanted, report in reports.items()]).decode())
        return
    for wanted, report in reports.items():
        _print_report(report, "with the encoder" if wanted else "without the encoder", missed)
    for wanted, report in reports.items():
        if len(reports) > 1:
            console.print("with the encoder:" if wanted else "without the encoder:")
        console.print(report.figure)


def _print_assessment(text: str, assessment: Assessment) -> None:
    shown = Text(text)
    for finding in assessment.findings:
        for span in finding.evidence:
            shown.stylize("bold reverse", span.start, span.end)
    console.print(shown)
    if not assessment.findings:
        console.print("nothing found")
        return
    table = Table("label", "severity", "confidence", "evidence")
    for finding in assessment.findings:
        evidence = "; ".join(f"“{text[span.start : span.end]}” ({span.by})" for span in finding.evidence)
        table.add_row(
            finding.label, str(finding.severity), f"{finding.confidence:.0%}",
            Text(evidence or finding.detail),
        )  # fmt: skip
    console.print(table)
    console.print(
        f"anger {assessment.anger:.0%}" + (", read for its meaning by the encoder" if assessment.asked else "")
    )


def _print_ruling(ruling: Ruling) -> None:
    console.print(f"decision: [{COLOURS[ruling.bot]}]{ruling.bot}[/] ({MEANING[ruling.bot]})")
    if ruling.label:
        console.print(f"  because of {ruling.label}, priority {ruling.priority}")
    if ruling.skills:
        console.print(f"  skills: {', '.join(ruling.skills)}")
    if ruling.answer_within:
        console.print(f"  a person within {ruling.answer_within} min")
    if ruling.approval:
        console.print("  a public reply needs a second person's approval")


def _print_report(report: evaluation.Report, title: str, most: int) -> None:
    table = Table("label", "cases", "kept from the bot", "named", "precision", "missed", title=title)
    for score in report.labels:
        table.add_row(
            score.label, str(score.cases), f"{score.recall:.1%}" if score.cases else "–",
            f"{score.found}", f"{score.precision:.0%}" if score.claimed else "–",
            Text("; ".join(missed[:60] for missed in score.missed[:3])),
        )  # fmt: skip
    console.print(table)
    wrong = [result for result in report.results if result.wrong]
    for name, routine in (("missed", False), ("held back", True)):
        several = [result for result in wrong if result.case.routine is routine]
        if several:
            console.print(f"{name}: {len(several)}")
        for result in several[:most]:
            console.print(Text(f"  {result.ruling.label or '–'}: {result.case.text[:140]}"))
    console.print(f"asked the encoder about {report.asked:.0%} of the messages")


def _plain(encoder: bool, report: evaluation.Report) -> dict[str, object]:
    return {
        "encoder": encoder,
        "recall": report.recall,
        "held_back": report.held_back,
        "mean_us": report.mean_us,
        "p95_us": report.p95_us,
        "labels": report.labels,
    }
