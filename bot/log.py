"""Logging for every process: short lines or JSON, never a message's text, a token or a secret.

Nobody writes personal data into a log on purpose. What an error's text or a library brings along all the same is masked
here, as the last line of defence, and a conversation's key becomes a mark that says only whether it is the same one.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

import structlog

from bot.core.personal import mask

# Libraries that would tell URLs (Telegram's hold the token) or messages at INFO.
QUIET = ("httpx", "httpcore", "telegram", "rasa", "rasa_sdk", "sanic.access", "sanic.root", "asyncio", "apscheduler",
         "matplotlib", "sqlalchemy", "tensorflow", "absl", "websockets", "urllib3")  # fmt: skip

CASES = frozenset({"key", "conversation", "conversation_key"})  # fields that hold a conversation's key
_CASE_IN_PATH = re.compile(r"(?<=/)[a-z_]+:[^/?]+")
OURS = frozenset({"level", "timestamp", "process"})


def configure(process: str, *, as_json: bool = False) -> None:
    """Set structlog and the standard library's logging up. `process` is part of every line."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masked("%(levelname)s %(name)s: %(message)s"))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("sanic.error").setLevel(logging.CRITICAL)  # a traceback for every malformed form
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event=0)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if not as_json else "iso", utc=as_json),
            _without_rasas_details,
            _named(process),
            without_personal,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_rasas_details(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Rasa's structured events are named "part.of.it" and may carry what the customer wrote: only the name stays."""
    event = str(entry.get("event", ""))
    if "." in event and " " not in event:
        return {key: entry[key] for key in ("event", "level", "timestamp") if key in entry}
    return entry


def without_personal(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks every text in the entry, however deep."""
    for name, value in entry.items():
        if name in CASES and isinstance(value, str):
            entry[name] = case_mark(value)
        elif name == "path" and isinstance(value, str):
            entry[name] = mask(_CASE_IN_PATH.sub(lambda found: case_mark(found[0]), unquote(value)))
        elif name not in OURS:
            entry[name] = _masked(value)
    return entry


def case_mark(key: str) -> str:
    """`channel:#…`: the same for the same conversation, and nobody's id. `sigap customer export` shows it too."""
    channel, _, thread = key.partition(":")
    return f"{channel}:#{hashlib.sha256(thread.encode()).hexdigest()[:8]}"


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case bytes():
            return mask(value.decode(errors="replace"))
        case dict():
            return {_masked(name): _masked(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case BaseException():
            return mask(str(value))
        case _:
            return value


class _Masked(logging.Formatter):
    """What libraries log through the standard library."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def _named(process: str) -> Any:
    def add(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["process"] = process
        return entry

    return add
