"""What everybody may read: all of an answer or nothing of it."""

from __future__ import annotations

import pytest

from bot.core.house import House, Personal
from bot.core.placing import Placement, in_public, place, written_out
from bot.core.ports import Utterance
from channels.capabilities import Capabilities

HOUSE = House(
    public_responses=frozenset({"utter_fee", "utter_hours"}), personal_slots=frozenset({"ref"}),
    personal=(Personal("reference", r"\bAR-\d{4}\b"),), published=("Rp2,500",),
)  # fmt: skip
CAN = Capabilities(text_limit=60, measure=len)
FEE = Utterance(text="A transfer costs Rp2,500.", response="utter_fee")
HOURS = Utterance(text="We open at nine.", response="utter_hours")
BALANCE = Utterance(text="You have three cards.", response="utter_cards")
UNNAMED = Utterance(text="hm")


def test_what_is_for_everybody_goes_to_everybody_as_one_text() -> None:
    assert place([FEE, HOURS], {}, CAN, HOUSE) == Placement(public="A transfer costs Rp2,500.\n\nWe open at nine.")


@pytest.mark.parametrize("private", [BALANCE, UNNAMED])
def test_one_private_utterance_takes_the_whole_answer_with_it(private: Utterance) -> None:
    assert place([FEE, private], {}, CAN, HOUSE) == Placement(private=(FEE, private))


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Parcel AR-1234 is on its way", {}),
        ("Parcel lantern is on its way", {"ref": "LANTERN"}),
        ("Write to ani@example.com", {}),
        ("Call 0812-3456-7890", {}),
    ],
)
def test_a_response_for_everybody_with_something_personal_filled_in_is_private(
    text: str, slots: dict[str, str]
) -> None:
    filled = Utterance(text=text, response="utter_fee")
    assert place([filled], slots, CAN, HOUSE).private == (filled,)
    assert place([Utterance(text="Parcel is on its way", response="utter_fee")], slots, CAN, HOUSE).public


def test_it_must_fit_into_one_post_with_what_stands_before_it() -> None:
    exactly = Utterance(text="x" * 50, response="utter_fee")
    assert place([exactly], {}, CAN, HOUSE, "p" * 10).public
    assert place([exactly], {}, CAN, HOUSE, "p" * 11).private == (exactly,)


@pytest.mark.parametrize("nothing", [[], [Utterance(response="utter_fee")]])
def test_nothing_is_not_said_in_public(nothing: list[Utterance]) -> None:
    assert place(nothing, {}, CAN, HOUSE).public == ""


def test_choices_and_pictures_as_text() -> None:
    asked = Utterance(
        text="Which?", buttons=(("Card", "/card"), ("Loan", "/loan")), image="https://arunika.example/a.png"
    )
    assert written_out([asked]) == ["Which?\nhttps://arunika.example/a.png\n\n1. Card\n2. Loan"]
    assert written_out([asked, UNNAMED, asked])[2].endswith("\n\n3. Card\n4. Loan"), "each number means one choice"
    assert in_public([UNNAMED, Utterance(), asked]).startswith("hm\n\nWhich?")
