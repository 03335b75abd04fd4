"""What a triage finds in a customer's message, and what the brand's policy makes of it.

Pure types and one pure decision. The finding is done in `bot/triage`; the policy's text is data/triage/policy.yml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from channels.messages import Surface


class Bot(StrEnum):
    """What a program may do with a message, the freest first."""

    ANSWER = "answer"
    ACKNOWLEDGE = "acknowledge"  # say the approved sentence and nothing else; a person answers
    SILENT = "silent"


class Span(msgspec.Struct, frozen=True):
    """Characters of the customer's text that speak for a finding. `by`: pattern:NAME | regulator:NAME | words |
    meaning."""

    start: int
    end: int
    by: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A label that a message carries. `severity` 1 (note it) to 5 (life or a fortune); `confidence` 0 to 1.

    `detail` names what was found, where that has a name (a regulator, a number of followers)."""

    label: str
    severity: int
    confidence: float
    evidence: tuple[Span, ...] = ()
    detail: str = ""


class Assessment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that was found in one message, the gravest first. `anger`: how angry it sounds, 0 to 1.

    `language`: en or id where the words tell. `doubtful`: the fast part could not decide alone; `asked`: the sentence
    encoder helped. `margin`: by how much any risk at all is likelier than it needs to be (logits; negative: less)."""

    findings: tuple[Finding, ...] = ()
    anger: float = 0.0
    language: str = ""
    doubtful: bool = False
    asked: bool = False
    margin: float = 0.0

    def has(self, label: str) -> bool:
        return any(finding.label == label for finding in self.findings)


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a message besides its words.

    `moods`: the anger of the customer's messages before this one, oldest first. `contacts`: when earlier cases of
    theirs began. `engagement`: likes, replies and shares of what they wrote, as far as the platform told.
    """

    channel: str
    surface: Surface
    at: datetime
    tagged: tuple[str, ...] = ()
    followers: int = 0
    verified: bool = False
    engagement: int = 0
    moods: tuple[float, ...] = ()
    contacts: tuple[datetime, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the policy says about one label on one surface. `answer_within`: minutes until a person should have
    answered, 0 for the desk's usual time. `handoff` false: nobody needs to look (spam)."""

    bot: Bot
    wording: str = ""
    handoff: bool = True
    skills: tuple[str, ...] = ()
    priority: int = 1
    approval: bool = False
    answer_within: int = 0


class Ruling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What follows from an assessment. `label` is the finding that led to it, "" when the assistant may answer."""

    bot: Bot = Bot.ANSWER
    label: str = ""
    wording: str = ""
    handoff: bool = False
    skills: tuple[str, ...] = ()
    priority: int = 0
    approval: bool = False
    answer_within: int = 0


Policy = Mapping[str, Mapping[Surface, Rule]]


def decide(findings: Iterable[Finding], surface: Surface, policy: Policy) -> Ruling:
    """The strictest that any of the findings asks for.

    The rule with the highest priority leads (its wording is said); skills add up; the shortest deadline counts. What
    only wants silence without a person (spam) yields to anything that wants one.
    """
    rules = [(finding, policy[finding.label][surface]) for finding in findings]
    strict = [(finding, rule) for finding, rule in rules if rule.bot is not Bot.ANSWER]
    handed = [(finding, rule) for finding, rule in strict if rule.handoff]
    acting = handed or strict
    priority = max((rule.priority for _, rule in rules), default=0)
    approval = any(rule.approval for _, rule in rules)
    if not acting:
        return Ruling(priority=priority, approval=approval)
    leading, rule = max(acting, key=lambda pair: (pair[1].priority, pair[0].severity, pair[0].confidence))
    skills = tuple(dict.fromkeys(skill for _, found in acting for skill in found.skills))
    deadlines = [found.answer_within for _, found in acting if found.answer_within]
    silent = any(found.bot is Bot.SILENT for _, found in acting)
    return Ruling(
        bot=Bot.SILENT if silent else Bot.ACKNOWLEDGE,
        label=leading.label,
        wording="" if silent else rule.wording,
        handoff=rule.handoff,
        skills=skills,
        priority=priority,
        approval=approval,
        answer_within=min(deadlines, default=0),
    )


class Risk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the messages of a case's present episode have shown so far; each label once, with its best evidence.

    `acknowledged`: wordings that were said already, so that nobody reads the same sentence twice.
    """

    findings: tuple[Finding, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int = 0
    approval: bool = False
    acknowledged: tuple[str, ...] = ()

    def adding(self, assessment: Assessment, ruling: Ruling) -> Risk:
        best = {finding.label: finding for finding in self.findings}
        for finding in assessment.findings:
            known = best.get(finding.label)
            if known is None or (finding.severity, finding.confidence) > (known.severity, known.confidence):
                # Where it stands in the text belongs to the message's own event.
                best[finding.label] = msgspec.structs.replace(finding, evidence=())
        return Risk(
            findings=tuple(sorted(best.values(), key=lambda each: (-each.severity, -each.confidence))),
            skills=tuple(dict.fromkeys((*self.skills, *ruling.skills))),
            priority=max(self.priority, ruling.priority),
            approval=self.approval or ruling.approval,
            acknowledged=self.acknowledged,
        )
