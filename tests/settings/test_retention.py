"""data/retention.yml: a wrong entry stops the start, names the key and says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.yaml_retention import read_retention
from bot.settings import PROJECT
from channels.errors import SettingsError
from channels.registry import CHANNELS

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_ours_has_every_channel_and_linkedins_own_rule() -> None:
    keep = read_retention(PROJECT / "data" / "retention.yml", CHANNELS)
    assert keep.keys() == set(CHANNELS)
    moments = keep["linkedin"].moments(NOW)
    assert (NOW - moments.content, NOW - moments.profile) == (timedelta(hours=48), timedelta(hours=24))


@pytest.mark.parametrize(
    ("text", "key", "fix"),
    [
        ("x: {messages: 2 years}", "telegram", "Add one"),
        ("telegram: {messages: 2 years}\nx: {messages: 1 day}\ntelegrm: {messages: 1 day}", "telegrm", "mean telegram"),
        ("telegram: {messages: 2 years}\nx: {messages: 1 day}\nfax: {messages: 1 day}", "fax", "Known: telegram, x"),
        ("telegram: {messages: soon}\nx: {messages: 1 day}", "telegram.messages", "48 hours"),
        ("telegram: {messages: 1 day, profile: 0 days}\nx: {messages: 1 day}", "telegram.profile", "48 hours"),
        ("telegram: {message: 1 day}\nx: {messages: 1 day}", "message", "messages: 2 years"),
        ("telegram: 2 years", "telegram", "messages: 2 years"),
        ("telegram: [", "retention.yml", "Correct the file"),
        ("", "telegram", "Add one"),
    ],
)
def test_a_wrong_entry_is_named_with_its_fix(tmp_path: Path, text: str, key: str, fix: str) -> None:
    path = tmp_path / "retention.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_retention(path, ["telegram", "x"])
    said = str(refused.value)
    assert said.startswith("retention.yml")
    assert key in said
    assert fix in said


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"retention\.yml: cannot be read"):
        read_retention(tmp_path / "retention.yml", ["x"])
