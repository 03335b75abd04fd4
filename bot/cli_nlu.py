"""`sigap nlu`: what the assistant understands, and why."""

from __future__ import annotations

from pathlib import Path
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
    from bot.nlu.checking import Checked
    from bot.nlu.explain import Explanation

app = typer.Typer(
    no_args_is_help=True,
    help="The assistant's understanding. `sigap train` trains it from the examples and patterns in data/nlu.",
)
console = Console(highlight=False)

LOUD = 0.02  # margins below this are no evidence


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="What a customer might write.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Show the likeliest intents of a message, which of its words spoke for the first, and the nearest examples."""
    from bot.designer import project  # noqa: PLC0415 - numpy and scikit-learn take a second
    from bot.nlu.explain import explain as explained  # noqa: PLC0415
    from bot.nlu.measured import trained_model  # noqa: PLC0415
    from bot.nlu.vectors import StaticVectors  # noqa: PLC0415

    try:
        settings = settings_module.load()
        known = trained_model(settings)
        examples = [(each.text, each.intent) for each in project.read(settings.project).examples]
        found = explained(text, known, StaticVectors(), examples)
    except SettingsError as error:
        refuse(error)
    if json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _show(found)


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON lines of text, intent and language; the examples in data/nlu if left out."),
    ] = None,
    encoder: Annotated[bool, typer.Option("--encoder", help="With the sentence encoder asked in doubt.")] = False,
    floor: Annotated[
        Path | None, typer.Option(help="JSON of language and F1 that must be reached, else exit 1.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Measure how well messages are understood, and which intents get mixed up.

    Without a FILE the examples check each other: each fifth by a classifier that learned from the other four. With one,
    the trained assistant reads messages that it has never seen.
    """
    from bot.nlu import measured  # noqa: PLC0415 - numpy and scikit-learn take a second

    try:
        settings = settings_module.load()
        with console.status("reading the examples") as status:
            found = measured.measure(settings, file, with_encoder=encoder, step=status.update)
        least = msgspec.json.decode(floor.read_bytes(), type=dict[str, float]) if floor else {}
    except SettingsError as error:
        refuse(error)
    except (OSError, msgspec.DecodeError) as problem:
        refuse(SettingsError("--floor", f"cannot be read ({problem})", 'Write JSON like {"en": 0.9, "id": 0.9}'))
    low = {language: least[language] for language in least if found.f1.get(language, 0.0) < least[language]}
    if json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(found), "below_floor": low}).decode())
    else:
        _show_check(found)
        for language, wanted in low.items():
            console.print(f"[red]{language}: F1 {found.f1.get(language, 0.0):.4f} is below the floor of {wanted}.[/]")
    if low:
        raise typer.Exit(1)


def _show_check(found: Checked) -> None:
    intents = Table("intent", "messages", "understood")
    for intent, (count, wrong) in sorted(found.wrong.items(), key=lambda each: -each[1][1] / each[1][0]):
        intents.add_row(Text(intent), str(count), f"{1 - wrong / count:.1%}")
    console.print(intents)
    mixed = Table("was meant", "taken for", "times", "for instance")
    for each in found.confusions:
        mixed.add_row(Text(each.intent), Text(each.taken_for), str(each.count), Text(each.example))
    console.print(mixed)
    console.print("figure: " + " ".join(f"f1_{language}={f1:.4f}" for language, f1 in found.f1.items()))


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
