"""The seed data, with its dates counted from today."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SEED_FILE = Path(__file__).with_name("seed.json")
# A key ending in this holds a number of days from today, negative in the past; the answer has the date instead.
_DAYS = "_in_days"
_KEY = "ref"


def load(today: date | None = None, path: Path = SEED_FILE) -> dict[str, dict[str, dict[str, Any]]]:
    """What has a reference (`orders`, `card_deliveries`, `transfers`), by it, with dates as ISO 8601 text.

    Raises ValueError for a reference given twice.
    """
    today = today or date.today()
    return {name: _by_reference(rows, today) for name, rows in _read(path).items() if _referenced(rows)}


def lists(path: Path = SEED_FILE) -> dict[str, list[Any]]:
    """What has no reference: customers, exchange rates, branches, price lists and holidays, as in the file."""
    return {name: rows for name, rows in _read(path).items() if not _referenced(rows)}


def _read(path: Path) -> dict[str, list[Any]]:
    raw: dict[str, list[Any]] = json.loads(path.read_text(encoding="utf-8"))
    return raw


def _referenced(rows: list[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], Mapping) and _KEY in rows[0]


def _by_reference(rows: list[Mapping[str, Any]], today: date) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row[_KEY] in table:
            raise ValueError(f"the seed data has {row[_KEY]} twice")
        table[row[_KEY]] = _dated(row, today)
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
