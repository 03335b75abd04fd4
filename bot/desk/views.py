"""What the desk shows of a conversation, as plain data. The page adds words, in the agent's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bot.core.conversation import Conversation, Owner
from bot.core.ports import Agent
from bot.core.transcript import Line
from bot.services.handoff import Outlook
from channels.messages import ApprovedTemplate, Surface

PREVIEW = 160  # characters of the last words in the queue
LINES_SHOWN = 300  # a longer transcript opens at its end

View = dict[str, Any]


def card(conversation: Conversation, lines: Sequence[Line]) -> View:
    """One row of the queue."""
    said = [line for line in lines if line.kind == "message" and not line.deleted]
    last = next((line for line in reversed(said) if line.author == "customer"), None)
    handoff = conversation.handoff
    return {
        "key": conversation.key,
        "owner": conversation.owner,
        "epoch": conversation.epoch,
        "agent_id": conversation.agent_id,
        "agent_name": conversation.agent_name,
        "channel": conversation.channel,
        "surface": conversation.surface,
        "customer": _customer(conversation),
        "language": conversation.language,
        "reason": handoff.reason if handoff else "",
        "label": handoff.label if handoff else "",
        "priority": handoff.priority if handoff else 0,
        "escalation": handoff.escalation if handoff else 0,
        "stranded": bool(handoff and handoff.stranded),
        "needs": list(handoff.skills) if handoff else [],
        # The gravest first; `danger` is how far ahead the policy puts the case for them, 0 where it does not.
        "risks": [{"label": finding.label, "severity": finding.severity} for finding in conversation.risk.findings],
        "danger": conversation.risk.priority,
        "wide": any(finding.label == "wide_reach" for finding in conversation.risk.findings),
        "proposed": bool(conversation.proposal),
        "since": handoff.opened_at if handoff else conversation.opened_at,
        "due": handoff.answer_due_at if handoff else None,
        "answered": bool(handoff and handoff.first_answer_at),
        "overdue": bool(handoff and handoff.overdue),
        "last_text": last.text[:PREVIEW] if last else "",
        "last_attachment": last.attachments[0].kind if last and last.attachments else "",
        "last_at": last.at if last else None,
        # Somebody owes the customer an answer: theirs are the last words.
        "unanswered": bool(said) and said[-1].author == "customer",
    }


def conversation_view(conversation: Conversation, lines: Sequence[Line], viewer: Agent) -> View:
    """The open conversation: state, what this viewer may do, the handoff's context and the transcript."""
    handoff = conversation.handoff
    return {
        **card(conversation, lines),
        "username": conversation.customer.username,
        "draft": conversation.draft,
        "held": list(conversation.held),
        "elsewhere": conversation.elsewhere,
        "opted_out": bool(conversation.opted_out),
        "threads": [{"link": thread.link, "solved": thread.solved, "at": thread.at} for thread in conversation.public],
        "episode": conversation.episode,
        "reachable": conversation.reachable,
        "may": allowed(conversation, viewer),
        "detail": handoff.detail if handoff else "",
        "claimed_at": handoff.claimed_at if handoff else None,
        "first_answer_at": handoff.first_answer_at if handoff else None,
        "intents": msgspec.to_builtins(handoff.intents if handoff else conversation.intents),
        "steps": handoff.steps if handoff else conversation.steps,
        "earlier_lines": max(0, len(lines) - LINES_SHOWN),
        "lines": [msgspec.to_builtins(line) for line in lines[-LINES_SHOWN:]],
    }


def ways_view(outlook: Mapping[Surface, Outlook], templates: Sequence[ApprovedTemplate]) -> View:
    """Where the agent may write, with the platform's limits there, and what is legal where they may not."""
    return {
        "ways": {surface: msgspec.to_builtins(way) for surface, way in outlook.items()},
        "templates": [msgspec.to_builtins(template) for template in templates],
    }


def allowed(conversation: Conversation, viewer: Agent) -> list[str]:
    """The actions that the page offers. The service decides again when one is asked for."""
    if conversation.owner is not Owner.HUMAN:
        return ["claim", "note"]
    if conversation.agent_id == viewer.agent_id:
        return ["reply", "note", "give_back", "release", "close"]
    return ["note", "release"] if may_free(conversation, viewer) else ["note"]


def may_free(conversation: Conversation, viewer: Agent) -> bool:
    """Whether the viewer may put somebody else's conversation back into the queue: a supervisor may, and
    anybody where the holder answers in the platform's own app, having no desk to do it from."""
    return viewer.role == "supervisor" or not conversation.agent_id


def _customer(conversation: Conversation) -> str:
    customer = conversation.customer
    return customer.name or customer.username or f"#{customer.external_id[-6:]}"
