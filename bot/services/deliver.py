"""The courier's work on one message: may it still be said, say it part by part, and face what the platform answers.

The send log is written before and after every call. What a killed courier had begun is never simply repeated:
where the platform shows a message once however often it is sent, it is sent again; elsewhere nobody can know
whether it arrived, so a person looks at it and the customer is told that one will.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Owner
from bot.core.ports import (
    Clock,
    Commit,
    ConversationStore,
    Lease,
    Mailbox,
    Meter,
    Notices,
    PartState,
    SendLog,
    StoreUnavailable,
    VersionConflict,
)
from bot.services.compose import Outgoing, handoff_timer
from channels.base import Channel
from channels.errors import (
    Ambiguous,
    AuthFailed,
    OwnedElsewhere,
    RateLimited,
    RecipientGone,
    Rejected,
    SendError,
    Unavailable,
    WindowClosed,
)
from channels.messages import OutboundMessage, Sender

MOST_ATTEMPTS = 10  # with the back-off below that is about four minutes of an unreachable platform
BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 60.0
AUTH_PAUSE_S = 60.0  # how long a channel with dead credentials waits before it looks again
MOST_CONFLICTS = 20

# Nothing that we say would arrive, so a notice would only fail as well.
UNSPEAKABLE = (RecipientGone, WindowClosed, OwnedElsewhere)

T = TypeVar("T")
_messages = msgspec.json.Decoder(OutboundMessage)


class Deliver:
    """Delivers one channel's outbox. `life` names this courier process: a restarted one has another."""

    def __init__(
        self, channel: Channel[Any], outbox: Mailbox, store: ConversationStore, sends: SendLog, notices: Notices,
        clock: Clock, meter: Meter, answer_within: timedelta, life: str,
    ) -> None:  # fmt: skip
        self._channel = channel
        self._outbox = outbox
        self._store = store
        self._sends = sends
        self._notices = notices
        self._clock = clock
        self._meter = meter
        self._answer_within = answer_within
        self._life = life
        self.paused_until = 0.0  # event loop time; set when the platform wants the whole channel to wait

    async def handle(self, lease: Lease) -> Lease | None:
        """Deliver the head; the next message of the conversation, or None when the courier should look elsewhere."""
        message = _messages.decode(lease.body)
        if message.kind != "message":
            return await self._signal(message, lease)
        attempt = f"{self._life}:{lease.token}"
        external_ids: list[str] = []
        for part in range(len(self._channel.render(message))):
            state = await self._begin(message, part, attempt)
            if state.verdict == "unknown" and self._channel.capabilities.idempotent_send:
                await until_stored(partial(self._sends.abort, message, part))
                state = await self._begin(message, part, attempt)
            match state.verdict:
                case "done":
                    external_ids.append(state.external_id)
                case "stale":
                    return await self._settle(message, lease, "dropped", self._dropped(message))
                case "unknown":
                    return await self._hand_over(message, part, lease, None)
                case _:
                    try:
                        external_id = await self._channel.send_part(message, part)
                    except SendError as error:
                        return await self._face(message, part, lease, error)
                    await until_stored(partial(self._sends.finish, message, part, external_id))
                    external_ids.append(external_id)
        sent = e.ReplySent(
            conversation=lease.key,
            at=self._clock.now(),
            message_id=message.message_id,
            external_ids=tuple(external_ids),
        )
        if message.asked_at is not None:
            waited = (self._clock.now() - message.asked_at).total_seconds()
            self._meter.observe("answer", waited, channel=message.channel)
        return await self._settle(message, lease, "sent", sent)

    async def give_up(self, lease: Lease, error: str) -> Lease | None:
        """Our own mistake keeps this from being delivered: a person has to see it."""
        try:
            message = _messages.decode(lease.body)
        except msgspec.DecodeError:
            return await self._outbox.bury(lease, error)
        if message.kind != "message":
            return await self._outbox.ack(lease)
        return await self._hand_over(message, 0, lease, Rejected(f"unforeseen {error}"))

    async def signal(self, message: OutboundMessage) -> None:
        """Show "typing…", best effort."""
        if self._channel.capabilities.typing:
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
        return await until_stored(lambda: self._sends.begin(message, part, attempt))

    async def _face(self, message: OutboundMessage, part: int, lease: Lease, error: SendError) -> Lease | None:
        """Do what the error says."""
        if isinstance(error, Ambiguous) and not self._channel.capabilities.idempotent_send:
            return await self._hand_over(message, part, lease, None)
        await until_stored(lambda: self._sends.abort(message, part))
        now = asyncio.get_running_loop().time()
        if isinstance(error, RateLimited):
            self._meter.count("sends", channel=message.channel, outcome="rate_limited")
            if error.whole_channel:
                self.paused_until = now + error.retry_after
            await self._outbox.fail(lease, error.retry_after, counts=False)
            return None
        if isinstance(error, AuthFailed):
            self._meter.count("sends", channel=message.channel, outcome="auth_failed")
            self.paused_until = now + AUTH_PAUSE_S
            await self._outbox.fail(lease, AUTH_PAUSE_S, counts=False)
            raise error
        if isinstance(error, Unavailable | Ambiguous) and lease.attempts < MOST_ATTEMPTS:
            self._meter.count("sends", channel=message.channel, outcome="retried")
            await self._outbox.fail(lease, back_off(lease.attempts))
            return None
        return await self._hand_over(message, part, lease, error)

    async def _hand_over(
        self, message: OutboundMessage, part: int, lease: Lease, error: SendError | None
    ) -> Lease | None:
        """It did not arrive (`error`), or nobody knows (None): a person has to see it, now.

        An unconfirmed part keeps its mark until this is committed, so that nothing in between leads to a resend.
        """
        for _ in range(MOST_CONFLICTS):
            conversation = (await self._store.load(lease.key)).conversation
            now = self._clock.now()
            event: e.AnyEvent = (
                e.ReplyUnconfirmed(conversation=lease.key, at=now, message_id=message.message_id)
                if error is None
                else e.ReplyFailed(
                    conversation=lease.key,
                    at=now,
                    message_id=message.message_id,
                    error=type(error).__name__,
                    detail=error.detail,
                    code=error.code,
                )
            )
            outcome = "unconfirmed" if error is None else "failed"
            if conversation is None:
                return await self._settle(message, lease, outcome, event)
            events: list[e.AnyEvent] = [event]
            timers = []
            before = conversation
            if isinstance(error, RecipientGone):
                conversation = replace(conversation, reachable=False)
            out = Outgoing(conversation, now)
            unheard = conversation.owner is Owner.CLOSED and message.sender is Sender.AGENT
            if conversation.owner is Owner.BOT or unheard:
                reason = handoff.Reason.SEND_UNCONFIRMED if error is None else handoff.Reason.SEND_FAILED
                detail = "" if error is None else error.detail
                conversation, changed = handoff.open_handoff(conversation, reason, now, self._answer_within, detail)
                events.append(changed)
                timers.append(handoff_timer(conversation, now, self._answer_within))
                self._meter.count("handoffs", reason=reason)
                out.conversation = conversation
                if error is None:
                    out.say(Sender.NOTICE, self._notices.text("unsure_delivery", conversation.language))
                elif not isinstance(error, UNSPEAKABLE):
                    out.promise(self._notices, "handoff", await self._store.queue(), message.in_reply_to)
            elif (
                error is None
                and conversation.owner is Owner.WAITING
                and conversation.handoff is not None
                and not conversation.handoff.reworded
                and message.sender is not Sender.AGENT
            ):
                # What may have been lost is the word that a person will come: say that in other words. Only once,
                # because a platform that answers nothing would otherwise be told so for ever.
                conversation = replace(conversation, handoff=replace(conversation.handoff, reworded=True))
                out.promise(self._notices, "still_waiting", await self._store.queue())
            commit = Commit(
                conversation=conversation,
                expected_version=before.version,
                events=[*events, *out.events],
                outbox=out.messages,
                timers=timers,
                ack=lease,
            )
            try:
                following = await self._store.commit(commit)
            except VersionConflict:
                continue
            await self._sends.abort(message, part)
            self._meter.count("sends", channel=message.channel, outcome=outcome)
            return following
        raise VersionConflict(lease.key)

    async def _settle(self, message: OutboundMessage, lease: Lease, outcome: str, event: e.AnyEvent) -> Lease | None:
        following = await until_stored(lambda: self._store.record(lease.key, [event], lease))
        self._meter.count("sends", channel=message.channel, outcome=outcome)
        return following

    def _dropped(self, message: OutboundMessage) -> e.ReplyDropped:
        return e.ReplyDropped(
            conversation=message.conversation_key, at=self._clock.now(), message_id=message.message_id
        )


def back_off(attempt: int) -> float:
    """Seconds before the next attempt: doubling, capped, with jitter so that many do not return at once."""
    return min(LONGEST_BACK_OFF_S, BACK_OFF_S * 2.0 ** (attempt - 1)) * random.uniform(0.8, 1.2)


async def until_stored(write: Callable[[], Awaitable[T]]) -> T:
    """Write what must not be forgotten, however long the store is away: the platform already has the message.

    The second write of the same thing changes nothing, so one that was done and not confirmed may be repeated;
    LeaseLost then means that it was done, or that another courier goes on from the send log.
    """
    delay = 0.05
    while True:
        try:
            return await write()
        except StoreUnavailable:
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)
