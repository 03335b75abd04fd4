"""Reads the public data sets that benchmarks are given a folder of."""

from __future__ import annotations

import csv
from pathlib import Path


def banking77(folder: Path, part: str) -> list[tuple[str, str]]:
    """(question, intent) of the "train" or "test" part. Raises OSError."""
    with (folder / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]
