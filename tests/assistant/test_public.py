"""What may be said in public: nothing personal in it, and it fits where everybody reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.adapters.yaml_house import read_house
from bot.core.house import personal_in
from bot.core.placing import in_public
from bot.core.ports import Utterance

PROJECT = Path(__file__).parents[2]
HOUSE = read_house(PROJECT / "data" / "policy.yml")
RESPONSES = YAML(typ="safe").load((PROJECT / "domain.yml").read_text(encoding="utf-8"))["responses"]


def text_of(variation: dict) -> str:
    buttons = tuple((button["title"], "") for button in variation.get("buttons", ()))
    return in_public([Utterance(text=variation["text"], buttons=buttons)])


# What actions fill in that is the brand's own: its prices, its rates, its branches, a day in the calendar.
OURS = frozenset(
    """bifast free rtgs rtgs_from ewallet international atm cities city branches days opens closes day next_day terms
    savings tax minimum""".split()
)


@pytest.mark.parametrize("name", sorted(HOUSE.public_responses | HOUSE.solving_responses))
def test_a_public_response_is_the_same_for_everybody(name: str) -> None:
    for variation in RESPONSES[name]:
        filled = set(re.findall(r"\{(\w+)\}", variation["text"]))
        assert filled <= OURS, "it fills in something about the customer"
        assert personal_in(text_of(variation), {}, HOUSE) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Your order AR-20311 is on its way", "reference"),
        ("Kartu KD 1234 sudah dikirim", "reference"),
        ("Saldonya Rp 1.500.000 ya", "amount"),
        ("we sent Rp1,000,001 back", "amount"),
        ("sudah kami kembalikan 250rb", "amount"),
        ("It went to Jalan Merdeka 12", "address"),
        ("call +62 812-3456-7890", "phone number"),
        ("write to ani.s@example.com", "e-mail address"),
        ("card 4111 1111 1111 1111", "number"),
        ("your savings account is open", "product held"),
        ("the parcel ZX9 is late", "order_ref"),
        ("the parcel Z X-9 is late", "order_ref"),
        ("Pesanan AR–20308 dikirim", "reference"),
        ("Pesanan AR\u201120308 dikirim", "reference"),
        ("order A\u200bR-20308", "reference"),
        ("order ＡＲ－２０３０８", "reference"),
        ("order AR.20308", "reference"),
        ("Saldo 1.250.000 ya", "amount"),
        ("your Gold credit card was sent", "product held"),
        ("kartu Gold Anda sudah dikirim", "product held"),
    ],
)
def test_what_belongs_to_one_customer_is_seen(text: str, kind: str) -> None:
    assert kind in personal_in(text, {"order_ref": "ZX9"}, HOUSE)


def test_slots_that_are_not_personal_may_be_said() -> None:
    assert personal_in("Bandung it is", {"city": "Bandung"}, HOUSE) == ()
