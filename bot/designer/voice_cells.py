"""One response on one channel in one language, with everything that there is to tell about it: what `sigap voice`
prints and what stands on the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.designer.findings import LANGUAGES
from bot.designer.voice_book import Book
from bot.designer.voice_checks import Remark, remarks_on
from bot.designer.voice_shown import Shown, show, surfaces_for, surfaces_of, variations_for

NOT_SAID = "Not said here: not in public_responses, so a drafted invitation into a private channel takes its place."


@dataclass(frozen=True, slots=True)
class Cell:
    """`notes` are for people: what is unusual about it, though no finding."""

    response: str
    channel: str
    language: str
    shown: tuple[Shown, ...]
    notes: tuple[str, ...]
    said: bool
    remarks: tuple[Remark, ...]

    def plain(self) -> Mapping[str, Any]:
        """As JSON has it."""
        return {
            "response": self.response,
            "channel": self.channel,
            "language": self.language,
            "said": self.said,
            "notes": self.notes,
            "shown": [_plain(shown) for shown in self.shown],
            "findings": [{"severity": remark.severity, "problems": remark.problems} for remark in self.remarks],
        }


def cell(book: Book, response: str, channel: str, language: str) -> Cell:
    """Raises KeyError when domain.yml has no such response."""
    _, variations = book.project.responses[response]
    surfaces = surfaces_for(channel, public=book.is_public(response))
    notes = [] if surfaces else [NOT_SAID]
    found = variations_for(variations, channel, language)
    if language not in book.speaks(channel):
        notes.append(f"This voice does not speak {LANGUAGES[language]}.")
    elif not any(variation.language == language for variation in found):
        notes.append(f"There is no {LANGUAGES[language]} text.")
    if len(found) > 1:
        notes.append(f"One of {len(found)} texts, by its conditions or by chance.")
    return Cell(
        response=response,
        channel=channel,
        language=language,
        shown=tuple(
            show(variation, channel, language, surface, book.samples, book.disclosure[language])
            for variation in found
            for surface in surfaces or surfaces_of(channel)
        ),
        notes=tuple(notes),
        said=bool(surfaces),
        remarks=tuple(remarks_on(book, response, channel, language)) if language in book.speaks(channel) else (),
    )


def _plain(shown: Shown) -> Mapping[str, Any]:
    return {
        "surface": shown.surface.value,
        "own": shown.variation.channel is not None,
        "where": shown.variation.where,
        "parts": [
            {"text": part.text, "length": part.length, "choices": part.choices, "as": part.kind} for part in shown.parts
        ],
        "length": shown.length,
        "with_disclosure": shown.first,
        "limit": shown.limit,
        "unit": shown.unit,
    }
