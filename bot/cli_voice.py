"""`sigap voice`: how the brand sounds on each channel, and how each response looks there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot import settings as settings_module
from bot.designer.findings import LANGUAGES
from bot.entrypoints.process import refuse
from channels.errors import SettingsError
from channels.registry import CHANNELS

if TYPE_CHECKING:  # the channels' libraries take a moment that only these commands pay
    from bot.designer.voice_book import Book
    from bot.designer.voice_cells import Cell
    from bot.designer.voice_shown import Shown

app = typer.Typer(
    invoke_without_command=True,
    help="How the brand sounds on each channel (data/voice), and how each response looks there. "
    "Without a command: the voices in a table. `sigap lint` says which texts do not fit their voice.",
    epilog="Examples:\n\nsigap voice\n\nsigap voice show utter_greet --channel linkedin\n\n"
    "sigap voice sheet --html responses.html",
)
console = Console(width=None if Console().is_terminal else 140, highlight=False)
SIDE_BY_SIDE = 100  # columns from which both languages stand beside each other
COLOURS = {"error": "red", "warning": "yellow"}


@app.callback()
def voices(context: typer.Context) -> None:
    if context.invoked_subcommand is not None:
        return
    from bot.designer.voice import channel_title  # noqa: PLC0415
    from bot.designer.voice_sheet import lengths  # noqa: PLC0415

    book = _book()
    table = Table(
        "channel", "formality", "customer is", "greets", "contractions", "emoji", "words in a sentence",
        "characters", "public links", "speaks as", "style findings are",
    )  # fmt: skip
    for channel, voice in book.voices.items():
        speeches = [voice.speech(language) for language in book.speaks(channel)]
        table.add_row(
            channel_title(channel), voice.formality, "\n".join(each.address for each in speeches),
            "\n".join(each.greeting for each in speeches), voice.contractions, str(voice.emoji),
            str(voice.sentence_words), lengths(voice, channel).replace(", ", "\n"),
            "yes" if voice.links_in_public else "no", voice.person, "errors" if voice.strict else "warnings",
        )  # fmt: skip
    console.print(table)
    console.print("Each is data/voice/CHANNEL.yml; docs/voice.md explains the keys.", style="dim")


@app.command(
    epilog="Examples:\n\nsigap voice show utter_greet\n\nsigap voice show utter_greet -c x -c linkedin -l id\n\n"
    "sigap voice show utter_order_shipped --json"
)
def show(
    response: Annotated[str, typer.Argument(help="A response of domain.yml, like utter_greet.")],
    channel: Annotated[
        list[str] | None, typer.Option("--channel", "-c", help="Only this channel; may be given several times.")
    ] = None,
    language: Annotated[str, typer.Option("--language", "-l", help="Only en or id.")] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")] = False,
) -> None:
    """Print a response as each platform will show it, filled with the longest realistic values.

    Buttons become what the channel makes of them (quick replies, keyboards, lists, numbered lines), long texts are
    divided, and the count beside the limit is the platform's own. What the lint finds stands below.
    """
    from bot.designer.voice_cells import cell  # noqa: PLC0415

    book = _book()
    _known(response, list(book.project.responses), "is no response of domain.yml")
    for name in channel or ():
        _known(name, list(book.voices), "is no channel")
    if language:
        _known(language, list(LANGUAGES), "is no language here")
    languages = [language] if language else list(LANGUAGES)
    for name in channel or book.voices:
        cells = [cell(book, response, name, each) for each in languages]
        if json:
            for each in cells:
                typer.echo(msgspec.json.encode(each.plain()).decode())
        else:
            _print(name, cells)


@app.command(epilog="Example:\n\nsigap voice sheet --html responses.html\n\nThen open the file in any browser.")
def sheet(
    html: Annotated[Path, typer.Option("--html", help="The file to write.", dir_okay=False, show_default=False)],
) -> None:
    """Write one HTML page with every response on every platform, both languages side by side, with counts and findings.

    The page needs no server and no network: send it to whoever has to approve the texts.
    """
    from bot.designer.lint import lint  # noqa: PLC0415
    from bot.designer.voice_sheet import sheet as page  # noqa: PLC0415

    book = _book()
    written = page(book, lint(settings_module.load().project))
    try:
        html.write_text(written, encoding="utf-8")
    except OSError as error:
        refuse(SettingsError("--html", f"cannot be written ({error.strerror})", "Name a file in a folder that exists"))
    console.print(
        f"{len(book.project.responses)} responses on {len(book.voices)} channels: {html}", markup=False, soft_wrap=True
    )


def _book() -> Book:
    from bot.designer.voice_book import open_book  # noqa: PLC0415

    try:
        return open_book(settings_module.load().project)
    except SettingsError as error:
        refuse(error)


def _known(given: str, known: Sequence[str], problem: str) -> None:
    if given in known:
        return
    near = difflib.get_close_matches(given, known, n=3, cutoff=0.5)
    near += [name for name in known if given and given in name and name not in near][: 3 - len(near)]
    shown = near or sorted(known)[: len(CHANNELS)]
    refuse(SettingsError(given or '""', problem, f"Did you mean {' or '.join(shown)}?" if near else _use(shown, known)))


def _use(shown: Sequence[str], known: Sequence[str]) -> str:
    return f"Use one of: {', '.join(shown)}{' …' if len(known) > len(shown) else ''}"


def _print(channel: str, cells: Sequence[Cell]) -> None:
    from bot.designer.voice import channel_title  # noqa: PLC0415

    console.rule(Text(channel_title(channel), style="bold"), align="left")
    columns = [Group(*_column(each)) for each in cells]
    if len(columns) == 1 or console.width < SIDE_BY_SIDE:
        for column in columns:
            console.print(column)
        return
    grid = Table.grid(padding=(0, 1), expand=True)
    for _ in columns:
        grid.add_column(ratio=1)
    grid.add_row(*columns)
    console.print(grid)


def _column(cell: Cell) -> Iterator[Panel | Text]:
    for note in cell.notes:
        yield Text(note, style="italic dim")
    for shown in cell.shown:
        yield _panel(cell, shown)
    for remark in cell.remarks:
        yield Text(f"{remark.severity}: {'; '.join(remark.problems)}", style=COLOURS[remark.severity])


def _panel(cell: Cell, shown: Shown) -> Panel:
    body: list[Text] = []
    for number, part in enumerate(shown.parts, start=1):
        if len(shown.parts) > 1:
            body.append(Text(f"message {number}: {part.length:,}", style="dim"))
        body.append(Text(part.text))
        if part.choices:
            body.append(Text(f"{part.kind}: {'  '.join(f'[{title}]' for title in part.choices)}", style="cyan"))
    own = ", its own text" if shown.variation.channel else ""
    count = f"{shown.length:,} of {shown.limit:,} {shown.unit}"
    if shown.first != shown.length and shown.surface == "public":
        count += f", {shown.first:,} with the disclosure"
    return Panel(
        Group(*body),
        title=Text(f"{LANGUAGES[cell.language]}, {shown.surface}{own}"),
        title_align="left",
        subtitle=Text(count, style="red" if shown.first > shown.limit else "dim"),
        subtitle_align="right",
        border_style="" if cell.said else "dim",
    )
