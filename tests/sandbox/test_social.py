"""What all social platforms share: acting for people, the feed, webhook delivery and the dials."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from sandbox.social.platform import Platform
from tests.sandbox.social import Hook, World, world

__all__ = ["world"]

SARI = "2400000000000" + "1001"
BUDI = "2400000000000" + "1003"
PSID = "7" + SARI


def texts(hook: Hook) -> list[str]:
    return [event["message"]["text"] for event in hook.events if "message" in event]


async def test_platforms_are_listed_with_what_a_page_needs(world: World) -> None:
    listed = (await world.http.get("/sandbox/api/social")).json()["platforms"]
    names = [platform["name"] for platform in listed]
    assert names == ["facebook", "instagram", "whatsapp", "x", "linkedin"]
    facebook = listed[0]
    assert facebook["brand"] == {"id": "100200300", "name": "Arunika", "username": "ArunikaBank"}
    assert facebook["surfaces"] == ["public", "private"]
    assert len(facebook["posts"]) == 2 and len(facebook["people"]) == 5
    assert facebook["limits"]["private"] == {"length": 2000, "unit": "characters"}


async def test_a_customer_joins_and_comes_back_with_a_new_name(world: World) -> None:
    person = await world.act("facebook", "join", name="Dewi Lestari")
    assert person["id"].isdigit() and person["username"].startswith("dewi_lestari")
    assert await world.act("facebook", "join", id=person["id"], name="Dewi L") == {**person, "name": "Dewi L"}
    assert (await world.act("facebook", "join", id="77"))["id"] == "77"


async def test_an_answer_belongs_to_the_thread_of_the_comment_it_answers(world: World) -> None:
    root = await world.act("facebook", "write", customer=SARI, surface="public", text="Biaya admin?")
    answer = await world.act("facebook", "write", customer=BUDI, surface="public", text="Sama!", reply_to=root["id"])
    deeper = await world.act("facebook", "write", customer=SARI, surface="public", text="Iya", reply_to=answer["id"])
    assert root["root"] == root["id"] and root["post"].startswith("100200300_")
    assert answer["root"] == deeper["root"] == root["id"]
    assert deeper["reply_to"] == answer["id"] and deeper["post"] == root["post"]


async def test_tags_are_written_into_the_text_once(world: World) -> None:
    tag = ["@ojkindonesia"]
    entry = await world.act("facebook", "write", customer=SARI, surface="public", text="Tolong", tag=tag)
    assert entry["text"] == "Tolong @ojkindonesia"
    entry = await world.act("facebook", "write", customer=SARI, surface="public", text="Hai @ojkindonesia", tag=tag)
    assert entry["text"] == "Hai @ojkindonesia"


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("write", {"customer": "nobody", "surface": "private", "text": "hi"}, 404),
        ("write", {"customer": SARI, "surface": "public", "text": "  "}, 400),
        ("write", {"customer": SARI, "surface": "elsewhere", "text": "hi"}, 400),
        ("write", {"customer": SARI, "surface": "public", "text": "hi", "post": "1_2"}, 404),
        ("write", {"customer": SARI, "surface": "private", "text": "hi", "image": "javascript:1"}, 400),
        ("write", {"customer": SARI, "surface": "private", "text": "hi", "what": 1}, 400),
        ("edit", {"id": "nothing", "text": "hi"}, 404),
        ("tap", {"customer": SARI, "entry": "nothing", "key": "a"}, 404),
        ("brand", {"customer": SARI, "surface": "public", "text": "hi"}, 400),
        ("control", {"customer": SARI, "to": "nowhere"}, 400),
        ("many", {"count": 0}, 400),
        ("dials", {"batch_max": 0}, 400),
        ("dials", {"unheard_of": 1}, 400),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(
    world: World, verb: str, body: dict[str, object], status: int
) -> None:
    assert (await world.act("facebook", verb, status=status, **body))["error"]


async def test_an_unknown_platform_is_not_found(world: World) -> None:
    assert (await world.http.get("/sandbox/api/social/friendster/feed")).status_code == 404


async def test_the_feed_tells_every_change_in_order_with_the_same_id(world: World) -> None:
    entry = await world.act("facebook", "write", customer=SARI, surface="public", text="Satu")
    await world.act("facebook", "edit", id=entry["id"], text="Dua")
    await world.act("facebook", "react", id=entry["id"], emoji="❤")
    await world.act("facebook", "delete", id=entry["id"])
    items = await world.feed("facebook")
    assert [item["change"] for item in items] == ["new", "edit", "reaction", "delete"]
    assert [item["seq"] for item in items] == [1, 2, 3, 4]
    assert {item["id"] for item in items} == {entry["id"]}
    assert items[1]["text"] == "Dua" and items[1]["edited"] == 1
    assert items[2]["emoji"] == "❤" and items[3]["deleted"]
    assert items[0]["author"] == "customer" and items[0]["name"] == "Sari Wulandari"
    assert await world.feed("facebook", after=2, limit=1) == [items[2]]
    await world.act("facebook", "edit", status=403, id=entry["id"], text="too late")


async def test_a_reader_is_kept_waiting_for_the_next_item(world: World) -> None:
    waiting = asyncio.create_task(world.feed("facebook", wait=10))
    await asyncio.sleep(0.1)
    await world.act("facebook", "write", customer=SARI, surface="private", text="hello")
    async with asyncio.timeout(2):
        assert [item["text"] for item in await waiting] == ["hello"]


async def test_the_stream_carries_every_platform(world: World) -> None:
    async with world.http.stream("GET", "/sandbox/api/social/stream") as response:
        lines = response.aiter_lines()
        assert await anext(lines) == ":"
        await world.act("facebook", "write", customer=SARI, surface="private", text="one")
        whatsapp = next(iter(world.platforms["whatsapp"].people))
        await world.act("whatsapp", "write", customer=whatsapp, surface="private", text="two")
        seen = []
        async with asyncio.timeout(5):
            async for line in lines:
                if line.startswith("data:"):
                    item = json.loads(line[5:])
                    seen.append((item["platform"], item["text"]))
                if len(seen) == 2:
                    break
        assert seen == [("facebook", "one"), ("whatsapp", "two")]


async def test_the_messages_of_a_customer_arrive_in_order(world: World) -> None:
    async with world.hooked("facebook") as hook:
        hook.answers = [500, 200, 503]
        for number in range(6):
            await world.act("facebook", "write", customer=SARI, surface="private", text=str(number))
        await hook.got(6)
        assert texts(hook) == list("012345")
        state = await world.state("facebook")
        assert state["waiting"] == 0 and state["taken"] == 6


async def test_what_one_customer_waits_for_does_not_hold_up_another(world: World) -> None:
    async with world.hooked("facebook") as hook:
        hook.refuse = lambda body: b"first" in body
        await world.act("facebook", "write", customer=SARI, surface="private", text="first")
        await world.act("facebook", "write", customer=BUDI, surface="private", text="second")
        await hook.got(1)
        hook.refuse = lambda body: False
        await hook.got(2)
        assert texts(hook) == ["second", "first"]


async def test_waiting_events_share_a_call_up_to_the_batch_dial(world: World) -> None:
    await world.act("facebook", "dials", batch_max=50)
    async with world.hooked("facebook") as hook:
        hook.answers = [500]
        for number in range(9):
            await world.act("facebook", "write", customer=SARI, surface="private", text=str(number))
        await hook.got(9)
        assert texts(hook) == list("012345678")
        assert len(hook.bodies) <= 3


async def test_many_customers_arrive_in_as_few_calls_as_the_platform_allows(world: World) -> None:
    async with world.hooked("facebook") as hook:
        written = await world.act("facebook", "many", count=1200, text="Hello {n}")
        await hook.got(1200)
        assert [len(body["entry"]) for body in hook.bodies] in ([1000, 200], [200, 1000])
        senders = {event["sender"]["id"] for event in hook.events}
        assert senders == {"7" + entry["customer"] for entry in written["entries"]} and len(senders) == 1200
        assert "Hello 1200" in texts(hook)


async def test_duplicates_and_overtaking_happen_when_the_dials_say_so(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await world.act("facebook", "dials", duplicate_share=1)
        await world.act("facebook", "write", customer=SARI, surface="private", text="twice")
        await hook.got(2)
        assert hook.raw[0] == hook.raw[1]
        await world.act("facebook", "dials", duplicate_share=0, reorder_share=1)
        await world.act("facebook", "write", customer=SARI, surface="private", text="late")
        await world.act("facebook", "dials", reorder_share=0)
        await world.act("facebook", "write", customer=SARI, surface="private", text="early")
        await hook.got(4)
        assert texts(hook)[2:] == ["early", "late"]


async def test_a_receiver_that_was_away_gets_everything_when_it_is_back(world: World) -> None:
    hook = Hook("sandbox-facebook-secret")
    async with hook.up():
        await world.subscribe("facebook", hook)
    for number in range(3):
        await world.act("facebook", "write", customer=SARI, surface="private", text=str(number))
    await asyncio.sleep(0.5)
    assert (await world.state("facebook"))["waiting"] == 3
    async with hook.up():
        await hook.got(3)
        assert texts(hook) == list("012")
        await world.platforms["facebook"].close()


async def test_a_lost_subscription_loses_events_until_it_is_renewed(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await world.act("facebook", "unsubscribe")
        await world.act("facebook", "write", customer=SARI, surface="private", text="lost")
        await world.subscribe("facebook", hook)
        await world.act("facebook", "write", customer=SARI, surface="private", text="heard")
        await hook.got(1)
        assert texts(hook) == ["heard"]


def send(world: World, text: str) -> object:
    return world.send(
        "facebook", recipient={"id": PSID}, messaging_type="RESPONSE", message={"text": text, "metadata": "m-1"}
    )


async def wrote(world: World) -> None:
    await world.act("facebook", "write", customer=SARI, surface="private", text="hello")


def brand_said(platform: Platform) -> list[str]:
    return [entry.text for entry in platform.entries.values() if entry.author == "brand"]


async def test_errors_come_before_anything_is_sent(world: World) -> None:
    await wrote(world)
    await world.act("facebook", "dials", error_share=1)
    response = await send(world, "one")
    assert response.status_code == 500 and response.json()["error"]["is_transient"] is True
    assert brand_said(world.platforms["facebook"]) == []


async def test_a_send_that_times_out_was_carried_out(world: World) -> None:
    await wrote(world)
    await world.act("facebook", "dials", timeout_after_send_share=1, hang_s=0.1)
    with pytest.raises(httpx.TransportError):
        await send(world, "one")
    assert brand_said(world.platforms["facebook"]) == ["one"]


async def test_the_send_limit_answers_with_the_platforms_own_error(world: World) -> None:
    await wrote(world)
    await world.act("facebook", "dials", limit_per_second=2)
    answers = [await send(world, str(number)) for number in range(5)]
    assert 2 <= sum(answer.status_code == 200 for answer in answers) <= 3
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert refused.json()["error"]["code"] == 613
    assert "estimated_time_to_regain_access" in refused.headers["x-business-use-case-usage"]


async def test_every_send_fails_with_the_code_of_the_dial(world: World) -> None:
    await wrote(world)
    for code, expected in ((368, (368, None)), (2018278, (10, 2018278))):
        await world.act("facebook", "dials", fail_code=code)
        error = (await send(world, "one")).json()["error"]
        assert (error["code"], error.get("error_subcode")) == expected
    assert brand_said(world.platforms["facebook"]) == []


async def test_an_echo_follows_its_answer_or_comes_first(world: World) -> None:
    await wrote(world)
    async with world.hooked("facebook") as hook:
        await world.act("facebook", "dials", echo_delay_s=0.3)
        sent = (await send(world, "late")).json()
        assert hook.events == []
        echo = await hook.first(lambda event: event.get("message", {}).get("is_echo"))
        assert echo["message"]["mid"] == sent["message_id"]
        hook.bodies.clear()
        await world.act("facebook", "dials", echo_first_share=1)
        sent = (await send(world, "first")).json()
        assert [event["message"]["mid"] for event in hook.events if "message" in event] == [sent["message_id"]]


async def test_latency_is_waited_for(world: World) -> None:
    await wrote(world)
    await world.act("facebook", "dials", latency_s=0.3)
    began = time.monotonic()
    await send(world, "slow")
    assert time.monotonic() - began >= 0.3


async def test_broken_rules_are_counted_even_when_the_platform_lets_them_pass(world: World) -> None:
    await wrote(world)
    await world.act("facebook", "dials", clock_offset_h=25)
    assert (await send(world, "one")).json()["error"]["error_subcode"] == 2018278
    await world.act("facebook", "dials", window_check=False)
    assert (await send(world, "two")).status_code == 200
    state = await world.state("facebook")
    assert state["violation_count"] == 2 and len(state["violations"]) == 2
    assert state["violations"][0]["rule"] == "outside the 24-hour window"
    assert state["violations"][0]["customer"] == SARI
