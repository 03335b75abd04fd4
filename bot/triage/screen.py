"""The cascade: patterns and the linear model decide what is plain; only what stays doubtful is read for its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec.structs import replace as struct_replace

from bot.core.risk import Assessment, Circumstances, Finding, Policy, Ruling, Span, decide
from bot.triage import circumstances, lists
from bot.triage.lists import RISKY, WORDS, Label, Limits
from bot.triage.model import BOUND, INDONESIAN, RISK, RISK_APART, Array, Model, Scored, heard, logit, probability
from bot.triage.normal import LONGEST, Word, words
from bot.triage.patterns import Hit, Patterns
from bot.triage.scope import around, split
from channels.errors import SettingsError
from channels.messages import Surface

NUDGE = 0.5  # logits that a pattern which is not sure, or a regulator's bare name, adds to its label and to the risk
SURE = 0.99
# Below this probability of any risk, of the message and of what stands right beside it, a pattern that is sure
# `unless_harmless` does not decide alone: "is there a class action movie on your app?". Fewer words excuse nothing.
HARMLESS = 0.1
AROUND, SHORTEST = 5, 4  # words on either side; words in all
BESIDE = 0.5  # what a second label needs beside a clear one; never more than CLEAR, or none would be left
CLEAR = 0.6  # from here on a label stands for itself
PLAINLY = 0.9  # spam that is nothing else
COMMAND = "/"  # "/start" is English for everybody, so it tells nothing
TELLING = 1.0  # logits from which the language is clear
LEAST = 0.15  # below this a label is not even the best guess
REHEARSED = ("hello, where is my order?", "halo kak, pesanan saya sampai mana?")


class Encoder(Protocol):
    """Meaning as a vector: `dimension` floats, of length one. `name`: vectors of another name mean something else."""

    name: str
    dimension: int

    def vector(self, text: str) -> Array: ...

    def vectors(self, texts: Sequence[str]) -> Array:
        """One row a text, on every core."""


class Screen:
    """Implements ports.Triage. Thread-safe: nothing changes after the start. A call takes about a millisecond, and
    an encoder's time more for a doubtful message."""

    def __init__(
        self, labels: Mapping[str, Label], policy: Policy, patterns: Patterns, limits: Limits, model: Model,
        encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        self._labels = labels
        self._policy = policy
        self._patterns = patterns
        self._limits = limits
        self._model = model
        self._encoder = encoder if model.meaning is not None else None
        self._heads = {head: number for number, head in enumerate(model.heads)}
        self._risks = [head for head in model.heads if head in labels and labels[head].severity >= RISKY]
        self._heard = [self._heads[head] for head in (*self._risks, RISK)]

    @property
    def can_ask(self) -> bool:
        """Whether there is an encoder, and a model that learned to weigh its word."""
        return self._encoder is not None

    async def warm(self) -> None:
        """Read one message of each language, and one for its meaning: an encoder's first call is the slow one."""
        about = Circumstances(channel="", surface=Surface.PRIVATE, at=datetime.now(UTC))
        for text in REHEARSED:
            self.rule(self.assess(text, about), about)
        if self._encoder is not None:
            self._encoder.vector(REHEARSED[0])

    def assess(self, text: str, about: Circumstances) -> Assessment:
        """What the message carries, the gravest first; all of it, however long."""
        parts = _pages(text)
        read = [self._assess(part, about) for _, part in parts]
        return read[0] if len(read) == 1 else _joined([start for start, _ in parts], read)

    def _assess(self, text: str, about: Circumstances) -> Assessment:
        said = words(text, self._model.linear.known.__contains__)
        scored = self._model.linear.score(said)
        parts = [self._model.linear.score(part).logits for part in split(said)]
        found = self._patterns.find(text, said, about.tagged)
        heads = self._model.hear(scored.logits, parts)
        by_words = self._nudged(heads, found, said)
        alone = self._alone(by_words)
        hits = self._overruled(found, said, alone)
        if hits != found:
            by_words = self._nudged(heads, hits, said)
            alone = self._alone(by_words)
        message, loudest = by_words[: 2 * len(scored.logits)].reshape(2, -1)
        logits = heard(message, loudest, self._heard)
        risk = probability(alone)
        sure = {hit.label for hit in hits if hit.sure}
        low, high = self._model.doubt
        doubtful = bool(said) and not sure and low < risk < high
        asked = doubtful and self._encoder is not None
        if asked and self._encoder is not None and self._model.meaning is not None:
            meaning = self._model.meaning
            by_meaning = meaning.networks.logits(self._encoder.vector(text))
            logits = meaning.mixed(logits, by_meaning)
            together = meaning.trees.logits(np.concatenate([by_words, by_meaning])[None])[0]
            risk = probability(self._at_least(float(together), by_words))
        needed = self._model.thresholds[RISK] if asked else self._model.fast
        findings = self._findings(said, hits, scored, logits, risk, needed, sure, asked=asked)
        anger = probability(logits[self._heads["anger"]]) if "anger" in self._heads and said else 0.0
        findings += circumstances.look(about, anger, self._limits, self._labels)
        findings.sort(key=lambda finding: (-finding.severity, -finding.confidence))
        return Assessment(
            findings=tuple(findings), anger=round(anger, 3), doubtful=doubtful, asked=asked,
            language=self._language(scored.logits) if _has_words(text, said) else "",
            margin=BOUND if sure else round(logit(risk) - logit(needed), 2) if said else -BOUND,
        )  # fmt: skip

    def _overruled(self, hits: Sequence[Hit], said: Sequence[Word], risk: float) -> list[Hit]:
        """A pattern that is sure `unless_harmless` is a hint where the classifier finds its place and the whole message
        (`risk`, a logit) plainly harmless: a routine question beside an alarm excuses nothing, and two or three words
        hold nothing that could."""
        if probability(risk) >= HARMLESS:
            return list(hits)
        return [
            replace(hit, sure=False) if hit.unless_harmless and self._harmless(hit, said) else hit for hit in hits
        ]  # fmt: skip

    def _harmless(self, hit: Hit, said: Sequence[Word]) -> bool:
        start, end = around(said, hit.start, hit.end, AROUND)
        if sum(any(map(str.isalpha, word.text)) for word in said[start:end]) < SHORTEST:
            return False
        beside = self._model.linear.score(said[start:end]).logits
        return probability(float(self._model.single.logits(beside[None])[0])) < HARMLESS

    def _alone(self, logits: Array) -> float:
        """The logit of a risk, by words."""
        return self._at_least(float(self._model.trees.logits(logits[None])[0]), logits)

    def _at_least(self, risk: float, by_words: Array) -> float:
        """No less than the riskiest part by itself, which is the last of what was heard."""
        return max(risk, float(by_words[-1]) - RISK_APART)

    def _language(self, logits: Array) -> str:
        """ "" when the words do not tell: a number, a name, two words that both languages have."""
        logit = float(logits[self._heads[INDONESIAN]])
        return "" if abs(logit) < TELLING else "id" if logit > 0 else "en"

    def rule(self, assessment: Assessment, about: Circumstances) -> Ruling:
        return decide(assessment.findings, about.surface, self._policy)

    def _nudged(self, by_words: Array, hits: Sequence[Hit], said: Sequence[Word]) -> Array:
        """What was heard, with the hints of patterns: in the whole, and in its loudest part."""
        nudged = by_words.copy()
        hints = [hit for hit in hits if not hit.sure and not (hit.detail and self._knows(hit, said))]
        for label in {hit.label for hit in hints}:
            for head in (label, RISK):
                if head in self._heads:
                    nudged[[self._heads[head], len(self._heads) + self._heads[head]]] += NUDGE
        return nudged

    def _knows(self, hit: Hit, said: Sequence[Word]) -> bool:
        """Whether the classifier has learned what this regulator's name is worth: then it must not count twice."""
        known = self._model.linear.known
        return all(word.text in known for word in said[hit.start : hit.end] if word.text.isalpha())

    def _findings(
        self, said: Sequence[Word], hits: Sequence[Hit], scored: Scored, logits: Array, risk: float, needed: float,
        sure: set[str], *, asked: bool,
    ) -> list[Finding]:  # fmt: skip
        likely = (1 / (1 + np.exp(-logits))).tolist()
        chances = {head: likely[number] for head, number in self._heads.items() if head in self._labels}
        found = {label: chance for label, chance in chances.items() if chance >= self._model.thresholds[label]}
        if risk < needed:
            found = {label: chance for label, chance in found.items() if label not in self._risks}
        clear = max((found[label] for label in found if label in self._risks), default=0.0)
        if sure or clear >= CLEAR:
            # Beside what is clear, a faint second label is noise, and must not lead.
            found = {label: chance for label, chance in found.items() if label not in self._risks or chance >= BESIDE}
        plainly_spam = found.get("spam", 0.0) >= PLAINLY
        named = any(label in self._risks for label in (*found, *sure))
        if said and risk >= needed and not plainly_spam and not named:
            best = max(self._risks, key=chances.__getitem__)
            found[best] = max(chances[best], LEAST)
        found |= {label: max(SURE, chances.get(label, 0.0)) for label in sure}
        return [
            Finding(
                label=label,
                severity=self._labels[label].severity,
                confidence=round(chance, 3),
                evidence=self._evidence(label, said, hits, scored, meaning=asked),
                detail=next((hit.detail for hit in hits if hit.label == label and hit.detail), ""),
            )
            for label, chance in found.items()
        ]

    def _evidence(
        self, label: str, said: Sequence[Word], hits: Sequence[Hit], scored: Scored, *, meaning: bool
    ) -> tuple[Span, ...]:
        spans = [
            Span(said[hit.start].start, said[hit.end - 1].end, f"{'regulator' if hit.detail else 'pattern'}:{hit.name}")
            for hit in sorted(hits, key=lambda hit: hit.start - hit.end)  # what says most
            if hit.label == label and hit.end > hit.start
        ]
        if label in self._heads:
            spoke = sorted(self._model.linear.speakers(scored, label))
            by = "meaning" if meaning else "words"
            spans += [Span(said[number].start, said[number].end, by) for number in spoke if number < len(said)]
        return _apart(spans)


def _pages(text: str) -> list[tuple[int, str]]:
    """What can be read at once, each with where it begins; ends are put between words where there are any."""
    pages: list[tuple[int, str]] = []
    start = 0
    while len(text) - start > LONGEST:
        end = max(text.rfind(blank, start, start + LONGEST) for blank in " \n") + 1 or start + LONGEST
        pages.append((start, text[start:end]))
        start = end
    return [*pages, (start, text[start:])]


def _joined(starts: Sequence[int], read: Sequence[Assessment]) -> Assessment:
    """What the pages of one message carry together: of each label the surest finding, and the loudest of the rest."""
    best: dict[str, Finding] = {}
    for start, page in zip(starts, read, strict=True):
        for finding in page.findings:
            if finding.label not in best or finding.confidence > best[finding.label].confidence:
                evidence = tuple(Span(span.start + start, span.end + start, span.by) for span in finding.evidence)
                best[finding.label] = struct_replace(finding, evidence=evidence)
    return Assessment(
        findings=tuple(sorted(best.values(), key=lambda finding: (-finding.severity, -finding.confidence))),
        anger=max(page.anger for page in read),
        language=next((page.language for page in read if page.language), ""),
        doubtful=any(page.doubtful for page in read),
        asked=any(page.asked for page in read),
        margin=max(page.margin for page in read),
    )


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Without those that lie in an earlier one; neighbouring words as one."""
    kept: list[Span] = []
    for span in spans:
        if any(span.start < other.end and other.start < span.end for other in kept):
            continue
        last = kept[-1] if kept else None
        if last and last.by == span.by and last.end <= span.start <= last.end + 1:
            kept[-1] = Span(last.start, span.end, span.by)
        else:
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: span.start))


def build(folder: Path, labels: Mapping[str, Label], policy: Policy, model: Model, encoder: Encoder | None) -> Screen:
    """A screen from data/triage and a trained model. Raises SettingsError."""
    words_labels = {name for name, label in labels.items() if label.from_ == WORDS}
    missing = sorted(words_labels - set(model.heads))
    if missing:
        raise SettingsError("data/triage/training", f"the model knows no {missing[0]}", "Run `sigap train`")
    patterns = Patterns(lists.read_patterns(folder, labels), lists.read_regulators(folder))
    return Screen(labels, policy, patterns, lists.read_limits(folder), model, encoder)


def _has_words(text: str, said: Sequence[Word]) -> bool:
    """Whether there is anything that could tell a language: no command, and more than references, numbers and "ok"."""
    return not text.startswith(COMMAND) and any(len(word.text) > 2 and word.text.isalpha() for word in said)
