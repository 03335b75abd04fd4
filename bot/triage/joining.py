"""Two messages in one: what teaches the trees how loud an alarm beside a routine question has to be. Hardly anything
that people wrote for training is of this kind, and classifiers that learn from joined messages take length for risk; so
only the trees, which weigh what the classifiers say of a whole and of its parts, learn from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bot.triage.examples import Example

LONGEST, SHORT = 200, 100  # characters of the one, and of the other, which may be the alarm
BETWEEN = (" ", ", ", ". ", "\n")


def join(
    examples: Sequence[Example], risk: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64], many: int
) -> list[Example]:
    """So many of the examples of these rows: every other one a harmless message with a short risk, in either order; the
    rest of two harmless ones."""
    random = np.random.default_rng(7)
    first = [row for row in rows if not risk[row] and len(examples[row].text) <= LONGEST]
    joined: list[Example] = []
    languages = sorted({examples[row].language for row in rows})
    for language in languages:
        spoken = [row for row in first if examples[row].language == language]
        short = [row for row in rows if examples[row].language == language and len(examples[row].text) <= SHORT]
        seconds = [row for row in short if not risk[row]], [row for row in short if risk[row]]
        if not spoken or not all(seconds):
            continue
        for number in range(many // len(languages)):
            pair = [examples[random.choice(spoken)], examples[random.choice(seconds[number % 2])]]
            if random.random() < 0.5:
                pair.reverse()
            text = random.choice(BETWEEN).join(one.text for one in pair)
            joined.append(Example(text, pair[0].labels | pair[1].labels, language, "joined"))
    return joined
