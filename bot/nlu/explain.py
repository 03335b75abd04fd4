"""Why the classifier took a message for what it took it: for designers who wonder what to write next."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from scipy.sparse import csr_matrix, hstack

from bot.arrays import Unreadable
from bot.nlu import model
from bot.nlu.features import clean, pieces, words
from bot.nlu.model import IntentModel
from bot.nlu.vectors import StaticVectors

INTENTS_SHOWN = 5
NEIGHBOURS = 5

_WORD = re.compile(r"\S+")


class Speaker(msgspec.Struct, frozen=True):
    """A word, and by how much the intent's margin is higher for its being there (negative: it spoke against)."""

    word: str
    weight: float


class Neighbour(msgspec.Struct, frozen=True):
    """A training example, and its likeness: the cosine of its features with the message's."""

    text: str
    intent: str
    likeness: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`clear` below `threshold`: the assistant would ask back instead of answering."""

    text: str
    ranking: tuple[tuple[str, float], ...]
    clear: float
    threshold: float
    speakers: tuple[Speaker, ...]
    patterns: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]

    @property
    def understood(self) -> bool:
        return self.clear >= self.threshold and self.ranking[0][0] != model.OUT_OF_SCOPE


def read_model(archive: Path) -> IntentModel:
    """The classifier out of a trained assistant. Raises Unreadable."""
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.name.endswith("/" + model.FILE) and (file := opened.extractfile(member)):
                    return model.load(io.BytesIO(file.read()))
    except (OSError, tarfile.TarError, EOFError) as error:
        raise Unreadable(archive.name) from error
    raise Unreadable(archive.name)


def explain(text: str, known: IntentModel, static: StaticVectors, examples: Sequence[tuple[str, str]]) -> Explanation:
    """`examples`: (text, intent) of the training data. By the fast part alone: the encoder's word has no words."""
    chances, clear = known.weighed(text, static, None)
    order = chances.argsort()[::-1]
    shaped = clean(text)
    return Explanation(
        text=text,
        ranking=tuple((known.intents[number], round(float(chances[number]), 4)) for number in order[:INTENTS_SHOWN]),
        clear=round(clear, 4),
        threshold=round(known.threshold, 4),
        speakers=_speakers(text, int(order[0]), known, static),
        patterns=tuple(dict.fromkeys(name for name, pattern in known.patterns if pattern.search(shaped))),
        neighbours=_nearest(text, known, static, examples),
    )


def _speakers(text: str, intent: int, known: IntentModel, static: StaticVectors) -> tuple[Speaker, ...]:
    """What the margin loses without each word, all its features together."""
    margin = float(known.margins(text, static)[intent])
    found = []
    for word in _WORD.finditer(text):
        without = f"{text[: word.start()]} {text[word.end() :]}"
        lost = margin - float(known.margins(without, static)[intent])
        found.append(Speaker(word.group(), round(lost, 3)))
    return tuple(found)


def _nearest(
    text: str, known: IntentModel, static: StaticVectors, examples: Sequence[tuple[str, str]]
) -> tuple[Neighbour, ...]:
    if not examples:
        return ()
    rows = _rows([text, *(example for example, _ in examples)], known, static)
    likeness = np.asarray((rows[1:] @ rows[0].T).todense()).ravel()
    return tuple(
        Neighbour(examples[number][0], examples[number][1], round(float(likeness[number]), 3))
        for number in likeness.argsort()[::-1][:NEIGHBOURS]
    )


def _rows(texts: Sequence[str], known: IntentModel, static: StaticVectors) -> csr_matrix:
    """One row a text, of length one."""
    shaped = [clean(text) for text in texts]
    parts = []
    for block, features in (
        (known.word_block, [words(text, known.patterns) for text in shaped]),
        (known.piece_block, [pieces(text) for text in shaped]),
    ):
        found = [block.rows(each) for each in features]
        starts = np.cumsum([0, *(len(rows) for rows, _ in found)])
        parts.append(
            csr_matrix(
                (np.concatenate([values for _, values in found]), np.concatenate([rows for rows, _ in found]), starts),
                shape=(len(texts), len(block.index)),
            )
        )
    parts.append(csr_matrix(known.static * np.stack([static.of(text) for text in shaped])))
    stacked = hstack(parts).tocsr()
    length = np.sqrt(stacked.multiply(stacked).sum(axis=1)).A1
    return csr_matrix(stacked.multiply((1 / np.maximum(length, 1e-9))[:, None]))
