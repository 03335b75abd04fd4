"""Points: how they are read, and when a number or a face alone is a rating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.rating import AWAITED_FOR, points
from tests.assistant.conftest import slots_set

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("5", 5), ("4/5", 4), ("8 out of 10", 4), ("7,5/10", 4), ("bintang lima", 5), ("⭐⭐⭐", 3), ("😡", 1),
        ("nilai 9 dari 10", 5), ("10", 5), ("zero stars", 1), ("100/100", 5), ("three stars", 3), ("great", None),
        ("2 bintang aja deh", 2), ("your 24/7 support deserves 1 star", 1), ("not 5 but 1", None), ("4.5 stars", 5),
        ("5 of my 10 orders never came", None), ("at 9 I called, terrible, nobody came", None),
        ("I wait 3 days, 1 star", 1),
    ],
)  # fmt: skip
def test_points_are_read(text: str, score: int | None) -> None:
    assert points(text) == score


@pytest.mark.parametrize(
    ("text", "score", "response"),
    [("5 stars", 5, "utter_rating_high"), ("3 of 5", 3, "utter_rating_middle"), ("bintang 1", 1, "utter_rating_low")],
)
async def test_a_rating_is_told_and_answered_by_how_it_is(run: Run, text: str, score: int, response: str) -> None:
    _, (told, answer) = await run("action_rate", text=text, intent="service_rating")
    assert told["custom"] == {"sigap": "rating", "score": score}
    assert answer["response"] == response


async def test_a_bare_number_is_a_rating_only_where_one_was_asked_for(run: Run) -> None:
    events, messages = await run("action_rate", text="5", intent="service_rating")
    assert (messages, [event["name"] for event in events if event["event"] == "followup"]) == ([], ["action_fallback"])
    _, (told, _) = await run("action_rate", text="5", intent="service_rating", metadata={"helped_by": "Dina"})
    assert told["custom"]["score"] == 5


async def test_a_rating_without_points_asks_for_them(run: Run, say: Any) -> None:
    _, (message,) = await run("action_rate", text="let me rate this", intent="service_rating")
    buttons = say(message, "en")["buttons"]
    assert [button["payload"] for button in buttons][4] == '/service_rating{"rating": "5"}'
    _, (told, _) = await run("action_rate", text=buttons[1]["payload"], entities={"rating": "2"})
    assert told["custom"]["score"] == 2


CLOSED = {"helped_by": "Dina", "rating_asked": True}


def said(text: str, intent: str, *actions: str, **metadata: Any) -> list[dict[str, Any]]:
    """An earlier turn."""
    user = {"event": "user", "text": text, "parse_data": {"intent": {"name": intent}}, "metadata": metadata}
    return [user, *({"event": "action", "name": action} for action in actions)]


async def noticed(run: Run, text: str, *turns: list[dict[str, Any]], **more: Any) -> bool:
    events, messages = await run(
        "action_read_points", text=text, events=[event for turn in turns for event in turn], **more
    )
    assert messages == []
    return bool(slots_set(events).get("bare_points"))


@pytest.mark.parametrize("text", ["👍", "👎", "👍🏽", "❤️", "😡😡", "⭐⭐⭐", "5", " 4 ", "3/5", "5 👍", "10!"])
async def test_points_alone_are_noticed_after_a_person_closed_the_case(run: Run, text: str) -> None:
    assert await noticed(run, text, metadata=CLOSED)
    assert await noticed(run, text, said("makasih kak", "thank", "utter_thank", **CLOSED))


@pytest.mark.parametrize("text", ["👍👎", "🙏", "...", "10:30", "20311", "4417", "5.000", "5 orders", "👍 where is it"])
async def test_what_holds_no_points_or_more_than_them_is_not(run: Run, text: str) -> None:
    assert not await noticed(run, text, metadata=CLOSED)


async def test_points_alone_are_only_points_while_they_are_awaited(run: Run) -> None:
    thanks = said("thanks", "thank", "utter_thank", **CLOSED)
    assert await noticed(run, "👍", thanks, *[said("great", "praise", "utter_praise")] * (AWAITED_FOR - 2))
    assert not await noticed(run, "👍", thanks, *[said("great", "praise", "utter_praise")] * (AWAITED_FOR - 1))
    assert not await noticed(run, "👍", thanks, said("the fees?", "transfer_fee", "action_transfer_fee"))
    assert not await noticed(run, "👎", said("👍", "thank", "action_rate", **CLOSED)), "they are given once"
    assert not await noticed(run, "👍", metadata={"helped_by": "Dina"}), "handed back, and not asked"
    assert not await noticed(run, "👍")


async def test_the_notice_of_points_ends_with_their_message(run: Run) -> None:
    events, _ = await run("action_read_points", text="thanks", slots={"bare_points": True})
    assert slots_set(events) == {"bare_points": None}


async def test_a_face_alone_is_rated_whatever_it_was_taken_for(run: Run) -> None:
    for text, intent, score in (("👍", "affirm", 5), ("👎", "deny", 1), ("😡", "complaint", 1)):
        _, (told, _) = await run("action_rate", text=text, intent=intent, metadata=CLOSED)
        assert told["custom"]["score"] == score


async def test_a_number_after_a_thank_you_is_not_lost(run: Run) -> None:
    thanks = said("makasih kak", "thank", "utter_thank", **CLOSED)
    _, (told, _) = await run("action_rate", text="5", intent="service_rating", events=thanks)
    assert told["custom"]["score"] == 5
