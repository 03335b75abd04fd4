"""Turns a second of the assistant: Sigap's beside stock Rasa's, the same conversations, in one run.

    make bench-turns                          beside stock Rasa with logistic regression (our pipeline before)
    make bench-turns OPTIONS=--with-diet      and beside its default pipeline (DIET and TED), some minutes more
    make bench-turns OPTIONS=--alone          without stock Rasa, a few minutes less

Each contender runs in a process of its own and answers the same short conversations, round by round in turns, so that a
busy machine is busy for all; then the same conversations of 200 turns. Stock Rasa is its `Agent` with an in-memory
tracker store, without HTTP. It is spared one thing that ours does: no custom action fills the language slot (over an
action server that alone costs it 70 ms a turn).

Last, the very first turn of fresh processes against the median of their later ones: triage and assistant as a worker
has them when it says that it is ready, and the same without its warming up.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from benchmarks.contenders import SAID, Contender, running
from benchmarks.diet import FEATURES
from bot.adapters import rasa_project
from bot.settings import PROJECT
from tests.scenarios.harness import TRAINED

ROUNDS, CONVERSATIONS, LONG = 5, 10, 200
# Long conversations. Each begins with another text, so that every text is said at every turn equally often.
LONGS = 5 * len(SAID)
SHOWN = (1, 50, LONG)  # turns of them
# What the first customers of fresh processes say; words alone do not tell the language of the third.
FIRST = (
    "are you a bot", "how do i activate my card", "good evening dear sirs",
    "halo kak", "cara aktivasi kartu debit gimana",
)  # fmt: skip
OURS, WARMED, COLD = "Sigap", "as a worker starts", "without warming up"

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

console = Console(highlight=False, width=110)
progress = Console(stderr=True, highlight=False)

Conversations = Sequence[Sequence[float]]  # seconds of each turn


@dataclass(frozen=True)
class Start:
    """A fresh process: seconds of its first turn, and of a usual one of its later turns."""

    first: float
    usual: float

    @property
    def times(self) -> float:
        return self.first / self.usual


def said(turns: int, begin: int = 0) -> list[str]:
    """What a customer says in so many turns, beginning with another text for another `begin`."""
    return [SAID[(begin + turn) % len(SAID)] for turn in range(turns)]


def short(contenders: Sequence[Contender]) -> dict[str, list[float]]:
    """Seconds of every turn of the short conversations, the contenders in turns."""
    took: dict[str, list[float]] = {one.name: [] for one in contenders}
    for number in range(ROUNDS):
        for one in contenders:
            for conversation in range(CONVERSATIONS):
                one.ask(f"short-{number}-{conversation}", SAID)
                took[one.name] += one.answer()
    return took


def long(contenders: Sequence[Contender]) -> dict[str, list[list[float]]]:
    """The same of the long conversations, each for itself."""
    took: dict[str, list[list[float]]] = {one.name: [] for one in contenders}
    for number in range(LONGS):
        if number % len(SAID) == 0:
            progress.print(f"conversations of {LONG} turns: {number} of {LONGS} …")
        for one in contenders:
            one.ask(f"long-{number}", said(LONG, number))
            took[one.name].append(one.answer())
    return took


def at(conversations: Conversations, turn: int) -> list[float]:
    """Seconds of one turn (from 1) in each conversation."""
    return [seconds[turn - 1] for seconds in conversations]


def starts(model: Path) -> dict[str, list[Start]]:
    """Fresh processes, with and without warming up in turns, one for each of the first texts."""
    found: dict[str, list[Start]] = {WARMED: [], COLD: []}
    for number, text in enumerate(FIRST):
        progress.print(f"fresh processes: {number} of {len(FIRST)} …")
        for name, kind in ((WARMED, "warmed"), (COLD, "cold")):
            with running([(name, kind, model)]) as [one]:
                one.ask("first", [text])
                [first] = one.answer()
                later: list[float] = []
                for conversation in range(CONVERSATIONS):
                    one.ask(f"later-{conversation}", SAID)
                    later += one.answer()
            found[name].append(Start(first, median(later)))
    return found


def two_at_once(pair: Sequence[Contender]) -> float:
    """Turns a second of two processes together."""
    began = time.perf_counter()
    turns = ROUNDS * CONVERSATIONS * len(SAID)
    for one in pair:
        one.ask("together", said(turns // 2))
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
    if len(arguments) > 1 or set(arguments) - {"--with-diet", "--alone"}:
        console.print("usage: make bench-turns [OPTIONS=--with-diet|--alone]", markup=False)
        return 2
    model = rasa_project.usable_model(TRAINED)
    with TemporaryDirectory() as temporary:
        entrants = [(OURS, "ours", model)]
        if "--alone" not in arguments:
            entrants.append(("Rasa, logistic regression", "stock", trained(LIGHT, Path(temporary), "light")))
        if "--with-diet" in arguments:
            entrants.append(("Rasa, default (DIET, TED)", "stock", trained(DEFAULT, Path(temporary), "default")))
        with running(entrants) as contenders:
            took, longs = short(contenders), long(contenders)
        with running([("first", "ours", model), ("second", "ours", model)]) as pair:
            both = two_at_once(pair)
        fresh = starts(model)
    show(took, longs)
    show_starts(fresh)
    alone = 1 / fmean(took[OURS])
    console.print(f"two workers of Sigap together: {both:.0f} turns/s, {both / alone:.2f} times one")
    console.print(figure(took, longs, both, fresh), soft_wrap=True)
    return 0


def figure(
    took: Mapping[str, Sequence[float]], longs: Mapping[str, Conversations], both: float,
    fresh: Mapping[str, Sequence[Start]],
) -> str:  # fmt: skip
    """One line of names and numbers. `first_vs_median`: the first turn of a fresh process, of several the median."""
    mine = took[OURS]
    against = list(took)[-1]
    versus = f"vs_stock={fmean(took[against]) / fmean(mine):.1f} " if against != OURS else ""
    flat = median(at(longs[OURS], LONG)) / median(at(longs[OURS], 1))
    times, cold_times = ([start.times for start in fresh[name]] for name in (WARMED, COLD))
    return (
        f"figure: turns_per_s={1 / fmean(mine):.0f} {versus}p99_ms={np.quantile(mine, 0.99) * 1000:.1f} "
        f"turn200_vs_turn1={flat:.2f} first_vs_median={median(times):.2f} first_vs_median_worst={max(times):.2f} "
        f"first_vs_median_cold={median(cold_times):.2f} two_workers={both:.0f}"
        + (f"   (stock: {against})" if versus else "")
    )


def spread(seconds: Sequence[float]) -> str:
    """p50 and p99, in milliseconds."""
    middle, high = np.quantile(seconds, (0.5, 0.99)) * 1000
    return f"{middle:.1f} · {high:.1f}"


def show(took: Mapping[str, Sequence[float]], longs: Mapping[str, Conversations]) -> None:
    turns = [f"turn {turn}" for turn in SHOWN]
    table = Table("", "turns/s", "short ones", *turns, title="One worker: milliseconds of a turn, p50 · p99")
    for name, seconds in took.items():
        table.add_row(
            name, f"{1 / fmean(seconds):.0f}", spread(seconds), *(spread(at(longs[name], turn)) for turn in SHOWN)
        )  # fmt: skip
    console.print(table)


def show_starts(fresh: Mapping[str, Sequence[Start]]) -> None:
    table = Table(
        "", "first", "usual", "first_vs_median", "the worst",
        title=f"First turn of a fresh process: milliseconds, median of {len(FIRST)}",
    )  # fmt: skip
    for name, found in fresh.items():
        times = [start.times for start in found]
        table.add_row(
            name, f"{median(start.first for start in found) * 1000:.1f}",
            f"{median(start.usual for start in found) * 1000:.1f}", f"{median(times):.2f}", f"{max(times):.2f}",
        )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
