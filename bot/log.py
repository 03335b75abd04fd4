"""Logging for every process: short lines or JSON, never a message's text, a token or a secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Libraries that would tell URLs (Telegram's hold the token) or messages at INFO.
QUIET = ("httpx", "httpcore", "telegram", "rasa", "rasa_sdk", "sanic.access", "sanic.root", "asyncio", "apscheduler",
         "matplotlib", "sqlalchemy", "tensorflow", "absl", "websockets", "urllib3")  # fmt: skip


def configure(process: str, *, as_json: bool = False) -> None:
    """Set structlog and the standard library's logging up. `process` is part of every line."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
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


def _named(process: str) -> Any:
    def add(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["process"] = process
        return entry

    return add
