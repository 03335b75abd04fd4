"""How it was: reads the points that a customer gives, and passes them to Sigap's core.

Points alone can mean anything: "5" a choice, "👍" a yes. After a person closed the case, who asks for them, they are a
rating.
"""

import math
import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.session import (
    actions_of_previous_turn,
    events_this_session,
    intent_of,
    latest_metadata,
    latest_text,
    latest_value,
)

NAME = "action_rate"
BEST = 5
_GOOD, _BAD = 4, 2  # from here on good; up to here bad
LONGEST_BARE = 4  # words of a message in which a number alone can be the points
AWAITED_FOR = 4  # messages after a person closed the case, if the others are only small talk
_SMALL_TALK = frozenset({"thank", "praise", "goodbye"})

_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "nol": 0, "satu": 1, "dua": 2,
    "tiga": 3, "empat": 4, "lima": 5, "sepuluh": 10,
}  # fmt: skip
_FACES = {
    "😍": 5, "🤩": 5, "❤": 5, "💯": 5, "😀": 5, "😃": 5, "😄": 5, "😊": 5, "👍": 5, "🥰": 5, "🙂": 4, "😐": 3,
    "😕": 2, "🙁": 2, "😞": 2, "👎": 1, "😡": 1, "😠": 1, "🤬": 1, "😤": 1,
}  # fmt: skip
_NUMBER = rf"(?P<n>\d{{1,3}}(?:[.,]\d)?|{'|'.join(_NUMBERS)})"
_OF = re.compile(
    rf"(?<![\d.,/]){_NUMBER}\s*(?:/|out of|of|dari)\s*(?P<best>5|10|100|five|ten|lima|sepuluh)(?![\d/])\b"
    r"(?!\s+\w*order)"
)
_STARRED = (
    re.compile(rf"(?<![\d.,/]){_NUMBER}[\s-]*(?:stars?|bintang|points?|poin)\b"),
    re.compile(rf"\b(?:bintang|nilai|skor|score|rating|rate)\s*:?\s*{_NUMBER}(?![\d/])\b"),
)
_BARE = re.compile(rf"(?<![\w.,/]){_NUMBER}(?![\w.,/])")
_STARS = re.compile("[⭐🌟★]")
_ALONE = re.compile(r"[\W_]*(?:\d{1,3}(?:[.,]\d)?(?:\s*/\s*\d{1,3})?[\W_]*)?")


def points(text: str) -> int | None:
    """1 to 5 from "5", "4/5", "8 out of 10", "bintang lima", "⭐⭐⭐" or a face; None where there are none, or where a
    message holds several that disagree."""
    lowered = text.lower()
    found = {_scaled(_value(match["n"]), _value(match["best"])) for match in _OF.finditer(lowered)}
    found |= {
        _scaled(_value(match["n"]), BEST) for pattern in _STARRED for match in pattern.finditer(_OF.sub(" ", lowered))
    }
    if stars := len(_STARS.findall(text)):
        found.add(min(stars, BEST))
    if not found and len(lowered.split()) <= LONGEST_BARE:
        found = {
            _scaled(value, 10 if value > BEST else BEST) for value in map(_value, _BARE.findall(lowered)) if value <= 10
        }
    if not found:
        found = {_FACES[char] for char in text if char in _FACES}
    return found.pop() if len(found) == 1 else None


def is_bare(text: str) -> bool:
    """Whether a message is a number and nothing else: it can be an answer to anything."""
    return bool(re.fullmatch(r"\W*\d{1,3}\W*", text))


def _value(written: str) -> float:
    return float(_NUMBERS[written]) if written in _NUMBERS else float(written.replace(",", "."))


def _scaled(value: float, best: float) -> int:
    return max(1, min(BEST, math.ceil(value * BEST / best)))


class ActionReadPoints(Action):
    """Notices points and nothing else where a person asked for them: a rule in data/rules/chitchat.yml takes them for a
    rating, whatever intent they look like."""

    def name(self) -> str:
        return "action_read_points"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        text = latest_text(tracker)
        given = _ALONE.fullmatch(text) is not None and points(text) is not None and _is_awaited(tracker)
        return [] if given == bool(tracker.get_slot("bare_points")) else [SlotSet("bare_points", given or None)]


class ActionRate(Action):
    """Thanks for the points, by how many there are, and tells Sigap's core."""

    def name(self) -> str:
        return NAME

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        pressed, text = latest_value(tracker, "rating"), latest_text(tracker)
        if not pressed and is_bare(text) and not _was_asked(tracker):
            # "5" after a list, in a form, out of nowhere: it may mean anything.
            return [FollowupAction("action_fallback")]
        score = points(pressed or text)
        if score is None:
            dispatcher.utter_message(response="utter_rating_which")
            return []
        dispatcher.utter_message(json_message={"sigap": "rating", "score": score})
        good, bad = score >= _GOOD, score <= _BAD
        if good:
            dispatcher.utter_message(response="utter_rating_high")
        else:
            dispatcher.utter_message(response="utter_rating_low" if bad else "utter_rating_middle")
        return []


def _was_asked(tracker: Tracker) -> bool:
    """By the notice with which a person left the conversation, or by the assistant."""
    return (
        bool(latest_metadata(tracker).get("helped_by"))
        or NAME in actions_of_previous_turn(tracker)
        or _is_awaited(tracker)
    )


def _is_awaited(tracker: Tracker) -> bool:
    """Whether a person has just closed the case, and nothing but small talk followed."""
    events = events_this_session(tracker)
    if any(event.get("event") == "action" and event.get("name") == NAME for event in events):
        return False
    said = [event for event in events if event.get("event") == "user"][-AWAITED_FOR:]
    for age, event in enumerate(reversed(said)):
        if age and intent_of(event) not in _SMALL_TALK:
            return False
        if (event.get("metadata") or {}).get("rating_asked"):
            return True
    return False
