"""Any order of customers, agents, workers, couriers and crashes: what must hold holds after every step."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core import events as e
from bot.core import handoff as core_handoff
from bot.core.conversation import Owner
from bot.core.ports import HandoffRequest, Lease, LeaseLost, Turn, Utterance, VersionConflict
from bot.services import handoff
from bot.services.change import NoSuchConversation, NotYours
from bot.services.handoff import TakenBy
from channels.errors import Ambiguous, RateLimited, Rejected, SendError, Unavailable
from channels.messages import OutboundMessage, Sender
from tests.services.world import BUDI, DINA, KEY, FakeChannel, World

PERSON = "a person please"
LONG = "long"
TAKEN, TAKEN_AND_KILLED, KILLED, TAKEN_AND_LOST = "taken", "taken, killed", "killed", "taken, answer lost"
ANSWERS = st.sampled_from(
    [TAKEN, TAKEN, TAKEN, TAKEN_AND_KILLED, KILLED, TAKEN_AND_LOST, Ambiguous("?"), Unavailable("502"),
     Rejected("no"), RateLimited("slow", retry_after=1.0)]
)  # fmt: skip
AGENTS = st.sampled_from([DINA, BUDI])


class Crash(BaseException):
    """kill -9."""


class SteppedChannel(FakeChannel):
    """Every call waits for `answers`, which says what becomes of it."""

    answers: Callable[[OutboundMessage], Awaitable[Any]]

    async def send_part(self, message: OutboundMessage, index: int) -> str:
        answer = await self.answers(message)
        if isinstance(answer, SendError):
            raise answer
        if answer != KILLED:
            self.shown.append((message.message_id, index, str(self.render(message)[index].json["text"])))
        if answer in (KILLED, TAKEN_AND_KILLED):
            raise Crash
        if answer == TAKEN_AND_LOST:
            raise Ambiguous("timed out")
        return "x"


class Interleavings(RuleBasedStateMachine):
    """The worker pauses inside the assistant's turn and the courier inside the platform's call; everything else may
    happen meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.usual = handoff.IN_FLIGHT_LOOK_S, handoff.IN_FLIGHT_WAIT_S
        handoff.IN_FLIGHT_LOOK_S, handoff.IN_FLIGHT_WAIT_S = 0.001, 3600.0  # here a platform may take its time

    @initialize()
    def begin(self) -> None:
        channel = SteppedChannel()
        channel.answers = self.leave
        self.world = World(channel)
        self.world.dialogue.script[PERSON] = Turn(handoff=HandoffRequest(reason="customer_asked"))
        self.world.dialogue.script[LONG] = Turn(utterances=(Utterance(text="one\n\ntwo"), Utterance(text="three")))
        self.world.dialogue.meanwhile = self.think
        self.lives = 0
        self.written: list[str] = []
        self.silent_from = 0  # the epoch of the latest claim that has returned
        self.broken: list[str] = []
        self.thinking: asyncio.Future[None] | None = None
        self.leaving: asyncio.Future[Any] | None = None
        self.worker: asyncio.Task[Any] | None = None
        self.courier: asyncio.Task[Any] | None = None
        self.claims: list[asyncio.Task[Any]] = []
        self.write("hello")

    # ---- where the others wait ---------------------------------------------------------------------

    async def think(self) -> None:
        self.thinking = self.loop.create_future()
        await self.thinking

    async def leave(self, message: OutboundMessage) -> Any:
        """A call to the platform: from its beginning to its end the customer may come to see it."""
        self.leaving = self.loop.create_future()
        answer = await self.leaving
        if message.sender is not Sender.AGENT and message.epoch < self.silent_from:
            self.broken.append(f"said at epoch {message.epoch} after a claim at {self.silent_from}: {message.text}")
        return answer

    def run(self, ticks: int = 12) -> None:
        async def let_everybody_go_on() -> None:
            for _ in range(ticks):
                await asyncio.sleep(0)

        self.loop.run_until_complete(let_everybody_go_on())

    async def consume(self, box: Any, handle: Any, owner: str) -> None:
        """What bot/entrypoints/consume.py does: after a lost lease or a conflict the mailbox is given back."""
        while (lease := await box.lease(owner, 0)) is not None:
            following: Lease | None = lease
            while following is not None:
                held = following
                try:
                    following = await handle(held)
                except (LeaseLost, VersionConflict):
                    following = None
                    with suppress(LeaseLost):
                        await box.release(held)

    # ---- what may happen ---------------------------------------------------------------------------

    @rule(text=st.sampled_from(["hi", "card?", LONG, PERSON]))
    def write(self, text: str) -> None:
        message = self.world.message(text)
        self.written.append(message.event_id)
        self.loop.run_until_complete(self.world.receive(message, message))

    @rule()
    def work(self) -> None:
        if self.worker is None or self.worker.done():
            self.worker = self.loop.create_task(self.consume(self.world.inbound, self.world.converse.handle, "worker"))
        self.run()

    @rule()
    def finish_thinking(self) -> None:
        if self.thinking is not None and not self.thinking.done():
            self.thinking.set_result(None)
        self.run()

    @rule()
    def work_whole(self) -> None:
        """The usual case: nothing happens during the turn."""
        self.work()
        self.finish_thinking()

    @precondition(lambda self: self.worker is not None and not self.worker.done())
    @rule()
    def kill_worker(self) -> None:
        self.kill(self.worker)
        self.loop.run_until_complete(self.world.inbound.reclaim("worker"))

    @rule()
    def send(self) -> None:
        if self.courier is None or self.courier.done():
            self.lives += 1
            deliver = self.world.new_courier(f"life{self.lives}")
            self.courier = self.loop.create_task(self.consume(self.world.outbox, deliver.handle, "courier"))
        self.run()

    @rule(answer=ANSWERS)
    def platform_answers(self, answer: Any) -> None:
        if self.leaving is not None and not self.leaving.done():
            self.leaving.set_result(answer)
            self.run()
            if answer in (KILLED, TAKEN_AND_KILLED):
                self.kill(self.courier)
                self.loop.run_until_complete(self.world.outbox.reclaim("courier"))

    @precondition(lambda self: self.courier is not None and not self.courier.done())
    @rule()
    def kill_courier(self) -> None:
        self.kill(self.courier)
        self.loop.run_until_complete(self.world.outbox.reclaim("courier"))

    @rule(answer=ANSWERS)
    def send_whole(self, answer: Any) -> None:
        self.send()
        self.platform_answers(answer)

    @rule(agent=AGENTS)
    def claim_during_the_turn(self, agent: Any) -> None:
        self.write("card?")
        self.work()
        self.claim(agent)
        self.finish_thinking()

    @rule(agent=AGENTS, answer=ANSWERS)
    def claim_during_the_call(self, agent: Any, answer: Any) -> None:
        self.send()
        self.claim(agent)
        self.platform_answers(answer)

    @rule(agent=AGENTS)
    def claim(self, agent: Any) -> None:
        async def claim() -> None:
            try:
                conversation = await self.world.desk.claim(KEY, agent)
            except (TakenBy, NoSuchConversation):
                return
            self.silent_from = max(self.silent_from, conversation.taken_epoch)

        self.claims.append(self.loop.create_task(claim()))
        self.run()

    @rule(agent=AGENTS, act=st.sampled_from(["give_back", "close", "release", "reply"]))
    def agent_acts(self, agent: Any, act: str) -> None:
        async def do() -> None:
            desk = self.world.desk
            try:
                if act == "reply":
                    await desk.reply(KEY, agent, "a person's words", f"c{len(self.written)}")
                else:
                    await getattr(desk, act)(KEY, agent)
            except (NotYours, NoSuchConversation):
                pass

        self.loop.run_until_complete(do())

    @rule(seconds=st.sampled_from([1.0, 5.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.forward(seconds)

    # ---- what must hold ----------------------------------------------------------------------------

    @invariant()
    def nothing_automated_is_said_after_a_claim(self) -> None:
        assert not self.broken

    @invariant()
    def every_change_of_owner_is_in_the_table(self) -> None:
        owner, epoch = Owner.BOT, 0
        for event in self.events():
            if isinstance(event, e.OwnerChanged):
                assert event.before == owner
                assert Owner(event.after) in core_handoff.TRANSITIONS[owner]
                assert event.epoch == epoch + 1
                owner, epoch = Owner(event.after), event.epoch

    @invariant()
    def what_the_customer_wrote_is_kept_once_and_in_order(self) -> None:
        heard = [event.event_id for event in self.events() if isinstance(event, e.CustomerWrote)]
        assert heard == self.written[: len(heard)]

    @invariant()
    def nothing_is_shown_twice_or_out_of_order(self) -> None:
        shown = [(message_id, part) for message_id, part, _ in self.world.channel.shown]
        assert len(shown) == len(set(shown))
        composed = [event.message_id for event in self.events() if isinstance(event, e.ReplyComposed)]
        assert shown == sorted(shown, key=lambda spot: (composed.index(spot[0]), spot[1]))

    def events(self) -> Any:
        return self.loop.run_until_complete(self.world.store.log(KEY)) if hasattr(self, "world") else []

    # ---- the end -----------------------------------------------------------------------------------

    def left(self) -> list[int]:
        boxes = self.world.inbound, self.world.outbox
        return [self.loop.run_until_complete(box.depth()).messages for box in boxes]

    def kill(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            task.cancel()
            self.loop.run_until_complete(asyncio.wait([task]))
            if not task.cancelled():
                task.exception()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.settle()
        for task in (self.worker, self.courier, *self.claims) if hasattr(self, "world") else ():
            self.kill(task)
        self.loop.close()
        handoff.IN_FLIGHT_LOOK_S, handoff.IN_FLIGHT_WAIT_S = self.usual

    def settle(self) -> None:
        """Everything goes on undisturbed: then every message was heard, and every reply has an end."""
        for _ in range(200):
            self.work_whole()
            self.send()
            self.platform_answers(TAKEN)
            if not any(self.left()):
                break
            self.world.clock.forward(10.0)
        assert self.left() == [0, 0]
        self.nothing_automated_is_said_after_a_claim()
        self.every_change_of_owner_is_in_the_table()
        self.nothing_is_shown_twice_or_out_of_order()
        heard = Counter(event.event_id for event in self.events() if isinstance(event, e.CustomerWrote))
        assert heard == Counter(dict.fromkeys(self.written, 1))
        ended = Counter(
            event.message_id
            for event in self.events()
            if isinstance(event, e.ReplySent | e.ReplyDropped | e.ReplyFailed | e.ReplyUnconfirmed)
        )
        composed = [event.message_id for event in self.events() if isinstance(event, e.ReplyComposed)]
        assert ended == Counter(dict.fromkeys(composed, 1))


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
