"""The audit log's table, in the archive's database. The database itself refuses to change or delete a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DDL, BigInteger, Column, Integer, MetaData, String, Table, Text, event, func, select
from sqlalchemy.engine import Connection, Row

from bot.core.audit import FIRST, Deed, Entry, Seals

AT_ONCE = 1_000
EPOCH = datetime.fromtimestamp(0, UTC)

metadata = MetaData()
audit_table = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("case_id", String(24), index=True, nullable=False),
    Column("actor", String(80), index=True, nullable=False),
    Column("seal", String(64), nullable=False),
    Column("body", Text, nullable=False),  # the entry as JSON
)

# Who has the database's password can still drop these; then the chain shows it.
for verb in ("UPDATE", "DELETE"):
    event.listen(
        audit_table,
        "after_create",
        DDL(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )
# INSERT OR REPLACE deletes without asking the trigger above.
event.listen(
    audit_table,
    "after_create",
    DDL(
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
        "WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    ).execute_if(dialect="sqlite"),
)
event.listen(
    audit_table,
    "after_create",
    DDL(
        "CREATE OR REPLACE FUNCTION sigap_audit_append_only() RETURNS trigger AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql; "
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION sigap_audit_append_only()"
    ).execute_if(dialect="postgresql"),
)


def append(connection: Connection, deeds: Sequence[Deed], seals: Seals) -> None:
    """Number, seal and write, in the transaction of whoever calls. There is one recorder, so nobody else counts."""
    if not deeds:
        return
    seq = connection.execute(select(func.max(audit_table.c.seq))).scalar() or 0
    previous = FIRST
    if seq:
        previous = connection.execute(select(audit_table.c.seal).where(audit_table.c.seq == seq)).scalar_one()
    rows: list[dict[str, Any]] = []
    for number, deed in enumerate(deeds, seq + 1):
        entry = seals.sealed(
            Entry(
                seq=number, at=deed.at, actor=deed.actor, action=deed.action, case=seals.case(deed.conversation),
                detail=deed.detail, previous=previous,
            )
        )  # fmt: skip
        previous = entry.seal
        body = msgspec.json.encode(entry).decode()
        rows.append({"seq": number, "case_id": entry.case, "actor": entry.actor, "seal": entry.seal, "body": body})
    connection.execute(audit_table.insert(), rows)


def read(connection: Connection, case: str = "", actor: str = "") -> Iterator[Entry]:
    """Entries in order; only those of a case or an actor where one is given."""
    chosen = select(audit_table).order_by(audit_table.c.seq)
    if case:
        chosen = chosen.where(audit_table.c.case_id == case)
    if actor:
        chosen = chosen.where(audit_table.c.actor == actor)
    last = 0
    while rows := connection.execute(chosen.where(audit_table.c.seq > last).limit(AT_ONCE)).all():
        for row in rows:
            yield _entry(row)
        last = rows[-1].seq


def head(connection: Connection) -> tuple[int, str] | None:
    """Number and seal of the last entry."""
    row = connection.execute(
        select(audit_table.c.seq, audit_table.c.seal).order_by(audit_table.c.seq.desc()).limit(1)
    ).first()
    return (row.seq, row.seal) if row else None


def seal(connection: Connection, number: int) -> str | None:
    row = connection.execute(select(audit_table.c.seal).where(audit_table.c.seq == number)).first()
    return str(row.seal) if row else None


def _entry(row: Row[Any]) -> Entry:
    """An entry that cannot be read any more, or beside which other columns say another thing, is one that somebody
    altered: the columns are what a search goes by."""
    try:
        entry = msgspec.json.decode(row.body, type=Entry)
    except msgspec.DecodeError:
        entry = None
    if entry is None or (entry.seq, entry.case, entry.actor, entry.seal) != (row.seq, row.case_id, row.actor, row.seal):
        return Entry(seq=row.seq, at=EPOCH, actor="", action="unreadable")
    return entry
