"""data/policy.yml: a wrong entry stops the start, names the key and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.yaml_house import read_house
from bot.core.house import House
from bot.settings import PROJECT
from channels.errors import SettingsError

OURS = PROJECT / "data" / "policy.yml"


def test_ours_can_be_read() -> None:
    house = read_house(OURS)
    assert "utter_greet" in house.public_responses
    assert house.solving_responses <= house.public_responses, "they close a public thread"
    assert house.quiet_hours is not None
    assert (house.quiet_hours.from_, house.quiet_hours.timezone) == ("21:00", "Asia/Jakarta")


QUIET = 'quiet_hours: {{from: "{}", to: "{}", timezone: {}}}'


@pytest.mark.parametrize(
    ("text", "key", "fix"),
    [
        ("personal: [{name: reference, pattern: '(AR'}]", "personal.reference", "Correct it"),
        ("opt_out: [STOP]", "opt_out: 'STOP'", "Write 'stop'"),
        ('opt_out: ["don\'t write"]', 'opt_out: "don\'t write"', "Write 'don t write'"),
        ("opt_in: ['mulai!']", "opt_in: 'mulai!'", "Write 'mulai'"),
        ("opt_out: [stop]\nopt_in: [stop]", "opt_in", "one of the two"),
        (QUIET.format("9 pm", "07:00", "Asia/Jakarta"), "quiet_hours.from", 'like "21:00"'),
        (QUIET.format("21:00", "25:00", "Asia/Jakarta"), "quiet_hours.to", 'like "21:00"'),
        (QUIET.format("21:00+07:00", "07:00", "Asia/Jakarta"), "quiet_hours.from", 'like "21:00"'),
        (QUIET.format("21:00", "07:00", "Jakarta"), "quiet_hours.timezone", "Asia/Jakarta"),
        (QUIET.format("21:00", "07:00", "../../etc/passwd"), "quiet_hours.timezone", "Asia/Jakarta"),
        (QUIET.format("21:00", "07:00", "''"), "quiet_hours.timezone", "Asia/Jakarta"),
        ("quiet_hours: {from: '21:00', to: '07:00'}", "timezone", "Correct this entry"),
        ("public_response: [utter_greet]", "public_response", "Correct this entry"),
        ("opt_out: stop", "opt_out", "Correct this entry"),
        ("- a list", "policy.yml", "Correct"),
        ("opt_out: [", "policy.yml", "Correct the file"),
    ],
)
def test_a_wrong_entry_is_named_with_its_fix(tmp_path: Path, text: str, key: str, fix: str) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_house(path)
    said = str(refused.value)
    assert said.startswith("policy.yml")
    assert key in said
    assert fix in said


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"policy\.yml: cannot be read"):
        read_house(tmp_path / "policy.yml")


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_bytes(b"opt_out: [\xff\xfe]")
    with pytest.raises(SettingsError, match="is not YAML"):
        read_house(path)


def test_an_empty_file_forbids_nothing(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert read_house(path) == House()


def test_times_need_no_quotes(tmp_path: Path) -> None:
    """YAML 1.1 would read 21:00 as the number 1260."""
    path = tmp_path / "policy.yml"
    path.write_text("quiet_hours: {from: 21:00, to: 07:00, timezone: Asia/Jakarta}", encoding="utf-8")
    hours = read_house(path).quiet_hours
    assert hours is not None
    assert (hours.from_, hours.to) == ("21:00", "07:00")
