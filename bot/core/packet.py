"""The handoff packet: what a person who takes a case must know, in ten seconds. Pure; built without a language model.

The parts are data (names, numbers, moments); the desk puts them into the agent's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from bot.core.conversation import Conversation
from bot.core.house import House
from bot.core.personal import mask
from bot.core.transcript import Line

QUOTE = 140  # characters of the customer's words in the summary
FAILED = ("action_failed", "action_default_fallback")
ANGRY, UPSET = 0.66, 0.4


class Tone(StrEnum):
    ANGRY = "angry"
    UPSET = "upset"
    CALM = "calm"
    FRIENDLY = "friendly"


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two sentences. The first: who wants what (`label`, else `intent`, else the reason). The second: what happened.

    `quote`: the customer's own words that matter most, personal data masked.
    """

    customer: str
    channel: str
    surface: str
    reason: str
    label: str = ""
    intent: str = ""
    regulator: str = ""
    quote: str = ""
    messages: int = 0
    tried: tuple[str, ...] = ()
    failed: str = ""
    acknowledged: bool = False
    answered: int = 0  # answers that the assistant gave before


class Masked(msgspec.Struct, frozen=True):
    """A slot. `shown` is what may be seen at once; `hidden`: the rest is shown on a click, which is logged."""

    name: str
    shown: str
    hidden: bool


@dataclass(frozen=True)
class Knowledge:
    """What the handoff packet is made with. `labels`: label → language → title; `replies`: see yaml_replies;
    `badge`: how soon a channel's badge wants an answer, None where it has none."""

    house: House
    labels: Mapping[str, Mapping[str, str]]
    replies: Mapping[str, Mapping[str, Mapping[str, str]]]
    badge: Callable[[str], timedelta | None]


class Badge(msgspec.Struct, frozen=True):
    """Until when an answer still counts for the platform's responsiveness badge."""

    until: datetime


def summary(conversation: Conversation, lines: Sequence[Line]) -> Summary:
    said = [line for line in lines if line.kind == "message" and line.author == "customer" and not line.deleted]
    handoff = conversation.handoff
    findings = conversation.risk.findings
    intents = handoff.intents if handoff else conversation.intents
    steps = handoff.steps if handoff else conversation.steps
    telling = next((line for line in reversed(said) if _led(line, handoff.label if handoff else "")), None)
    quoted = telling or (said[-1] if said else None)
    return Summary(
        customer=conversation.customer.name or conversation.customer.username,
        channel=conversation.channel,
        surface=conversation.surface,
        reason=handoff.reason if handoff else "",
        label=handoff.label if handoff else "",
        intent=intents[-1].name if intents else "",
        regulator=next((found.detail for found in findings if found.label == "regulator" and found.detail), ""),
        quote=_short(mask(quoted.text)) if quoted else "",
        messages=len(said),
        tried=tuple(dict.fromkeys(step for step in steps if step.startswith("action_") and step not in FAILED)),
        failed=_failed(handoff.reason if handoff else "", steps),
        acknowledged=bool(conversation.risk.acknowledged),
        answered=sum(line.author == "bot" and line.status == "sent" for line in lines),
    )


def tone(conversation: Conversation) -> Tone:
    """Of the last messages, the latest counting most."""
    if not conversation.moods:
        return Tone.CALM
    recent = conversation.moods[-3:]
    weighed = sum(mood * weight for weight, mood in enumerate(recent, 1)) / sum(range(1, len(recent) + 1))
    worst = max(weighed, conversation.moods[-1])
    if worst >= ANGRY:
        return Tone.ANGRY
    if worst >= UPSET:
        return Tone.UPSET
    praised = any(found.label == "praise" for found in conversation.risk.findings)
    return Tone.FRIENDLY if praised else Tone.CALM


def slots(found: Mapping[str, str], house: House) -> tuple[Masked, ...]:
    """What the assistant found out; personal values are hidden until somebody needs them."""
    return tuple(
        Masked(name, _dots(value), True) if name in house.personal_slots else Masked(name, value, False)
        for name, value in found.items()
    )


def badge(conversation: Conversation, lines: Sequence[Line], within: timedelta | None) -> Badge | None:
    """None where the platform has none, or the customer has their answer."""
    if within is None:
        return None
    said = [line for line in lines if line.kind == "message" and line.author in ("customer", "bot", "agent")]
    unanswered: list[Line] = []
    for line in reversed(said):
        if line.author != "customer":
            break
        unanswered.append(line)
    return Badge(unanswered[-1].at + within) if unanswered else None


def replies(
    conversation: Conversation, catalogue: Mapping[str, Mapping[str, Mapping[str, str]]], agent_name: str
) -> tuple[str, ...]:
    """Suggested first sentences in this platform's voice and the customer's language, for what the case is about.

    `catalogue`: label → language → channel (or `all`) → text with {customer} and {agent}.
    """
    labels = [conversation.handoff.label] if conversation.handoff and conversation.handoff.label else []
    labels += [found.label for found in conversation.risk.findings if found.label not in labels]
    texts = []
    for label in (*labels, "any"):
        by_channel = catalogue.get(label, {}).get(conversation.language, {})
        text = by_channel.get(conversation.channel) or by_channel.get("all")
        if text:
            name = conversation.customer.name.split(" ")[0] if conversation.customer.name else ""
            filled = text.format(customer=name, agent=agent_name)
            texts.append(" ".join(filled.replace(" ,", ",").split()))
    return tuple(dict.fromkeys(texts))[:3]


def similar(about: Conversation, solved: Iterable[Mapping[str, Any]], most: int = 3) -> list[Mapping[str, Any]]:
    """Of solved cases those that share most with this one; each has labels, intents, language, channel and at."""
    labels = {found.label for found in about.risk.findings}
    intents = {seen.name for seen in about.intents}

    def likeness(case: Mapping[str, Any]) -> tuple[float, datetime]:
        shared = 2.0 * len(labels & set(case["labels"])) + len(intents & set(case["intents"]))
        shared += 0.5 * (case["language"] == about.language) + 0.25 * (case["channel"] == about.channel)
        return shared, case["at"]

    alike = [case for case in solved if labels & set(case["labels"]) or intents & set(case["intents"])]
    return sorted(alike, key=likeness, reverse=True)[:most]


def _led(line: Line, label: str) -> bool:
    return any(found.label == label for found in line.findings)


def _failed(reason: str, steps: Sequence[str]) -> str:
    """The action that broke, where that is why a person is needed."""
    if reason != "action_failed":
        return ""
    return next((step for step in reversed(steps) if step.startswith("action_") and step not in FAILED), "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else line[: QUOTE - 1].rstrip() + "…"


def _dots(value: str) -> str:
    return "•" * max(3, len(value) - 2) + value[-2:] if len(value) > 4 else "•••"
