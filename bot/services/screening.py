"""Triage's part in a decision: look at the words before anybody answers, and step aside where the policy says so."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from bot.core import events as e
from bot.core import handoff
from bot.core.conversation import Conversation, Owner
from bot.core.personal import find
from bot.core.ports import InboundItem
from bot.core.risk import Circumstances, Ruling
from bot.services.approve import withdrawn
from bot.services.case import Case
from bot.services.signs import handoff_timer
from channels import messages as m
from channels.messages import Surface

AROUND = timedelta(hours=1)  # who wrote to the customer is taken to look there so long


def screen(case: Case, text: str) -> Ruling:
    """Look at the words before anybody answers, whoever has the conversation."""
    about = _circumstances(case.item, case.conversation)
    assessment = case.tools.triage.assess(text, about)
    ruling = case.tools.triage.rule(assessment, about)
    case.take(case.conversation.screened(assessment, ruling))
    if assessment.findings:
        # An edit's findings belong to the line that it changed.
        of = case.item.external_id if isinstance(case.item, m.MessageEdited) else case.item.event_id
        case.events.append(
            e.Triaged(
                conversation=case.conversation.key,
                at=case.now,
                event_id=of,
                findings=assessment.findings,
                bot=ruling.bot,
                label=ruling.label,
            )
        )
    return ruling


def protect(case: Case) -> None:
    """Personal data in a public message: out of everybody's sight where the platform lets us, and a word in private."""
    item = case.item
    if not isinstance(item, m.MessageReceived | m.MessageEdited) or item.surface is not Surface.PUBLIC:
        return
    found = find(item.text, case.tools.speech.rules(item.channel).published)
    # Secrets are out of the words already, though not out of the public's sight.
    kinds = tuple(dict.fromkeys(kind.value for kind in (*case.secrets, *(one.kind for one in found))))
    if not kinds:
        return
    case.events.append(
        e.PersonalPosted(conversation=case.conversation.key, at=case.now, external_id=item.external_id, kinds=kinds)
    )
    case.out.hide(item.external_id)
    case.take(case.out.conversation)
    if case.conversation.owner is not Owner.HUMAN:
        warning = case.tools.speech.notices.text("personal_posted", case.conversation.language)
        case.take(replace(case.conversation, warning=warning))


async def step_aside(case: Case, ruling: Ruling) -> None:
    """The policy reserves this for a person: say the approved sentence at most, and hand over.

    Nothing of the assistant's is composed, and what it composed before and what has not left yet is dropped.
    """
    owner = case.conversation.owner
    if not ruling.handoff:
        return  # nobody needs to look (spam)
    if owner is Owner.HUMAN and await _attended(case):
        return
    if owner is Owner.WAITING:
        _aggravate(case, ruling)
        await case.who_can()
    else:
        case.events += withdrawn(case.conversation, None, case.now)
        within = timedelta(minutes=ruling.answer_within) if ruling.answer_within else case.tools.answer_within
        await case.hand_off(handoff.Reason.TRIAGE, ruling.label, told=False, within=within, silencing=True)
    if ruling.wording:
        case.out.reassure(ruling.wording, case.item.event_id)
        if owner is not Owner.WAITING and case.conversation.surface is Surface.PRIVATE:
            case.promise("handoff", await case.tools.floor.outlook(case.conversation))
        case.take(case.out.conversation)


def _aggravate(case: Case, ruling: Ruling) -> None:
    """Somebody is asked for already: what came to light now moves the case ahead, and nearer its deadline."""
    held, risk = case.conversation.handoff, case.conversation.risk
    if held is None:
        return
    due = held.answer_due_at
    if ruling.answer_within:
        due = min(due, case.now + timedelta(minutes=ruling.answer_within))
    newly = held.reason != handoff.Reason.TRIAGE
    if newly:  # an opt-out that is taken back, an answer that still waits to be sent: neither counts beside this
        case.change(handoff.aggravate(case.conversation, ruling.label, case.now))
    graver = replace(
        case.conversation.handoff or held, skills=risk.skills, priority=risk.priority, answer_due_at=due
    )  # fmt: skip
    if ruling.priority >= held.priority and ruling.label:
        graver = replace(graver, label=ruling.label)
    case.take(replace(case.conversation, handoff=graver))
    if newly or due < held.answer_due_at:
        case.timers.append(handoff_timer(case.conversation, case.now, max(due - case.now, timedelta())))


async def _attended(case: Case) -> bool:
    """Whether the person who has the conversation can be expected to read what was just written.

    Who took it at the desk is there while their desk is open, and everybody for a while after their last words, which
    they may have written in the platform's own app. Otherwise a danger would wait for somebody who is gone.
    """
    conversation = case.conversation
    if conversation.elsewhere:
        return True  # the thread is another app's, and nothing that we said would arrive
    if conversation.agent_id and await case.tools.floor.is_there(conversation.agent_id):
        return True
    log = await case.tools.store.log(conversation.key)
    spoke = [event.at for event in log if isinstance(event, e.ReplyComposed) and event.sender is m.Sender.AGENT]
    return bool(spoke) and case.now - max(spoke) < AROUND


def _circumstances(item: InboundItem, conversation: Conversation) -> Circumstances:
    """What triage may know besides the words."""
    return Circumstances(
        channel=conversation.channel,
        surface=item.surface,
        at=item.at,
        tagged=item.tagged if isinstance(item, m.MessageReceived) else (),
        followers=item.customer.followers,
        verified=item.customer.verified,
        engagement=item.engagement if isinstance(item, m.MessageReceived) else 0,
        moods=conversation.moods,
        contacts=conversation.contacts,
    )
