"""One customer in the archive: everything about them shown, gone, or emptied when its time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, MetaData, String, Table, func, inspect, select
from sqlalchemy import text as sql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters import sql_cases
from bot.adapters.sql_archive import (
    SqlArchive,
    digest,
    erased_table,
    events_table,
    messages_table,
    metadata,
    order,
    progress_table,
)
from bot.adapters.sql_cases import cases_table
from bot.core.forgetting import Moments, hollowed
from bot.core.needles import Needles, Search, Trace

AT_ONCE = 500

# Up to where in the event stream a channel's contents, and its customers' names, are emptied.
forgotten_table = Table(
    "forgotten",
    metadata,
    Column("what", String(80), primary_key=True),  # channel:content, channel:profile
    Column("position", String(40), nullable=False),
)


class SqlCustomers:
    """Implements customer_ports.KeptCustomers over the archive's database, and searches every table in it."""

    def __init__(self, archive: SqlArchive) -> None:
        self._archive = archive

    def behind(self, position: str) -> bool:
        return order(self._archive.position() or "0") < order(position)

    def export(self, key: str) -> Mapping[str, Any]:
        e = events_table.c
        with self._archive.begin() as connection:
            rows = connection.execute(select(e.position, e.body).where(e.conversation == key)).all()
        rows.sort(key=lambda row: order(row.position))
        return {"events": [msgspec.json.decode(row.body.encode()) for row in rows]}

    def erase(self, key: str, upto: str) -> int:
        with self._archive.begin() as connection:
            connection.execute(erased_table.delete().where(erased_table.c.digest == digest(key)))
            connection.execute(erased_table.insert().values(digest=digest(key), position=upto))
            pieces = 0
            for table in (events_table, messages_table, cases_table):
                known = connection.execute(select(table.c.position).where(table.c.conversation == key)).scalars()
                gone = [position for position in known if order(position) <= order(upto)]
                for start in range(0, len(gone), AT_ONCE):
                    batch = gone[start : start + AT_ONCE]
                    pieces += connection.execute(table.delete().where(table.c.position.in_(batch))).rowcount
        return pieces

    def settle(self) -> str:
        """SQLite: the file is written anew, without what was deleted. PostgreSQL does that in its own time."""
        engine = self._archive.engine
        if engine.dialect.name != "sqlite":
            return ""
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sql("PRAGMA wal_checkpoint(TRUNCATE)"))
                connection.execute(sql("VACUUM"))
                connection.execute(sql("PRAGMA wal_checkpoint(TRUNCATE)"))
        except SQLAlchemyError as error:
            return f"the archive's file could not be written anew ({type(error).__name__}): run the command again"
        return ""

    def search(self, needles: Needles) -> Sequence[Trace]:
        search, traces = Search(needles), set()
        with self._archive.begin() as connection:
            inspector = inspect(connection)
            for table in inspector.get_table_names():
                quoted = connection.dialect.identifier_preparer.quote(table)
                rows = connection.execution_options(stream_results=True).execute(sql(f"SELECT * FROM {quoted}"))  # noqa: S608
                for row in rows.mappings():
                    whose = str(row.get("conversation") or "")
                    for value in row.values():
                        data = value if isinstance(value, bytes) else str(value).encode()
                        traces |= {Trace(f"archive {table}", one, whose) for one in search(data)}
        return sorted(traces)

    # ---- when its time is over ---------------------------------------------------------------------

    def forget(self, channel: str, moments: Moments) -> int:
        pieces = 0
        with self._archive.begin() as connection:
            written = connection.execute(select(progress_table.c.position)).scalar() or "0"
            for what, before in (("content", moments.content), ("profile", moments.profile)):
                # Not past what the recorder has written: what it still has to bring may be older.
                upto = min(f"{int(before.timestamp() * 1000)}", written, key=order)
                pieces += _forget(connection, channel, what, upto)
            pieces += sql_cases.forget(connection, channel, moments.content)
        return pieces


def _tables(connection: Connection, *columns: str) -> list[Table]:
    """Every table with these columns, also those that other parts of Sigap keep beside the archive's."""
    inspector = inspect(connection)
    return [
        Table(name, MetaData(), autoload_with=connection)
        for name in inspector.get_table_names()
        if {*columns} <= {column["name"] for column in inspector.get_columns(name)}
    ]


def _forget(connection: Connection, channel: str, what: str, upto: str) -> int:
    """Everything of the channel between where the last round ended and `upto`. Positions are compared as text: they
    begin with milliseconds, which have thirteen digits until the year 2286."""
    name, f = f"{channel}:{what}", forgotten_table.c
    since = connection.execute(select(f.position).where(f.what == name)).scalar() or "0"
    if order(upto) <= order(since):
        return 0
    done, upto = upto, _behind(upto)
    pieces: int = 0
    e = events_table.c
    while True:
        rows = connection.execute(
            select(e.position, e.body)
            .where(func.substr(e.conversation, 1, len(channel) + 1) == f"{channel}:")
            .where(e.position >= since, e.position < upto)
            .order_by(e.position)
            .limit(AT_ONCE)
        ).all()
        for position, body in rows:
            old = body.encode()
            new = hollowed(old, content=what == "content", profile=what == "profile")
            if new != old:
                connection.execute(events_table.update().where(e.position == position).values(body=new.decode()))
                pieces += 1
        if len(rows) < AT_ONCE:
            break
        since = _behind(rows[-1].position)
    if what == "content":
        for table in _tables(connection, "channel", "position"):  # lines for searching, and what is made of them
            old = (table.c.channel == channel) & (table.c.position < upto)
            pieces += connection.execute(table.delete().where(old)).rowcount
    else:
        m = messages_table.c
        theirs = (m.channel == channel) & (m.position < upto) & (m.author == "customer") & (m.name != "")
        pieces += connection.execute(messages_table.update().where(theirs).values(name="")).rowcount
    connection.execute(forgotten_table.delete().where(f.what == name))
    connection.execute(forgotten_table.insert().values(what=name, position=done))
    return pieces


def _behind(position: str) -> str:
    """As text, behind this position and before its next; a mere moment stays what it is, before all of its own."""
    return position + "-" if "-" in position else position
