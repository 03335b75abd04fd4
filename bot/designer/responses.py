"""Checks of what the assistant says: the responses of domain.yml and the notices of data/notices.yml."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import regex

from bot.designer.actions import Utterance
from bot.designer.findings import DEFAULT_LANGUAGE, LANGUAGES, Finding, error, warning
from bot.designer.project import Project, Variation

# Telegram's limit for one message, the longest of the platforms: https://core.telegram.org/bots/api#sendmessage
LONGEST_TEXT = 4096
# Intents that Rasa itself understands.
BUILT_IN_INTENTS = {"restart", "session_start", "back"}
# Responses that Rasa itself says.
BUILT_IN_RESPONSES = {"utter_restart", "utter_default"}

# As Rasa reads them: the innermost braces, unless doubled.
PLACEHOLDER = regex.compile(r"(?<!\{)\{([^\n{}]+)\}(?!\})")
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\N{VARIATION SELECTOR-16}")
LINK = regex.compile(r"https?://[^\s)>\]]+[^\s)>\].,;:!?]")
_NUMBER = regex.compile(r"\d(?:[\d.,:]*\d)?")
_THOUSANDS = regex.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


def check(project: Project, utterances: Iterable[Utterance], *, voices: bool = False) -> Iterator[Finding]:
    """Everything about the responses of domain.yml. `voices`: how many emoji fit is what the channels' voices say."""
    said = list(utterances)
    yield from _exist(project, said)
    for name, (where, variations) in project.responses.items():
        yield from _languages(name, where, variations)
        for variation in variations:
            yield from _text(name, variation.text, variation.where, emoji=voices)
            yield from _placeholders(project, said, name, variation)
            for button in variation.buttons:
                yield from _payload(project, name, str(button.get("payload") or ""), variation.where)


def check_notices(project: Project) -> Iterator[Finding]:
    """Everything about the notices, which the system itself says."""
    for name, (where, texts) in project.notices.items():
        facts = {}
        for language, label in LANGUAGES.items():
            text = texts.get(language)
            if not isinstance(text, str) or not text.strip():
                yield error(where, f"the notice {name} has no {label} text", f"add {language}: to it")
                continue
            facts[language] = _facts([text])
            yield from _text(f"the notice {name}", text, where)
        yield from _same_facts(f"the notice {name}", where, facts)


def _exist(project: Project, said: list[Utterance]) -> Iterator[Finding]:
    wanted = [(action, where) for action, where in project.steps if action.startswith("utter_")]
    wanted += [(utterance.literal, utterance.where) for utterance in said if utterance.literal]
    for name, where in wanted:
        if name not in project.responses:
            yield error(where, f"domain.yml has no response {name}", "add it under responses:, in both languages")
    used = {name for name, _ in wanted} | BUILT_IN_RESPONSES
    for form, slots in project.forms.items():
        used |= {f"utter_ask_{slot}" for slot in slots} | {f"utter_ask_{form}_{slot}" for slot in slots}
    for name, (where, _) in project.responses.items():
        if name not in used and not any(u.pattern.fullmatch(name) for u in said if u.pattern.pattern != ".*"):
            yield warning(where, f"nothing says {name}", "use it in a rule, a story or an action, or remove it")


def _languages(name: str, where: str, variations: list[Variation]) -> Iterator[Finding]:
    groups: dict[tuple[str | None, frozenset[str]], list[Variation]] = defaultdict(list)
    for variation in variations:
        groups[variation.channel, variation.other].append(variation)
    if variations and not any(variation.channel is None for variation in variations):
        yield error(where, f"{name} has texts for some channels only", "add a text without channel: for the others")
    for (channel, _), group in groups.items():
        by_language = {language: [v for v in group if v.language == language] for language in LANGUAGES}
        kind = f"{name} on {channel}" if channel else name
        for language, label in LANGUAGES.items():
            if not by_language[language]:
                yield error(group[0].where, f"{kind} has no {label} text", _how_to_add(language, channel))
        facts = {language: _facts(v.text for v in found) for language, found in by_language.items() if found}
        yield from _same_facts(kind, group[0].where, facts)
        buttons = {tuple(str(b.get("payload")) for b in v.buttons) for v in group}
        if len(buttons) > 1:
            yield warning(
                group[0].where,
                f"the buttons of {kind} lead to different places",
                "give both languages the same payloads",
            )
    for variation in variations:
        if variation.language not in LANGUAGES:
            yield error(variation.where, f"{name} is in {variation.language}", f"use one of {', '.join(LANGUAGES)}")


def _how_to_add(language: str, channel: str | None) -> str:
    how = (
        "add a variation without a condition"
        if language == DEFAULT_LANGUAGE
        else f"add a variation with the condition that the slot language is {language}"
    )
    return f"{how} and with channel: {channel}" if channel else how


def _text(name: str, text: str, where: str, *, emoji: bool = False) -> Iterator[Finding]:
    if not emoji and _EMOJI.search(text):
        yield warning(where, f"{name} has an emoji", "say it in words: screen readers read every emoji out")
    if len(text) > LONGEST_TEXT:
        yield error(where, f"{name} is {len(text)} characters long", f"stay within {LONGEST_TEXT}; shorter is better")


def _placeholders(project: Project, said: list[Utterance], name: str, variation: Variation) -> Iterator[Finding]:
    by_action = [utterance for utterance in said if utterance.pattern.fullmatch(name)]
    if any(utterance.anything for utterance in by_action):
        return
    filled = project.slots.union(*(utterance.placeholders for utterance in by_action))
    in_buttons = (str(button.get(key) or "") for button in variation.buttons for key in ("title", "payload"))
    texts = [variation.text, *in_buttons]
    for placeholder in sorted(_names(texts) - filled):
        yield error(
            variation.where,
            f"nothing fills {{{placeholder}}} in {name}",
            "name a slot, or pass it in the action that says this response",
        )


def _payload(project: Project, name: str, payload: str, where: str) -> Iterator[Finding]:
    if not payload.startswith("/"):
        return
    intent, brace, rest = payload[1:].partition("{")
    if intent not in project.intents and intent not in BUILT_IN_INTENTS:
        yield error(where, f"a button of {name} leads to the unknown intent {intent}", "use an intent of domain.yml")
    if not brace:
        return
    try:
        entities = json.loads(PLACEHOLDER.sub("x", "{" + rest).replace("{{", "{").replace("}}", "}"))
    except ValueError:
        yield error(where, f"a button of {name} has unreadable entities", 'write {{"entity": "{placeholder}"}}')
        return
    for entity in sorted(set(entities) - project.entities):
        yield error(where, f"a button of {name} has the unknown entity {entity}", "use an entity of domain.yml")


def _names(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for name in PLACEHOLDER.findall(text)}


def _facts(texts: Iterable[str]) -> Mapping[str, set[str]]:
    """What must not get lost in translation: links, placeholders, and numbers whatever their separators."""
    facts: dict[str, set[str]] = {"links": set(), "placeholders": set(), "numbers": set()}
    for text in texts:
        facts["links"] |= set(LINK.findall(text))
        facts["placeholders"] |= _names([text])
        rest = regex.sub(r"\{[^}]*\}", " ", LINK.sub(" ", text))
        facts["numbers"] |= {_number(number) for number in _NUMBER.findall(rest)}
    return facts


def _number(text: str) -> str:
    if _THOUSANDS.fullmatch(text):
        return text.replace(".", "").replace(",", "")
    return text.replace(",", ".")


def _same_facts(name: str, where: str, facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    if len(facts) < len(LANGUAGES):
        return
    first, second = (facts[language] for language in LANGUAGES)
    for kind in first:
        odd = first[kind] ^ second[kind]
        if odd:
            yield error(
                where,
                f"the languages of {name} have different {kind}: {', '.join(sorted(odd))}",
                "customers get different facts; make them agree",
            )
