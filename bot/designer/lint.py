"""The data lint: finds what would go wrong for a customer, before training. Only reads files; needs no Rasa."""

from __future__ import annotations

from pathlib import Path

from bot.designer import actions, nlu, responses, voice_checks
from bot.designer.findings import Finding, error
from bot.designer.project import read
from bot.designer.voice_book import has_voices

__all__ = ["Finding", "lint"]


def lint(project: Path) -> list[Finding]:
    """Check the Rasa project in a folder. Errors come first; an empty list means that all is well."""
    content = read(project)
    findings = list(content.findings)
    if not findings:  # half a project would only raise follow-up findings
        try:
            utterances = actions.utterances(project)
        except SyntaxError as problem:
            return [error(f"{problem.filename}:{problem.lineno}", f"this is not Python: {problem.msg}", "correct it")]
        findings += nlu.check(content)
        findings += responses.check(content, utterances, voices=has_voices(project))
        findings += responses.check_notices(content)
        findings += voice_checks.check(project, content)
    return sorted(findings, key=lambda finding: finding.severity)
