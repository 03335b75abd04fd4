from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.replay.recording import BadRecording, read


def write(path: Path, *lines: Any) -> Path:
    file = path / "r.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    file.write_text(text, encoding="utf-8")
    return file


def turns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "text": text, "at": "2017-10-31T22:10:47Z"} for role, text in pairs]


def test_only_what_customers_wrote_in_order(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"id": "1", "turns": turns(("customer", "hi"), ("agent", "hello"), ("customer", "bye 🙂")), "brand": "x"},
        "",
        {"id": "2", "turns": turns(("agent", "anybody?"), ("customer", "  "))},
        {"id": "3", "turns": turns(("customer", "three"))},
    )
    assert [(r.id, list(r.texts)) for r in read(file)] == [("1", ["hi", "bye 🙂"]), ("3", ["three"])]
    assert [r.id for r in read(file, 1)] == ["1"]


def test_odd_line_ends_within_a_message_are_part_of_it(tmp_path: Path) -> None:
    text = "one\u2028two\x85three\r\nfour"
    assert read(write(tmp_path, {"id": "1", "turns": turns(("customer", text))}))[0].texts == [text]


@pytest.mark.parametrize(
    ("line", "says"),
    [("{", "r.jsonl:2"), ("[]", "r.jsonl:2"), ({"id": "2"}, "turns"), ({"id": 2, "turns": []}, "r.jsonl:2")],
)
def test_a_bad_line_is_named(tmp_path: Path, line: Any, says: str) -> None:
    file = write(tmp_path, {"id": "1", "turns": turns(("customer", "hi"))}, line)
    with pytest.raises(BadRecording, match=says):
        read(file)


def test_a_file_without_customers_or_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="no customer"):
        read(write(tmp_path, {"id": "1", "turns": turns(("agent", "hi"))}))
    with pytest.raises(BadRecording, match="cannot be read"):
        read(tmp_path / "missing.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRecording, match="cannot be read"):
        read(tmp_path / "binary")
