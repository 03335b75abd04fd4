"""A response as a customer of a channel will see it: the variation that Rasa takes, filled with the longest values,
through the channel's own rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec.structs import replace

from bot.designer.findings import DEFAULT_LANGUAGE
from bot.designer.project import Variation
from bot.designer.voice_samples import Samples
from channels import fit
from channels.base import Channel, words_of
from channels.capabilities import Capabilities
from channels.describe import bare
from channels.errors import Rejected
from channels.messages import ApiCall, Button, Customer, OutboundMessage, Surface
from channels.registry import channel_class

# Somebody to write to, and a message to answer, as the platforms name them: the first that a channel accepts is taken.
_ADDRESSES = ("1", "urn:li:activity:1")
# Where the platforms' calls keep choices, and how a customer sees them.
_CHOICES: Mapping[str, str] = {
    "quick_replies": "quick replies",
    "inline_keyboard": "keyboard",
    "rows": "list",
    "buttons": "buttons",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One message on the platform. `length` by the platform's counting; `choices` are shown as `kind`, "" for none."""

    text: str
    length: int
    choices: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One variation on one surface. `length` is the whole text's before it is divided, `first` with the disclosure that
    begins the first automatic message; both by the platform's counting, as is `limit`. `characters`: for people."""

    surface: Surface
    variation: Variation
    parts: tuple[Part, ...]
    characters: int
    length: int
    first: int
    limit: int
    unit: str


def variations_for(variations: Sequence[Variation], channel: str, language: str) -> list[Variation]:
    """Those that Rasa may say there: it prefers the channel's own, whatever the language, and then those with a
    condition that holds. https://rasa.com/docs/rasa/responses#conditional-response-variations
    """
    found: list[Variation] = []
    for own in (channel, None):
        pool = [variation for variation in variations if variation.channel == own]
        fitting = [v for v in pool if v.language == language and (v.other or language != DEFAULT_LANGUAGE)]
        default = [v for v in pool if v.language == DEFAULT_LANGUAGE and not v.other]
        found += fitting
        if any(not variation.other for variation in fitting):
            return found
        found += default
        if default:
            return found
    return found


def surfaces_of(channel: str) -> Mapping[Surface, Capabilities]:
    """What the channel can do with nothing but default settings, by surface."""
    one = _channel(channel)
    return {surface: one.can(surface) for surface in one.surfaces}


def surfaces_for(channel: str, *, public: bool) -> list[Surface]:
    """Where a response is said there. Only what is listed as public is ever said in public, even as a draft."""
    return [surface for surface in surfaces_of(channel) if public or surface is Surface.PRIVATE]


def show(
    variation: Variation, channel: str, language: str, surface: Surface, samples: Samples, disclosure: str = ""
) -> Shown:
    """What the customer sees on one surface. `disclosure` begins the first automatic message."""
    text, titles = filled(variation, samples, language)
    buttons = tuple(Button(key=str(number), title=title) for number, title in enumerate(titles))
    if surface is Surface.PUBLIC:  # as bot/core/placing.py writes it: one text, choices in lines
        text, buttons = fit.numbered(text, buttons) if buttons else text, ()
    can = _channel(channel).can(surface)
    parts = tuple(_part(call, can) for call in _rendered(channel, surface, text, buttons))
    return Shown(
        surface=surface,
        variation=variation,
        parts=parts,
        characters=len(text),
        length=can.measure(text),
        first=can.measure(f"{disclosure} {text}" if disclosure else text),
        limit=can.text_limit,
        unit=can.unit,
    )


def filled(variation: Variation, samples: Samples, language: str) -> tuple[str, list[str]]:
    """Text and buttons' titles with the longest values."""
    titles = [samples.fill(title, language) for title in titles_of(variation)]
    return samples.fill(variation.text, language), titles


def titles_of(variation: Variation) -> list[str]:
    """The buttons' titles, with their placeholders."""
    return [str(button.get("title") or "") for button in variation.buttons]


@cache
def _channel(name: str) -> Channel[Any]:
    return bare(channel_class(name))


def _rendered(channel: str, surface: Surface, text: str, buttons: tuple[Button, ...]) -> Sequence[ApiCall]:
    message = OutboundMessage(
        message_id="sample", channel=channel, thread_id="1", customer=Customer(external_id="1"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC), text=text, buttons=buttons, surface=surface, to="1",
    )  # fmt: skip
    for address in _ADDRESSES[:-1]:
        try:
            return _channel(channel).render(replace(message, reply_to=address))
        except Rejected:
            continue
    return _channel(channel).render(replace(message, reply_to=_ADDRESSES[-1]))


def _part(call: ApiCall, can: Capabilities) -> Part:
    text, found = words_of(call), list(_choices(call.json))
    return Part(
        text=text,
        length=can.measure(text),
        choices=tuple(title for _, title in found),
        kind=found[0][0] if found else "",
    )


def _choices(value: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        title = value.get("title") or value.get("text")
        if kind and isinstance(title, str):
            yield kind, title
            return
        for key, inside in value.items():
            # Below what holds choices, anything with a title is one; a label of the whole is not in a list.
            yield from _choices(inside, _CHOICES.get(key, kind) if isinstance(inside, list | Mapping) else "")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inside in value:
            yield from _choices(inside, kind)
