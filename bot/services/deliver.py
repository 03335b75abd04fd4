"""The courier's work on one message: may it be said, say it part by part, and face what the platform answers.

The send log is written before and after every call. What a killed courier had begun, or what timed out on its way,
is never simply repeated: where the platform shows a message once however often it is sent, it is sent again; where it
can be asked or shows us our own words, that decides; elsewhere nobody can know whether it arrived, so a person looks
at it and the customer is told that one will.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from bot.core import events as e
from bot.core import policy
from bot.core.channel_ports import ChannelStates, Limits, Threads
from bot.core.policy import Refusal
from bot.core.ports import Clock, ConversationStore, Lease, Mailbox, Meter, PartState, SendLog
from bot.services.compose import Speech
from bot.services.hide import Hide
from bot.services.patience import AUTH_PAUSE_S, MOST_ATTEMPTS, REFUSALS_BEFORE_BLAME, back_off, until_stored
from bot.services.route import Floor
from bot.services.unsent import Unsent
from channels.base import Channel, SentPart, words_of
from channels.capabilities import Usage
from channels.errors import Ambiguous, AuthFailed, Duplicate, RateLimited, Rejected, SendError, Unavailable
from channels.messages import OutboundMessage

SHORT_WAIT_S = 1.0  # a limit that frees sooner than this is waited for on the spot
ASK_AGAIN_S = 3.0  # between two looks for a message that may be there
LOOKS_BEFORE_RESEND = 2  # a platform's own index may be a moment behind
MOST_LOOKS = 6  # afterwards nobody will know
CLOCKS_APART = timedelta(minutes=2)  # how far the platform's clock may be from ours

_messages = msgspec.json.Decoder(OutboundMessage)


class _Parked(Exception):
    """The letter went back to its box: its time has not come."""


class Deliver:
    """Delivers one channel's outbox. `life` names this courier process: a restarted one has another."""

    def __init__(
        self, channel: Channel[Any], outbox: Mailbox, store: ConversationStore, sends: SendLog, threads: Threads,
        limits: Limits, states: ChannelStates, floor: Floor, speech: Speech, clock: Clock, meter: Meter,
        answer_within: timedelta, life: str,
    ) -> None:  # fmt: skip
        self._channel = channel
        self._outbox = outbox
        self._store = store
        self._sends = sends
        self._threads = threads
        self._limits = limits
        self._states = states
        self._speech = speech
        self._clock = clock
        self._meter = meter
        self._unsent = Unsent(store, floor, speech, clock, meter, answer_within)
        self._hide = Hide(channel, outbox, store, limits, states, clock, meter, self._unsent, self._wait_as_told)
        self._life = life
        self.paused_until = 0.0  # event loop time; set when the platform wants the whole channel to wait

    async def handle(self, lease: Lease) -> Lease | None:
        """Deliver the head; the next message of the conversation, or None when the courier should look elsewhere."""
        message = _messages.decode(lease.body)
        if message.kind == "hide":
            return await self._hide.handle(message, lease)
        if message.kind != "message":
            return await self._signal(message, lease)
        conversation = (await self._store.load(lease.key)).conversation
        if conversation is not None:
            surfaces = self._speech.surfaces(message.channel)
            rules = self._speech.rules(message.channel)
            verdict = policy.decide(message, conversation, surfaces, rules, self._clock.now())
            if isinstance(verdict, Refusal):
                return await self._refused(message, lease, verdict)
            message = replace(message, tag=verdict.tag)
        try:
            count = len(self._channel.render(message))
        except SendError as error:
            return await self._unsent.failed(message, lease, error)
        return await self._parts(message, count, lease)

    async def _refused(self, message: OutboundMessage, lease: Lease, refusal: Refusal) -> Lease | None:
        """A rule forbids it now. What is, or may be, on the platform already is not called refused."""
        arrived = await until_stored(lambda: self._sends.arrived(message))
        if arrived is None:
            return await self._nobody_knows(message, 0, lease)
        if arrived and len(arrived) >= len(self._channel.render(message)):
            return await self._sent(message, lease, tuple(arrived))
        return await self._unsent.refused(message, lease, refusal, untouched=not arrived)

    async def _parts(self, message: OutboundMessage, count: int, lease: Lease) -> Lease | None:
        attempt = f"{self._life}:{lease.token}"
        external_ids: list[str] = []
        for part in range(count):
            try:
                state = await self._may_go(message, part, attempt, lease)
                match state.verdict:
                    case "done":
                        external_ids.append(state.external_id)
                    case "stale":
                        return await self._unsent.dropped(message, lease)
                    case "unknown":
                        return await self._nobody_knows(message, part, lease)
                    case _:
                        external_ids.append(await self._say(message, part))
            except _Parked:
                return None
            except SendError as error:
                return await self._face(message, part, lease, error)
        return await self._sent(message, lease, tuple(external_ids))

    async def _may_go(self, message: OutboundMessage, part: int, attempt: str, lease: Lease) -> PartState:
        """Begin the part as soon as the platform's limits allow a call. Raises _Parked when that takes long.

        Parts that are there already count against no limit, or a long message would never come to its end.
        """
        limits = self._channel.limits(message)
        while True:
            state = await self._begin(message, part, attempt)
            if state.verdict == "unknown":
                state = await self._find_out(message, part, attempt, lease)
            if state.verdict != "go":
                return state
            wait = await until_stored(lambda: self._limits.take(message.channel, limits))
            if wait <= 0:
                return state
            # Nothing is on its way while we wait: a person who claims need not wait with us.
            await until_stored(lambda: self._sends.abort(message, part))
            if wait > SHORT_WAIT_S:
                self._meter.count("sends", channel=message.channel, outcome="paced")
                await self._outbox.fail(lease, wait, counts=False)
                raise _Parked
            await asyncio.sleep(wait)

    async def _say(self, message: OutboundMessage, part: int) -> str:
        """Put one part to the platform; its id. Raises a SendError."""
        try:
            sent = await self._channel.send_part(message, part)
        except SendError as error:
            usage = error.usage
            await until_stored(lambda: self._limits.note(message.channel, usage))
            raise
        await until_stored(partial(self._sends.finish, message, part, sent.external_id, self._words(message, part)))
        await self._learn(message, sent)
        return sent.external_id

    async def _learn(self, message: OutboundMessage, sent: SentPart) -> None:
        """What else the platform's answer told."""
        await until_stored(lambda: self._limits.note(message.channel, sent.usage))
        if sent.private_address:
            # A private reply: from now on we know whose private thread that is.
            await until_stored(partial(self._threads.learn, message.channel, {sent.private_address: message.thread_id}))

    async def give_up(self, lease: Lease, error: str) -> Lease | None:
        """Our own mistake keeps this from being delivered: a person has to see it."""
        try:
            message = _messages.decode(lease.body)
        except msgspec.DecodeError:
            return await self._outbox.bury(lease, error)
        if message.kind == "hide":
            return await self._hide.failed(message, lease, f"unforeseen {error}")
        if message.kind != "message":
            return await self._outbox.ack(lease)
        await self._sends.abort(message, 0)
        return await self._unsent.failed(message, lease, Rejected(f"unforeseen {error}"))

    async def signal(self, message: OutboundMessage) -> None:
        """Show "typing…", best effort."""
        if message.surface in self._channel.surfaces and self._channel.can(message.surface).typing:
            try:
                await self._channel.send(message)
            except SendError:
                self._meter.count("sends", channel=message.channel, outcome="signal_failed")

    async def _signal(self, message: OutboundMessage, lease: Lease) -> Lease | None:
        try:
            await self._channel.send(message)
        except SendError:
            # A tap whose confirmation failed only spins a little longer on the customer's phone.
            self._meter.count("sends", channel=message.channel, outcome="signal_failed")
        return await self._outbox.ack(lease)

    async def _begin(self, message: OutboundMessage, part: int, attempt: str) -> PartState:
        """Stubborn, because a mark that was made and not confirmed would look like a killed courier's."""
        words = self._words(message, part)
        return await until_stored(lambda: self._sends.begin(message, part, attempt, words))

    def _words(self, message: OutboundMessage, part: int) -> str:
        """What the customer reads because of this part, by which its echo is recognised."""
        return words_of(self._channel.render(message)[part])

    # ---- it may be there already -------------------------------------------------------------------

    async def _find_out(self, message: OutboundMessage, part: int, attempt: str, lease: Lease) -> PartState:
        """Somebody began this part and never learned how it ended. Ask, wait for an echo, or give up.

        Raises _Parked while there is still something to wait for.
        """
        can = self._channel.can(message.surface)
        if can.idempotent_send:
            return await self._again(message, part, attempt)
        looks = await self._sends.asked(message, part)
        if can.lookup:
            try:
                since = message.created_at - CLOCKS_APART
                found = await self._channel.find_sent(message, part, since, await self._sends.others(message, part))
            except SendError:
                absent = False  # nobody can tell right now
            else:
                if found:
                    words = self._words(message, part)
                    await until_stored(lambda: self._sends.finish(message, part, found, words))
                    return PartState(verdict="done", external_id=found)
                absent = True
            # After a resend that nobody confirmed the looks begin anew.
            if absent and looks % LOOKS_BEFORE_RESEND == 0 and looks < MOST_LOOKS:
                return await self._again(message, part, attempt)
        if (can.lookup or can.echoes) and looks < MOST_LOOKS:
            await self._outbox.fail(lease, ASK_AGAIN_S, counts=False)
            raise _Parked
        return PartState(verdict="unknown")

    async def _nobody_knows(self, message: OutboundMessage, part: int, lease: Lease) -> Lease | None:
        """The mark stays until this is committed, so that nothing in between leads to a resend."""
        following = await self._unsent.unconfirmed(message, lease)
        await until_stored(partial(self._sends.give_up, message, part))
        return following

    async def _again(self, message: OutboundMessage, part: int, attempt: str) -> PartState:
        """It is not there, or a second one would not be shown."""
        await until_stored(partial(self._sends.abort, message, part))
        return await self._begin(message, part, attempt)

    # ---- what the platform answered ----------------------------------------------------------------

    async def _face(self, message: OutboundMessage, part: int, lease: Lease, error: SendError) -> Lease | None:
        """Do what the error says."""
        can = self._channel.can(message.surface)
        doubtful = isinstance(error, Ambiguous) or (
            # Never in doubt before, so that it means other words of ours: X takes no text twice.
            isinstance(error, Duplicate) and await until_stored(lambda: self._sends.asked(message, part)) > 1
        )
        if doubtful and not can.idempotent_send and (can.lookup or can.echoes):
            # The mark stays: the next attempt finds it and asks before it does anything.
            self._meter.count("sends", channel=message.channel, outcome="ambiguous")
            await self._outbox.fail(lease, ASK_AGAIN_S, counts=False)
            return None
        if isinstance(error, Ambiguous) and not can.idempotent_send:
            return await self._nobody_knows(message, part, lease)
        await until_stored(lambda: self._sends.abort(message, part))
        if isinstance(error, RateLimited):
            await self._wait_as_told(message, lease, error)
            return None
        if isinstance(error, AuthFailed):
            self._meter.count("sends", channel=message.channel, outcome="auth_failed")
            if await self._only_this_one(message, part):
                return await self._unsent.failed(message, lease, error)
            self.paused_until = asyncio.get_running_loop().time() + AUTH_PAUSE_S
            await self._states.stop(message.channel, error.detail)
            await self._outbox.fail(lease, AUTH_PAUSE_S, counts=False)
            raise error
        if isinstance(error, Unavailable | Ambiguous) and lease.attempts < MOST_ATTEMPTS:
            self._meter.count("sends", channel=message.channel, outcome="retried")
            await self._outbox.fail(lease, back_off(lease.attempts))
            return None
        await self._states.sent(message.channel, self._clock.now(), failed=True)
        return await self._unsent.failed(message, lease, error)

    async def _wait_as_told(self, message: OutboundMessage, lease: Lease, error: RateLimited) -> None:
        """The platform says how long, and whether that holds for the whole channel."""
        self._meter.count("sends", channel=message.channel, outcome="rate_limited")
        if error.whole_channel:
            self.paused_until = asyncio.get_running_loop().time() + error.retry_after
            # The other couriers learn of it by the limits that they share.
            stops = [
                Usage(scope=limit.scope, used=1.0, wait_s=error.retry_after) for limit in self._channel.limits(message)
            ]
            await until_stored(lambda: self._limits.note(message.channel, stops))
        await self._outbox.fail(lease, error.retry_after, counts=False)

    async def _only_this_one(self, message: OutboundMessage, part: int) -> bool:
        """Whether the platform refuses this message for good while it takes others: then it is not about who we are."""
        refusals = await until_stored(lambda: self._sends.asked(message, part, "refused"))
        state = await self._states.read(message.channel, self._clock.now())
        if refusals < REFUSALS_BEFORE_BLAME or state.last_sent_at is None:
            return False
        # Something went out since the first refusal: every refusal waits for so long.
        return (self._clock.now() - state.last_sent_at).total_seconds() < AUTH_PAUSE_S * (refusals - 1)

    async def _sent(self, message: OutboundMessage, lease: Lease, external_ids: tuple[str, ...]) -> Lease | None:
        now = self._clock.now()
        event = e.ReplySent(conversation=lease.key, at=now, message_id=message.message_id, external_ids=external_ids)
        if message.asked_at is not None:
            self._meter.observe("answer", (now - message.asked_at).total_seconds(), channel=message.channel)
        following = await self._settle(message, lease, "sent", event)
        await self._states.sent(message.channel, now)
        return following

    async def _settle(self, message: OutboundMessage, lease: Lease, outcome: str, event: e.AnyEvent) -> Lease | None:
        following = await until_stored(lambda: self._store.record(lease.key, [event], lease))
        self._meter.count("sends", channel=message.channel, outcome=outcome)
        return following
