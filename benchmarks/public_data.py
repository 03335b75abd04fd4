"""Reads the public data sets that benchmarks are given a folder of."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path


def banking77(folder: Path, part: str) -> list[tuple[str, str]]:
    """(question, intent) of the "train" or "test" part. Raises OSError."""
    with (folder / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def twitter_care(folder: Path) -> list[list[tuple[str, datetime]]]:
    """What customers wrote and when, by conversation. Raises OSError."""
    lines = (folder / "twitter-care" / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        [
            (turn["text"], datetime.fromisoformat(turn["at"]))
            for turn in json.loads(line)["turns"]
            if turn["role"] == "customer"
        ]
        for line in lines
    ]
