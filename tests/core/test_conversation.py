from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.conversation import CHOICES_KEPT, INTENTS_KEPT, STEPS_KEPT, Conversation
from bot.core.events import IntentSeen
from channels.messages import Button, Customer, MessageReceived, Surface

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def event(**fields: object) -> MessageReceived:
    given = {"customer": Customer(external_id="7"), "at": NOW, **fields}
    return MessageReceived(channel="a", event_id="e", thread_id="7:9", external_id="x", **given)  # type: ignore[arg-type]


def test_begins_with_what_the_first_event_knows() -> None:
    begun = Conversation.begin(event(surface=Surface.PUBLIC))
    assert (begun.key, begun.channel, begun.thread_id) == ("a:7:9", "a", "7:9")
    assert (begun.surface, begun.opened_at, begun.version, begun.epoch) == (Surface.PUBLIC, NOW, 0, 0)


@pytest.mark.parametrize(
    ("locale", "language"), [("id", "id"), ("id-ID", "id"), ("ID", "id"), ("en-GB", "en"), ("", "en"), ("fr-FR", "en")]
)
def test_language_begins_with_the_platforms_locale(locale: str, language: str) -> None:
    assert Conversation.begin(event(customer=Customer(external_id="7", locale=locale))).language == language


def test_hearing_keeps_the_latest_and_never_loses_a_name() -> None:
    named = Conversation.begin(event(customer=Customer(external_id="7", name="Ani")))
    later = NOW + timedelta(hours=1)
    heard = named.heard(event(at=later), "x2")
    assert (heard.last_inbound_at, heard.last_inbound_id, heard.customer.name) == (later, "x2", "Ani")
    assert heard.heard(event(customer=Customer(external_id="7", name="Ani W")), "x3").customer.name == "Ani W"


def test_buttons_are_remembered_up_to_a_limit_and_the_latest_wins() -> None:
    conversation = Conversation.begin(event())
    for number in range(CHOICES_KEPT + 1):
        conversation = conversation.offering(((Button(key=f"k{number}", title="t"), f"/p{number}"),))
    assert conversation.choice("k0") is None
    newest = conversation.choice(f"k{CHOICES_KEPT}")
    assert newest is not None
    assert newest.payload == f"/p{CHOICES_KEPT}"
    again = conversation.offering(((Button(key="k1", title="t"), "/again"),))
    assert again.choice("k1").payload == "/again"  # type: ignore[union-attr]


def test_understanding_is_kept_short() -> None:
    conversation = Conversation.begin(event())
    for number in range(30):
        ranking = (IntentSeen(f"i{number}", 0.9), IntentSeen("second", 0.1))
        conversation = conversation.understanding(ranking, "id", {"n": str(number)}, (f"a{number}",))
    assert [seen.name for seen in conversation.intents] == [f"i{n}" for n in range(30 - INTENTS_KEPT, 30)]
    assert conversation.steps == tuple(f"a{n}" for n in range(30 - STEPS_KEPT, 30))
    assert (conversation.language, conversation.slots) == ("id", {"n": "29"})
