"""A conversation driven through the real services over a Valkey of its own and a real archive, for the tests of erasing
and forgetting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import Popen

from redis.asyncio import Redis

from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.adapters.home_files import HomeFiles
from bot.adapters.redis_audit import RedisAuditTrail
from bot.adapters.redis_customers import RedisCustomers
from bot.adapters.redis_events import RedisDeadLetters, RedisEventStream
from bot.adapters.redis_limits import RedisLimits
from bot.adapters.redis_links import RedisLinks
from bot.adapters.redis_mailbox import RedisMailbox
from bot.adapters.redis_send_log import RedisSendLog
from bot.adapters.redis_store import RedisStore
from bot.adapters.redis_threads import RedisThreads
from bot.adapters.redis_visitor_feed import RedisVisitorFeed
from bot.adapters.sql_archive import SqlArchive
from bot.adapters.sql_customers import SqlCustomers
from bot.core.audit import Seals
from bot.services.customer import Customers, Report
from bot.services.receive import Receive
from tests.services.world import CHANNEL, SocialChannel, World


class Place(World):
    """One installation on disk. The services are the real ones; only the platform and the assistant are stand-ins."""

    def __init__(self, home: Path, redis: Redis, database_url: str) -> None:
        super().__init__(SocialChannel())
        self.home, self.redis = home, redis
        self.dead = RedisDeadLetters(redis)  # type: ignore[assignment]
        self.inbound = RedisMailbox(redis, "in")  # type: ignore[assignment]
        self.outbox = RedisMailbox(redis, f"out.{CHANNEL}")  # type: ignore[assignment]
        self.store = RedisStore(redis)  # type: ignore[assignment]
        self.sends = RedisSendLog(redis)  # type: ignore[assignment]
        self.threads = RedisThreads(redis)  # type: ignore[assignment]
        self.limits = RedisLimits(redis)  # type: ignore[assignment]
        self.links = RedisLinks(redis)
        self.feed = RedisVisitorFeed(redis)
        self.intake = Receive(self.inbound, self.threads, self.sends, self.dead, self.states)
        self.converse, self.desk = self.new_converse(self.store), self.new_desk(self.store)
        self.courier = self.new_courier("life1")
        self.stream = RedisEventStream(redis)
        self.archive = SqlArchive(database_url, Seals("s" * 32))
        self.kept = SqlCustomers(self.archive)
        self.live = RedisCustomers(redis)
        self.customers = Customers(
            self.live, self.kept, HomeFiles(home), self.links, RedisAuditTrail(redis, self.clock), self.clock
        )

    async def record(self) -> None:
        """What the recorder does with everything that has happened so far."""
        if events := await self.stream.read(self.archive.position() or "0", block_ms=1):
            await asyncio.to_thread(self.archive.write, events)

    async def erase(self, *keys: str) -> Report:
        """While the recorder runs."""
        recording = asyncio.create_task(self._recording())
        try:
            return await self.customers.erase(keys, "cli:me")
        finally:
            recording.cancel()

    async def _recording(self) -> None:
        while True:
            await self.record()
            await asyncio.sleep(0.02)

    async def where(self, *words: str) -> list[str]:
        """Where any of these words is: names and raw values of the live store, names and bytes of all files."""
        pieces: dict[str, bytes] = {}
        async for name in self.redis.scan_iter(count=1000):
            pieces[f"redis {name.decode()}"] = name + (await self.redis.dump(name) or b"")
        for path in sorted(self.home.rglob("*")):
            if path.is_file():
                pieces[str(path.relative_to(self.home))] = str(path).encode() + path.read_bytes()
        return [
            f"{word} in {place}" for place, data in pieces.items() for word in words if word.encode() in data.lower()
        ]


@contextmanager
def valkey(home: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(home)
    server.prepare()
    # Uncompressed, so that a dumped value shows its bytes.
    process = Popen([*server.command(), "--rdbcompression", "no"])
    server.await_ready()
    try:
        yield server
    finally:
        process.terminate()
        process.wait()
        server.release()


@asynccontextmanager
async def place(home: Path, database_url: str = "") -> AsyncIterator[Place]:
    with valkey(home) as server:
        redis = Redis.from_url(server.url)
        made = Place(home, redis, database_url or f"sqlite:///{home / 'archive.db'}")
        try:
            yield made
        finally:
            made.archive.close()
            await redis.close()
            await redis.connection_pool.disconnect()
