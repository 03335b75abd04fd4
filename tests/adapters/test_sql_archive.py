"""The archive on SQLite and on PostgreSQL: the same behaviour on both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from bot.adapters.sql_archive import SqlArchive
from bot.core import events as e
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.audit import Seals
from bot.core.risk import Finding

SEALS = Seals("s" * 32)

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def archive(url: str) -> Iterator[SqlArchive]:
    archive = SqlArchive(url, SEALS)
    yield archive
    archive.close()


def rows(url: str, table: str) -> int:
    engine = create_engine(url, future=True)
    with engine.begin() as connection:
        count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    engine.dispose()
    return int(count)


def wrote(words: str, key: str = "chat:1", minute: int = 0, name: str = "Ani") -> e.CustomerWrote:
    return e.CustomerWrote(
        conversation=key, at=AT + timedelta(minutes=minute), event_id=uuid4().hex, external_id="x", text=words,
        customer_name=name,
    )  # fmt: skip


def said(words: str, key: str = "chat:1", minute: int = 0, sender: str = "bot") -> e.ReplyComposed:
    return e.ReplyComposed(
        conversation=key, at=AT + timedelta(minutes=minute), message_id=uuid4().hex, sender=sender, text=words,
        agent_name="Dina" if sender == "agent" else "",
    )  # fmt: skip


def positioned(*events: e.AnyEvent, start: int = 1) -> list[tuple[str, e.AnyEvent]]:
    return [(f"1700000000000-{start + number}", event) for number, event in enumerate(events)]


def found(archive: SqlArchive, words: str) -> list[str]:
    return [str(row["key"]) for row in archive.search(words)]


class TestWriting:
    def test_an_empty_archive_has_no_position(self, archive: SqlArchive) -> None:
        assert archive.position() == ""
        archive.write([])
        assert archive.position() == ""

    def test_position_is_that_of_the_last_event(self, archive: SqlArchive, url: str) -> None:
        archive.write(positioned(wrote("one"), wrote("two")))
        archive.write(positioned(wrote("three"), start=3))
        assert archive.position() == "1700000000000-3"
        again = SqlArchive(url, SEALS)
        assert again.position() == "1700000000000-3", "kept on disk"
        again.close()

    def test_events_already_written_are_passed_over(self, archive: SqlArchive, url: str) -> None:
        batch = positioned(wrote("one"), said("two"), e.ReplySent(conversation="chat:1", at=AT, message_id="m"))
        archive.write(batch[:2])
        archive.write(batch)
        archive.write(batch[1:])
        assert (rows(url, "events"), rows(url, "messages")) == (3, 2)

    def test_every_kind_of_event_can_be_written(self, archive: SqlArchive, url: str) -> None:
        common: dict[str, Any] = {"conversation": "chat:1", "at": AT}
        batch: list[e.AnyEvent] = [
            wrote("hi"), said("hello"), e.CustomerEdited(**common, external_id="x", text="y"),
            e.CustomerDeleted(**common, external_id="x"), e.CustomerReacted(**common, external_id="x", emoji="🙏"),
            e.ReachabilityChanged(**common, reachable=False),
            e.Understood(**common, event_id="e", intents=(e.IntentSeen("greet", 0.5),), language="en"),
            e.ReplySent(**common, message_id="m"), e.ReplyDropped(**common, message_id="m"),
            e.ReplyFailed(**common, message_id="m", error="Rejected"), e.ReplyUnconfirmed(**common, message_id="m"),
            e.OwnerChanged(**common, before="bot", after="waiting", reason="urgent"),
            e.HandoffOverdue(**common, waited_s=900.0),
            e.ReplyRefused(**common, message_id="m", rule="window_closed", next_step="template"),
            e.DraftMade(**common, text="hello"), e.AnswerHeld(**common, text="hello"),
            e.ThreadSolved(**common, roots=("c1",)), e.ControlChanged(**common, app="inbox"),
            e.OptedOut(**common, out=True),
            e.NoteAdded(**common, agent_id="d", agent_name="Dina", text="call back"),
            e.Triaged(**common, event_id="e", findings=(Finding(label="fraud", severity=5, confidence=1.0),),
                      bot="silent"),
            e.ReplyProposed(**common, proposal_id="p", text="sorry", agent_id="d", agent_name="Dina"),
            e.ProposalSettled(**common, proposal_id="p", outcome="approved", version=1, agent_id="s"),
            e.HandoffEscalated(**common, level=1), e.HandoffStranded(**common, skills=("fraud",), language="en"),
            e.CallbackAsked(**common, kind="phone"), e.Rated(**common, score=4),
            e.Acted(**common, text="Order AR-20301 was cancelled."),
            e.Audited(**common, actor="d", action="saw"),
            e.PersonalPosted(**common, external_id="x", kinds=("PIN",)),
            e.MessageHidden(**common, external_id="x", hidden=True),
        ]  # fmt: skip
        assert {type(event) for event in batch} == set(e.AnyEvent.__args__)
        archive.write(positioned(*batch))
        assert rows(url, "events") == len(batch)

    def test_odd_text_does_not_stop_the_recorder(self, archive: SqlArchive) -> None:
        archive.write(
            positioned(wrote("nul \0 and 🙂 and “quotes” '; DROP TABLE events; --", name="A\0ni" + "x" * 400))
        )
        [row] = archive.search("quotes")
        assert row["customer"].startswith("Ani")
        assert "🙂" in row["text"]

    def test_a_batch_is_written_whole_or_not_at_all(self, archive: SqlArchive, url: str) -> None:
        archive.write(positioned(wrote("one")))
        too_long = wrote("two", key="chat:" + "9" * 300)
        if url.startswith("sqlite"):
            return  # SQLite takes any length
        with pytest.raises(ArchiveUnavailable):
            archive.write(positioned(wrote("before"), too_long, start=2))
        assert (rows(url, "events"), archive.position()) == (1, "1700000000000-1")


class TestSearching:
    @pytest.fixture(autouse=True)
    def fill(self, archive: SqlArchive) -> None:
        archive.write(positioned(
            wrote("my card is 100% lost", "chat:1", 0, "Ani"), said("sorry to hear", "chat:1", 1),
            wrote("order_no A\\1", "chat:2", 5, "Budi"), said("a person's words", "chat:2", 6, "agent"),
            wrote("ordersno A1", "chat:3", 3, "Citra"), wrote("CARD please", "post:4", 9, "Ani Wulandari"),
        ))  # fmt: skip

    @pytest.mark.parametrize(
        ("words", "keys"),
        [
            ("card", ["post:4", "chat:1"]),
            ("Card", ["post:4", "chat:1"]),
            ("ani", ["post:4", "chat:1"]),
            ("card sorry", ["chat:1"]),
            ("sorry 100%", ["chat:1"]),
            ("100%", ["chat:1"]),
            ("%", ["chat:1"]),
            ("order_no", ["chat:2"]),
            ("_", ["chat:2"]),
            ("A\\1", ["chat:2"]),
            ("\\", ["chat:2"]),
            ("Dina", ["chat:2"]),
            ("nothing like this", []),
            ("", ["post:4", "chat:2", "chat:3", "chat:1"]),
        ],
    )
    def test_all_words_anywhere_in_the_conversation_latest_first(
        self, archive: SqlArchive, words: str, keys: list[str]
    ) -> None:
        assert found(archive, words) == keys

    def test_a_result_tells_who_and_when(self, archive: SqlArchive) -> None:
        [row] = archive.search("Budi")
        assert row == {
            "key": "chat:2", "channel": "chat", "customer": "Budi", "text": "a person's words",
            "at": AT + timedelta(minutes=6),
        }  # fmt: skip
        assert row["at"].tzinfo is not None

    def test_results_are_limited_to_the_latest(self, archive: SqlArchive) -> None:
        assert [row["key"] for row in archive.search("", limit=2)] == ["post:4", "chat:2"]

    def test_notes_are_found(self, archive: SqlArchive) -> None:
        note = e.NoteAdded(conversation="chat:3", at=AT, agent_id="d", agent_name="Dina", text="allergic to phones")
        archive.write(positioned(note, start=50))
        assert found(archive, "allergic") == ["chat:3"]


def test_times_are_kept_in_utc_whatever_zone_they_came_in(archive: SqlArchive) -> None:
    jakarta = AT.astimezone(timezone(timedelta(hours=7)))
    event = e.CustomerWrote(conversation="chat:1", at=jakarta, event_id="e", external_id="x", text="hi")
    archive.write(positioned(event))
    assert archive.search("hi")[0]["at"] == AT


def test_a_solved_case_is_as_old_as_what_the_customer_asked(archive: SqlArchive) -> None:
    later = AT + timedelta(hours=40)
    found = e.Triaged(
        conversation="chat:1", at=AT, event_id="e", findings=(Finding(label="fraud", severity=5, confidence=1.0),),
        bot="silent",
    )  # fmt: skip
    answered = e.ReplyComposed(
        conversation="chat:1", at=later, message_id="m", sender="agent", text="It is back.", agent_id="dina"
    )
    ended = e.OwnerChanged(conversation="chat:1", at=later, before="human", after="closed", reason="solved")
    archive.write(positioned(wrote("my money is gone"), found, answered, ended))
    [case] = archive.solved(without="chat:2")
    assert (case["question"], case["answer"], case["at"]) == ("my money is gone", "It is back.", AT)


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:hunter2@127.0.0.1:1/none", "sqlite:////no/such/folder/archive.db"]
)
def test_a_database_that_is_away_is_said_so_without_its_password(url: str) -> None:
    archive = SqlArchive(url, SEALS)
    for attempt in (archive.position, lambda: archive.write(positioned(wrote("x"))), lambda: archive.search("x")):
        with pytest.raises(ArchiveUnavailable) as away:
            attempt()
        assert "hunter2" not in str(away.value)


def test_a_database_that_came_back_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    archive = SqlArchive(f"sqlite:///{folder / 'archive.db'}", SEALS)
    with pytest.raises(ArchiveUnavailable):
        archive.position()
    folder.mkdir()
    archive.write(positioned(wrote("hi")))
    assert found(archive, "hi") == ["chat:1"]
    archive.close()
