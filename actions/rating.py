"""How it was: reads the points that a customer gives, and passes them to Sigap's core."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.session import latest_text, latest_value

BEST = 5
_GOOD, _BAD = 4, 2  # from here on good; up to here bad
_OF = re.compile(r"(?<![\d.,])(\d{1,3})(?:[.,]\d)?\s*(?:/|out of|of|dari)\s*(5|10|100|five|ten|lima|sepuluh|seratus)\b")
_ALONE = re.compile(r"(?<![\d.,])([0-9]|10)(?![\d.,]\d|\d)")
_STARS = re.compile("[⭐🌟★]")
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "nol": 0, "satu": 1, "dua": 2,
    "tiga": 3, "empat": 4, "lima": 5, "sepuluh": 10, "hundred": 100, "seratus": 100,
}  # fmt: skip
_FACES = {
    "😍": 5, "🤩": 5, "❤": 5, "💯": 5, "😀": 5, "😃": 5, "😄": 5, "😊": 5, "👍": 5, "🥰": 5, "🙂": 4, "😐": 3,
    "😕": 2, "🙁": 2, "😞": 2, "👎": 1, "😡": 1, "😠": 1, "🤬": 1, "😤": 1,
}  # fmt: skip


def points(text: str) -> int | None:
    """1 to 5 from "5", "4/5", "8 out of 10", "bintang lima", "⭐⭐⭐" or a face; None where there are none."""
    lowered = text.lower()
    if match := _OF.search(lowered):
        best = int(match[2]) if match[2].isdecimal() else _WORDS[match[2]]
        return _scaled(int(match[1]), best)
    if stars := len(_STARS.findall(text)):
        return min(stars, BEST)
    if match := _ALONE.search(lowered):
        return _scaled(int(match[1]), 10 if int(match[1]) > BEST else BEST)
    for word in re.findall(r"[a-z]+", lowered):
        if word in _WORDS:
            return _scaled(_WORDS[word], 100 if _WORDS[word] > 10 else 10 if _WORDS[word] > BEST else BEST)
    return next((_FACES[char] for char in text if char in _FACES), None)


def _scaled(value: int, best: int) -> int:
    return max(1, min(BEST, -(-value * BEST // best)))


class ActionRate(Action):
    """Thanks for the points, by how many there are, and tells Sigap's core."""

    def name(self) -> str:
        return "action_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        score = points(str(latest_value(tracker, "rating") or latest_text(tracker)))
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
