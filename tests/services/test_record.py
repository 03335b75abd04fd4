"""The recorder: every event reaches the archive once, however often either side is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.memory_audit import MemoryAuditHead
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemoryEventStream, MemoryStore
from bot.adapters.sql_archive import SqlArchive
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.audit import Seals
from bot.core.events import AnyEvent, CustomerWrote
from bot.core.ports import StoreUnavailable
from bot.services import record
from bot.services.record import BATCH, KEPT_LIVE_S, Record

SEALS = Seals("s" * 32)


def wrote(number: int) -> CustomerWrote:
    return CustomerWrote(
        conversation="chat:1", at=datetime.now(UTC), event_id=f"e{number}", external_id="x", text=f"words{number}"
    )


class FakeArchive:
    """In memory; `away`: so many calls fail first."""

    def __init__(self) -> None:
        self.written: list[tuple[str, AnyEvent]] = []
        self.away = 0
        self.batches: list[int] = []

    def position(self) -> str:
        self._reach()
        return self.written[-1][0] if self.written else ""

    seals: Sequence[str] = ()  # of its audit log

    def audit_head(self) -> tuple[int, str] | None:
        return (len(self.seals), self.seals[-1]) if self.seals else None

    def audit_seal(self, number: int) -> str | None:
        return self.seals[number - 1] if number <= len(self.seals) else None

    def write(self, events: Sequence[tuple[str, AnyEvent]]) -> None:
        self._reach()
        self.batches.append(len(events))
        known = {position for position, _ in self.written}
        self.written += [pair for pair in events if pair[0] not in known]

    def search(self, words: str, limit: int = 50) -> Any:
        raise NotImplementedError

    def _reach(self) -> None:
        if self.away:
            self.away -= 1
            raise ArchiveUnavailable("OperationalError")

    @property
    def ids(self) -> list[str]:
        return [event.event_id for _, event in self.written]  # type: ignore[union-attr]


class World:
    def __init__(self) -> None:
        self.store = MemoryStore(MemoryMailbox("in", dead := MemoryDeadLetters()), dead)
        self.archive = FakeArchive()
        self.stream = MemoryEventStream(self.store)

    async def happen(self, *numbers: int) -> None:
        await self.store.record("chat:1", [wrote(number) for number in numbers])

    async def record_until(self, count: int, recorder: Record | None = None) -> None:
        running = asyncio.create_task((recorder or Record(self.stream, self.archive, MemoryAuditHead())).run())
        deadline = time.monotonic() + 10
        while len(self.archive.written) < count and time.monotonic() < deadline and not running.done():
            await asyncio.sleep(0.005)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    sleep = asyncio.sleep
    monkeypatch.setattr(record, "LINGER_S", 0.01)
    monkeypatch.setattr(record.asyncio, "sleep", lambda seconds: sleep(min(seconds, 0.01)))
    return World()


async def test_everything_is_written_once_and_in_order(world: World) -> None:
    await world.happen(*range(BATCH + 700))
    await world.record_until(BATCH + 700)
    assert world.archive.ids == [f"e{number}" for number in range(BATCH + 700)]
    assert max(world.archive.batches) <= BATCH


async def test_news_is_written_without_waiting_for_a_full_batch(world: World) -> None:
    recording = asyncio.create_task(world.record_until(1))
    await asyncio.sleep(0.05)
    await world.happen(7)
    await recording
    assert world.archive.ids == ["e7"]


async def test_goes_on_where_it_stopped(world: World) -> None:
    await world.happen(0, 1, 2)
    await world.record_until(3)
    await world.happen(3, 4)
    await world.record_until(5)
    assert world.archive.ids == [f"e{number}" for number in range(5)]
    assert sum(world.archive.batches) == 5, "and reads nothing twice"


async def test_waits_for_a_database_that_is_away_and_catches_up(world: World) -> None:
    world.archive.away = 3
    await world.happen(0, 1)
    await world.record_until(2)
    assert world.archive.ids == ["e0", "e1"]
    recording = asyncio.create_task(world.record_until(5))
    await asyncio.sleep(0.03)
    world.archive.away = 3
    await world.happen(2, 3, 4)
    await recording
    assert world.archive.ids == [f"e{number}" for number in range(5)]


async def test_a_stream_that_goes_away_ends_the_run(world: World) -> None:
    class Gone(MemoryEventStream):
        async def follow(self, after: str = "$") -> AsyncIterator[tuple[str, AnyEvent]]:
            raise StoreUnavailable("gone")
            yield  # makes it a generator

    with pytest.raises(StoreUnavailable):
        await Record(Gone(world.store), world.archive, MemoryAuditHead()).run()


class Trimmed(MemoryEventStream):
    """Positions with real times in them, and a note of what was trimmed."""

    def __init__(self, store: MemoryStore, ages_s: Sequence[float]) -> None:
        super().__init__(store)
        self.before: list[int] = []
        now_ms = int(time.time() * 1000)
        self.pairs = [(f"{now_ms - int(age * 1000)}-0", wrote(n)) for n, age in enumerate(ages_s)]

    async def follow(self, after: str = "$") -> AsyncIterator[tuple[str, AnyEvent]]:
        for pair in self.pairs:
            yield pair
        await asyncio.Event().wait()

    async def trim(self, before: str) -> None:
        self.before.append(int(before.removesuffix("-0")))


async def test_trims_what_is_archived_and_older_than_an_hour(world: World) -> None:
    stream = Trimmed(world.store, [7200, 60])
    await world.record_until(2, Record(stream, world.archive, MemoryAuditHead()))
    await asyncio.sleep(0.05)
    [before] = stream.before
    assert abs(time.time() * 1000 - before - KEPT_LIVE_S * 1000) < 10_000


async def test_never_trims_past_what_the_archive_has(world: World) -> None:
    stream = Trimmed(world.store, [9 * 3600, 8 * 3600])
    recorder = Record(stream, world.archive, MemoryAuditHead())
    running = asyncio.create_task(recorder.run())
    while not stream.before:
        await asyncio.sleep(0.005)
    running.cancel()
    written = int(stream.pairs[-1][0].removesuffix("-0"))
    assert stream.before == [written]


async def test_never_trims_while_the_archive_is_away(world: World) -> None:
    stream = Trimmed(world.store, [7200])
    world.archive.away = 10**6
    running = asyncio.create_task(Record(stream, world.archive, MemoryAuditHead()).run())
    await asyncio.sleep(0.1)
    running.cancel()
    assert stream.before == []


async def test_into_a_real_archive(world: World, tmp_path: Path) -> None:
    archive = SqlArchive(f"sqlite:///{tmp_path / 'archive.db'}", SEALS)
    await world.happen(*range(20))
    assert await asyncio.to_thread(archive.position) == ""
    running = asyncio.create_task(Record(world.stream, archive, MemoryAuditHead()).run())
    while await asyncio.to_thread(archive.position) != "20-0":
        await asyncio.sleep(0.01)
    running.cancel()
    assert [row["text"] for row in archive.search("words7")] == ["words19"]
    archive.close()


@pytest.mark.parametrize(
    "left", [(), ("one", "two"), ("one", "two", "another"), ("one", "two", "another", "and", "more", "behind")]
)
async def test_a_cut_off_audit_log_is_not_healed_by_what_is_written_next(world: World, left: Sequence[str]) -> None:
    heads = MemoryAuditHead()
    world.archive.seals = ("one", "two", "three")
    await world.happen(1)
    await world.record_until(1, Record(world.stream, world.archive, heads))
    await asyncio.sleep(0.05)
    await heads.keep((3, "three"))
    world.archive.seals = left
    await world.happen(2)
    await world.record_until(2, Record(world.stream, world.archive, heads))  # a restarted recorder
    assert heads.head == (3, "three")
