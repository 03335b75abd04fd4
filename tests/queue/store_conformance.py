"""What every conversation store and send log must do, in memory and on Valkey.

Inherited by the tests of each implementation, like the mailboxes' contract. What is promised: a commit happens whole
or not at all, and a commit that was applied and whose answer got lost can be repeated without doubling anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
import pytest

from bot.core.conversation import Conversation, Handoff, Owner
from bot.core.echo import under_root
from bot.core.events import AnyEvent, CustomerWrote, IntentSeen, ReplyComposed, ReplySent
from bot.core.ports import (
    Commit,
    ConversationStore,
    EventStream,
    Lease,
    LeaseLost,
    Letter,
    Mailbox,
    SendLog,
    Timer,
    VersionConflict,
)
from channels.messages import Button, Customer, OutboundMessage, Sender, Surface

KEY = "chat:7"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def conversation(key: str = KEY, **changes: Any) -> Conversation:
    channel, _, thread = key.partition(":")
    fresh = Conversation(
        key=key, channel=channel, thread_id=thread, customer=Customer(external_id=thread, name="Ani"), opened_at=NOW
    )
    return msgspec.structs.replace(fresh, **changes)


def waiting(key: str, opened_at: datetime, owner: Owner = Owner.WAITING, **changes: Any) -> Conversation:
    held = Handoff(reason="customer_asked", opened_at=opened_at, answer_due_at=opened_at + timedelta(minutes=15))
    return conversation(key, owner=owner, handoff=held, **changes)


def wrote(number: int | str, key: str = KEY) -> CustomerWrote:
    return CustomerWrote(
        conversation=key, at=NOW, event_id=f"e{number}", external_id=f"x{number}", text=f"words {number}"
    )


def reply(message_id: str, key: str = KEY, **changes: Any) -> OutboundMessage:
    channel, _, thread = key.partition(":")
    message = OutboundMessage(
        message_id=message_id, channel=channel, thread_id=thread, customer=Customer(external_id=thread),
        created_at=NOW, text=f"reply {message_id}",
    )  # fmt: skip
    return msgspec.structs.replace(message, **changes)


def due(key: str = KEY, timer_id: str = "t", seconds: float = -1.0, body: bytes = b"ring") -> Timer:
    return Timer(timer_id=timer_id, key=key, due_at=datetime.now(UTC) + timedelta(seconds=seconds), body=body)


async def letters(mailbox: Mailbox) -> list[Any]:
    """Everything that is in a mailbox now, worked off."""
    found = []
    while lease := await mailbox.lease("reader", 0.02):
        following: Lease | None = lease
        while following is not None:
            found.append(following.body)
            following = await mailbox.ack(following)
    return found


async def said(mailbox: Mailbox) -> list[str]:
    return [msgspec.json.decode(body, type=OutboundMessage).message_id for body in await letters(mailbox)]


async def leased(inbound: Mailbox, *numbers: int, key: str = KEY, owner: str = "worker") -> Lease:
    """The head of a mailbox into which these letters were just put."""
    await inbound.append([Letter(key=key, dedupe_id=f"{key}#{n}", body=f"{n}".encode()) for n in numbers])
    lease = await inbound.lease(owner, 0.05)
    assert lease is not None
    return lease


async def taken_over(inbound: Mailbox, lost: Lease) -> Lease:
    """The same mailbox under somebody else's lease, as after a killed worker."""
    await inbound.reclaim(lost.owner)
    lease = await inbound.lease("other", 0.05)
    assert lease is not None
    return lease


class World(Protocol):
    """What a subclass's `world` fixture gives."""

    store: ConversationStore
    sends: SendLog
    inbound: Mailbox
    stream: EventStream
    outbox: Callable[[str], Mailbox]
    be_present: Callable[[int], Awaitable[None]]  # so many agents have a desk open


async def streamed(world: World) -> list[AnyEvent]:
    """All events of the stream so far: up to a marker, because a stream has no end."""
    await world.store.record("marker:0", [wrote("marker", "marker:0")])
    found = []
    async for _, event in world.stream.follow("0"):
        if event.conversation == "marker:0":
            break
        found.append(event)
    return found


class StoreContract:
    """Subclasses provide a `world` fixture."""

    # ---- reading and committing --------------------------------------------------------------------

    async def test_a_key_never_seen_is_empty(self, world: World) -> None:
        loaded = await world.store.load("chat:nobody")
        assert (loaded.conversation, loaded.tracker) == (None, b"")
        assert list(await world.store.log("chat:nobody")) == []

    async def test_what_was_committed_is_read_back_whole(self, world: World) -> None:
        held = Handoff(
            reason="urgent", opened_at=NOW, answer_due_at=NOW + timedelta(minutes=5), detail="“kartu hilang” 🙏",
            intents=(IntentSeen("lost_card", 0.91),), slots={"card": "•• 42"}, steps=("action_lock",),
        )  # fmt: skip
        before = conversation(owner=Owner.WAITING, epoch=3, handoff=held, language="id", steps=("a", "b"))
        await world.store.commit(Commit(conversation=before, expected_version=0, tracker='["kk — 🙂"]'.encode()))
        loaded = await world.store.load(KEY)
        assert loaded.conversation == msgspec.structs.replace(before, version=1)
        assert loaded.tracker == '["kk — 🙂"]'.encode()

    async def test_tracker_stays_unless_a_commit_replaces_it(self, world: World) -> None:
        for version, (tracker, expected) in enumerate([(b"one", b"one"), (None, b"one"), (b"two", b"two"), (b"", b"")]):
            await world.store.commit(Commit(conversation=conversation(), expected_version=version, tracker=tracker))
            assert (await world.store.load(KEY)).tracker == expected

    async def test_conflict_changes_nothing(self, world: World) -> None:
        await world.store.commit(Commit(conversation=conversation(), expected_version=0, events=[wrote(0)]))
        await world.inbound.schedule(due(timer_id="kept", body=b"kept", seconds=-1))
        lease = await leased(world.inbound, 1)
        stale = Commit(
            conversation=conversation(language="id", owner=Owner.WAITING),
            expected_version=0,
            events=[wrote(1)],
            outbox=[reply("never")],
            timers=[due(timer_id="never", body=b"never")],
            cancel_timers=["kept"],
            tracker=b"never",
            ack=lease,
        )
        with pytest.raises(VersionConflict):
            await world.store.commit(stale)
        loaded = await world.store.load(KEY)
        assert loaded.conversation == conversation(version=1)
        assert loaded.tracker == b""
        assert list(await world.store.log(KEY)) == [wrote(0)]
        assert await streamed(world) == [wrote(0)]
        assert await world.store.owned("waiting") == []
        assert await letters(world.outbox("chat")) == []
        bodies = []
        following: Lease | None = lease
        while following is not None:  # the lease and its letter are still there; no timer was set or cancelled
            bodies.append(following.body)
            following = await world.inbound.ack(following)
        assert bodies + await letters(world.inbound) == [b"1", b"kept"]

    async def test_of_two_commits_on_the_same_version_one_wins(self, world: World) -> None:
        async def attempt(name: str) -> str:
            try:
                await world.store.commit(
                    Commit(conversation=conversation(agent_id=name), expected_version=0, events=[wrote(name)])
                )
            except VersionConflict:
                return ""
            return name

        won = [name for name in await asyncio.gather(*(attempt(f"a{n}") for n in range(8))) if name]
        assert len(won) == 1
        stored = (await world.store.load(KEY)).conversation
        assert stored is not None
        assert stored.agent_id == won[0]
        assert [event.event_id for event in await world.store.log(KEY)] == [f"e{won[0]}"]  # type: ignore[union-attr]

    # ---- acknowledging in the same step ------------------------------------------------------------

    async def test_commit_acknowledges_and_gives_the_next_entry_under_the_same_lease(self, world: World) -> None:
        lease = await leased(world.inbound, 1, 2)
        following = await world.store.commit(Commit(conversation=conversation(), expected_version=0, ack=lease))
        assert following is not None
        assert (following.body, following.token, following.owner, following.attempts) == (
            b"2", lease.token, "worker", 1,
        )  # fmt: skip
        assert following.mailbox == lease.mailbox
        assert await world.store.commit(Commit(conversation=conversation(), expected_version=1, ack=following)) is None
        assert (await world.inbound.depth()).messages == 0
        again = await leased(world.inbound, 3)
        assert again.body == b"3", "the lease ended with the last letter"

    async def test_lost_lease_changes_nothing(self, world: World) -> None:
        lost = await leased(world.inbound, 1)
        now_held = await taken_over(world.inbound, lost)
        with pytest.raises(LeaseLost):
            await world.store.commit(
                Commit(
                    conversation=conversation(),
                    expected_version=0,
                    events=[wrote(1)],
                    outbox=[reply("m")],
                    timers=[due()],
                    tracker=b"t",
                    ack=lost,
                )
            )
        assert (await world.store.load(KEY)).conversation is None
        assert (await world.store.load(KEY)).tracker == b""
        assert list(await world.store.log(KEY)) == []
        assert await letters(world.outbox("chat")) == []
        assert await world.store.commit(Commit(conversation=conversation(), expected_version=0, ack=now_held)) is None
        assert await letters(world.inbound) == [], "and no timer was set"

    async def test_an_applied_commit_repeated_doubles_nothing(self, world: World) -> None:
        """The store answered and the answer got lost: the caller says the same thing again."""
        lease = await leased(world.inbound, 1, 2)
        commit = Commit(
            conversation=conversation(), expected_version=0, events=[wrote(1)], outbox=[reply("m")], ack=lease
        )
        await world.store.commit(commit)
        for _ in range(2):
            with pytest.raises(LeaseLost):
                await world.store.commit(commit)
        assert list(await world.store.log(KEY)) == [wrote(1)]
        assert await streamed(world) == [wrote(1)]
        assert await said(world.outbox("chat")) == ["m"]
        await world.inbound.release(lease)
        assert await letters(world.inbound) == [b"2"], "only the handled letter is gone, and it can be released"

    async def test_an_applied_commit_without_a_letter_is_a_conflict_when_repeated(self, world: World) -> None:
        commit = Commit(conversation=conversation(), expected_version=0, events=[wrote(1)], outbox=[reply("m")])
        await world.store.commit(commit)
        with pytest.raises(VersionConflict):
            await world.store.commit(commit)
        assert list(await world.store.log(KEY)) == [wrote(1)]
        assert await said(world.outbox("chat")) == ["m"]

    # ---- recording ---------------------------------------------------------------------------------

    async def test_record_appends_and_acknowledges_in_one_step(self, world: World) -> None:
        await world.store.commit(
            Commit(conversation=conversation(), expected_version=0, outbox=[reply("m1"), reply("m2")])
        )
        outbox = world.outbox("chat")
        lease = await outbox.lease("courier", 0.05)
        assert lease is not None
        sent = ReplySent(conversation=KEY, at=NOW, message_id="m1", external_ids=("9",))
        following = await world.store.record(KEY, [sent], lease)
        assert following is not None
        assert msgspec.json.decode(following.body, type=OutboundMessage).message_id == "m2"
        assert list(await world.store.log(KEY)) == [sent]
        with pytest.raises(LeaseLost):
            await world.store.record(KEY, [sent], lease)
        assert list(await world.store.log(KEY)) == [sent], "a repeated record doubles nothing"
        loaded = (await world.store.load(KEY)).conversation
        assert loaded is not None
        assert loaded.version == 1, "recording a delivery changes no decision"

    async def test_record_under_a_lost_lease_changes_nothing(self, world: World) -> None:
        lost = await leased(world.inbound, 1)
        await taken_over(world.inbound, lost)
        with pytest.raises(LeaseLost):
            await world.store.record(KEY, [wrote(1)], lost)
        assert list(await world.store.log(KEY)) == []

    async def test_record_needs_no_letter(self, world: World) -> None:
        assert await world.store.record(KEY, [wrote(1)]) is None
        assert list(await world.store.log(KEY)) == [wrote(1)]

    # ---- what is said, and timers ------------------------------------------------------------------

    async def test_outbox_keeps_the_order_and_each_channel_has_its_own(self, world: World) -> None:
        for version, ids in enumerate((("m1", "m2"), ("m3",))):
            await world.store.commit(
                Commit(conversation=conversation(), expected_version=version, outbox=[reply(i) for i in ids])
            )
        await world.store.commit(
            Commit(conversation=conversation("post:1"), expected_version=0, outbox=[reply("p", "post:1")])
        )
        assert await said(world.outbox("chat")) == ["m1", "m2", "m3"]
        assert await said(world.outbox("post")) == ["p"]

    async def test_a_message_id_is_said_once(self, world: World) -> None:
        for version in range(2):
            await world.store.commit(
                Commit(conversation=conversation(), expected_version=version, outbox=[reply("m"), reply(f"n{version}")])
            )
        assert await said(world.outbox("chat")) == ["m", "n0", "n1"]

    async def test_messages_and_events_arrive_as_they_were_written(self, world: World) -> None:
        text = 'quote " backslash \\ newline \n nul \0 emoji 🙂 arabic مرحبا {json: "[1,2]"} \\u0041'
        message = reply("m", text=text, buttons=(Button(key="a.0", title="Ya, “blokir”"),), epoch=2**31)
        event = ReplyComposed(conversation=KEY, at=NOW, message_id="m", sender="bot", text=text)
        await world.store.commit(
            Commit(conversation=conversation(), expected_version=0, events=[event], outbox=[message])
        )
        [body] = await letters(world.outbox("chat"))
        assert msgspec.json.decode(body, type=OutboundMessage) == message
        assert list(await world.store.log(KEY)) == [event]
        assert await streamed(world) == [event]

    async def test_a_committed_timer_rings_in_the_inbound_mailbox(self, world: World) -> None:
        await world.store.commit(Commit(conversation=conversation(), expected_version=0, timers=[due(seconds=0.4)]))
        assert await world.inbound.lease("w", 0.02) is None
        lease = await world.inbound.lease("w", 2.0)
        assert lease is not None
        assert (lease.key, lease.body) == (KEY, b"ring")

    async def test_a_commit_can_cancel_and_replace_timers(self, world: World) -> None:
        soon = 0.1
        await world.store.commit(
            Commit(
                conversation=conversation(),
                expected_version=0,
                timers=[due(timer_id="off", seconds=soon), due(timer_id="moved", seconds=soon, body=b"old")],
            )
        )
        await world.store.commit(
            Commit(
                conversation=conversation(),
                expected_version=1,
                cancel_timers=["off", "unknown"],
                timers=[due(timer_id="moved", seconds=soon, body=b"new")],
            )
        )
        await asyncio.sleep(soon + 0.02)
        assert await letters(world.inbound) == [b"new"]

    # ---- the log -----------------------------------------------------------------------------------

    async def test_log_is_the_latest_events_oldest_first(self, world: World) -> None:
        await world.store.record(KEY, [wrote(number) for number in range(3)])
        await world.store.commit(Commit(conversation=conversation(), expected_version=0, events=[wrote(3), wrote(4)]))
        await world.store.record("chat:8", [wrote(9, "chat:8")])
        assert list(await world.store.log(KEY)) == [wrote(number) for number in range(5)]
        assert list(await world.store.log(KEY, 2)) == [wrote(3), wrote(4)]

    async def test_live_log_has_an_end(self, world: World) -> None:
        await world.store.record(KEY, [wrote(number) for number in range(1005)])
        assert list(await world.store.log(KEY)) == [wrote(number) for number in range(5, 1005)]
        assert len(await streamed(world)) == 1005, "the archive's source keeps them all"

    async def test_stream_has_all_conversations_in_the_order_of_their_commits(self, world: World) -> None:
        order = ["chat:1", "chat:2", "chat:1", "chat:3"]
        for number, key in enumerate(order):
            await world.store.record(key, [wrote(number, key), wrote(f"{number}b", key)])
        found = await streamed(world)
        assert found == [wrote(n, key) for number, key in enumerate(order) for n in (number, f"{number}b")]

    async def test_stream_is_followed_from_a_position_or_from_now_on(self, world: World) -> None:
        await world.store.record(KEY, [wrote(0), wrote(1)])
        from_start = world.stream.follow("0")
        position, first = await anext(from_start)
        assert first == wrote(0)
        _, second = await anext(world.stream.follow(position))
        assert second == wrote(1)
        waiting_for_news = asyncio.ensure_future(anext(world.stream.follow()))
        await asyncio.sleep(0.05)
        await world.store.record(KEY, [wrote(2)])
        _, third = await asyncio.wait_for(waiting_for_news, 2)
        assert third == wrote(2)

    # ---- who has what ------------------------------------------------------------------------------

    async def test_owned_lists_by_owner_longest_first(self, world: World) -> None:
        opened = {"chat:b": 2.000001, "chat:a": 3, "chat:c": 2.0}
        for key, minutes in opened.items():
            state = waiting(key, NOW + timedelta(minutes=minutes))
            await world.store.commit(Commit(conversation=state, expected_version=0))
        assert list(await world.store.owned("waiting")) == ["chat:c", "chat:b", "chat:a"]
        assert list(await world.store.owned("human")) == []

        taken = waiting("chat:c", NOW + timedelta(minutes=2), Owner.HUMAN, agent_id="dina")
        await world.store.commit(Commit(conversation=taken, expected_version=1))
        assert list(await world.store.owned("waiting")) == ["chat:b", "chat:a"]
        assert list(await world.store.owned("human")) == ["chat:c"]

        await world.store.commit(Commit(conversation=conversation("chat:c"), expected_version=2))
        assert list(await world.store.owned("human")) == []

    async def test_states_come_in_the_order_asked_for_without_the_unknown(self, world: World) -> None:
        for key in ("chat:a", "chat:b"):
            await world.store.commit(Commit(conversation=conversation(key), expected_version=0))
        found = await world.store.states(["chat:b", "chat:nobody", "chat:a"])
        assert [state.key for state in found] == ["chat:b", "chat:a"]
        assert list(await world.store.states([])) == []

    async def test_logs_come_in_the_order_asked_for_with_their_latest_events(self, world: World) -> None:
        await world.store.record("chat:a", [wrote(1), wrote(2)])
        await world.store.record("chat:b", [wrote(3)])
        found = await world.store.logs(["chat:b", "chat:nobody", "chat:a"], 1)
        assert [list(each) for each in found] == [[wrote(3)], [], [wrote(2)]]
        assert list(await world.store.logs([], 1)) == []

    async def test_queue_counts_those_waiting_those_present_and_recent_waits(self, world: World) -> None:
        await world.be_present(2)
        for number in range(3):
            await world.store.commit(Commit(conversation=waiting(f"chat:{number}", NOW), expected_version=0))
        for seconds in (30.0, 90.5):
            await world.store.note_wait(seconds)
        queue = await world.store.queue()
        assert (queue.ahead, queue.agents_present, list(queue.recent_waits_s)) == (3, 2, [30.0, 90.5])

    async def test_only_recent_waits_count(self, world: World) -> None:
        for seconds in range(50):
            await world.store.note_wait(float(seconds))
        assert list((await world.store.queue()).recent_waits_s) == [float(seconds) for seconds in range(30, 50)]


class SendLogContract:
    """Subclasses provide a `world` fixture."""

    async def taken_at(self, world: World, epoch: int, now: int = 0) -> None:
        """A person took over at this epoch; since then it may have gone on to `now`."""
        loaded = (await world.store.load(KEY)).conversation
        version = loaded.version if loaded else 0
        state = conversation(epoch=max(now, epoch), taken_epoch=epoch)
        await world.store.commit(Commit(conversation=state, expected_version=version))

    async def verdict(
        self, world: World, message: OutboundMessage, part: int = 0, attempt: str = "me:1"
    ) -> Sequence[str]:
        state = await world.sends.begin(message, part, attempt)
        return state.verdict, state.external_id

    async def test_first_attempt_may_go_and_may_ask_again(self, world: World) -> None:
        await self.taken_at(world, 0)
        assert await self.verdict(world, reply("m")) == ("go", "")
        assert await self.verdict(world, reply("m")) == ("go", ""), "its answer may have been lost"

    async def test_another_attempt_finds_what_a_killed_courier_began(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), attempt="killed:1")
        assert await self.verdict(world, reply("m"), attempt="restarted:1") == ("unknown", "")
        assert await self.verdict(world, reply("m"), attempt="restarted:1") == ("unknown", ""), "asking changes nothing"

    async def test_what_certainly_did_not_arrive_may_go_again(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), attempt="a:1")
        await world.sends.abort(reply("m"), 0)
        assert await self.verdict(world, reply("m"), attempt="a:2") == ("go", "")

    async def test_what_arrived_is_done_for_everybody(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        for _ in range(2):
            await world.sends.finish(reply("m"), 0, "platform-5")
        for attempt in ("me:1", "other:9"):
            assert await self.verdict(world, reply("m"), attempt=attempt) == ("done", "platform-5")

    async def test_parts_and_messages_are_independent(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), 0)
        await world.sends.finish(reply("m"), 0, "p0")
        await self.verdict(world, reply("m"), 1)
        assert await self.verdict(world, reply("m"), 1, "other:1") == ("unknown", "")
        assert await self.verdict(world, reply("m"), 2, "other:1") == ("go", "")
        assert await self.verdict(world, reply("n"), 1, "other:1") == ("go", "")

    @pytest.mark.parametrize("sender", [Sender.BOT, Sender.NOTICE])
    async def test_automated_words_older_than_a_persons_takeover_are_stale(self, world: World, sender: Sender) -> None:
        await self.taken_at(world, 2)
        assert await self.verdict(world, reply("old", sender=sender, epoch=1)) == ("stale", "")
        assert not await world.sends.in_flight(KEY)
        assert await self.verdict(world, reply("new", sender=sender, epoch=2)) == ("go", "")

    async def test_what_the_bot_said_before_its_own_step_back_is_still_said(self, world: World) -> None:
        await self.taken_at(world, 2, now=4)
        assert await self.verdict(world, reply("m", epoch=2)) == ("go", "")

    async def test_a_persons_words_are_never_stale(self, world: World) -> None:
        await self.taken_at(world, 2)
        assert await self.verdict(world, reply("m", sender=Sender.AGENT, epoch=1)) == ("go", "")

    async def test_done_and_unknown_are_told_even_after_a_takeover(self, world: World) -> None:
        await self.taken_at(world, 1)
        done, begun = reply("done", epoch=1), reply("begun", epoch=1)
        await self.verdict(world, done)
        await world.sends.finish(done, 0, "p")
        await self.verdict(world, begun)
        await self.taken_at(world, 2)
        assert await self.verdict(world, done, attempt="other:1") == ("done", "p")
        assert await self.verdict(world, begun, attempt="other:1") == ("unknown", "")

    async def test_a_conversation_that_is_gone_does_not_hold_words_back(self, world: World) -> None:
        assert await self.verdict(world, reply("m", epoch=0)) == ("go", "")

    async def test_in_flight_from_the_mark_to_the_platforms_word(self, world: World) -> None:
        await self.taken_at(world, 0)
        for number, message in enumerate((reply("m"), reply("n"))):
            assert await self.verdict(world, message) == ("go", "")
            assert await world.sends.in_flight(KEY)
            assert not await world.sends.in_flight("chat:8")
            await (world.sends.abort(message, 0) if number else world.sends.finish(message, 0, "p"))
            assert not await world.sends.in_flight(KEY)

    # ---- what nobody knows, and what the platform shows of our own words ----------------------------

    async def test_given_up_is_not_on_its_way_and_may_be_begun_anew(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), attempt="killed:1")
        await world.sends.give_up(reply("m"), 0)
        assert not await world.sends.in_flight(KEY)
        assert await self.verdict(world, reply("m"), attempt="other:1") == ("go", "")

    async def test_given_up_words_are_still_known_as_ours(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        await world.sends.give_up(reply("m"), 0)
        assert await world.sends.whose(KEY, "p5", "reply m") == "m/0"

    async def test_confirmed_once_is_news_and_done_for_everybody(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), attempt="killed:1")
        assert await world.sends.confirm(KEY, "m/0", "p5")
        assert not await world.sends.confirm(KEY, "m/0", "p6")
        for attempt in ("killed:1", "other:1"):
            assert await self.verdict(world, reply("m"), attempt=attempt) == ("done", "p5")

    async def test_confirming_what_is_done_is_no_news_and_changes_nothing(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        await world.sends.finish(reply("m"), 0, "p5")
        assert not await world.sends.confirm(KEY, "m/0", "p9")
        assert await self.verdict(world, reply("m")) == ("done", "p5")

    async def test_confirmed_after_it_was_given_up(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        await world.sends.give_up(reply("m"), 0)
        assert await world.sends.confirm(KEY, "m/0", "p5")
        assert await world.sends.whose(KEY, "p5") == "m/0"

    async def test_each_part_is_confirmed_by_itself(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), 0)
        await self.verdict(world, reply("m"), 1)
        assert await world.sends.confirm(KEY, "m/1", "p5")
        assert await self.verdict(world, reply("m"), 1, "other:1") == ("done", "p5")
        assert await self.verdict(world, reply("m"), 0, "other:1") == ("unknown", "")

    async def test_an_id_with_a_slash_is_still_its_messages(self, world: World) -> None:
        odd = reply("dina.a/b")
        await self.taken_at(world, 0)
        await self.verdict(world, odd, 2)
        assert await world.sends.confirm(KEY, "dina.a/b/2", "p5")
        assert await self.verdict(world, odd, 2, "other:1") == ("done", "p5")

    async def test_whose_it_is_by_the_platforms_id(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        await world.sends.finish(reply("m"), 0, "p5")
        for text in (None, "", "quite different words"):
            assert await world.sends.whose(KEY, "p5", text) == "m/0"
        assert await world.sends.whose(KEY, "p6") == ""
        assert await world.sends.whose("chat:8", "p5") == "", "of another customer"

    async def test_whose_it_is_by_words_that_are_on_their_way_or_just_left(self, world: World) -> None:
        message = reply("m", text="Halo Kak,\n\nlihat https://a.example/x | ya")
        shown = "@ani  halo kak, lihat https://t.co/1 | YA"
        await self.taken_at(world, 0)
        assert await world.sends.whose(KEY, "p5", shown) == ""
        await self.verdict(world, message)
        assert await world.sends.whose(KEY, "p5", shown) == "m/0"
        await world.sends.finish(message, 0, "p4")
        assert await world.sends.whose(KEY, "p5", shown) == "m/0"
        assert await world.sends.whose(KEY, "p5", "Halo Kak, ini Dina") == ""
        assert await world.sends.whose("chat:8", "p5", shown) == ""

    async def test_what_certainly_did_not_arrive_was_said_by_somebody_else(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        await world.sends.abort(reply("m"), 0)
        assert await world.sends.whose(KEY, "p5", "reply m") == ""

    async def test_looks_are_counted_for_each_part_and_for_everybody(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"))
        assert [await world.sends.asked(reply("m"), 0) for _ in range(3)] == [1, 2, 3]
        assert await world.sends.asked(reply("m"), 1) == 1
        assert await world.sends.asked(reply("n"), 0) == 1

    # ---- the words of each part --------------------------------------------------------------------

    async def test_words_are_those_that_the_customer_reads(self, world: World) -> None:
        """A message is divided, numbered, or shown as a picture: its parts' words are not its text."""
        await self.taken_at(world, 0)
        message = reply("m", text="First half. Second half.")
        for part, words in enumerate(("First half.", "Second half.", "")):
            assert await world.sends.whose(KEY, "p", words) == ""
            await world.sends.begin(message, part, "me:1", words)
            assert await world.sends.whose(KEY, "p", words) == f"m/{part}"
            await world.sends.finish(message, part, f"p{part}", words)
            assert await world.sends.whose(KEY, "p", words) == f"m/{part}"
        for other in ("First half. Second half.", "half.", "First half. Second", "First half. And more.", "a"):
            assert await world.sends.whose(KEY, "p", other) == "", "equal, not alike"

    async def test_by_its_id_alone_where_no_words_are_asked_for(self, world: World) -> None:
        await self.taken_at(world, 0)
        await world.sends.begin(reply("m"), 0, "me:1", "")
        assert await world.sends.whose(KEY, "p5") == ""
        assert await world.sends.whose(KEY, "p5", "") == "m/0"

    # ---- several customers under one public message ------------------------------------------------

    async def test_public_words_are_known_under_their_root_too(self, world: World) -> None:
        await self.taken_at(world, 0)
        public = reply("m", surface=Surface.PUBLIC, root="r1", reply_to="c5")
        root = under_root("chat", "r1")
        await self.verdict(world, public)
        assert await world.sends.whose(root, "p5", "reply m") == "m/0"
        await world.sends.finish(public, 0, "p5")
        for place in (KEY, root):
            assert await world.sends.whose(place, "p5") == "m/0"
        for place in (under_root("chat", "r2"), under_root("feed", "r1")):
            assert await world.sends.whose(place, "p5", "reply m") == ""

    async def test_private_words_are_not(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m", root="r1"))
        await world.sends.finish(reply("m", root="r1"), 0, "p5")
        assert await world.sends.whose(under_root("chat", "r1"), "p5", "reply m") == ""

    async def test_taken_back_under_the_root_as_well(self, world: World) -> None:
        await self.taken_at(world, 0)
        public = reply("m", surface=Surface.PUBLIC, root="r1")
        await self.verdict(world, public)
        await world.sends.abort(public, 0)
        assert await world.sends.whose(under_root("chat", "r1"), "p5", "reply m") == ""

    async def test_confirmed_under_a_root_is_done(self, world: World) -> None:
        await self.taken_at(world, 0)
        public = reply("m", surface=Surface.PUBLIC, root="r1")
        await self.verdict(world, public, attempt="killed:1")
        root = under_root("chat", "r1")
        assert await world.sends.confirm(root, "m/0", "p5")
        assert await self.verdict(world, public, attempt="other:1") == ("done", "p5")
        assert await world.sends.whose(root, "p5") == "m/0"

    # ---- what else is there ------------------------------------------------------------------------

    async def test_others_are_the_ids_of_every_other_call_in_the_same_places(self, world: World) -> None:
        await self.taken_at(world, 0)
        assert await world.sends.others(reply("m"), 0) == frozenset()
        for number, part in enumerate((0, 1)):
            await world.sends.finish(reply("m"), part, f"p{number}")
        await world.sends.confirm(KEY, "n/0", "p2")
        elsewhere = reply("o", surface=Surface.PUBLIC, root="r1", thread_id="8", customer=Customer(external_id="8"))
        await world.sends.finish(elsewhere, 0, "p3")
        assert await world.sends.others(reply("m"), 0) == {"p1", "p2"}
        assert await world.sends.others(reply("n"), 0) == {"p0", "p1"}
        public = reply("q", surface=Surface.PUBLIC, root="r1")
        assert await world.sends.others(public, 0) == {"p0", "p1", "p2", "p3"}

    async def test_a_call_tells_whose_it_was(self, world: World) -> None:
        await self.taken_at(world, 0)
        assert await world.sends.conversation_of("dina.a/b/1") == ""
        await self.verdict(world, reply("dina.a/b"), 1)
        await world.sends.finish(reply("dina.a/b"), 1, "p5")
        assert await world.sends.conversation_of("dina.a/b/1") == KEY
        assert await world.sends.conversation_of("dina.a/0") == ""
        assert await world.sends.conversation_of("") == ""

    async def test_what_arrived_of_a_message(self, world: World) -> None:
        await self.taken_at(world, 0)
        message = reply("m")
        assert list(await world.sends.arrived(message) or ()) == []
        await world.sends.asked(message, 0)
        await self.verdict(world, message, 0)
        assert await world.sends.arrived(message) is None
        await world.sends.abort(message, 0)
        assert list(await world.sends.arrived(message) or ()) == []
        for part in range(11):
            await self.verdict(world, message, part)
            await world.sends.finish(message, part, f"p{part}")
        assert await world.sends.arrived(message) == [f"p{part}" for part in range(11)]
        await self.verdict(world, message, 11)
        assert await world.sends.arrived(message) is None
        assert list(await world.sends.arrived(reply("n")) or ()) == []

    async def test_an_echo_ends_the_doubt_about_what_arrived(self, world: World) -> None:
        await self.taken_at(world, 0)
        await self.verdict(world, reply("m"), attempt="killed:1")
        await world.sends.confirm(KEY, "m/0", "p5")
        assert await world.sends.arrived(reply("m")) == ["p5"]
