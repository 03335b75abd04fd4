"""data/triage as a compliance officer may break it: the error names the entry, and ours are whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.triage_project import lint_triage
from bot.adapters.yaml_desk import read_desk, skills_of
from bot.adapters.yaml_replies import read_replies
from bot.adapters.yaml_wordings import YamlWordings
from bot.settings import PROJECT
from bot.triage import lists
from bot.triage.examples import read_examples
from bot.triage.lint import errors
from channels.errors import SettingsError
from channels.registry import CHANNELS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    return tmp_path


def read_all(project: Path) -> None:
    folder = project / "data" / "triage"
    labels = lists.read_labels(folder)
    policy = lists.read_policy(folder, labels, YamlWordings(folder / "wording.yml").names)
    lists.read_patterns(folder, labels)
    lists.read_regulators(folder)
    lists.read_limits(folder)
    read_examples(folder, frozenset(name for name, label in labels.items() if label.from_ == lists.WORDS))
    read_desk(project / "data" / "desk.yml", CHANNELS, skills_of(policy))
    read_replies(project / "data" / "replies.yml", labels)


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(project: Path) -> None:
        path = project / "data" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def test_ours_are_whole(project: Path) -> None:
    read_all(project)
    assert errors(lint_triage(project)) == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit("triage/policy.yml", "  fraud:\n", "  fraude:\n"), "fraud"),
        (edit("triage/policy.yml", "wording: fraud", "wording: froud"), "froud"),
        (edit("triage/policy.yml", "{bot: acknowledge, wording: fraud", "{bot: acknowledge"), "fraud.private"),
        (edit("triage/policy.yml", "priority: 5", "priority: 9"), "priority"),
        (edit("triage/policy.yml", "bot: silent", "bot: mute"), "mute"),
        (edit("triage/policy.yml", "skills: [fraud]", "skills: [frauds]"), "frauds"),
        (edit("triage/labels.yml", "severity: 5", "severity: 7"), "severity"),
        (edit("triage/wording.yml", "fraud:\n  private:\n    en:", "fraud:\n  private:\n    de:"), "fraud.private.en"),
        (edit("triage/regulators.yml", "handles: [ojkindonesia", "handles: ['@OJKIndonesia'"), "OJKIndonesia"),
        (edit("triage/regulators.yml", "acronyms: [OJK]", "acronyms: [Ojk]"), "Ojk"),
        (edit("triage/patterns/fraud.yml", "name: gone", "name: not-me"), "not-me"),
        (edit("triage/training/fraud.en.txt", "== risk", "== risky"), "fraud.en.txt:1"),
        (edit("triage/circumstances.yml", "followers:", "folowers:"), "folowers"),
        (edit("replies.yml", "fraud:\n", "froud:\n"), "froud"),
        (edit("replies.yml", "this is {agent}. I", "this is {agnt}. I"), "any.en"),
    ],
)
def test_a_wrong_entry_stops_and_is_named(project: Path, change: Callable[[Path], None], named: str) -> None:
    change(project)
    with pytest.raises(SettingsError, match=named):
        read_all(project)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit("triage/wording.yml", "(112 in Indonesia), or 119 ext. 8.", "(112 in Indonesia)."), "self_harm.public"),
        (edit("triage/wording.yml", "We take this seriously. Please never", "Long. " * 40), "fraud.public.en"),
        (edit("triage/patterns/fraud.yml", "scammer", "Scammer"), "Scammer"),
    ],
)  # fmt: skip
def test_the_lint_finds_what_would_mislead(project: Path, change: Callable[[Path], None], named: str) -> None:
    change(project)
    found = lint_triage(project)
    assert any(named in f"{problem.where} {problem.message}" for problem in found if problem.severity == "error")
