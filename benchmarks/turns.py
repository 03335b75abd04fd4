"""Turns a second of the assistant: Sigap's beside stock Rasa's, the same conversations, in one run.

    make bench-turns                          beside stock Rasa with logistic regression (our pipeline before)
    make bench-turns OPTIONS=--with-diet      and beside its default pipeline (DIET and TED), some minutes more

Each contender runs in a process of its own and answers the same short conversations, round by round in turns, so that a
busy machine is busy for all; then one conversation of 200 turns. Stock Rasa is its `Agent` with an in-memory tracker
store, without HTTP. It is spared one thing that ours does: no custom action fills the language slot (over an action
server that alone costs it 70 ms a turn).
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from benchmarks.diet import FEATURES
from bot.adapters import rasa_project
from bot.entrypoints.worker import ENVIRONMENT
from bot.settings import PROJECT
from tests.scenarios.harness import TRAINED

SAID = (
    "are you a bot", "how do i activate my card", "how can i top up", "thanks",
    "how do i open an account", "how much can i transfer a day", "what can you do", "bye",
)  # fmt: skip
ROUNDS, CONVERSATIONS, LONG = 5, 10, 200
AROUND = 8  # turns that a figure of the long conversation is the mean of

# Rasa's default is 100. What is measured here is the time of a turn: the network is as big after five, and training is
# shorter by an hour. It may answer some messages with another action than it would.
EPOCHS = 5

# What `rasa init` and an empty config.yml give (Rasa 3.6).
DEFAULT = {
    "pipeline": [
        *FEATURES,
        {"name": "DIETClassifier", "epochs": EPOCHS, "constrain_similarities": True},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", "epochs": EPOCHS, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy"},
        {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": EPOCHS},
        {"name": "TEDPolicy", "max_history": 5, "epochs": EPOCHS, "constrain_similarities": True},
    ],
}
LIGHT = {
    "pipeline": [
        *FEATURES,
        {"name": "LogisticRegressionClassifier"},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [{"name": "MemoizationPolicy"}, {"name": "RulePolicy"}],
}

console = Console(highlight=False)
progress = Console(stderr=True, highlight=False)

Speak = Callable[[str, Sequence[str]], Awaitable[list[float]]]


# ---- in the contender's process ------------------------------------------------------------------------------------


def ours(model: Path) -> Speak:
    from bot.adapters.rasa_dialogue import RasaDialogue  # noqa: PLC0415 - Rasa takes seconds to load

    dialogue = RasaDialogue(model, PROJECT)

    async def speak(key: str, texts: Sequence[str]) -> list[float]:
        memory, took = b"", []
        for number, text in enumerate(texts):
            began = time.perf_counter()
            turn = await dialogue.respond(
                key=key, channel="webchat", text=text, message_id=f"{key}-{number}", language="en", tracker=memory
            )
            took.append(time.perf_counter() - began)
            assert turn.utterances
            memory = turn.tracker
        return took

    return speak


def stock(model: Path) -> Speak:
    from rasa.core.agent import Agent  # noqa: PLC0415
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: PLC0415

    agent = Agent.load(str(model))

    async def speak(key: str, texts: Sequence[str]) -> list[float]:
        took = []
        for text in texts:
            output = CollectingOutputChannel()
            began = time.perf_counter()
            await agent.handle_message(UserMessage(text, output, sender_id=key, input_channel="webchat"))
            took.append(time.perf_counter() - began)
            assert output.messages, text
        return took

    return speak


def contend(kind: str, model: Path) -> None:
    """Answers lines of JSON {"key", "turns"} with the seconds that each turn took, until the input ends."""
    import logging  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    speak = (ours if kind == "ours" else stock)(model)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(speak("warm", SAID))
    answers = os.fdopen(os.dup(1), "w")
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        texts = [SAID[number % len(SAID)] for number in range(asked["turns"])]
        answers.write(json.dumps(loop.run_until_complete(speak(asked["key"], texts))) + "\n")
        answers.flush()


# ---- in the benchmark's process ------------------------------------------------------------------------------------


class Contender:
    def __init__(self, name: str, kind: str, model: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.turns", "--contend", kind, str(model)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip
        self._read("ready\n")

    def _read(self, wanted: str = "") -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == wanted or (not wanted and line.startswith("[")):
                return line
        raise RuntimeError(f"{self.name} ended: {self._process.wait()}")

    def ask(self, key: str, turns: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"key": key, "turns": turns}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> list[float]:
        return list(json.loads(self._read()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(contenders: Sequence[tuple[str, str, Path]]) -> Iterator[list[Contender]]:
    made: list[Contender] = []
    try:
        for each in contenders:
            made.append(Contender(*each))
        yield made
    finally:
        for one in made:
            one.stop()


def short(contenders: Sequence[Contender]) -> dict[str, list[float]]:
    """Seconds of every turn of the short conversations, the contenders in turns."""
    took: dict[str, list[float]] = {one.name: [] for one in contenders}
    for number in range(ROUNDS):
        for one in contenders:
            for conversation in range(CONVERSATIONS):
                one.ask(f"short-{number}-{conversation}", len(SAID))
                took[one.name] += one.answer()
    return took


def two_at_once(pair: Sequence[Contender]) -> float:
    """Turns a second of two processes together."""
    began = time.perf_counter()
    turns = ROUNDS * CONVERSATIONS * len(SAID)
    for one in pair:
        one.ask("together", turns // 2)
    for one in pair:
        one.answer()
    return turns / (time.perf_counter() - began)


def trained(config: dict[str, Any], folder: Path, name: str) -> Path:
    """The project's data under a stock pipeline; its domain without the custom action for the language."""
    yaml = YAML()
    work = folder / name
    shutil.copytree(PROJECT / "data", work / "data")
    domain = yaml.load((PROJECT / "domain.yml").read_text(encoding="utf-8"))
    domain["slots"]["language"]["mappings"] = [{"type": "custom"}]
    with (work / "domain.yml").open("w", encoding="utf-8") as file:
        yaml.dump(domain, file)
    with (work / "config.yml").open("w", encoding="utf-8") as file:
        yaml.dump({"recipe": "default.v1", "assistant_id": "stock", "language": "en", **config}, file)
    began = time.perf_counter()
    model = rasa_project.train(work, folder / f"{name}-models", lambda line: None)
    progress.print(f"{name}: trained in {time.perf_counter() - began:.0f} s")
    return model


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--contend"]:
        contend(arguments[1], Path(arguments[2]))
        return 0
    if set(arguments) - {"--with-diet"}:
        console.print("usage: make bench-turns [OPTIONS=--with-diet]")
        return 2
    model = rasa_project.usable_model(TRAINED)
    with TemporaryDirectory() as temporary:
        entrants = [("Sigap", "ours", model)]
        entrants.append(("Rasa, logistic regression", "stock", trained(LIGHT, Path(temporary), "light")))
        if "--with-diet" in arguments:
            entrants.append(("Rasa, default (DIET, TED)", "stock", trained(DEFAULT, Path(temporary), "default")))
        with running(entrants) as contenders:
            took = short(contenders)
            long = {}
            for one in contenders:
                progress.print(f"{one.name}: one conversation of {LONG} turns …")
                one.ask("long", LONG)
                long[one.name] = one.answer()
        with running([("first", "ours", model), ("second", "ours", model)]) as pair:
            both = two_at_once(pair)
    show(took, long)
    mine, name = took["Sigap"], "Sigap"
    speed = {who: 1 / fmean(seconds) for who, seconds in took.items()}
    console.print(f"two workers of Sigap together: {both:.0f} turns/s, {both / speed[name]:.2f} times one")
    against = list(speed)[-1]
    flat = _at(long[name], LONG) / _at(long[name], 1)
    console.print(
        f"figure: turns_per_s={speed[name]:.0f} vs_stock={speed[name] / speed[against]:.1f} "
        f"p99_ms={np.quantile(mine, 0.99) * 1000:.1f} turn200_vs_turn1={flat:.2f} "
        f"two_workers={both:.0f}   (stock: {against})",
        soft_wrap=True,
    )
    return 0


def _at(seconds: Sequence[float], turn: int) -> float:
    """The mean around a turn, over one round of the texts, which cost differently."""
    first = min(max(0, turn - AROUND), len(seconds) - AROUND)
    return fmean(seconds[first : first + AROUND])


def show(took: dict[str, list[float]], long: dict[str, list[float]]) -> None:
    table = Table("", "turns/s", "p50", "p99", "turn 1", "turn 50", "turn 200", title="One worker")
    for name, seconds in took.items():
        table.add_row(
            name, f"{1 / fmean(seconds):.0f}", f"{np.quantile(seconds, 0.5) * 1000:.1f} ms",
            f"{np.quantile(seconds, 0.99) * 1000:.1f} ms",
            *(f"{_at(long[name], turn) * 1000:.1f} ms" for turn in (1, 50, 200)),
        )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
