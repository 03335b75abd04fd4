"""Reads a Rasa project's files with the lines that things stand on. Knows Rasa's formats, but does not import Rasa."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.designer.findings import DEFAULT_LANGUAGE, LANGUAGES, Finding, error

RESPONSE_FIX = "write it as docs/voice.md shows"
_ANNOTATION = re.compile(r"\[(?P<text>[^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def unannotated(text: str) -> str:
    """An example as somebody would type it: its entity annotations are Rasa's, not the customer's."""
    return _ANNOTATION.sub(r"\g<text>", text)


@dataclass(frozen=True, slots=True)
class Example:
    """One training example, without its entity annotations. `language` is None in a file without a suffix."""

    intent: str
    text: str
    language: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Variation:
    """One variation of a response. `other` are its conditions apart from the language."""

    text: str
    language: str
    channel: str | None
    other: frozenset[str]
    buttons: tuple[Mapping[str, Any], ...]
    where: str


@dataclass(slots=True)
class Project:
    """What the lint looks at. `findings` has the files that could not be read."""

    intents: dict[str, str] = field(default_factory=dict)  # name → where
    entities: set[str] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)
    forms: dict[str, list[str]] = field(default_factory=dict)  # name → required slots
    responses: dict[str, tuple[str, list[Variation]]] = field(default_factory=dict)  # name → (where, variations)
    examples: list[Example] = field(default_factory=list)
    patterns: list[tuple[str, str]] = field(default_factory=list)  # (name, regex)
    lookups: list[tuple[str, str, list[str]]] = field(default_factory=list)  # (name, where, words)
    steps: list[tuple[str, str]] = field(default_factory=list)  # (action, where) in rules and stories
    notices: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read(folder: Path) -> Project:
    """Read `domain.yml` and everything below `data/`."""
    project = Project()
    domain = folder / "domain.yml"
    if domain.exists():
        _read_domain(project, _load(project, folder, domain) or {}, "domain.yml")
    else:
        project.findings.append(error("domain.yml", "there is no domain.yml", "run this in a Rasa project's folder"))
    for path in sorted((folder / "data").rglob("*.yml")):
        where = path.relative_to(folder).as_posix()
        content = _load(project, folder, path)
        if where == "data/notices.yml":
            for name, texts in (content or {}).items():
                project.notices[str(name)] = (_at(where, content, name), texts if isinstance(texts, Mapping) else {})
        elif isinstance(content, Mapping):
            project.examples.extend(_examples(content, where))
            project.patterns.extend(_patterns(content))
            project.lookups.extend(_lookups(content, where))
            project.steps.extend(_steps(content, where))
    return project


def _load(project: Project, folder: Path, path: Path) -> Any:
    where = path.relative_to(folder).as_posix()
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except YAMLError as problem:
        mark = problem.problem_mark if isinstance(problem, MarkedYAMLError) else None
        place = f"{where}:{mark.line + 1}" if mark else where
        project.findings.append(error(place, "this is not YAML", "look at the indentation and the quotes near here"))
    except UnicodeDecodeError:
        project.findings.append(error(where, "this is not UTF-8", "save the file as UTF-8"))
    return None


def _at(where: str, container: Any, key: object) -> str:
    """`file:line` of a key in a mapping, or of an index in a list."""
    position = container.lc.item(key) if isinstance(key, int) else container.lc.key(key)
    return f"{where}:{position[0] + 1}"


def _read_domain(project: Project, domain: Mapping[str, Any], where: str) -> None:
    intents = domain.get("intents") or []
    for index, item in enumerate(intents):
        name = next(iter(item)) if isinstance(item, Mapping) else item
        project.intents[str(name)] = _at(where, intents, index)
    for item in domain.get("entities") or []:
        project.entities.add(str(next(iter(item)) if isinstance(item, Mapping) else item))
    project.slots.update(str(name) for name in domain.get("slots") or {})
    for name, form in (domain.get("forms") or {}).items():
        required = (form or {}).get("required_slots") or []
        project.forms[str(name)] = [str(slot) for slot in required]
    responses = domain.get("responses") or {}
    if not isinstance(responses, Mapping):
        project.findings.append(error(where, "responses are no names with variations", RESPONSE_FIX))
        return
    for name, variations in responses.items():
        if variations is not None and (not isinstance(variations, Sequence) or isinstance(variations, str)):
            message = f"{name}: no list of variations; perhaps a dash is missing"
            project.findings.append(error(_at(where, responses, name), message, RESPONSE_FIX))
            continue
        found = []
        for index, item in enumerate(variations or []):
            at = _at(where, variations, index)
            if fault := _misshapen(item):
                project.findings.append(error(at, f"{name}: {fault}", RESPONSE_FIX))
            else:
                found.append(_variation(item, at))
        project.responses[str(name)] = (_at(where, responses, name), found)


def _misshapen(item: object) -> str:
    """What keeps a variation from being read, "" when nothing does."""
    if not isinstance(item, Mapping):
        return f"{item!r} is no variation"
    for key in ("buttons", "condition"):
        entries = item.get(key)
        if entries is not None and not (
            isinstance(entries, Sequence)
            and not isinstance(entries, str)
            and all(isinstance(each, Mapping) for each in entries)
        ):
            return f"its {key} are no list of entries"
    return ""


def _variation(item: Mapping[str, Any], where: str) -> Variation:
    language, other = DEFAULT_LANGUAGE, set()
    for condition in item.get("condition") or []:
        if condition.get("type") == "slot" and condition.get("name") == "language":
            language = str(condition.get("value"))
        else:
            other.add(f"{condition.get('name')}={condition.get('value')}")
    return Variation(
        text=str(item.get("text") or ""),
        language=language,
        channel=item.get("channel"),
        other=frozenset(other),
        buttons=tuple(item.get("buttons") or ()),
        where=where,
    )


def _examples(content: Mapping[str, Any], where: str) -> Iterator[Example]:
    suffix = where.removesuffix(".yml").rpartition(".")[2]
    language = suffix if suffix in LANGUAGES else None
    for block in content.get("nlu") or []:
        if "intent" not in block:
            continue
        examples = block.get("examples") or ""
        first = block.lc.key("examples")[0] + 2 if "examples" in block else block.lc.line + 1
        for text, line in _lines(examples, first):
            yield Example(str(block["intent"]), unannotated(text), language, f"{where}:{line}")


def _patterns(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for block in content.get("nlu") or []:
        if "regex" in block:
            for text, _ in _lines(block.get("examples") or "", 0):
                yield str(block["regex"]), text


def _lookups(content: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, list[str]]]:
    for block in content.get("nlu") or []:
        if "lookup" in block:
            words = [text for text, _ in _lines(block.get("examples") or "", 0)]
            yield str(block["lookup"]), _at(where, block, "lookup"), words


def _lines(examples: Any, first: int) -> Iterator[tuple[str, int]]:
    if isinstance(examples, str):
        for offset, line in enumerate(examples.split("\n")):
            if line.lstrip().startswith("- "):
                yield line.lstrip()[2:].strip(), first + offset
        return
    for index, item in enumerate(examples):  # Rasa's long form: a list of mappings with `text`
        text = item.get("text", "") if isinstance(item, Mapping) else item
        line = examples.lc.item(index)[0] + 1
        for one in str(text).strip().split("\n"):
            yield one.removeprefix("- ").strip(), line


def _steps(content: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for key in ("rules", "stories"):
        for flow in content.get(key) or []:
            for step in flow.get("steps") or []:
                if "action" in step:
                    yield str(step["action"]), _at(where, step, "action")
