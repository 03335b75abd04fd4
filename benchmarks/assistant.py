"""What the assistant does with public conversations that it was not made for, on every channel.

    make bench-assistant DATA=folder [OPTIONS="--read 50"]     a folder with twitter-care/conversations.jsonl

Every conversation is played through triage and the trained assistant, until a person is called for. The other brands'
customers write about games and software: the right thing to do with most of it is to ask back, or to call a person.
`--read N` prints the first N conversations with the answers, for a person to read; docs/evaluation.md
tells what one made of fifty.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from benchmarks.public_data import twitter_care
from bot import settings
from bot.adapters import rasa_project
from bot.adapters.triage_project import open_triage
from bot.core.ports import Dialogue, Turn
from bot.core.risk import Bot, Circumstances
from bot.triage.screen import Screen
from channels.errors import SettingsError
from channels.messages import Surface
from channels.registry import CHANNELS

ASKED_BACK = frozenset({"utter_rephrase", "utter_did_you_mean", "utter_form_not_understood"})
SMALL_TALK = frozenset({"greet", "goodbye", "thank", "affirm", "deny", "praise", "bot_challenge", "capabilities"})
KINDS = ("answered", "small talk", "asked back", "called a person", "kept back by triage")

console = Console(highlight=False)


@dataclass(frozen=True)
class Step:
    """One message of a customer and what was made of it."""

    said: str
    kind: str
    detail: str  # the label, the reason, or the intent
    answers: tuple[str, ...] = ()


async def play(
    screen: Screen, dialogue: Dialogue, channel: str, key: str, said: Sequence[tuple[str, datetime]]
) -> list[Step]:
    """Until a person is called for: from then on the assistant is silent."""
    steps: list[Step] = []
    memory, moods = b"", ()
    for number, (text, at) in enumerate(said):
        about = Circumstances(channel=channel, surface=Surface.PRIVATE, at=at, moods=moods)
        assessment = screen.assess(text, about)
        moods = (*moods, assessment.anger)
        ruling = screen.rule(assessment, about)
        if ruling.bot is not Bot.ANSWER:
            steps.append(Step(text, "kept back by triage", ruling.label))
            break
        turn = await dialogue.respond(
            key=key, channel=channel, text=text.lstrip("/ ") or "…", message_id=f"{key}.{number}", language="en",
            tracker=memory,
        )  # fmt: skip
        memory = turn.tracker
        steps.append(_step(text, turn))
        if turn.handoff is not None:
            break
    return steps


def _step(text: str, turn: Turn) -> Step:
    answers = tuple(utterance.text for utterance in turn.utterances)
    intent = turn.intents[0].name if turn.intents else ""
    if turn.handoff is not None:
        return Step(text, "called a person", turn.handoff.reason, answers)
    if any(utterance.response in ASKED_BACK for utterance in turn.utterances):
        return Step(text, "asked back", intent, answers)
    return Step(text, "small talk" if intent in SMALL_TALK else "answered", intent, answers)


async def measure(screen: Screen, dialogue: Dialogue, folder: Path, read: int) -> dict[str, Counter[str]]:
    told = twitter_care(folder)
    found: dict[str, Counter[str]] = {}
    intents: Counter[str] = Counter()
    for channel in CHANNELS:
        counts: Counter[str] = Counter()
        steps = track(told, description=channel, console=Console(stderr=True), transient=True)
        for number, said in enumerate(steps):
            played = await play(screen, dialogue, channel, f"{channel}:tc-{number}", said)
            counts.update(step.kind for step in played)
            intents.update(step.detail for step in played if step.kind == "answered")
            if channel == "x" and number < read:
                _print(number, played)
        found[channel] = counts
    console.print("answered as: " + ", ".join(f"{intent} {count}" for intent, count in intents.most_common(12)))
    return found


def _print(number: int, played: Sequence[Step]) -> None:
    console.rule(f"tc-{number:04}")
    for step in played:
        console.print(Text(f"> {step.said}", style="bold"))
        console.print(f"  [{'red' if step.kind == 'answered' else 'cyan'}]{step.kind}: {step.detail}[/]")
        for answer in step.answers:
            console.print(Text(f"  {answer}"))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="make bench-assistant", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("data", type=Path, help="a folder with twitter-care/conversations.jsonl")
    parser.add_argument("--read", type=int, default=0, metavar="N", help="print the first N conversations")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        known = settings.load()
        os.environ["BACKOFFICE_URL"] = known.backoffice_url
        screen = open_triage(known.project, known.models)
        from bot.adapters.rasa_dialogue import RasaDialogue  # noqa: PLC0415 - Rasa takes seconds to load

        dialogue = RasaDialogue(rasa_project.usable_model(known.models), known.project)
        found = asyncio.run(measure(screen, dialogue, options.data, options.read))
    except SettingsError as error:
        console.print(f"[red]{error}[/]")
        return 2
    except OSError as error:
        console.print(f"[red]{error.filename} cannot be read ({error.strerror})[/]")
        return 2
    table = Table("channel", "messages", *KINDS, title="twitter-care")
    for channel, counts in found.items():
        table.add_row(channel, str(counts.total()), *(f"{counts[kind] / counts.total():.1%}" for kind in KINDS))
    console.print(table)
    every = sum(found.values(), Counter())
    shares = " ".join(f"{kind.replace(' ', '_')}={every[kind] / every.total():.3f}" for kind in KINDS)
    console.print(f"figure: {shares}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
