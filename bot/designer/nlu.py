"""Checks of the training examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bot.designer.findings import LANGUAGES, Finding, error
from bot.designer.project import Project

# With fewer, one person's way of writing decides what is understood.
FEWEST_EXAMPLES = 40


def check(project: Project) -> Iterator[Finding]:
    """Intents on both sides, enough examples in each language, no example under two intents, no entry hidden."""
    yield from _readable_patterns(project)
    yield from _hidden_entries(project)
    yield from _both_sides(project)
    yield from _enough(project)
    yield from _one_intent_each(project)


def _readable_patterns(project: Project) -> Iterator[Finding]:
    for name, pattern in project.patterns:
        try:
            re.compile(pattern)
        except re.error as problem:
            yield error("data/nlu", f"the regex {name} has a pattern that is none ({problem}): {pattern}", "correct it")
    for name, where, words in project.lookups:
        if not any(words) or not all(words):
            yield error(where, f"the lookup table {name} has an empty entry", "write the word, or take the line out")


def _hidden_entries(project: Project) -> Iterator[Finding]:
    """Rasa joins a table into one pattern in its order, and the first entry that fits ends the search."""
    for name, where, words in project.lookups:
        for number, word in enumerate(words):
            above = next((each for each in words[:number] if _begins_with(word, each)), None)
            if above:
                yield error(
                    where,
                    f"'{word}' of the lookup table {name} is never found: '{above}' stands above it and fits first",
                    f"move '{word}' above '{above}'",
                )


def _begins_with(word: str, shorter: str) -> bool:
    """Whether a longer entry begins with the whole words of a shorter one."""
    rest = word.casefold().removeprefix(shorter.casefold())
    return 0 < len(rest) < len(word) and not re.match(r"\w", rest)


def _both_sides(project: Project) -> Iterator[Finding]:
    with_examples = {example.intent.partition("/")[0]: example.where for example in reversed(project.examples)}
    for intent, where in project.intents.items():
        if intent not in with_examples:
            yield error(where, f"the intent {intent} has no examples", f"add some to data/nlu, or remove {intent} here")
    for intent, where in with_examples.items():
        if intent not in project.intents:
            yield error(where, f"domain.yml does not list the intent {intent}", "add it under intents: in domain.yml")


def _enough(project: Project) -> Iterator[Finding]:
    counts = Counter((example.intent.partition("/")[0], example.language) for example in project.examples)
    for intent, where in project.intents.items():
        for language, name in LANGUAGES.items():
            count = counts[intent, language]
            if count < FEWEST_EXAMPLES:
                yield error(
                    where,
                    f"{intent} has {count} {name} examples",
                    f"have at least {FEWEST_EXAMPLES}, from different people, in a file ending in .{language}.yml",
                )


def _one_intent_each(project: Project) -> Iterator[Finding]:
    seen: dict[str, tuple[str, str]] = {}
    for example in project.examples:
        intent, where = seen.setdefault(normalised(example.text), (example.intent, example.where))
        if intent != example.intent:
            yield error(
                example.where,
                f'"{example.text}" is an example of {example.intent} here and of {intent} at {where}',
                "keep it where most people would mean it",
            )


def normalised(text: str) -> str:
    """What two examples have in common when a reader would call them the same: case, punctuation, digits aside."""
    bare = re.sub(r"[^\w\s]|_", " ", text.casefold())
    return re.sub(r"\d", "0", " ".join(bare.split())) or text.strip()
