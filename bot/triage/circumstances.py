"""What is found in the circumstances of a message instead of its words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.core.risk import Circumstances, Finding
from bot.triage.lists import Label, Limits


def look(about: Circumstances, anger: float, limits: Limits, labels: Mapping[str, Label]) -> list[Finding]:
    found = []
    reach = _reach(about, limits)
    if reach:
        found.append(("wide_reach", reach))
    recent = [at for at in about.contacts if about.at - at <= timedelta(days=limits.contacts_within_days)]
    if len(recent) >= limits.contacts:
        found.append(("repeat_contact", f"{len(recent)} in {limits.contacts_within_days} days"))
    if about.moods and anger >= limits.angry and anger - min(about.moods) >= limits.anger_rise:
        steps = " → ".join(f"{mood:.0%}" for mood in (*about.moods, anger))
        found.append(("rising_anger", steps))
    return [
        Finding(label=label, severity=labels[label].severity, confidence=1.0, detail=detail) for label, detail in found
    ]


def _reach(about: Circumstances, limits: Limits) -> str:
    if about.followers >= limits.followers:
        return f"{about.followers:,} followers"
    if about.engagement >= limits.engagement:
        return f"{about.engagement:,} reactions"
    return "verified" if about.verified and limits.verified else ""
