from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from bot.core import events as e
from bot.core.transcript import Line, fold

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def wrote(number: int, text: str) -> e.CustomerWrote:
    return _of(e.CustomerWrote, event_id=f"e{number}", external_id=f"x{number}", text=text, customer_name="Ani")


def said(message_id: str, text: str = "hello", **fields: Any) -> e.ReplyComposed:
    return _of(e.ReplyComposed, message_id=message_id, sender="bot", text=text, **fields)


def _of(kind: Any, **fields: Any) -> Any:
    return kind(conversation="a:1", at=AT, **fields)


def test_lines_are_in_the_order_of_events() -> None:
    lines = fold([wrote(1, "hi"), said("m1", in_reply_to="e1"), wrote(2, "bye"), _of(e.NoteAdded, agent_id="d",
                  agent_name="Dina", text="calls back")])  # fmt: skip
    assert [(line.kind, line.author, line.name, line.text) for line in lines] == [
        ("message", "customer", "Ani", "hi"), ("message", "bot", "", "hello"), ("message", "customer", "Ani", "bye"),
        ("note", "agent", "Dina", "calls back"),
    ]  # fmt: skip
    assert lines[1].in_reply_to == lines[0].line_id


@pytest.mark.parametrize(
    ("what_became_of_it", "status", "detail"),
    [
        ([], "queued", ""),
        ([_of(e.ReplySent, message_id="m", external_ids=("9",))], "sent", ""),
        ([_of(e.ReplyDropped, message_id="m")], "dropped", ""),
        ([_of(e.ReplyFailed, message_id="m", error="Rejected", detail="too long")], "failed", "too long"),
        ([_of(e.ReplyUnconfirmed, message_id="m")], "unconfirmed", ""),
        ([_of(e.ReplyUnconfirmed, message_id="m"), _of(e.ReplySent, message_id="m")], "sent", ""),
        ([_of(e.ReplySent, message_id="other")], "queued", ""),
    ],
)
def test_a_reply_shows_what_became_of_it(what_became_of_it: list[Any], status: str, detail: str) -> None:
    [line] = fold([said("m"), *what_became_of_it])
    assert (line.status, line.detail) == (status, detail)


def test_customers_changes_are_shown_on_their_line() -> None:
    [line] = fold([
        wrote(1, "one"), _of(e.CustomerEdited, external_id="x1", text="two"),
        _of(e.CustomerEdited, external_id="x1", text="three"), _of(e.CustomerDeleted, external_id="x1"),
        _of(e.CustomerReacted, external_id="x1", emoji="👍"), _of(e.CustomerEdited, external_id="unknown", text="?"),
    ])  # fmt: skip
    assert (line.text, line.earlier, line.deleted, line.reaction) == ("three", ("one", "two"), True, "👍")


def test_a_reaction_may_be_about_what_we_said_and_be_taken_back() -> None:
    events = [said("m"), _of(e.ReplySent, message_id="m", external_ids=("9", "10")),
              _of(e.CustomerReacted, external_id="10", emoji="❤️")]  # fmt: skip
    assert fold(events)[0].reaction == "❤️"
    assert fold([*events, _of(e.CustomerReacted, external_id="10", emoji="")])[0].reaction == ""


def test_understanding_belongs_to_the_message() -> None:
    seen = (e.IntentSeen("greet", 0.8),)
    assert fold([wrote(1, "hi"), _of(e.Understood, event_id="e1", intents=seen, language="en")])[0].intents == seen


def test_changes_of_owner_have_a_line_of_their_own() -> None:
    lines = fold([
        _of(e.OwnerChanged, before="bot", after="waiting", reason="urgent", detail="card", epoch=1),
        _of(e.HandoffOverdue, waited_s=900.0),
        _of(e.OwnerChanged, before="waiting", after="human", reason="urgent", agent_name="Dina", epoch=2),
        _of(e.ReachabilityChanged, reachable=False),
    ])  # fmt: skip
    assert [(line.kind, line.after, line.reason, line.name) for line in lines] == [
        ("owner", "waiting", "urgent", ""), ("overdue", "", "", ""), ("owner", "human", "urgent", "Dina"),
        ("owner", "", "blocked", ""),
    ]  # fmt: skip
    assert len({line.line_id for line in lines}) == 4


def test_every_event_survives_json_and_is_known_by_its_tag() -> None:
    kinds = e.AnyEvent.__args__
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(tags) >= 14
    event = said("m", buttons=("Ya",))
    assert msgspec.json.decode(msgspec.json.encode(event), type=e.AnyEvent) == event
    assert isinstance(fold([event])[0], Line)


def test_an_edit_that_overtook_its_message_is_not_lost() -> None:
    edited = _of(e.CustomerEdited, external_id="x1", text="where is my order")
    [line] = fold([edited, wrote(1, "wher is my ordr")])
    assert (line.text, line.earlier) == ("where is my order", ("wher is my ordr",))
    [line] = fold([_of(e.CustomerDeleted, external_id="x1"), wrote(1, "oops")])
    assert line.deleted


def test_a_message_heard_again_from_the_dead_letters_stands_once() -> None:
    assert len(fold([wrote(1, "hi"), said("m1"), wrote(1, "hi")])) == 2
