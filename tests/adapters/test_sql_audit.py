"""The log in a real database: append-only, whole, and honest about what was done to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.adapters.audit_pdf import audit_lines, audit_pdf
from bot.adapters.sql_archive import SqlArchive
from bot.core import events as e
from bot.core.audit import Break, Seals

SEALS = Seals("s" * 32)
AT = datetime(2026, 3, 1, tzinfo=UTC)


def did(number: int, action: str = "saw") -> tuple[str, e.AnyEvent]:
    event = e.Audited(conversation=f"x:{number % 3}", at=AT, actor="dina", action=action, detail={"n": number})
    return f"1700000000000-{number}", event


@pytest.fixture
def archive(url: str) -> Iterator[SqlArchive]:
    archive = SqlArchive(url, SEALS)
    archive.write([did(number) for number in range(1, 8)])
    yield archive
    archive.close()


def tamper(url: str, *statements: str) -> None:
    """As somebody who has the database's password: the triggers are no obstacle to them."""
    engine = sa.create_engine(url, future=True)
    with engine.begin() as connection:
        if url.startswith("sqlite"):
            for verb in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER audit_no_{verb}"))
        else:
            connection.execute(sa.text("DROP TRIGGER audit_append_only ON audit"))
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_each_deed_once_however_often_it_is_written(archive: SqlArchive) -> None:
    archive.write([did(number) for number in range(1, 10)])
    assert [entry.detail["n"] for entry in archive.audit()] == list(range(1, 10))
    assert archive.first_break(archive.audit_head()) is None


def test_found_by_case_and_by_actor(archive: SqlArchive) -> None:
    assert [entry.seq for entry in archive.audit("x:1")] == [1, 4, 7]
    assert len(archive.audit(actor="dina")) == 7
    assert archive.audit(actor="budi") == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE seq = 3"])
def test_the_database_refuses_changes(archive: SqlArchive, url: str, statement: str) -> None:
    engine = sa.create_engine(url, future=True)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
    assert archive.first_break(archive.audit_head()) is None


def test_replacing_a_row_is_a_change(archive: SqlArchive, url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("only SQLite replaces rows without asking the triggers for changes")
    engine = sa.create_engine(url, future=True)
    statement = "INSERT OR REPLACE INTO audit VALUES (3, 'x', 'budi', 'x', 'x')"
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit SET body = replace(body, 'saw', 'sat') WHERE seq = 4", Break(seq=4, what="altered")),
        ("UPDATE audit SET body = 'x' WHERE seq = 2", Break(seq=2, what="altered")),
        ("UPDATE audit SET actor = 'budi' WHERE seq = 6", Break(seq=6, what="altered")),
        ("UPDATE audit SET case_id = 'x' WHERE seq = 1", Break(seq=1, what="altered")),
        ("DELETE FROM audit WHERE seq = 5", Break(seq=5, what="missing")),
        ("DELETE FROM audit WHERE seq = 1", Break(seq=1, what="missing")),
        ("DELETE FROM audit WHERE seq > 5", Break(seq=6, what="cut_off")),
    ],
)
def test_tampering_is_found_by_name(archive: SqlArchive, url: str, statement: str, expected: Break) -> None:
    head = archive.audit_head()
    tamper(url, statement)
    assert archive.first_break(head) == expected


def test_every_entry_tells_its_seal(archive: SqlArchive) -> None:
    assert [archive.audit_seal(entry.seq) for entry in archive.audit()] == [entry.seal for entry in archive.audit()]
    assert archive.audit_seal(100) is None


def test_two_entries_that_changed_places_are_found(archive: SqlArchive, url: str) -> None:
    tamper(
        url,
        "UPDATE audit SET seq = 100 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 100",
    )  # fmt: skip
    assert archive.first_break(None) == Break(seq=3, what="altered")


def test_an_inspector_gets_lines_and_a_pdf(archive: SqlArchive) -> None:
    entries = archive.audit()
    assert len(audit_lines(entries).splitlines()) == 7
    for broken in (None, Break(seq=3, what="altered")):
        document = audit_pdf(entries, broken, AT, "Arunika & Co <b>")
        assert document.startswith(b"%PDF-")
