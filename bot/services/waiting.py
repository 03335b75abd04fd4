"""A handoff that waits: deadlines that pass, and customers who leave a way to be reached."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core.conversation import Callback, Owner
from bot.core.personal import Kind, find
from bot.core.ports import TimerFired
from bot.core.routing import missed
from bot.services.case import Case
from bot.services.signs import HANDOFF_TIMER, handoff_timer

AT_LEAST = timedelta(minutes=1)
MOST_ESCALATIONS = 4  # then everybody knows who could know
_WAYS = {Kind.PHONE: "phone", Kind.EMAIL: "email"}


async def ring(case: Case, timer: TimerFired) -> None:
    """Nobody has taken the handoff in time: the desk sees it as overdue, supervisors are called, the customer hears
    that we know. Again at every further deadline, until somebody comes."""
    held = case.conversation.handoff
    if timer.name != HANDOFF_TIMER or held is None or case.conversation.epoch != timer.epoch:
        return
    if case.conversation.owner is not Owner.WAITING:
        return
    level = max(1, int(missed(case.conversation, case.now, case.tools.floor.rules)))
    if not held.overdue:
        waited = (case.now - held.opened_at).total_seconds()
        case.events.append(e.HandoffOverdue(conversation=case.conversation.key, at=case.now, waited_s=waited))
    if level > held.escalation:
        anybody = level >= case.tools.floor.rules.anybody_after
        case.events.append(
            e.HandoffEscalated(conversation=case.conversation.key, at=case.now, level=level, anybody=anybody)
        )
    case.take(replace(case.conversation, handoff=replace(held, overdue=True, escalation=max(level, held.escalation))))
    await _tell(case)
    _set_next(case)


async def _tell(case: Case) -> None:
    """The customer, once, and not at night."""
    held = case.conversation.handoff
    if held is None or held.told_overdue or case.tools.speech.house.quiet_until(case.now) is not None:
        return
    case.promise("still_waiting", await case.tools.floor.outlook(case.conversation), proactive=True)
    if (held := case.conversation.handoff) is not None:
        case.take(replace(case.conversation, handoff=replace(held, told_overdue=True)))


def _set_next(case: Case) -> None:
    held = case.conversation.handoff
    assert held is not None
    times = []
    if held.escalation < MOST_ESCALATIONS:
        allowed = held.answer_due_at - held.opened_at
        due = case.tools.floor.rules.after(case.conversation.channel, held.opened_at, allowed * (held.escalation + 1))
        # Hours that are too few to be counted to must not make it ring without a pause.
        times.append(due if due > case.now else case.now + max(allowed, AT_LEAST))
    quiet = case.tools.speech.house.quiet_until(case.now)
    if not held.told_overdue and quiet is not None:
        times.append(quiet)
    if times:
        case.timers.append(handoff_timer(case.conversation, case.now, max(min(times), case.now) - case.now))


def note_callback(case: Case, text: str) -> None:
    """A waiting customer who was offered a call or an e-mail leaves the number or the address."""
    conversation, held = case.conversation, case.conversation.handoff
    if conversation.owner is not Owner.WAITING or held is None or not held.callback_offered:
        return
    found = next(iter(find(text, kinds=_WAYS)), None)
    if found is None:
        return
    way = Callback(_WAYS[found.kind], text[found.start : found.end], case.now)
    again = conversation.callback is not None
    case.take(replace(conversation, callback=way))
    case.events.append(e.CallbackAsked(conversation=conversation.key, at=case.now, kind=way.kind))
    if not again:
        case.out.notice("callback_noted", in_reply_to=case.item.event_id)
        case.take(case.out.conversation)
