"""What the custom actions say, read from their source without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The arguments of rasa_sdk's utter_message that are not placeholders.
_NOT_PLACEHOLDERS = {"text", "image", "json_message", "template", "response", "attachment", "buttons", "elements"}


@dataclass(frozen=True, slots=True)
class Utterance:
    """A response that an action names: literally, or by an f-string, which may stand for several."""

    pattern: re.Pattern[str]
    literal: str | None
    placeholders: frozenset[str]
    anything: bool  # it passes `**arguments`, which can be any placeholder
    where: str


def utterances(folder: Path) -> list[Utterance]:
    """Every `utter_message(response=…)` below `actions/`."""
    found: list[Utterance] = []
    for path in sorted((folder / "actions").rglob("*.py")):
        where = path.relative_to(folder).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), where)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "utter_message":
                found.extend(_of_call(node, where))
    return found


def _of_call(call: ast.Call, where: str) -> Iterator[Utterance]:
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    if "response" not in arguments:
        return
    placeholders = frozenset(name for name in arguments if name is not None and name not in _NOT_PLACEHOLDERS)
    for expression in _alternatives(arguments["response"]):
        literal = expression.value if isinstance(expression, ast.Constant) else None
        yield Utterance(
            pattern=re.compile(_pattern(expression)),
            literal=str(literal) if literal is not None else None,
            placeholders=placeholders,
            anything=None in arguments,
            where=f"{where}:{call.lineno}",
        )


def _alternatives(expression: ast.expr) -> Iterator[ast.expr]:
    if isinstance(expression, ast.IfExp):
        yield from _alternatives(expression.body)
        yield from _alternatives(expression.orelse)
    else:
        yield expression


def _pattern(expression: ast.expr) -> str:
    if isinstance(expression, ast.Constant):
        return re.escape(str(expression.value))
    if isinstance(expression, ast.JoinedStr):
        return "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in expression.values)
    return ".*"
