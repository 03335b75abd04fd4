"""Checks each response as each channel will show it, against the channel's voice and the platform's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.core.house import personal_in
from bot.designer.findings import LANGUAGES, Finding, error, warning
from bot.designer.project import Project, Variation
from bot.designer.responses import LINK, PLACEHOLDER
from bot.designer.voice import channel_title
from bot.designer.voice_book import Book, has_voices, read_book
from bot.designer.voice_samples import WHERE
from bot.designer.voice_shown import Shown, filled, show, surfaces_for, surfaces_of, titles_of, variations_for
from bot.designer.voice_words import long_sentence, opening_and_closing, style
from channels.messages import Surface
from channels.registry import CHANNELS


@dataclass(frozen=True, slots=True)
class Remark:
    """What is wrong with one response on one channel in one language. `own`: the text is the channel's own."""

    response: str
    channel: str
    language: str
    severity: Literal["error", "warning"]
    problems: tuple[str, ...]
    own: bool
    where: str

    def finding(self) -> Finding:
        """The same for the lint."""
        title = channel_title(self.channel)
        how = f"does not fit the {title} voice" if self.own else f"has no {title} variation that fits"
        message = f"{self.response} {how} ({LANGUAGES[self.language]}): {', '.join(self.problems)}"
        fix = (
            f"change this text, or the voice in data/voice/{self.channel}.yml"
            if self.own
            else f"add variations with channel: {self.channel} in both languages, or change this text for every channel"
        )
        return (error if self.severity == "error" else warning)(self.where, message, fix)


def check(folder: Path, project: Project) -> Iterator[Finding]:
    """Everything about voices; nothing in a project that has none."""
    if not has_voices(folder):
        return
    book, errors = read_book(folder, project)
    for problem in errors:
        yield error(problem.key, problem.problem, problem.fix[:1].lower() + problem.fix[1:])
    if errors:  # half a book would only raise follow-up findings
        return
    for name, (_, variations) in project.responses.items():
        for variation in variations:
            yield from _placeholders(book, name, variation)
            yield from _personal(book, name, variation)
    yield from (remark.finding() for remark in remarks(book))


def remarks(book: Book) -> Iterator[Remark]:
    """On every response, channel and language, in the order of domain.yml."""
    for name in book.project.responses:
        for channel in book.voices:
            for language in book.speaks(channel):
                yield from remarks_on(book, name, channel, language)


def remarks_on(book: Book, response: str, channel: str, language: str) -> Iterator[Remark]:
    """At most one of each severity for each variation that Rasa may say there."""
    _, variations = book.project.responses[response]
    surfaces = surfaces_for(channel, public=book.is_public(response))
    if not surfaces:
        return
    strict: Literal["error", "warning"] = "error" if book.voices[channel].strict else "warning"
    for variation in variations_for(variations, channel, language):
        if variation.language != language or not variation.text.strip():
            continue  # a text that is missing in a language is told by bot/designer/responses.py
        disclosure = book.disclosure[language]
        shown = [show(variation, channel, language, surface, book.samples, disclosure) for surface in surfaces]
        found: dict[Literal["error", "warning"], list[str]] = {"error": list(_divided(shown)), "warning": []}
        found[strict] += [
            *_words(book, variation, channel, language),
            *_lengths(book, channel, shown),
            *_choices(book, variation, channel, language, shown),
        ]
        for severity, problems in found.items():
            if problems:
                own = variation.channel == channel
                yield Remark(response, channel, language, severity, tuple(problems), own, variation.where)


def _words(book: Book, variation: Variation, channel: str, language: str) -> Iterator[str]:
    voice = book.voices[channel]
    yield from style(variation.text, titles_of(variation), voice, language)
    yield from opening_and_closing(variation.text, voice, language, book.voices.values())
    text, _ = filled(variation, book.samples, language)
    yield from long_sentence(text, voice.sentence_words)


def _lengths(book: Book, channel: str, shown: Sequence[Shown]) -> Iterator[str]:
    """Longer than the voice likes; and what a public post has no room for, or should not have."""
    voice = book.voices[channel]
    for each in shown:
        most = voice.longest(each.surface)
        if each.surface is Surface.PUBLIC and each.first > each.limit:
            # Not an error: bot/core/placing.py then answers in private, or with an invitation to it.
            yield (
                f"{each.first:,} {each.unit} with the disclosure do not fit into one public post ({each.limit:,}), "
                "so that it is not said in public"
            )
        elif each.surface is Surface.PUBLIC and each.length > most:
            yield f"{each.length:,} {each.unit} in public (the voice likes at most {most:,})"
        elif each.surface is Surface.PRIVATE and each.characters > most:
            yield f"{each.characters:,} characters in private (the voice likes at most {most:,})"
        if each.surface is Surface.PUBLIC and not voice.links_in_public and LINK.search(each.variation.text):
            yield "a link in a public post"


def _choices(
    book: Book, variation: Variation, channel: str, language: str, shown: Sequence[Shown]
) -> Iterator[str]:  # fmt: skip
    """Buttons that the platform has, but not for these: channels write all of them out, so that none is cut."""
    can = surfaces_of(channel).get(Surface.PRIVATE)
    _, titles = filled(variation, book.samples, language)
    private = [part for each in shown if each.surface is Surface.PRIVATE for part in each.parts]
    if can is None or not can.buttons or not titles or any(part.choices for part in private):
        return
    long = [title for title in titles if len(title) > can.button_title_limit]
    if long:
        named = " and ".join(f'"{title}"' for title in long)
        yield f"no buttons, but numbered lines: {named} would be cut after {can.button_title_limit} characters"
    else:
        yield f"no buttons, but numbered lines (at most {can.buttons}, each with another title)"


def _divided(shown: Sequence[Shown]) -> Iterator[str]:
    for each in shown:
        if each.surface is Surface.PRIVATE and len(each.parts) > 1:
            yield f"{each.length:,} {each.unit} become {len(each.parts)} private messages (one holds {each.limit:,})"


def _placeholders(book: Book, name: str, variation: Variation) -> Iterator[Finding]:
    for placeholder in book.samples.missing([variation.text, *titles_of(variation)]):
        message = f"{name} has {{{placeholder}}}, whose longest value is not known"
        yield error(variation.where, message, f"add {placeholder}: with a realistic long value to {WHERE}")


def _personal(book: Book, name: str, variation: Variation) -> Iterator[Finding]:
    """What a public response must not have, as bot/core/placing.py would find it: it would never be said in public."""
    channels = [variation.channel] if variation.channel in CHANNELS else list(CHANNELS)
    if not book.is_public(name) or not any(Surface.PUBLIC in surfaces_of(str(channel)) for channel in channels):
        return
    text, titles = filled(variation, book.samples, variation.language)
    slots = sorted(set(PLACEHOLDER.findall("\n".join([variation.text, *titles_of(variation)]))))
    personal = [f"{{{slot}}}" for slot in slots if slot in book.house.personal_slots]
    personal += personal_in("\n".join([text, *titles]), {}, book.house)
    if personal:
        yield error(
            variation.where,
            f"{name} may be said in public and holds something personal: {', '.join(personal)}",
            "take it out, or take the response out of public_responses in data/policy.yml; what the brand publishes "
            "itself belongs under published there",
        )
