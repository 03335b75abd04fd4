"""A desk over real HTTP with everything behind it in memory, and people to sit at it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from msgspec.structs import replace
from sanic import Sanic

from bot.adapters.argon2_passwords import Argon2Passwords
from bot.adapters.memory_audit import MemoryAuditTrail
from bot.adapters.memory_links import MemoryLinks
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_people import MemoryAgents, MemorySessions
from bot.adapters.memory_store import MemoryEventStream, MemorySendLog, MemorySignals, MemoryStore
from bot.adapters.yaml_house import read_house
from bot.adapters.yaml_notices import YamlNotices
from bot.adapters.yaml_replies import read_replies
from bot.adapters.yaml_wordings import YamlWordings
from bot.core import events as e
from bot.core import handoff
from bot.core.archive_ports import ArchiveUnavailable
from bot.core.conversation import Conversation
from bot.core.packet import Knowledge
from bot.core.policy import Surfaces
from bot.core.ports import Commit, StoreUnavailable
from bot.core.routing import DeskRules
from bot.desk.door import DeskDoor
from bot.desk.routes import blueprint
from bot.services.approve import Approvals
from bot.services.compose import Speech
from bot.services.handoff import DeskService
from bot.services.people import People
from bot.services.route import Floor
from bot.triage.lists import read_labels
from channels.messages import ApprovedTemplate, Attachment, Customer, MessageReceived, OutboundMessage, Surface
from channels.registry import channel_class

Sanic.test_mode = True  # lets a second server start in one process

DATA = Path(__file__).parents[2] / "data"
PASSWORD = "correct horse battery"
PROMISE = timedelta(minutes=15)


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class NoMeter:
    def count(self, name: str, amount: int = 1, /, **labels: str) -> None: ...

    def observe(self, name: str, seconds: float, /, **labels: str) -> None: ...


class BreakableStore(MemoryStore):
    """A store that can be unplugged."""

    broken = False

    async def load(self, key: str) -> Any:
        self._check()
        return await super().load(key)

    async def owned(self, owner: str) -> Any:
        self._check()
        return await super().owned(owner)

    async def states(self, keys: Any) -> Any:
        self._check()
        return await super().states(keys)

    async def logs(self, keys: Any, limit: int) -> Any:
        self._check()
        return await super().logs(keys, limit)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("unplugged")


class Archive:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.broken = False
        self.cases: list[dict[str, Any]] = []
        self.moves: list[dict[str, Any]] = []

    def position(self) -> str:
        return ""

    def write(self, events: Any) -> None: ...

    def solved(self, without: str) -> list[dict[str, Any]]:
        if self.broken:
            raise ArchiveUnavailable
        return self.cases

    def contacts(self, keys: Any, limit: int = 20) -> list[dict[str, Any]]:
        return self.moves

    def audit_head(self) -> tuple[int, str] | None:
        return None

    def search(self, words: str, limit: int = 50) -> list[dict[str, Any]]:
        if self.broken:
            raise ArchiveUnavailable
        return [row for row in self.rows if words.lower() in row["text"].lower()][:limit]


class Room:
    def __init__(self) -> None:
        self.dead = MemoryDeadLetters()
        self.store = BreakableStore(MemoryMailbox("in", self.dead), self.dead)
        self.agents = MemoryAgents()
        self.sessions = MemorySessions()
        self.people = People(
            self.agents, self.sessions, Argon2Passwords(memory_kib=64), frozenset({"approver", "legal"})
        )
        self.archive = Archive()
        self.rules = DeskRules(timezone="Asia/Jakarta", hours={"all": "always"})
        self.signals = MemorySignals()
        self.clock = Clock()
        self.ill: list[tuple[str, str, str]] = []
        self.templates: list[ApprovedTemplate] = []
        self.surfaces: dict[str, Surfaces] = {}  # of a channel that differs from what it declares
        self.trail = MemoryAuditTrail(self.clock)
        self.links = MemoryLinks()
        self.floor = Floor(self.store, self.agents, self.sessions, self.rules, self.clock)
        self.speech = Speech(
            YamlNotices(DATA / "notices.yml"),
            YamlWordings(DATA / "triage" / "wording.yml"),
            read_house(DATA / "policy.yml"),
            self._surfaces,
            lambda _: "",
            lambda channel: self.templates if channel == "whatsapp" else (),
        )
        self.service = DeskService(
            self.store,
            MemorySendLog(self.store),
            self.speech,
            self.floor,
            self.signals,
            self.clock,
            NoMeter(),
            PROMISE,
            "Arunika",
        )
        self.door = DeskDoor(
            desk=self.service, store=self.store, events=MemoryEventStream(self.store), people=self.people,
            archive=self.archive, clock=self.clock, ill=self._ill, heartbeat_s=0.3,
            approvals=Approvals(self.store, self.speech, self.clock), floor=self.floor, trail=self.trail,
            links=self.links, knowledge=self._knowledge(),
        )  # fmt: skip
        self.url = ""

    def _knowledge(self) -> Knowledge:
        labels = read_labels(DATA / "triage")
        titles = {name: label.title for name, label in labels.items()}
        replies = read_replies(DATA / "replies.yml", labels)
        return Knowledge(read_house(DATA / "policy.yml"), titles, replies, lambda _: None)

    def _surfaces(self, channel: str) -> Surfaces:
        return self.surfaces.get(channel) or channel_class(channel).surfaces

    async def _ill(self) -> list[tuple[str, str, str]]:
        return self.ill

    async def staff(self) -> None:
        await self.people.add("dina", "Dina Lestari", PASSWORD)
        await self.people.add("budi", "Budi Santoso", PASSWORD)
        await self.people.add("sari", "Sari Wijaya", PASSWORD, "supervisor")

    # ---- what happens to customers ----

    async def customer(
        self, name: str, text: str, *, channel: str = "telegram", waiting: bool = True,
        reason: handoff.Reason = handoff.Reason.CUSTOMER_ASKED, ago: timedelta = timedelta(minutes=2),
        detail: str = "", thread: str = "",
    ) -> str:  # fmt: skip
        """Somebody who wrote once; handed over unless `waiting` is false. Their key."""
        at = self.clock.now() - ago
        thread = thread or uuid4().hex[:10]
        key = f"{channel}:{thread}"
        conversation = Conversation(
            key=key, channel=channel, thread_id=thread, customer=Customer(external_id=thread, name=name),
            opened_at=at, language="id",
            intents=(e.IntentSeen("card_blocked", 0.91), e.IntentSeen("out_of_scope", 0.34)),
            slots={"card_last4": "4321", "order_number": "AR-20931"},
            steps=("action_card_status", "action_default_fallback"),
        )  # fmt: skip
        said = e.CustomerWrote(
            conversation=key, at=at, event_id=f"{key}.1", external_id="1", text=text, customer_name=name
        )
        happened: list[e.AnyEvent] = [said]
        if waiting:
            conversation, moved = handoff.open_handoff(conversation, reason, at, PROMISE, detail)
            happened.append(moved)
        await self.store.commit(Commit(conversation=conversation, expected_version=0, events=happened))
        return key

    async def case(
        self, channel: str, name: str, *heard: MessageReceived, happened: list[e.AnyEvent] | None = None,
        reason: handoff.Reason = handoff.Reason.CUSTOMER_ASKED, detail: str = "", **state: Any,
    ) -> str:  # fmt: skip
        """Somebody whose messages (see `said`) were heard in public or in private, handed over. Their key.

        `happened` is told after the messages; `state` replaces fields of the conversation.
        """
        conversation = Conversation.begin(heard[0])
        told: list[e.AnyEvent] = []
        for message in heard:
            conversation = conversation.heard(message, message.external_id)
            told.append(
                e.CustomerWrote(
                    conversation=conversation.key, at=message.at, event_id=message.event_id,
                    external_id=message.external_id, text=message.text, customer_name=name, surface=message.surface,
                    link=message.link, tagged=message.tagged,
                )
            )  # fmt: skip
        conversation = replace(conversation, language="id", **state)
        conversation, moved = handoff.open_handoff(conversation, reason, heard[-1].at, PROMISE, detail)
        await self.store.commit(
            Commit(conversation=conversation, expected_version=0, events=[*told, *(happened or []), moved])
        )
        return conversation.key

    def said(
        self, channel: str, name: str, text: str, *, public: bool = False, ago: timedelta = timedelta(minutes=2),
        thread: str = "", **more: Any,
    ) -> MessageReceived:  # fmt: skip
        """One message of a customer, as a channel reads it."""
        number = uuid4().hex[:12]
        return MessageReceived(
            channel=channel, event_id=f"{channel}.{number}", thread_id=thread or name, at=self.clock.now() - ago,
            customer=Customer(external_id=thread or name, name=name), external_id=number, text=text,
            surface=Surface.PUBLIC if public else Surface.PRIVATE, **more,
        )  # fmt: skip

    async def writes(self, key: str, text: str, **more: Any) -> None:
        conversation = await self.conversation(key)
        event = e.CustomerWrote(
            conversation=key, at=self.clock.now(), event_id=uuid4().hex, external_id=uuid4().hex, text=text,
            customer_name=conversation.customer.name, **more,
        )  # fmt: skip
        heard = replace(conversation, last_inbound_at=event.at)
        await self.store.commit(Commit(conversation=heard, expected_version=heard.version, events=[event]))

    async def change(self, key: str, *events: e.AnyEvent, **state: Any) -> None:
        """What the worker or the courier did meanwhile."""
        before = await self.conversation(key)
        await self.store.commit(
            Commit(conversation=replace(before, **state), expected_version=before.version, events=events)
        )

    def outbox(self, channel: str) -> list[OutboundMessage]:
        """What waits for the courier, signals aside."""
        boxes = self.store.outbox(channel)._boxes.values()
        messages = [msgspec.json.decode(entry.body, type=OutboundMessage) for box in boxes for entry in box]
        return [message for message in messages if message.kind == "message"]

    async def conversation(self, key: str) -> Conversation:
        found = (await self.store.load(key)).conversation
        assert found is not None
        return found

    # ---- people at their browsers ----

    @asynccontextmanager
    async def browser(self, login: str = "", **headers: str) -> AsyncIterator[Browser]:
        async with httpx.AsyncClient(
            base_url=self.url, headers={"Accept-Language": "en", **headers}, timeout=10
        ) as client:
            browser = Browser(client)
            if login:
                answer = await browser.log_in(login)
                assert answer.status_code == 302, answer.text
                await browser.open_desk()
            yield browser


class Browser:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.http = client
        self.csrf = ""

    async def log_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        page = await self.http.get("/desk/login")
        csrf = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert csrf, page.text
        return await self.http.post("/desk/login", data={"login": login, "password": password, "csrf": csrf[1]})

    async def open_desk(self) -> httpx.Response:
        page = await self.http.get("/desk/")
        csrf = re.search(r'<meta name="csrf" content="(\w+)">', page.text)
        assert csrf, page.text
        self.csrf = csrf[1]
        return page

    async def ask(self, action: str, key: str, csrf: str | None = None, **more: Any) -> httpx.Response:
        headers = {"X-CSRF-Token": self.csrf if csrf is None else csrf}
        return await self.http.post(f"/desk/api/{action}", json={"key": key, **more}, headers=headers)

    async def read(self, key: str) -> dict[str, Any]:
        answer = await self.http.get("/desk/api/conversation", params={"key": key})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @asynccontextmanager
    async def live(self, key: str = "") -> AsyncIterator[LiveFeed]:
        async with self.http.stream("GET", "/desk/events", params={"open": key}) as answer:
            assert answer.status_code == 200
            yield LiveFeed(answer)


class LiveFeed:
    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, name: str, within_s: float = 5.0) -> dict[str, Any]:
        """The next event of this name; others are passed over. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            found = ""
            async for line in self._lines:
                if line.startswith("event: "):
                    found = line[7:]
                elif line.startswith("data: ") and found == name:
                    return dict(json.loads(line[6:]))
        raise EOFError(f"the feed ended before {name}")


@asynccontextmanager
async def serving(room: Room) -> AsyncIterator[Room]:
    """The desk of this room on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.setblocking(False)
    room.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = Sanic(f"desk-{uuid4().hex}", configure_logging=False)
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.blueprint(blueprint(room.door))
    server = await app.create_server(sock=listening, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.after_start()
    await server.start_serving()
    try:
        yield room
    finally:
        await server.before_stop()
        server.close()
        for connection in server.connections:
            connection.abort()
        await server.after_stop()


VOICE = Attachment(kind="voice", external_id="v1", size=20480)
