"""The sheet: every response on every channel in every language, as one page that needs nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.designer.findings import LANGUAGES, Finding
from bot.designer.voice import Voice, channel_title
from bot.designer.voice_book import Book
from bot.designer.voice_cells import Cell, cell
from bot.designer.voice_shown import surfaces_of

_TEMPLATES = Path(__file__).parent / "templates"


def sheet(book: Book, findings: Sequence[Finding]) -> str:
    """The page as HTML. `findings` are the lint's; those about a response's lines stand beside it."""
    pages = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    channels = [_channel(book, name) for name in book.voices]
    spoken = {
        remark.finding() for one in channels for row in one["rows"] for each in row["cells"] for remark in each.remarks
    }
    return pages.get_template("voice_sheet.html").render(
        channels=channels,
        languages=LANGUAGES,
        others=_by_response(book, [finding for finding in findings if finding not in spoken]),
        responses=len(book.project.responses),
    )


def summary(voice: Voice) -> Iterator[str]:
    """A voice in a few words each, for people."""
    yield voice.formality
    for language in LANGUAGES:
        if language in voice.languages:
            yield f"{LANGUAGES[language]}: “{voice.speech(language).address}”"
    yield f"contractions {voice.contractions}"
    yield f"emoji: {voice.emoji or 'none'}"
    yield f"sentences up to {voice.sentence_words} words"
    yield f"says {voice.person}"


def lengths(voice: Voice, channel: str) -> str:
    """The longest messages that it likes, like "320 private, 280 public"."""
    each = {str(surface): voice.longest(surface) for surface in surfaces_of(channel)}
    if len(set(each.values())) == 1:
        return str(next(iter(each.values())))
    return ", ".join(f"{most} {surface}" for surface, most in each.items())


def _channel(book: Book, name: str) -> Mapping[str, Any]:
    rows = [
        _row([cell(book, response, name, language) for language in LANGUAGES]) for response in book.project.responses
    ]
    return {
        "name": name,
        "title": channel_title(name),
        "voice": [*summary(book.voices[name]), f"up to {lengths(book.voices[name], name)} characters"],
        "rows": rows,
        "findings": sum(len(each.remarks) for row in rows for each in row["cells"]),
    }


def _row(cells: Sequence[Cell]) -> Mapping[str, Any]:
    return {"response": cells[0].response, "cells": cells, "remarked": any(each.remarks for each in cells)}


def _by_response(book: Book, findings: Sequence[Finding]) -> Mapping[str, Sequence[Finding]]:
    """The findings that are about the lines of a response, under its name."""
    lines: dict[str, str] = {}
    for name, (where, variations) in book.project.responses.items():
        lines |= {where: name} | {variation.where: name for variation in variations}
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.where in lines:
            found[lines[finding.where]].append(finding)
    return dict(found)
