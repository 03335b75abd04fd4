"""What the desk tells of public and private, of rules, drafts and templates, over its JSON interface."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core import events as e
from bot.core.handoff import Reason
from channels.messages import ApprovedTemplate, Surface
from tests.desk.room import Browser, Room

HOUR = timedelta(hours=1)
FOLLOW_UP = ApprovedTemplate(name="follow_up", language="id", text="Halo {{1}}, ada kabar tentang {{2}}.")


async def said_by_agents(room: Room, key: str) -> list[e.ReplyComposed]:
    log = await room.store.log(key)
    return [event for event in log if isinstance(event, e.ReplyComposed) and event.sender == "agent"]


async def facebook_case(room: Room, **state: Any) -> str:
    """A customer who first commented and then wrote in private."""
    return await room.case(
        "facebook", "Dewi",
        room.said("facebook", "Dewi", "transfer saya?", public=True, ago=3 * HOUR, link="https://facebook.com/1"),
        room.said("facebook", "Dewi", "AR-20931", ago=2 * HOUR), disclosed_in="m0", **state,
    )  # fmt: skip


async def test_both_ways_come_with_the_platforms_limits_and_the_time_that_is_left(room: Room) -> None:
    key = await facebook_case(room)
    async with room.browser("dina") as dina:
        view = await dina.read(key)
    assert view["surface"] == "private"
    private, public = view["ways"]["private"], view["ways"]["public"]
    assert private["refusal"] is None
    assert 6 * 24 * 3600 < private["left_s"] < 7 * 24 * 3600  # a person's seven days, not the assistant's one
    assert (public["refusal"], public["left_s"], public["unit"]) == (None, None, "characters")
    assert [(thread["link"], thread["solved"]) for thread in view["threads"]] == [("https://facebook.com/1", False)]


async def test_an_answer_goes_where_the_agent_says(room: Room) -> None:
    key = await facebook_case(room)
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        await dina.ask("reply", key, text="Terima kasih, Kak", client_id="1", surface="public")
        await dina.ask("reply", key, text="AR-20931 sudah masuk", client_id="2", surface="private")
        await dina.ask("reply", key, text="Ada lagi?", client_id="3")
        assert (await dina.ask("reply", key, text="x", client_id="4", surface="elsewhere")).status_code == 400
        lines = [line for line in (await dina.read(key))["lines"] if line["author"] == "agent"]
    assert [line.get("surface", "private") for line in lines] == ["public", "private", "private"]


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("Saldo AR-20931 Rp2.000.000", "personal_in_public", "Too personal for the public"),
        ("a" * 281, "too_long", "Too long for one post"),
    ],
)
async def test_what_may_not_go_out_is_refused_with_what_is_legal_instead(
    room: Room, text: str, rule: str, words: str
) -> None:
    said = room.said("x", "Raka", "halo @bank", public=True)
    key = await room.case("x", "Raka", said)
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        answer = await dina.ask("reply", key, text=text, client_id="1", surface="public")
    told = answer.json()
    assert (answer.status_code, told["error"]) == (422, f"rule_{rule}")
    assert told["message"].startswith(words)
    assert told["detail"]
    assert told["next_step"] in ("private", "shorten")
    assert await said_by_agents(room, key) == []


async def test_a_closed_way_says_why(room: Room) -> None:
    key = await facebook_case(room, elsewhere="Page inbox", opted_out="m1", held=("Saldo Rp2.000.000",))
    async with room.browser("dina") as dina:
        view = await dina.read(key)
        refusal = view["ways"]["private"]["refusal"]
        assert (refusal["rule"], refusal["next_step"]) == ("owned_elsewhere", "take_thread")
        assert refusal["source"].startswith("https://")
        assert (view["elsewhere"], view["opted_out"], view["held"]) == ("Page inbox", True, ["Saldo Rp2.000.000"])
        await dina.ask("claim", key)
        answer = await dina.ask("reply", key, text="halo", client_id="1", surface="private")
        assert answer.json()["error"] == "rule_owned_elsewhere"
        assert (await dina.ask("reply", key, text="halo", client_id="2", surface="public")).status_code == 200


async def test_a_draft_is_gone_once_something_was_answered(room: Room) -> None:
    said = room.said("linkedin", "Rina", "What are your rates?", public=True)
    key = await room.case("linkedin", "Rina", said, reason=Reason.DRAFT, draft="From 3.25% a year.")
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        assert (await dina.read(key))["draft"] == "From 3.25% a year."
        assert (await dina.ask("reply", key, text="From 3.25%!", client_id="1", surface="public")).status_code == 200
        assert (await dina.read(key))["draft"] == ""


async def test_a_later_draft_is_gone_too(room: Room) -> None:
    """The first answer is not the only one that a draft may be used for."""
    said = room.said("linkedin", "Rina", "And in March?", public=True)
    key = await room.case("linkedin", "Rina", said, reason=Reason.DRAFT)
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        await dina.ask("reply", key, text="One moment", client_id="1", surface="public")
        await room.change(key, draft="The same.")
        await dina.ask("reply", key, text="The same.", client_id="2", surface="public")
        assert (await dina.read(key))["draft"] == ""


async def whatsapp_case(room: Room, ago: timedelta) -> str:
    room.templates = [FOLLOW_UP]
    return await room.case("whatsapp", "Budi", room.said("whatsapp", "Budi", "kapan?", ago=ago))


async def send_template(browser: Browser, key: str, *parameters: str, name: str = "follow_up", **more: Any) -> Any:
    return await browser.ask(
        "template", key, template=name, template_language="id", parameters=list(parameters), client_id="1", **more
    )


async def test_after_the_window_only_a_template_goes_out_and_only_once(room: Room) -> None:
    key = await whatsapp_case(room, ago=30 * HOUR)
    async with room.browser("dina") as dina:
        view = await dina.read(key)
        refusal = view["ways"]["private"]["refusal"]
        assert (refusal["rule"], refusal["next_step"]) == ("window_closed", "template")
        assert view["templates"] == [{"name": "follow_up", "language": "id", "text": FOLLOW_UP.text}]
        await dina.ask("claim", key)
        assert (await dina.ask("reply", key, text="halo", client_id="0")).json()["error"] == "rule_window_closed"
        for _ in range(2):
            assert (await send_template(dina, key, "Pak Budi", "kartu")).status_code == 200
        lines = [line for line in (await dina.read(key))["lines"] if line["author"] == "agent"]
    assert [(line["text"], line["template"]) for line in lines] == [
        ("Halo Pak Budi, ada kabar tentang kartu.", "follow_up")
    ]
    sent = [message for message in room.outbox("whatsapp") if message.template]
    assert [(m.template.name, m.template.parameters, m.surface) for m in sent if m.template] == [
        ("follow_up", ("Pak Budi", "kartu"), Surface.PRIVATE)
    ]


@pytest.mark.parametrize("parameters", [(), ("Pak Budi",), ("Pak Budi", " "), ("{{2}}", "{{1}}")])
async def test_a_template_that_is_not_filled_in_stays_here(room: Room, parameters: tuple[str, ...]) -> None:
    key = await whatsapp_case(room, ago=30 * HOUR)
    async with room.browser("dina") as dina:
        await dina.ask("claim", key)
        assert (await send_template(dina, key, *parameters)).status_code == 400
        assert (await send_template(dina, key, "a", "b", name="unknown")).status_code == 400
    assert await said_by_agents(room, key) == []


async def test_cards_tell_where_the_customer_wrote(room: Room) -> None:
    await room.case("x", "Raka", room.said("x", "Raka", "halo", public=True))
    async with room.browser("dina") as dina, dina.live() as feed:
        assert [card["surface"] for card in (await feed.next("board"))["cards"]] == ["public"]


async def test_everybody_at_the_desk_learns_which_channels_are_ill(room: Room) -> None:
    async with room.browser("dina") as dina:
        assert (await dina.http.get("/desk/api/channels")).json() == {"ill": []}
        room.ill = [("facebook", "the token has expired", "Make a new one")]
        answer = await dina.http.get("/desk/api/channels")
    assert answer.json() == {
        "ill": [{"channel": "facebook", "detail": "the token has expired", "fix": "Make a new one"}]
    }
