"""Idempotency: a request that comes again, with the same key, gets the first answer and changes nothing."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from sandbox.backoffice.tables import answers

KEPT = timedelta(hours=24)
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status with the JSON object that goes with it."""

    status: int
    body: dict[str, Any]


REUSED = Answer(422, {"error": "idempotency_key_reused"})


class _KeyTaken(Exception):
    """Another request has this key, or had it."""


def fingerprint(path: str, body: Mapping[str, Any]) -> str:
    """SHA-256 in hex of what was asked. The body itself, which may hold a contact, is not kept."""
    return hashlib.sha256(json.dumps([path, body], sort_keys=True).encode()).hexdigest()


def answer(
    begin: Callable[[], AbstractContextManager[Connection]],
    key: str,
    asked: str,
    now: datetime,
    deed: Callable[[Connection], Answer],
) -> Answer:
    """Do the deed and keep its answer, in one transaction; or the answer that was kept for `key` within 24 h.

    `asked` is the request's fingerprint: with another one, a known key is answered with REUSED.
    """
    for _ in range(_TRIES):
        try:
            with begin() as connection:
                _take(connection, key, asked, now)
                done = deed(connection)
                connection.execute(
                    update(answers).where(answers.c.key == key).values(status=done.status, body=done.body)
                )
                return done
        except _KeyTaken:
            pass
        with begin() as connection:
            first = connection.execute(select(answers).where(answers.c.key == key)).first()
        if first:
            return Answer(first.status, first.body) if first.fingerprint == asked else REUSED
        # It ran out just now, and somebody's clean-up took it away.
    raise RuntimeError("an idempotency key that is taken and can't be read")


def _take(connection: Connection, key: str, asked: str, now: datetime) -> None:
    # Both statements come before anything is read: a transaction of SQLite that has read can't wait to write.
    connection.execute(delete(answers).where(answers.c.at < (now - KEPT).timestamp()))
    try:
        # While another transaction holds the same key uncommitted, this waits for its end.
        connection.execute(insert(answers).values(key=key, fingerprint=asked, at=now.timestamp(), status=0, body={}))
    except IntegrityError:
        raise _KeyTaken from None
