"""Solved cases in the archive: what each was about and how it was answered, for whoever gets one like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Column, DateTime, MetaData, String, Table, Text, select
from sqlalchemy.engine import Connection

from bot.core import events as e
from bot.core.personal import mask

LOOKED_AT = 400  # of the latest, before likeness decides

metadata = MetaData()
cases_table = Table(
    "cases",
    metadata,
    Column("position", String(40), primary_key=True),  # of the event that ended it
    Column("conversation", String(255), index=True, nullable=False),
    Column("channel", String(40), nullable=False),
    Column("language", String(8), nullable=False),
    Column("labels", Text, nullable=False),  # names with spaces between
    Column("intents", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    # When the customer asked: how long a platform lets their words be kept counts from there, not from the case's end.
    Column("at", DateTime(timezone=True), index=True, nullable=False),
)

_decode = msgspec.json.Decoder(e.AnyEvent)


def ended(event: e.AnyEvent) -> bool:
    """Whether a person finished with a case."""
    return isinstance(event, e.OwnerChanged) and event.before == "human" and event.after in ("closed", "bot")


def record(connection: Connection, events: Table, position: str, event: e.AnyEvent) -> None:
    """Write down the case that this event ended, from its archived events since the handoff before it."""
    rows = connection.execute(
        select(events.c.body)
        .where(events.c.conversation == event.conversation)
        .order_by(events.c.at, events.c.position)
    ).scalars()
    labels: dict[str, None] = {}
    intents: dict[str, None] = {}
    language = question = answer = ""
    asked = event.at
    for each in map(_decode.decode, rows):
        match each:
            case e.OwnerChanged(after="bot"):
                labels, intents, question, answer, asked = {}, {}, "", "", event.at
            case e.Triaged():
                labels |= dict.fromkeys(finding.label for finding in each.findings)
            case e.Understood():
                language = each.language
                intents |= dict.fromkeys(seen.name for seen in each.intents[:1])
            case e.CustomerWrote() if each.text:
                question, asked = each.text, each.at
            case e.ReplyComposed() if each.agent_id:
                answer = each.text
            case e.OwnerChanged(before="human", epoch=epoch) if isinstance(event, e.OwnerChanged):
                if epoch == event.epoch:
                    break
            case _:
                pass
    if not answer or not (labels or intents):
        return
    connection.execute(
        cases_table.insert().values(
            position=position, conversation=event.conversation, channel=event.conversation.split(":", 1)[0],
            language=language, labels=" ".join(labels), intents=" ".join(intents), question=mask(question),
            answer=mask(answer), at=asked.astimezone(UTC),
        )
    )  # fmt: skip


def latest(connection: Connection, without: str) -> Sequence[Mapping[str, Any]]:
    """The latest solved cases of other conversations."""
    c = cases_table.c
    rows = connection.execute(
        select(cases_table).where(c.conversation != without).order_by(c.at.desc()).limit(LOOKED_AT)
    )
    return [
        {
            "key": row.conversation, "channel": row.channel, "language": row.language, "labels": row.labels.split(),
            "intents": row.intents.split(), "question": row.question, "answer": row.answer,
            "at": row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC),
        }
        for row in rows
    ]  # fmt: skip


def forget(connection: Connection, channel: str, before: datetime) -> int:
    """Remove the channel's cases asked about before then: without their words they help nobody. How many."""
    c = cases_table.c
    gone = connection.execute(cases_table.delete().where(c.channel == channel, c.at < before.astimezone(UTC)))
    return int(gone.rowcount)
