"""Reads recorded conversations: one JSON object a line, `id` and `turns[{role, at, text}]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec


class BadRecording(Exception):
    """The file cannot be replayed; the message names the line and the fix."""


class _Turn(msgspec.Struct):
    role: str
    text: str


class _Line(msgspec.Struct):
    id: str
    turns: list[_Turn]


class Recording(msgspec.Struct, frozen=True):
    """What one customer wrote, in order."""

    id: str
    texts: Sequence[str]


def read(path: Path, limit: int | None = None) -> list[Recording]:
    """The customers' side of every conversation that has one. Raises BadRecording."""
    decoder = msgspec.json.Decoder(_Line)
    recordings = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: U+2028 may be part of what was written
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecording(f"{path}: cannot be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise BadRecording(f"{path}:{number}: {error}. A line is {{id, turns: [{{role, text}}]}}") from None
        texts = [turn.text for turn in found.turns if turn.role == "customer" and turn.text.strip()]
        if texts:
            recordings.append(Recording(found.id, texts))
    if not recordings:
        raise BadRecording(f"{path}: no customer wrote anything in it")
    return recordings[:limit]
