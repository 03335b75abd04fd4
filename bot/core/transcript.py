"""Folds a conversation's events into the lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from bot.core import events as e
from bot.core.risk import Finding
from channels.messages import Attachment


class Line(msgspec.Struct, kw_only=True):
    """One thing said or done. `status` is of outbound lines: queued, sent, failed, dropped, unconfirmed or refused.

    Of a refused line, `reason` is the rule, `next_step` what is legal instead, `source` the page that says so.
    """

    line_id: str
    kind: str  # message | note | owner | overdue | draft | held | solved | control | opted | proposal
    # escalated | stranded | callback
    author: str  # customer | bot | notice | agent | system
    at: datetime
    name: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    buttons: tuple[str, ...] = ()
    status: str = ""
    detail: str = ""
    external_ids: tuple[str, ...] = ()
    in_reply_to: str = ""
    earlier: tuple[str, ...] = ()  # texts before each edit
    deleted: bool = False
    personal: tuple[str, ...] = ()  # kinds of personal data that the customer showed in public
    hidden: str = ""  # from the public: hidden | failed
    reaction: str = ""
    intents: tuple[e.IntentSeen, ...] = ()
    before: str = ""
    after: str = ""
    reason: str = ""
    surface: str = "private"
    link: str = ""
    tagged: tuple[str, ...] = ()
    next_step: str = ""
    source: str = ""
    template: str = ""
    findings: tuple[Finding, ...] = ()  # of triage, in a customer's message
    settled_by: str = ""  # who approved, rejected or overrode a proposal (`status` says which)
    ruling: str = ""  # what the policy let the bot do with it


def fold(events: Iterable[e.AnyEvent]) -> list[Line]:
    """Lines in the order in which they came about; edits, receipts and deletions change the line they are about."""
    lines: list[Line] = []
    by_id: dict[str, Line] = {}
    early: dict[str, list[e.AnyEvent]] = {}
    for number, event in enumerate(events):
        match event:
            case e.CustomerWrote(event_id=event_id) if event_id in by_id:
                pass  # a dead letter that was tried again after it had been heard
            case e.CustomerWrote():
                line = Line(line_id=event.event_id, kind="message", author="customer", at=event.at,
                            name=event.customer_name, text=event.text, attachments=event.attachments,
                            external_ids=(event.external_id,), surface=event.surface, link=event.link,
                            tagged=event.tagged)  # fmt: skip
                lines.append(line)
                by_id[event.event_id] = by_id["customer:" + event.external_id] = line
                for amendment in early.pop(event.external_id, ()):
                    _amend(amendment, by_id, lines)
            case e.ReplyComposed():
                line = Line(line_id=event.message_id, kind="message", author=event.sender, at=event.at,
                            name=event.agent_name, text=event.text, buttons=event.buttons, status="queued",
                            in_reply_to=event.in_reply_to, surface=event.surface,
                            template=event.template)  # fmt: skip
                lines.append(line)
                by_id[event.message_id] = line
            case e.ReplyProposed() if (known := by_id.get("proposal:" + event.proposal_id)) is not None:
                known.earlier, known.text, known.status = (*known.earlier, known.text), event.text, "proposed"
            case e.ReplyProposed():
                line = Line(line_id=f"proposal-{event.proposal_id}", kind="proposal", author="agent", at=event.at,
                            name=event.agent_name, text=event.text, status="proposed", surface="public")  # fmt: skip
                lines.append(line)
                by_id["proposal:" + event.proposal_id] = line
            case e.NoteAdded():
                lines.append(Line(line_id=f"note-{number}", kind="note", author="agent", at=event.at,
                                  name=event.agent_name, text=event.text))  # fmt: skip
            case e.OwnerChanged():
                lines.append(Line(line_id=f"owner-{event.epoch}", kind="owner", author="system", at=event.at,
                                  name=event.agent_name, before=event.before, after=event.after,
                                  reason=event.reason, detail=event.detail))  # fmt: skip
            case e.HandoffOverdue():
                lines.append(Line(line_id=f"overdue-{number}", kind="overdue", author="system", at=event.at))
            case e.HandoffEscalated():
                lines.append(Line(line_id=f"escalated-{number}", kind="escalated", author="system", at=event.at,
                                  reason="anybody" if event.anybody else "", detail=str(event.level)))  # fmt: skip
            case e.HandoffStranded():
                lines.append(Line(line_id=f"stranded-{number}", kind="stranded", author="system", at=event.at,
                                  detail=", ".join((*event.skills, event.language))))  # fmt: skip
            case e.CallbackAsked():
                lines.append(Line(line_id=f"callback-{number}", kind="callback", author="customer", at=event.at,
                                  detail=event.kind))  # fmt: skip
            case e.Acted() | e.Rated():
                lines.append(_aside(event, number))
            case e.DraftMade():
                lines.append(Line(line_id=f"draft-{number}", kind="draft", author="bot", at=event.at, text=event.text))
            case e.AnswerHeld():
                lines.append(Line(line_id=f"held-{number}", kind="held", author="bot", at=event.at, text=event.text))
            case e.ThreadSolved():
                lines.append(Line(line_id=f"solved-{number}", kind="solved", author="system", at=event.at))
            case e.ControlChanged():
                lines.append(Line(line_id=f"control-{number}", kind="control", author="system", at=event.at,
                                  name=event.app))  # fmt: skip
            case e.OptedOut():
                lines.append(Line(line_id=f"opted-{number}", kind="opted", author="system", at=event.at,
                                  reason="out" if event.out else "in"))  # fmt: skip
            case e.CustomerEdited() | e.CustomerDeleted() if "customer:" + event.external_id not in by_id:
                early.setdefault(event.external_id, []).append(event)  # it overtook what it is about
            case _:
                _amend(event, by_id, lines)
    return lines


def _aside(event: e.Acted | e.Rated, number: int) -> Line:
    if isinstance(event, e.Acted):
        return Line(line_id=f"acted-{number}", kind="acted", author="bot", at=event.at, detail=event.text)
    return Line(
        line_id=f"rated-{number}", kind="rated", author="customer", at=event.at, name=event.agent_name,
        detail=str(event.score),
    )  # fmt: skip


def _amend(event: e.AnyEvent, by_id: dict[str, Line], lines: list[Line]) -> None:
    match event:
        case e.ReplySent(message_id=message_id):
            if line := by_id.get(message_id):
                line.status, line.external_ids = "sent", event.external_ids
                for external_id in event.external_ids:
                    by_id["brand:" + external_id] = line
        case e.ProposalSettled(proposal_id=proposal_id):
            if line := by_id.get("proposal:" + proposal_id):
                line.status, line.detail, line.settled_by = event.outcome, event.note, event.agent_name
        case e.PersonalPosted(external_id=external_id):
            if line := by_id.get("customer:" + external_id):
                line.personal = event.kinds
        case e.MessageHidden(external_id=external_id):
            if line := by_id.get("customer:" + external_id):
                line.hidden = "hidden" if event.hidden else "failed"
        case e.ReplyDropped(message_id=message_id):
            if line := by_id.get(message_id):
                line.status = "dropped"
        case e.ReplyRefused(message_id=message_id):
            if line := by_id.get(message_id):
                line.status, line.reason, line.detail = "refused", event.rule, event.detail
                line.next_step, line.source = event.next_step, event.source
        case e.ReplyUnconfirmed(message_id=message_id):
            if line := by_id.get(message_id):
                line.status = "unconfirmed"
        case e.ReplyFailed(message_id=message_id):
            if line := by_id.get(message_id):
                line.status, line.detail = "failed", event.detail
        case e.Understood(event_id=event_id):
            if line := by_id.get(event_id):
                line.intents = event.intents
        case e.Triaged(event_id=event_id):
            if line := by_id.get(event_id) or by_id.get("customer:" + event_id):
                line.findings, line.ruling = event.findings, event.bot
        case e.CustomerEdited(external_id=external_id):
            if line := by_id.get("customer:" + external_id):
                line.earlier, line.text = (*line.earlier, line.text), event.text
        case e.CustomerDeleted(external_id=external_id):
            if line := by_id.get("customer:" + external_id):
                line.deleted = True
        case e.CustomerReacted(external_id=external_id):
            # The customer may react to what we said or to their own words.
            if line := by_id.get("brand:" + external_id) or by_id.get("customer:" + external_id):
                line.reaction = event.emoji
        case e.ReachabilityChanged():
            lines.append(Line(line_id=f"reach-{event.at.timestamp()}", kind="owner", author="system", at=event.at,
                              reason="reachable" if event.reachable else "blocked"))  # fmt: skip
        case _:
            pass
