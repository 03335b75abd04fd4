"""The training messages: data/triage/training/LABEL.LANGUAGE.txt, and the assistant's own examples as routine ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from ruamel.yaml import YAML

from bot.designer.project import unannotated
from channels.errors import SettingsError

RISK_PART, HARMLESS_PART = "== risk", "== harmless"
EXTRA = " || "
ROUTINE = "routine"  # ROUTINE.LANGUAGE.txt: ordinary messages, without parts

MOST_OF_AN_INTENT = 200  # in each language
# What these intents say is for a person, lies at the edge of fraud, or means nothing by itself: it teaches neither.
LEFT_OUT = frozenset({"card_block", "close_account", "complaint", "media", "out_of_scope"})


class Example(msgspec.Struct, frozen=True):
    """One message. `labels` empty: a bot may answer it. `source` is the file that it came from."""

    text: str
    labels: frozenset[str]
    language: str
    source: str


def read_examples(folder: Path, known: frozenset[str]) -> list[Example]:
    """Every training message, each text once. Raises SettingsError that names file, line and fix."""
    found: dict[str, Example] = {}
    paths = sorted((folder / "training").glob("*.txt"))
    if not paths:
        raise SettingsError("data/triage/training", "has no files", "Restore data/triage/training")
    for path in paths:
        for example in _read(path, known):
            before = found.get(example.text.casefold())
            labels = example.labels | before.labels if before else example.labels
            found[example.text.casefold()] = msgspec.structs.replace(example, labels=labels)
    return list(found.values())


def _read(path: Path, known: frozenset[str]) -> Iterator[Example]:
    label, _, rest = path.name.partition(".")
    language = rest.partition(".")[0]
    if label != ROUTINE and label not in known:
        raise SettingsError(f"training/{path.name}", "is no label that words can carry", "Rename the file")
    risk = False
    part = HARMLESS_PART if label == ROUTINE else ""
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"training/{path.name}:{number}"
        line = raw.strip()
        if not line or (line.startswith("# ") and not part):
            continue
        if line.startswith("=="):
            if line not in (RISK_PART, HARMLESS_PART):
                raise SettingsError(where, f"{line!r} is no part", f"Use {RISK_PART!r} or {HARMLESS_PART!r}")
            part = line
            risk = part == RISK_PART
            continue
        if not part:
            raise SettingsError(where, "stands before the first part", f"Begin with {RISK_PART!r}")
        text, _, extra = line.partition(EXTRA)
        labels = frozenset(name.strip() for name in extra.split(",") if name.strip())
        for name in labels - known:
            raise SettingsError(where, f"{name!r} is no label that words can carry", "Correct it")
        if risk:
            labels |= {label}
        yield Example(text.strip(), labels, language, path.name)


def read_routine(folder: Path) -> list[Example]:
    """Of the assistant's own training examples (data/nlu) the first of each intent: what it answers is routine. Only so
    many, or whoever teaches the assistant more about parcels would make triage think that less is a risk."""
    examples: dict[str, Example] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for path in sorted(folder.glob("*.yml")):
        language = path.name.split(".")[-2] if path.name.count(".") > 1 else "en"
        content: Mapping[str, list[dict[str, str]]] = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
        for entry in content.get("nlu", []):
            intent = entry.get("intent", "")
            if not intent or intent in LEFT_OUT:
                continue
            labels = frozenset({"praise"}) if intent in ("praise", "thank") else frozenset()
            for line in entry.get("examples", "").splitlines():
                text = unannotated(line.strip().removeprefix("- ")).strip()
                if text and taken[intent, language] < MOST_OF_AN_INTENT:
                    taken[intent, language] += 1
                    examples[text.casefold()] = Example(text, labels, language, path.name)
    return list(examples.values())
