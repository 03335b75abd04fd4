"""What is emptied when its time is over, and that no field of a case's history or state was overlooked."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import msgspec
import pytest

from bot.core.conversation import Conversation, Handoff, PublicThread
from bot.core.events import AnyEvent, CustomerWrote, DomainEvent, OwnerChanged, ReplyComposed
from bot.core.forgetting import CONTENT, FORGOTTEN, PROFILE, PROFILE_INSIDE, Keep, hollow, hollowed, span
from channels.messages import Attachment, Customer

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

# Fields that stay: who did what when, in whose hands, by which rule, how long; ids; and what the assistant and triage
# made of it in words of their own. A new field belongs here, or into CONTENT or PROFILE of bot/core/forgetting.py.
STAY = frozenset(
    """
    type conversation at event_id external_id external_ids message_id in_reply_to sender surface agent_id agent_name
    before after reason epoch episode error code rule next_step source language app out reachable waited_s template
    intents confidence actions roots findings label severity evidence start end by bot level anybody skills kind
    mime_type size actor action
    key channel thread_id customer opened_at owner version taken_epoch handoff last_inbound_at last_inbound_id payload
    title steps private_to last_private_at public root last_id post solved seen private_reply hidable unsummoned deleted
    answered to private_replies disclosed_in opted_out elsewhere elsewhere_since risk moods contacts
    answer_due_at claimed_at first_answer_at overdue reworded priority escalation callback_offered told_overdue
    address approval acknowledged anger proposal_id proposals proposal outcome version_id followers verified engagement
    attachments hidden kinds score helped told stranded closed warning
    """.split()
)


def fields(kind: Any, inside: str = "", seen: frozenset[Any] = frozenset()) -> Iterator[tuple[str, str]]:
    """(the field that holds it, a field) of a struct and everything in it."""
    for argument in typing.get_args(kind):
        yield from fields(argument, inside, seen)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        for field in msgspec.structs.fields(kind):
            yield inside, field.encode_name
            yield from fields(field.type, field.encode_name, seen | {kind})


@pytest.mark.parametrize("kind", [*typing.get_args(AnyEvent), Conversation])
def test_every_field_is_emptied_or_known_to_stay(kind: type) -> None:
    found = list(fields(kind))
    assert found
    for inside, name in found:
        known = name in CONTENT | PROFILE | STAY or name in PROFILE_INSIDE.get(inside, ())
        # Inside of what is emptied whole nothing stays, and names of intents are the assistant's own.
        assert known or inside in CONTENT or (inside, name) == ("intents", "name"), f"{kind.__name__}: {inside}.{name}"


WROTE = CustomerWrote(
    conversation="x:1", at=NOW, event_id="e1", external_id="m1", text="my cat", customer_name="Rina",
    attachments=(Attachment(kind="image", url="https://x/cat.jpg", name="cat.jpg"),), link="https://x/1",
)  # fmt: skip


def again(event: AnyEvent, **how: bool) -> Any:
    return msgspec.json.decode(hollowed(msgspec.json.encode(event), **how), type=AnyEvent)


def test_words_go_and_what_happened_stays() -> None:
    event = again(WROTE, content=True, profile=False)
    assert (event.text, event.link, event.customer_name) == (FORGOTTEN, "", "Rina")
    assert (event.at, event.event_id, event.external_id) == (NOW, "e1", "m1")
    assert event.attachments == (Attachment(kind="image", name="cat.jpg"),)
    moved = OwnerChanged(conversation="x:1", at=NOW, before="bot", after="waiting", reason="urgent", detail="bit me")
    assert again(moved, content=True, profile=True) == msgspec.structs.replace(moved, detail="")


def test_who_said_it_goes_by_itself() -> None:
    event = again(WROTE, content=False, profile=True)
    assert (event.text, event.customer_name, event.attachments[0].name) == ("my cat", "", "")


def test_every_event_can_be_read_afterwards() -> None:
    reply = ReplyComposed(conversation="x:1", at=NOW, message_id="m", sender="bot", text="Hi Rina", buttons=("Yes",))
    assert again(reply, content=True, profile=True).buttons == ()
    assert again(again(reply, content=True, profile=True), content=True, profile=True).text == FORGOTTEN


def filled(kind: Any) -> Any:
    """A value of this type with something in every field."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return [filled(arguments[0])]
    if origin is dict:
        return {"a": filled(arguments[1])}
    if arguments:  # one of several: the first that can hold something
        return filled(next(argument for argument in arguments if argument is not type(None)))
    if issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag
        given = {field.encode_name: filled(field.type) for field in msgspec.structs.fields(kind)}
        return {"type": tag, **given} if tag else given
    if issubclass(kind, Enum):
        return next(iter(kind)).value
    return {str: "words", int: 1, float: 1.0, bool: True, datetime: "2026-03-01T09:00:00Z"}[kind]


@pytest.mark.parametrize("kind", [*typing.get_args(AnyEvent), Conversation])
def test_whatever_is_full_can_be_read_after_it_was_emptied(kind: type) -> None:
    data = msgspec.json.encode(filled(kind))
    read: Any = AnyEvent if issubclass(kind, DomainEvent) else kind
    assert isinstance(msgspec.json.decode(data, type=read), kind)
    assert isinstance(msgspec.json.decode(hollowed(data, content=True, profile=True), type=read), kind)


def test_a_case_stays_a_case() -> None:
    customer = Customer(external_id="1", name="Rina", username="rina")
    state = Conversation(
        key="x:1", channel="x", thread_id="1", customer=customer, opened_at=NOW, slots={"order_ref": "AR-1"},
        known={"card": "KD-1"}, held=("Your order …",), draft="Dear Rina",
        handoff=Handoff(reason="urgent", opened_at=NOW, answer_due_at=NOW, detail="bit me", slots={"a": "b"}),
        public=(PublicThread(root="r", last_id="l", at=NOW, link="https://x/1"),),
    )  # fmt: skip
    data = hollow(msgspec.json.decode(msgspec.json.encode(state)), content=True, profile=True)
    after = msgspec.convert(data, Conversation)
    assert (after.slots, after.known, after.held, after.draft) == ({}, {}, (), "")
    assert after.handoff is not None
    assert (after.handoff.reason, after.handoff.detail, after.handoff.slots) == ("urgent", "", {})
    assert after.customer == Customer(external_id="1")
    assert (after.public[0].root, after.public[0].link) == ("r", "")


def test_nothing_to_empty_changes_no_byte() -> None:
    data = b'{ "type":"owner_changed", "at":"2026-03-01T09:00:00Z" }'
    assert hollowed(data, content=True, profile=True) is data


@pytest.mark.parametrize(
    ("text", "hours"),
    [("48 hours", 48), ("1 hour", 1), ("30 days", 720), ("2 weeks", 336), ("6 months", 4320), ("2 Years", 17520)],
)
def test_times(text: str, hours: int) -> None:
    assert span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "0 days", "48", "48 h", "-1 days", "for ever", "2 years 1 day"])
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError):
        span(text)


def test_a_profile_is_never_kept_longer_than_the_messages() -> None:
    moments = Keep(messages="1 day", profile="2 years").moments(NOW)
    assert moments.profile == moments.content == NOW - timedelta(days=1)
    assert Keep(messages="2 days", profile="1 day").moments(NOW).profile == NOW - timedelta(days=1)
    assert Keep(messages="99999 years").moments(NOW).content < NOW
