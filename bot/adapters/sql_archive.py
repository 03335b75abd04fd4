"""The archive in SQLite or PostgreSQL: every event once, and a line a message for searching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
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
    func,
    or_,
    select,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.core import events as e
from bot.core.ports import ArchiveUnavailable
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


class SqlArchive:
    """Implements ports.Archive. The tables are made at first use, when the database can be reached.

    Raises SettingsError for a URL that no database can have.
    """

    def __init__(self, url: str) -> None:
        options = {"connect_args": {"timeout": 10}} if url.startswith("sqlite") else {"pool_pre_ping": True}
        try:
            self._engine: Engine = create_engine(url, future=True, **options)
        except ArgumentError:
            raise SettingsError(
                "DATABASE_URL",
                "is not a database's address",
                "It looks like postgresql://user:password@host/database or sqlite:////folder/archive.db",
            ) from None
        self._made = False

    def position(self) -> str:
        with self._begin() as connection:
            row = connection.execute(select(progress_table.c.position)).first()
        return row[0] if row else ""

    def write(self, events: Sequence[tuple[str, e.AnyEvent]]) -> None:
        if not events:
            return
        with self._begin() as connection:
            positions = [position for position, _ in events]
            known = set(
                connection.execute(
                    select(events_table.c.position).where(events_table.c.position.in_(positions))
                ).scalars()
            )
            fresh = [(position, event) for position, event in events if position not in known]
            if fresh:
                connection.execute(events_table.insert(), [_event_row(*pair) for pair in fresh])
            if messages := [row for pair in fresh if (row := _message_row(*pair))]:
                connection.execute(messages_table.insert(), messages)
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
        with self._begin() as connection:
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

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            if not self._made:
                metadata.create_all(self._engine)
                self._made = True
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # The text of a database error may hold values; its class says enough.
            raise ArchiveUnavailable(type(error).__name__) from error


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
