"""The seed data, with its dates counted from today so that the demo never ages."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SEED_FILE = Path(__file__).with_name("seed.json")
# A key ending in this holds a number of days from today, negative in the past; the answer has the date instead.
_DAYS = "_in_days"


def load(today: date | None = None, path: Path = SEED_FILE) -> dict[str, dict[str, dict[str, Any]]]:
    """The tables `orders` and `card_deliveries`, by reference. Raises ValueError for a reference given twice."""
    today = today or date.today()
    raw = json.loads(path.read_text(encoding="utf-8"))
    return {name: _by_reference(rows, today) for name, rows in raw.items()}


def _by_reference(rows: list[Mapping[str, Any]], today: date) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["ref"] in table:
            raise ValueError(f"the seed data has {row['ref']} twice")
        table[row["ref"]] = _dated(row, today)
    return table


def _dated(row: Mapping[str, Any], today: date) -> dict[str, Any]:
    dated: dict[str, Any] = {}
    for key, value in row.items():
        if key.endswith(_DAYS):
            dated[key.removesuffix(_DAYS)] = (today + timedelta(days=value)).isoformat()
        elif isinstance(value, Mapping):
            dated[key] = _dated(value, today)
        else:
            dated[key] = value
    return dated
