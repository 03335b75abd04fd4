"""`sigap nlu`: what the assistant understands, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import settings as settings_module
from bot.entrypoints.process import refuse
from channels.errors import SettingsError

if TYPE_CHECKING:
    from bot.nlu.explain import Explanation

app = typer.Typer(
    no_args_is_help=True,
    help="The assistant's understanding. `sigap train` trains it from the examples and patterns in data/nlu.",
)
console = Console(highlight=False)

LOUD = 0.02  # margins below this are no evidence


@app.callback()
def nlu() -> None:
    """Keeps `explain` a command of its own while it is the only one."""


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="What a customer might write.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Show the likeliest intents of a message, which of its words spoke for the first, and the nearest examples."""
    from bot.adapters import rasa_project  # noqa: PLC0415 - numpy and scikit-learn take a second
    from bot.arrays import Unreadable  # noqa: PLC0415
    from bot.designer import project  # noqa: PLC0415
    from bot.nlu.explain import explain as explained  # noqa: PLC0415
    from bot.nlu.explain import read_model  # noqa: PLC0415
    from bot.nlu.vectors import StaticVectors  # noqa: PLC0415

    try:
        settings = settings_module.load()
        known = read_model(rasa_project.usable_model(settings.models))
        examples = [(each.text, each.intent) for each in project.read(settings.project).examples]
        found = explained(text, known, StaticVectors(), examples)
    except SettingsError as error:
        refuse(error)
    except Unreadable:
        refuse(SettingsError("SIGAP_HOME", "the trained assistant has no classifier of ours", "Run `sigap train`"))
    if json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _show(found)


def _show(found: Explanation) -> None:
    said = Text()
    weight = {speaker.word: speaker.weight for speaker in found.speakers}
    for word in found.text.split():
        loud = weight.get(word, 0.0)
        said.append(word, style="bold green" if loud >= LOUD else "red" if loud <= -LOUD else "").append(" ")
    console.print(said)
    verdict = "understood" if found.understood else "not understood: the assistant asks back"
    console.print(f"{verdict} (clear {found.clear:.2f}, needed {found.threshold:.2f})")
    ranking = Table("intent", "probability")
    for intent, chance in found.ranking:
        ranking.add_row(intent, f"{chance:.1%}")
    console.print(ranking)
    speakers = Table("word", f"speaks for {found.ranking[0][0]}")
    for speaker in sorted(found.speakers, key=lambda each: -abs(each.weight)):
        if abs(speaker.weight) >= LOUD:
            speakers.add_row(Text(speaker.word), f"{speaker.weight:+.2f}")
    console.print(speakers)
    if found.patterns:
        console.print("patterns: " + ", ".join(found.patterns))
    nearest = Table("nearest examples", "intent", "likeness")
    for near in found.neighbours:
        nearest.add_row(Text(near.text), near.intent, f"{near.likeness:.2f}")
    console.print(nearest)
