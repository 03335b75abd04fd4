"""The Rasa project's trained model: is it there, is it current, make it. Calls Rasa's command line, imports no Rasa."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from channels.errors import SettingsError

MODEL = "assistant.tar.gz"
FINGERPRINT = "assistant.fingerprint"
TRAINED_FROM = ("config.yml", "domain.yml", "data/nlu", "data/rules", "data/stories", "bot/nlu")
TRAIN = "Run `make train`"


class TrainingFailed(Exception):
    """Rasa refused the project; the message is the end of what it printed."""


def fingerprint(project: Path) -> str:
    """A digest of everything that a model is trained from, and of the Rasa that trains it."""
    digest = hashlib.sha256(_rasa_version().encode())
    for file in _sources(project):
        digest.update(str(file.relative_to(project)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def is_current(project: Path, models: Path) -> bool:
    """Whether the trained model is of this very project and this Rasa."""
    recorded = models / FINGERPRINT
    return (models / MODEL).is_file() and recorded.is_file() and recorded.read_text() == fingerprint(project)


def usable_model(models: Path) -> Path:
    """The model's path. Raises SettingsError when it is missing, broken or trained by another Rasa."""
    path = models / MODEL
    if not path.is_file():
        raise SettingsError("SIGAP_HOME", f"there is no trained assistant in {models}", TRAIN)
    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile("metadata.json")
            trained_by = str(json.load(member)["rasa_open_source_version"]) if member else ""
    except (tarfile.TarError, OSError, EOFError, zlib.error, KeyError, TypeError, ValueError):
        raise SettingsError("SIGAP_HOME", f"{path.name} is not a Rasa model", TRAIN) from None
    if trained_by != _rasa_version():
        raise SettingsError(
            "SIGAP_HOME", f"the assistant was trained by Rasa {trained_by}, this is {_rasa_version()}", TRAIN
        )
    return path


def train(project: Path, models: Path, on_line: Callable[[str], None]) -> Path:
    """Train and put the new model in place of the old in one step. Raises TrainingFailed. `on_line`: progress."""
    models.mkdir(parents=True, exist_ok=True)
    made_from = fingerprint(project)
    command = [
        sys.executable, "-m", "rasa", "train", "--config", "config.yml", "--domain", "domain.yml", "--data",
        *(folder for folder in ("data/nlu", "data/rules", "data/stories") if (project / folder).is_dir()),
        "--out", str(models), "--fixed-model-name", "new",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "NO_COLOR": "1",
    }
    printed: list[str] = []
    with subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line.rstrip())
            on_line(line.rstrip())
    made = models / "new.tar.gz"
    if process.returncode or not made.is_file():
        raise TrainingFailed("\n".join(printed[-25:]))
    made.replace(models / MODEL)
    (models / FINGERPRINT).write_text(made_from)
    return models / MODEL


def _sources(project: Path) -> Iterator[Path]:
    for name in TRAINED_FROM:
        path = project / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in {".yml", ".yaml", ".py"} and p.is_file())


def _rasa_version() -> str:
    try:
        return version("rasa")
    except PackageNotFoundError:
        raise SettingsError("rasa", "is not installed here", "Run `make install` (the extra `worker`)") from None
