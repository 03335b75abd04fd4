"""Storing what platforms tell us, asking them for news, and bringing dead letters back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.memory_channels import MemoryChannelStates, MemoryThreads
from bot.adapters.memory_mailbox import MemoryDeadLetters, MemoryMailbox
from bot.adapters.memory_store import MemorySendLog, MemoryStore
from bot.core.ports import WEBHOOK, StoreUnavailable
from bot.services.dead import NotReadable, retry_letter
from bot.services.poll import poll_once
from bot.services.receive import Receive
from channels.errors import PayloadError, Unavailable
from channels.messages import Customer, InboundEvent, MessageReceived, RawRequest, Unsupported
from tests.services.world import CHANNEL, FakeChannel

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ANI = Customer(external_id="7")


def message(number: int, thread: str = "7", channel: str = CHANNEL) -> MessageReceived:
    return MessageReceived(
        channel=channel,
        event_id=f"e{number}",
        thread_id=thread,
        at=AT,
        customer=ANI,
        external_id=f"x{number}",
        text="hi",
    )


@pytest.fixture
def dead() -> MemoryDeadLetters:
    return MemoryDeadLetters()


@pytest.fixture
def inbound(dead: MemoryDeadLetters) -> MemoryMailbox:
    return MemoryMailbox("in", dead)


@pytest.fixture
def intake(inbound: MemoryMailbox, dead: MemoryDeadLetters) -> Receive:
    store = MemoryStore(inbound, dead)
    return Receive(inbound, MemoryThreads(store), MemorySendLog(store), dead, MemoryChannelStates())


class TestAccepting:
    async def test_every_event_of_a_batch_once(self, inbound: MemoryMailbox, intake: Receive) -> None:
        batch = [message(number, thread=str(number % 3)) for number in range(1000)]
        assert await intake.accept(batch) == 1000
        assert await intake.accept(batch) == 0
        assert (await inbound.depth()).messages == 1000

    async def test_the_same_id_on_two_platforms_is_two_events(self, inbound: MemoryMailbox, intake: Receive) -> None:
        assert await intake.accept([message(1)]) == 1
        assert await intake.accept([message(1, channel="other")]) == 1

    async def test_nothing_to_store_needs_no_store(self, inbound: MemoryMailbox, intake: Receive) -> None:
        odd = Unsupported(channel=CHANNEL, event_id="u", thread_id="7", at=AT, customer=ANI, kind="poll")
        assert await intake.accept([]) == 0
        assert await intake.accept([odd]) == 0


class Polls:
    def __init__(self) -> None:
        self.turn = True
        self.at = ""

    async def take_turn(self, channel: str, process: str) -> bool:
        return self.turn

    async def cursor(self, channel: str) -> str:
        return self.at

    async def advance(self, channel: str, cursor: str) -> None:
        self.at = cursor


class Platform(FakeChannel):
    """News by number; the cursor is the last one seen."""

    news = 0
    down = False

    async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
        if self.down:
            raise Unavailable("502")
        seen = int(cursor or 0)
        return [message(number) for number in range(seen + 1, self.news + 1)], str(max(seen, self.news))


class TestPolling:
    async def test_news_is_stored_and_then_confirmed(
        self, inbound: MemoryMailbox, dead: MemoryDeadLetters, intake: Receive
    ) -> None:
        platform, polls = Platform(), Polls()
        for news, new in ((3, 3), (3, 0), (5, 2)):
            platform.news = news
            assert await poll_once(platform, intake, polls, "me") == new  # type: ignore[arg-type]
        assert polls.at == "5"

    async def test_not_stored_is_not_confirmed(
        self, inbound: MemoryMailbox, dead: MemoryDeadLetters, monkeypatch: pytest.MonkeyPatch, intake: Receive
    ) -> None:
        platform, polls = Platform(), Polls()
        platform.news = 2

        async def gone(letters: Any) -> int:
            raise StoreUnavailable("gone")

        with monkeypatch.context() as away:
            away.setattr(inbound, "append", gone)
            with pytest.raises(StoreUnavailable):
                await poll_once(platform, intake, polls, "me")  # type: ignore[arg-type]
        assert polls.at == ""
        assert await poll_once(platform, intake, polls, "me") == 2  # type: ignore[arg-type]

    async def test_what_cannot_be_read_is_kept_aside_before_it_is_confirmed(
        self, inbound: MemoryMailbox, dead: MemoryDeadLetters, intake: Receive
    ) -> None:
        polls = Polls()

        class Odd(Platform):
            async def poll(self, cursor: str) -> tuple[Sequence[InboundEvent], str]:
                unreadable = Unsupported(
                    channel=CHANNEL,
                    event_id="9.u",
                    thread_id="0",
                    at=AT,
                    customer=ANI,
                    kind="date is below 0",
                    raw="{}",
                )
                return [message(1), unreadable, message(2)], "9"

        assert await poll_once(Odd(), intake, polls, "me") == 2  # type: ignore[arg-type]
        [kept] = await dead.list()
        assert (kept.mailbox, kept.key, kept.body, kept.error) == (WEBHOOK, CHANNEL, b"{}", "date is below 0")
        assert polls.at == "9"

    async def test_another_process_has_the_turn(
        self, inbound: MemoryMailbox, dead: MemoryDeadLetters, intake: Receive
    ) -> None:
        platform, polls = Platform(), Polls()
        platform.news, polls.turn = 2, False
        assert await poll_once(platform, intake, polls, "me") is None  # type: ignore[arg-type]
        assert (await inbound.depth()).messages == 0

    async def test_a_platform_that_is_down_is_the_callers_to_wait_for(
        self, inbound: MemoryMailbox, dead: MemoryDeadLetters, intake: Receive
    ) -> None:
        platform = Platform()
        platform.down = True
        with pytest.raises(Unavailable):
            await poll_once(platform, intake, Polls(), "me")  # type: ignore[arg-type]


class Reader(FakeChannel):
    """An adapter that was mended since, or not."""

    mended = False

    def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
        if not self.mended:
            raise PayloadError("no update_id")
        return [message(int(request.body))]


class TestDeadLetters:
    async def test_a_letter_goes_back_to_its_mailbox(
        self, dead: MemoryDeadLetters, inbound: MemoryMailbox, intake: Receive
    ) -> None:
        await intake.accept([message(1)])
        lease = await inbound.lease("w", 0)
        assert lease is not None
        await inbound.bury(lease, "KeyError")
        [letter] = await dead.list()
        assert await retry_letter(dead, intake, {}, letter.dead_id)
        again = await inbound.lease("w", 0)
        assert again is not None
        assert (again.body, again.attempts) == (lease.body, 1)
        assert not await retry_letter(dead, intake, {}, letter.dead_id)

    async def test_a_webhook_body_goes_through_the_mended_adapter(
        self, dead: MemoryDeadLetters, inbound: MemoryMailbox, intake: Receive
    ) -> None:
        dead_id = await dead.keep(WEBHOOK, CHANNEL, b"9", "no update_id")
        channel = Reader()
        with pytest.raises(NotReadable, match="no update_id"):
            await retry_letter(dead, intake, {CHANNEL: channel}, dead_id)
        assert await dead.get(dead_id) is not None, "kept until it can be read"
        channel.mended = True
        assert await retry_letter(dead, intake, {CHANNEL: channel}, dead_id)
        assert (await inbound.depth()).messages == 1
        assert await dead.get(dead_id) is None

    async def test_a_channel_that_is_not_set_up_any_more(
        self, dead: MemoryDeadLetters, inbound: MemoryMailbox, intake: Receive
    ) -> None:
        dead_id = await dead.keep(WEBHOOK, "gone", b"9", "x")
        with pytest.raises(NotReadable, match="gone is not set up"):
            await retry_letter(dead, intake, {}, dead_id)
        assert await dead.get(dead_id) is not None
