"""What every mailbox must do, in memory and on Valkey. Inherited by the tests of each implementation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.ports import DeadLetters, LeaseLost, Letter, Mailbox, Timer


def letter(key: str, number: int, dedupe: str | None = None) -> Letter:
    return Letter(key=key, dedupe_id=f"{key}#{number}" if dedupe is None else dedupe, body=f"{key}:{number}".encode())


async def drain(mailbox: Mailbox, owner: str = "w") -> list[str]:
    """Work everything off, in the order in which it is handed out."""
    handled = []
    while lease := await mailbox.lease(owner, 0.05):
        while lease is not None:
            handled.append(lease.body.decode())
            lease = await mailbox.ack(lease)
    return handled


class MailboxContract:
    """Subclasses provide `mailbox` (leases of 0.3 s) and `dead` fixtures, and `flush`."""

    async def flush(self, mailbox: Mailbox) -> None:
        raise NotImplementedError

    async def test_empty_gives_nothing(self, mailbox: Mailbox) -> None:
        assert await mailbox.lease("w", 0.02) is None
        assert (await mailbox.depth()).messages == 0

    async def test_order_within_a_conversation_is_kept(self, mailbox: Mailbox) -> None:
        for number in range(20):
            await mailbox.append([letter("a", number), letter("b", number)])
        handled = await drain(mailbox)
        for key in "ab":
            assert [h for h in handled if h.startswith(key)] == [f"{key}:{n}" for n in range(20)]

    async def test_longest_waiting_conversation_comes_first(self, mailbox: Mailbox) -> None:
        for key in "cab":
            await mailbox.append([letter(key, 0)])
            await asyncio.sleep(0.003)  # readiness is kept in milliseconds
        assert [h[0] for h in await drain(mailbox)] == list("cab")

    async def test_one_lease_at_a_time(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("a", 1)])
        first = await mailbox.lease("one", 0.02)
        assert first is not None
        assert await mailbox.lease("two", 0.05) is None

    async def test_same_event_twice_is_one_letter(self, mailbox: Mailbox) -> None:
        assert await mailbox.append([letter("a", 0), letter("a", 1)]) == 2
        assert await mailbox.append([letter("a", 0), letter("a", 2)]) == 1
        assert await drain(mailbox) == ["a:0", "a:1", "a:2"]
        assert await mailbox.append([letter("a", 1)]) == 0, "remembered after it was handled"

    async def test_a_batch_with_one_event_twice(self, mailbox: Mailbox) -> None:
        assert await mailbox.append([letter("a", 0), letter("a", 0)]) == 1

    async def test_killed_consumer_is_followed_by_another(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("a", 1)])
        lost = await mailbox.lease("dead", 0.02)
        assert lost is not None
        assert lost.attempts == 1
        again = await mailbox.lease("alive", 2.0)
        assert again is not None
        assert (again.body, again.attempts) == (b"a:0", 2)
        assert again.token > lost.token

    async def test_fence_keeps_out_who_lost_the_lease(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0)])
        lost = await mailbox.lease("slow", 0.02)
        again = await mailbox.lease("fast", 2.0)
        assert lost is not None
        assert again is not None
        for attempt in (
            mailbox.ack(lost),
            mailbox.extend(lost),
            mailbox.fail(lost, 1.0),
            mailbox.bury(lost, "x"),
        ):
            with pytest.raises(LeaseLost):
                await attempt
        assert await mailbox.ack(again) is None

    async def test_extended_lease_stays(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        for _ in range(3):
            await asyncio.sleep(0.2)
            await mailbox.extend(lease)
        assert await mailbox.lease("other", 0.05) is None

    async def test_restarted_owner_reclaims_at_once(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("b", 0)])
        held = await mailbox.lease("w1", 0.02)
        other = await mailbox.lease("w2", 0.02)
        assert held is not None
        assert other is not None
        assert await mailbox.reclaim("w1") == 1
        again = await mailbox.lease("w1", 0.02)
        assert again is not None
        assert again.key == held.key
        with pytest.raises(LeaseLost):
            await mailbox.ack(held)

    async def test_back_off_holds_the_whole_conversation_and_only_it(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("a", 1), letter("b", 0)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        assert lease.key == "a"
        await mailbox.fail(lease, 0.25)
        assert await drain(mailbox) == ["b:0"]
        await mailbox.append([letter("a", 2)])
        assert await mailbox.lease("w", 0.02) is None, "an append does not end the back-off"
        again = await mailbox.lease("w", 2.0)
        assert again is not None
        assert (again.body, again.attempts) == (b"a:0", 2)

    async def test_attempts_count_deliveries_but_not_rate_limits(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0)])
        seen = []
        for counts in (True, False, False, True):
            lease = await mailbox.lease("w", 0.5)
            assert lease is not None
            seen.append(lease.attempts)
            await mailbox.fail(lease, 0.0, counts=counts)
        assert seen == [1, 2, 2, 2]

    async def test_release_gives_back_untouched(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        await mailbox.release(lease)
        again = await mailbox.lease("w", 0.1)
        assert again is not None
        assert again.attempts == 1

    async def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(
        self, mailbox: Mailbox, dead: DeadLetters
    ) -> None:
        await mailbox.append([letter("a", 0), letter("a", 1)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        following = await mailbox.bury(lease, "cannot be worked on")
        assert following is not None
        assert (following.body, following.attempts) == (b"a:1", 1)
        [kept] = await dead.list()
        assert (kept.key, kept.body, kept.error, kept.attempts) == ("a", b"a:0", "cannot be worked on", 1)
        assert kept.mailbox == mailbox.name
        assert abs((datetime.now(UTC) - kept.at).total_seconds()) < 60

    async def test_dead_letter_can_be_retried_and_dropped(self, mailbox: Mailbox, dead: DeadLetters) -> None:
        await mailbox.append([letter("a", 0), letter("b", 0)])
        for _ in range(2):
            lease = await mailbox.lease("w", 0.02)
            assert lease is not None
            await mailbox.bury(lease, "x")
        second, first = await dead.list()
        assert await dead.retry(first.dead_id)
        assert not await dead.retry(first.dead_id)
        assert await dead.drop(second.dead_id)
        assert not await dead.drop(second.dead_id)
        assert await dead.get(second.dead_id) is None
        assert await drain(mailbox) == ["a:0"]

    async def test_timer_arrives_when_due_and_once(self, mailbox: Mailbox) -> None:
        due = datetime.now(UTC) + timedelta(seconds=0.2)
        await mailbox.schedule(Timer(timer_id="t", key="a", due_at=due, body=b"ring"))
        assert await mailbox.lease("w", 0.05) is None
        lease = await mailbox.lease("w", 2.0)
        assert lease is not None
        assert (lease.key, lease.body) == ("a", b"ring")
        assert datetime.now(UTC) >= due
        assert await mailbox.ack(lease) is None
        assert await mailbox.lease("w", 0.05) is None

    async def test_timer_can_be_moved_and_cancelled(self, mailbox: Mailbox) -> None:
        soon, later = (datetime.now(UTC) + timedelta(seconds=s) for s in (0.05, 0.4))
        await mailbox.schedule(Timer(timer_id="moved", key="a", due_at=soon, body=b"old"))
        await mailbox.schedule(Timer(timer_id="moved", key="a", due_at=later, body=b"new"))
        await mailbox.schedule(Timer(timer_id="off", key="b", due_at=soon, body=b"never"))
        await mailbox.cancel("off")
        lease = await mailbox.lease("w", 2.0)
        assert lease is not None
        assert lease.body == b"new"

    async def test_timer_keeps_its_place_behind_waiting_letters(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0)])
        await mailbox.schedule(Timer(timer_id="t", key="a", due_at=datetime.now(UTC), body=b"ring"))
        await asyncio.sleep(0.01)
        assert await drain(mailbox) == ["a:0", "ring"]

    async def test_flushed_under_a_running_consumer(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("a", 1)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        await self.flush(mailbox)
        with pytest.raises(LeaseLost):
            await mailbox.ack(lease)
        assert await mailbox.lease("w", 0.02) is None
        assert await mailbox.append([letter("a", 0)]) == 1
        assert await drain(mailbox) == ["a:0"]

    async def test_ten_thousand_in_one_mailbox(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", number) for number in range(10_000)])
        assert (await mailbox.depth()).messages == 10_000
        lease = await mailbox.lease("w", 0.02)
        for number in range(10_000):
            assert lease is not None
            assert lease.body == f"a:{number}".encode()
            if number % 1000 == 0:
                await mailbox.extend(lease)
            lease = await mailbox.ack(lease)
        assert lease is None
        assert (await mailbox.depth()).messages == 0

    async def test_waiting_consumer_wakes_for_a_letter(self, mailbox: Mailbox) -> None:
        waiting = asyncio.create_task(mailbox.lease("w", 5.0))
        await asyncio.sleep(0.05)
        started = asyncio.get_running_loop().time()
        await mailbox.append([letter("a", 0)])
        assert await waiting is not None
        assert asyncio.get_running_loop().time() - started < 0.5

    async def test_many_consumers_share_without_loss_or_repeat(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter(f"k{number % 17}", number) for number in range(400)])
        handled: list[str] = []

        async def consume(name: str) -> None:
            while lease := await mailbox.lease(name, 0.1):
                following = lease
                while following is not None:
                    await mailbox.extend(following)  # the term is short and the machine may be busy
                    handled.append(following.body.decode())
                    await asyncio.sleep(0)
                    following = await mailbox.ack(following)  # type: ignore[assignment]

        await asyncio.gather(*(consume(f"w{n}") for n in range(4)))
        assert len(handled) == len(set(handled)) == 400
        for key in range(17):
            own = [int(h.split(":")[1]) for h in handled if h.startswith(f"k{key}:")]
            assert own == sorted(own)

    async def test_depth_tells_what_is_where(self, mailbox: Mailbox) -> None:
        await mailbox.append([letter("a", 0), letter("b", 0), letter("c", 0), letter("c", 1)])
        lease = await mailbox.lease("w", 0.02)
        assert lease is not None
        await mailbox.fail(lease, 5.0)
        await mailbox.lease("w", 0.02)
        await asyncio.sleep(0.05)
        depth = await mailbox.depth()
        assert (depth.messages, depth.conversations, depth.leased, depth.delayed) == (4, 2, 1, 1)
        assert 0.03 < depth.oldest_s < 5
