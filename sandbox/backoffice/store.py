"""The database: SQLite in memory, a SQLite file or PostgreSQL. It is made and seeded when it is first needed."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import create_engine, delete, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from sandbox.backoffice import once, seed, tables

IN_MEMORY = "sqlite://"
_BUSY_S = 10  # how long SQLite waits for another process's write

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """One back office's data. Its methods block, and may be called from several threads at once.

    Raises ValueError for a `url` that no database can have. Every method raises SQLAlchemyError while the
    database can't be reached.
    """

    def __init__(self, url: str = IN_MEMORY, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._in_memory = url in (IN_MEMORY, "sqlite:///:memory:")
        options: dict[str, Any] = {}
        if self._in_memory:
            # The data lives as long as its connection: there is one, and transactions queue for it.
            options = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
            options["connect_args"] = {"check_same_thread": False}
        elif url.startswith("sqlite"):
            options = {"connect_args": {"timeout": _BUSY_S}}
        else:
            options = {"pool_pre_ping": True}
        try:
            self._engine: Engine = create_engine(url, future=True, **options)
        except (ArgumentError, NoSuchModuleError):
            raise ValueError(
                "BACKOFFICE_DATABASE_URL is not a database's address. "
                "It looks like postgresql://user:password@host/database or sqlite:////folder/backoffice.db"
            ) from None
        self._now = now
        self._lock = threading.Lock()
        self._seeded_on: date | None = None

    def prepare(self) -> None:
        """Make the tables and fill them once, if that has not been done."""
        today = self._today()
        # What is in memory begins anew every day, so that a demo which runs for weeks never ages.
        if self._seeded_on == today or (self._seeded_on and not self._in_memory):
            return
        with self._lock:
            if self._seeded_on == today:
                return
            tables.metadata.create_all(self._engine)
            self._seed(today)
            self._seeded_on = today

    def read(self, query: Callable[[Connection], T]) -> T:
        """What `query` returns."""
        with self._begin() as connection:
            return query(connection)

    def write(self, key: str, fingerprint: str, deed: Callable[[Connection, datetime], once.Answer]) -> once.Answer:
        """The answer of `deed`, which is done once for each key; see `once.answer`."""
        now = self._now()
        return once.answer(self._begin, key, fingerprint, now, lambda connection: deed(connection, now))

    def close(self) -> None:
        """Let the connections go. What was in memory is gone."""
        self._engine.dispose()

    def _begin(self) -> AbstractContextManager[Connection]:
        self.prepare()
        begun: AbstractContextManager[Connection] = self._engine.begin()
        return begun

    def _today(self) -> date:
        return self._now().astimezone().date()

    def _seed(self, today: date) -> None:
        try:
            with self._engine.begin() as connection:
                if self._in_memory:
                    for table in (*tables.SEEDED, tables.seeded):
                        connection.execute(delete(table))
                elif connection.execute(select(tables.seeded.c.id)).first():
                    return
                # First of all: of two processes that come here at the same time, the second waits, and fails.
                connection.execute(insert(tables.seeded).values(id=1, day=today))
                for name, table in ((table.name.removeprefix("backoffice_"), table) for table in tables.SEEDED):
                    connection.execute(insert(table), _rows(name, today))
        except IntegrityError:
            if not self._is_seeded():
                raise

    def _is_seeded(self) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(select(tables.seeded.c.id)).first() is not None


def _rows(name: str, today: date) -> list[dict[str, Any]]:
    by_reference, lists = seed.load(today), seed.lists()
    if name == "orders":
        return [_order(row) for row in by_reference[name].values()]
    if name in by_reference:
        return [_typed(row, tables.metadata.tables[f"backoffice_{name}"]) for row in by_reference[name].values()]
    if name == "holidays":
        return [{"day": date.fromisoformat(day)} for day in lists[name]]
    return list(lists[name])


def _order(row: Mapping[str, Any]) -> dict[str, Any]:
    refund = row.get("refund", {"status": "none"})
    flat = {key: value for key, value in row.items() if key != "refund"}
    return _typed({**flat, **{f"refund_{key}": value for key, value in refund.items()}}, tables.orders)


def _typed(row: Mapping[str, Any], table: Any) -> dict[str, Any]:
    """The row with a value for every column: rows of one INSERT must have the same ones."""
    typed: dict[str, Any] = {}
    for column in table.columns:
        value = row.get(column.name)
        typed[column.name] = date.fromisoformat(value) if value and column.type.python_type is date else value
    return typed
