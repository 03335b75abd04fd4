"""Fit a text to a platform's limit: pure functions, no platform inside.

How length is counted differs from platform to platform, so every function takes the `measure` that a channel
declares in its capabilities. Nothing is ever dropped except the white space at a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from channels.messages import Button

Measure = Callable[[str], int]

# The largest thing that cannot be divided is one code point: four bytes of UTF-8, two UTF-16 code units.
SMALLEST_LIMIT = 4

_CLUSTERS = regex.compile(r"\X")
_PARAGRAPH = regex.compile(r"\n[^\S\n]*\n\s*")
# A full stop ends a sentence only before white space; the ideographic ones need none after them.
_SENTENCE = regex.compile(r"(?:[.!?…]+[\"'”’»)\]]*\s+|[。！？]+[”’」』）]*\s*|\n+)")
# A paragraph or a sentence is worth ending at only when the part is not left mostly empty by it.
_WORTHWHILE = 0.5


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts: https://core.telegram.org/bots/api#messageentity"""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int, measure: Measure = len) -> list[str]:
    """Divide `text` into parts of at most `limit` by `measure`, in order; [] when it is only white space.

    Cuts at the end of a paragraph, else of a sentence, else of a word. A grapheme cluster, a URL or a word is
    cut only when it does not fit into a part of its own. Raises ValueError when `limit` is below four.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a limit of {limit} cannot hold every single character")
    if not text.strip():
        return []
    if measure(text) <= limit:
        return [text]
    atoms = _atoms(text, limit, measure)
    parts: list[str] = []
    start = _skip_space(atoms, 0)
    while start < len(atoms):
        fitting = _largest_fit(atoms, start, limit, measure)
        end = len(atoms) if fitting == len(atoms) else _best_cut(atoms, start, fitting)
        last = end
        while last > start and atoms[last - 1].isspace():
            last -= 1
        parts.append("".join(atoms[start:last]))
        start = _skip_space(atoms, end)
    return parts


def numbered(text: str, buttons: Sequence[Button], first: int = 1) -> str:
    """The text followed by the choices as numbered lines, for where buttons cannot be shown."""
    lines = [
        f"{number}. {button.title or button.key}" + (f": {button.url}" if button.url else "")
        for number, button in enumerate(buttons, start=first)
    ]
    return "\n\n".join(block for block in (text.rstrip(), "\n".join(lines)) if block)


def _atoms(text: str, limit: int, measure: Measure) -> list[str]:
    """What a cut may not divide: grapheme clusters, and runs of printable ASCII (words, URLs, @names).

    Where words are separated by spaces, those decide and the runs change nothing. In text without spaces
    (Chinese, Japanese, Thai) the runs keep a link or a Latin word whole.
    """
    atoms: list[str] = []
    run: list[str] = []

    def close_run() -> None:
        whole = "".join(run)
        if measure(whole) <= limit:
            atoms.append(whole)
        else:
            atoms.extend(run)
        run.clear()

    for cluster in _CLUSTERS.findall(text):
        if len(cluster) == 1 and "!" <= cluster <= "~":
            run.append(cluster)
            continue
        if run:
            close_run()
        if measure(cluster) <= limit:
            atoms.append(cluster)
        else:
            atoms.extend(cluster)
    if run:
        close_run()
    return atoms


def _skip_space(atoms: Sequence[str], start: int) -> int:
    while start < len(atoms) and atoms[start].isspace():
        start += 1
    return start


def _largest_fit(atoms: Sequence[str], start: int, limit: int, measure: Measure) -> int:
    """The largest end so that atoms[start:end] fits. Gallops: a long rest is never measured as a whole."""
    low, step = start + 1, 1
    while low + step <= len(atoms) and measure("".join(atoms[start : low + step])) <= limit:
        low += step
        step *= 2
    high = min(low + step, len(atoms) + 1)  # the first end known (or assumed) not to fit
    while high - low > 1:
        middle = (low + high) // 2
        if measure("".join(atoms[start:middle])) <= limit:
            low = middle
        else:
            high = middle
    return low


def _best_cut(atoms: Sequence[str], start: int, fitting: int) -> int:
    """The atom index at which to end a part that may reach to `fitting`; more text follows."""
    # White space right behind the part is dropped at the cut, and shows that a word ends there.
    reach = _skip_space(atoms, fitting)
    offsets = {0: start}
    length = 0
    for index in range(start, reach):
        length += len(atoms[index])
        offsets[length] = index + 1
    window = "".join(atoms[start:reach])
    for pattern in (_PARAGRAPH, _SENTENCE):
        ends = [match.end() for match in pattern.finditer(window) if match.end() in offsets]
        if ends and ends[-1] >= length * _WORTHWHILE:
            return offsets[ends[-1]]
    for index in range(reach, start, -1):
        if atoms[index - 1].isspace():
            return index
    return fitting
