"""What becomes of a message that did not get out: it is noted, a person sees it, the customer hears that one will."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.handoff import Reason
from bot.core.policy import Refusal
from bot.core.ports import Clock, Commit, ConversationStore, Lease, Meter, VersionConflict
from bot.services.compose import Outgoing, Speech
from bot.services.hear import UNSPEAKABLE
from bot.services.route import Floor
from bot.services.signs import handoff_timer
from channels.errors import RecipientGone, SendError
from channels.messages import OutboundMessage, Sender

MOST_CONFLICTS = 20


class Unsent:
    """Commits the aftermath of one message, with the acknowledgement of its letter."""

    def __init__(
        self, store: ConversationStore, floor: Floor, speech: Speech, clock: Clock, meter: Meter,
        answer_within: timedelta,
    ) -> None:  # fmt: skip
        self._store = store
        self._floor = floor
        self._speech = speech
        self._clock = clock
        self._meter = meter
        self._answer_within = answer_within

    async def failed(self, message: OutboundMessage, lease: Lease, error: SendError) -> Lease | None:
        """The platform will not take it."""
        event = e.ReplyFailed(
            conversation=lease.key,
            at=self._clock.now(),
            message_id=message.message_id,
            error=type(error).__name__,
            detail=error.detail,
            code=error.code,
        )
        told = "" if isinstance(error, UNSPEAKABLE) else "handoff"
        gone = isinstance(error, RecipientGone)
        return await self._commit(message, lease, event, "failed", Reason.SEND_FAILED, error.detail, told, gone=gone)

    async def unconfirmed(self, message: OutboundMessage, lease: Lease) -> Lease | None:
        """It may or may not be there, and nobody can tell."""
        event = e.ReplyUnconfirmed(conversation=lease.key, at=self._clock.now(), message_id=message.message_id)
        return await self._commit(message, lease, event, "unconfirmed", Reason.SEND_UNCONFIRMED, "", "unsure_delivery")

    async def dropped(self, message: OutboundMessage, lease: Lease) -> Lease | None:
        """A person took over before it left."""
        event = e.ReplyDropped(conversation=lease.key, at=self._clock.now(), message_id=message.message_id)
        return await self._commit(message, lease, event, "dropped", None, "", "")

    async def refused(
        self, message: OutboundMessage, lease: Lease, refusal: Refusal, *, untouched: bool = True
    ) -> Lease | None:
        """A rule forbids it. `untouched`: nothing of it was ever put to the platform."""
        event = e.ReplyRefused(
            conversation=lease.key,
            at=self._clock.now(),
            message_id=message.message_id,
            rule=refusal.rule,
            next_step=refusal.next_step,
            source=refusal.source,
            detail=refusal.detail,
        )
        reason = None if refusal.silent or message.sender is Sender.NOTICE else Reason.POLICY
        return await self._commit(message, lease, event, "refused", reason, refusal.rule, "", undone=untouched)

    async def unhidden(self, message: OutboundMessage, lease: Lease, event: e.MessageHidden) -> Lease | None:
        """What a customer showed to everybody stays in sight: a person has to hide it by hand, or ask them to."""
        detail = f"The comment could not be hidden: {event.detail}"
        return await self._commit(message, lease, event, "not_hidden", Reason.SEND_FAILED, detail, "", undone=False)

    async def _commit(
        self, message: OutboundMessage, lease: Lease, event: e.AnyEvent, outcome: str, reason: Reason | None,
        detail: str, told: str, *, gone: bool = False, undone: bool = True,
    ) -> Lease | None:  # fmt: skip
        """`reason` None: nobody needs to look. `told`: the notice by which the customer learns of it, "" for none."""
        for _ in range(MOST_CONFLICTS):
            before = (await self._store.load(lease.key)).conversation
            if before is None:
                following = await self._store.record(lease.key, [event], lease)
            else:
                try:
                    following = await self._store.commit(
                        await self._aftermath(
                            message, lease, before, event, reason, detail, told, gone=gone, undone=undone
                        )
                    )
                except VersionConflict:
                    continue
            self._meter.count("sends", channel=message.channel, outcome=outcome)
            return following
        raise VersionConflict(lease.key)

    async def _aftermath(
        self, message: OutboundMessage, lease: Lease, before: Conversation, event: e.AnyEvent, reason: Reason | None,
        detail: str, told: str, *, gone: bool, undone: bool,
    ) -> Commit:  # fmt: skip
        now = self._clock.now()
        conversation = replace(before, reachable=False) if gone else before
        events: list[e.AnyEvent] = [event]
        timers = []
        out = Outgoing(self._speech, conversation, now)
        if undone and not isinstance(event, e.ReplyUnconfirmed):
            out.take_back(message.message_id)
            conversation = out.conversation
        morning = self._speech.house.quiet_until(now)
        if message.proactive and morning is not None and conversation.owner is Owner.WAITING:
            timers.append(handoff_timer(conversation, now, morning - now))
            if conversation.handoff is not None:
                conversation = replace(conversation, handoff=replace(conversation.handoff, told_overdue=False))
        unheard = before.owner is Owner.CLOSED and message.sender is Sender.AGENT
        if reason is not None and (before.owner is Owner.BOT or unheard):
            conversation, changed = handoff.open_handoff(conversation, reason, now, self._answer_within, detail)
            events.append(changed)
            timers.append(handoff_timer(conversation, now, self._answer_within))
            self._meter.count("handoffs", reason=reason)
            out.conversation = conversation
            if told == "handoff":
                out.promise("handoff", await self._floor.outlook(conversation), message.in_reply_to)
            elif told:
                out.notice(told)
        elif (
            reason is Reason.SEND_UNCONFIRMED
            and conversation.owner is Owner.WAITING
            and conversation.handoff is not None
            and not conversation.handoff.reworded
            and message.sender is not Sender.AGENT
        ):
            # What may have been lost is the word that a person will come: say that in other words. Only once,
            # because a platform that answers nothing would otherwise be told so for ever.
            out.conversation = replace(conversation, handoff=replace(conversation.handoff, reworded=True))
            out.promise("still_waiting", await self._floor.outlook(conversation))
        else:
            out.conversation = conversation
        return Commit(
            conversation=out.conversation,
            expected_version=before.version,
            events=[*events, *out.events],
            outbox=_at(out.conversation, out.messages),
            timers=timers,
            ack=lease,
        )


def _at(conversation: Conversation, messages: Sequence[OutboundMessage]) -> list[OutboundMessage]:
    return [replace(message, epoch=conversation.epoch) for message in messages]
