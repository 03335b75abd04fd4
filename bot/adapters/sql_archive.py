"""The archive in SQLite or PostgreSQL: every event once, and a line a message for searching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    or_,
    select,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.adapters import sql_audit, sql_cases
from bot.core import events as e
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.audit import Break, Entry, Seals, deeds
from channels.errors import SettingsError

metadata = MetaData()

events_table = Table(
    "events",
    metadata,
    Column("position", String(40), primary_key=True),  # in the event stream
    Column("conversation", String(255), index=True, nullable=False),
    Column("type", String(40), index=True, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", Text, nullable=False),  # the event as JSON
)
messages_table = Table(
    "messages",
    metadata,
    Column("position", String(40), primary_key=True),
    Column("conversation", String(255), index=True, nullable=False),
    Column("channel", String(40), index=True, nullable=False),
    Column("author", String(20), nullable=False),
    Column("name", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", DateTime(timezone=True), index=True, nullable=False),
)
progress_table = Table(
    "progress",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("position", String(40), nullable=False),
)
# Conversations that were erased while the recorder may still hold events of theirs from before: the key's hash, and the
# position in the event stream up to which nothing of it is written any more.
erased_table = Table(
    "erased",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("position", String(40), nullable=False),
)


class SqlArchive:
    """Implements ports.Archive. The tables are made at first use, when the database can be reached.

    Raises SettingsError for a URL that no database can have.
    """

    def __init__(self, url: str, seals: Seals) -> None:
        self._seals = seals
        options = {"connect_args": {"timeout": 10}} if url.startswith("sqlite") else {"pool_pre_ping": True}
        try:
            self._engine: Engine = create_engine(url, future=True, **options)
        except ArgumentError:
            raise SettingsError(
                "DATABASE_URL",
                "is not a database's address",
                "It looks like postgresql://user:password@host/database or sqlite:////folder/archive.db",
            ) from None
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _overwrite_what_is_deleted)
        self._made = False

    @property
    def engine(self) -> Engine:
        return self._engine

    def position(self) -> str:
        with self.begin() as connection:
            row = connection.execute(select(progress_table.c.position)).first()
        return row[0] if row else ""

    def write(self, events: Sequence[tuple[str, e.AnyEvent]]) -> None:
        if not events:
            return
        with self.begin() as connection:
            positions = [position for position, _ in events]
            kept = _without_erased(connection, events)
            known = set(
                connection.execute(
                    select(events_table.c.position).where(events_table.c.position.in_(positions))
                ).scalars()
            )
            fresh = [(position, event) for position, event in events if position not in known]
            if stored := [_event_row(*pair) for pair in fresh if pair[0] in kept]:
                connection.execute(events_table.insert(), stored)
            if messages := [row for pair in fresh if pair[0] in kept and (row := _message_row(*pair))]:
                connection.execute(messages_table.insert(), messages)
            sql_audit.append(
                connection, [deed for _, event in fresh for deed in deeds(event, self._seals)], self._seals
            )
            for position, event in fresh:
                if position in kept and sql_cases.ended(event):
                    sql_cases.record(connection, events_table, position, event)
            connection.execute(progress_table.delete())
            connection.execute(progress_table.insert().values(name="recorder", position=positions[-1]))

    def search(self, words: str, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        m = messages_table.c
        matching = select(m.conversation, func.max(m.at).label("at")).group_by(m.conversation)
        for word in words.split()[:8]:
            pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            containing = select(m.conversation).where(
                or_(m.text.ilike(pattern, escape="\\"), m.name.ilike(pattern, escape="\\"))
            )
            matching = matching.where(m.conversation.in_(containing))
        latest = matching.order_by(func.max(m.at).desc()).limit(limit).subquery()
        with self.begin() as connection:
            rows = connection.execute(
                select(messages_table)
                .join(latest, (m.conversation == latest.c.conversation) & (m.at == latest.c.at))
                .order_by(
                    m.at.desc(), func.length(m.position).desc(), m.position.desc()
                )  # of the same moment, the later
            ).all()
            found = {row.conversation: row for row in reversed(rows)}
            names: dict[str, str] = dict(
                connection.execute(
                    select(m.conversation, func.max(m.name))
                    .where(m.conversation.in_(list(found)), m.author == "customer")
                    .group_by(m.conversation)
                ).all()
            )
        return [
            {
                "key": row.conversation,
                "channel": row.channel,
                "customer": names.get(row.conversation, ""),
                "text": row.text,
                "at": row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC),  # SQLite forgets the zone
            }
            for row in reversed(found.values())
        ]

    def solved(self, without: str) -> Sequence[Mapping[str, Any]]:
        with self.begin() as connection:
            return sql_cases.latest(connection, without)

    def contacts(self, keys: Sequence[str], limit: int = 20) -> Sequence[Mapping[str, Any]]:
        """How earlier handoffs and episodes of these conversations went, latest first."""
        t = events_table.c
        with self.begin() as connection:
            bodies = connection.execute(
                select(t.body)
                .where(t.conversation.in_(list(keys)), t.type == "owner_changed")
                .order_by(t.at.desc())
                .limit(limit)
            ).scalars()
            return [msgspec.json.decode(body) for body in bodies]

    def audit_head(self) -> tuple[int, str] | None:
        with self.begin() as connection:
            return sql_audit.head(connection)

    def audit_seal(self, number: int) -> str | None:
        with self.begin() as connection:
            return sql_audit.seal(connection, number)

    def audit(self, conversation: str = "", actor: str = "") -> Sequence[Entry]:
        """The audit log's entries in order; only those of a conversation or an actor where one is given."""
        with self.begin() as connection:
            return list(sql_audit.read(connection, self._seals.case(conversation), actor))

    def first_break(self, head: tuple[int, str] | None) -> Break | None:
        """Where the audit log's chain does not hold; None when it does."""
        with self.begin() as connection:
            return self._seals.first_break(sql_audit.read(connection), head)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction on tables that are there. Raises ArchiveUnavailable."""
        try:
            if not self._made:
                metadata.create_all(self._engine)
                sql_audit.metadata.create_all(self._engine)
                sql_cases.metadata.create_all(self._engine)
                self._made = True
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The text of a database error may hold values; its class says enough.
            raise ArchiveUnavailable(type(error).__name__) from error


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def order(position: str) -> tuple[int, int]:
    """Positions are the stream's ids, `milliseconds-number`."""
    milliseconds, _, number = position.partition("-")
    return int(milliseconds), int(number or 0)


def _without_erased(connection: Connection, events: Sequence[tuple[str, e.AnyEvent]]) -> set[str]:
    """The positions of what is kept: not what the recorder had read before its conversation was erased. (What people
    did there stays in the audit log, which holds nothing of the customer's.) A mark that is behind us is done with."""
    marks = connection.execute(select(erased_table)).all()
    until = {row.digest: order(row.position) for row in marks}
    done = [row.digest for row in marks if order(row.position) < order(events[-1][0])]
    if done:
        connection.execute(erased_table.delete().where(erased_table.c.digest.in_(done)))
    return {
        position
        for position, event in events
        if not until or order(position) > until.get(digest(event.conversation), (-1, 0))
    }


def _overwrite_what_is_deleted(connection: Any, _: Any) -> None:
    """Else SQLite leaves deleted words in the file until something else takes their place."""
    connection.execute("PRAGMA secure_delete=ON")


def _event_row(position: str, event: e.AnyEvent) -> dict[str, Any]:
    return {
        "position": position,
        "conversation": event.conversation,
        "type": event.__struct_config__.tag,
        "at": _utc(event.at),
        "body": msgspec.json.encode(event).decode(),
    }


def _message_row(position: str, event: e.AnyEvent) -> dict[str, Any] | None:
    match event:
        case e.CustomerWrote():
            author, name, text = "customer", event.customer_name, event.text
        case e.ReplyComposed():
            author, name, text = event.sender, event.agent_name, event.text
        case e.NoteAdded():
            author, name, text = "note", event.agent_name, event.text
        case _:
            return None
    return {
        "position": position,
        "conversation": event.conversation,
        "channel": event.conversation.split(":", 1)[0],
        "author": author,
        "name": _storable(name)[:255],
        "text": _storable(text),
        "at": _utc(event.at),
    }


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL in a text."""
    return text.replace("\0", "")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
