"""Triage on public data that it was not made for: how much it keeps from the bot, by label, and where it is least sure.

    make bench-triage DATA=folder        a folder with banking77/test.csv and twitter-care/conversations.jsonl

Nothing there says what a bot may answer, so these are shares to look at, not scores; docs/evaluation.md tells what a
person made of the most doubtful ones.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from benchmarks.public_data import banking77, twitter_care
from bot import settings
from bot.adapters.triage_project import open_triage
from bot.core.risk import Bot
from bot.triage.evaluation import Case, Report, evaluate, most_doubtful
from bot.triage.screen import Screen
from channels.errors import SettingsError
from channels.messages import Surface

DOUBTFUL = 20

console = Console(highlight=False)


def show(name: str, report: Report) -> None:
    kept = Counter(result.ruling.label for result in report.results if result.held)
    table = Table("label", "kept from the bot", "share", title=f"{name}: {len(report.results)} messages")
    for label, count in kept.most_common():
        table.add_row(label, str(count), f"{count / len(report.results):.2%}")
    table.add_row("[bold]all[/]", str(sum(kept.values())), f"{report.held_back:.2%}")
    console.print(table)
    doubtful = Table("decision", "margin", "message", title="the most doubtful", show_lines=False)
    for result in most_doubtful(report.results, DOUBTFUL):
        led = result.ruling.label if result.ruling.bot is not Bot.ANSWER else "–"
        doubtful.add_row(led, f"{result.assessment.margin:+.2f}", Text(result.case.text))
    console.print(doubtful)


def measured(screen: Screen, cases: Sequence[Case], name: str) -> Report:
    steps = iter(track(cases, description=name, console=Console(stderr=True), transient=True))
    return evaluate(screen, cases, lambda: next(steps, None) and None)


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        console.print("usage: make bench-triage DATA=folder with banking77/ and twitter-care/")
        return 2
    folder = Path(arguments[0])
    read = settings.load()
    try:
        screen = open_triage(read.project, read.models)
        sets = {
            "BANKING77, test": [Case(text=text, routine=True) for text, _ in banking77(folder, "test")],
            "twitter-care": [
                Case(text=text, channel="x", surface=Surface.PUBLIC, routine=True)
                for said in twitter_care(folder)
                for text, _ in said
            ],
        }
    except SettingsError as error:
        console.print(f"[red]{error}[/]")
        return 2
    except OSError as error:
        console.print(f"[red]{error.filename} cannot be read ({error.strerror})[/]")
        return 2
    reports = {name: measured(screen, cases, name) for name, cases in sets.items()}
    for name, report in reports.items():
        show(name, report)
    banking, twitter = reports.values()
    console.print(
        f"figure: banking77_held={banking.held_back:.4f} twitter_care_held={twitter.held_back:.4f} "
        f"mean_us={banking.mean_us:.0f} p95_us={banking.p95_us:.0f} asked={banking.asked:.3f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
