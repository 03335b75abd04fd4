"""The Graph API stand-in: what it sends for what people do, what it takes, and what it refuses and how."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import httpx
import pytest

from tests.sandbox.social import ACCOUNTS, APP, VERIFY, Hook, World, world

__all__ = ["world"]

SARI = "24000000000001001"
PSID = "7" + SARI
IGSID = "1700000000001001"
BSUID, PHONE = "ID.13491208655301001", "62812001001"
CUSTOMER = {"facebook": SARI, "instagram": IGSID, "whatsapp": BSUID}


def error(response: httpx.Response) -> tuple[int, int | None]:
    assert response.status_code >= 400, response.text
    body = response.json()["error"]
    assert body["message"] and body["type"] and body["fbtrace_id"]
    return body["code"], body.get("error_subcode")


async def write(world: World, platform: str, text: str = "hello", surface: str = "private", **more: object) -> dict:
    return await world.act(platform, "write", customer=CUSTOMER[platform], surface=surface, text=text, **more)


async def say(world: World, platform: str, message: dict[str, Any], **more: Any) -> httpx.Response:
    to = {"facebook": PSID, "instagram": IGSID}[platform]
    body = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": message} | more
    return await world.send(platform, **body)


async def shown(world: World, platform: str) -> list[dict[str, Any]]:
    """What the brand's program put on the screens."""
    return [item for item in await world.feed(platform) if item["author"] == "brand" and item["change"] == "new"]


# Subscriptions and tokens


async def test_a_webhook_is_accepted_only_when_it_returns_the_challenge(world: World) -> None:
    hook = Hook("sandbox-facebook-secret")
    async with hook.up():
        hook.challenge = lambda challenge: f'"{challenge}"'
        assert error(await world.subscribe("facebook", hook)) == (2200, None)
        hook.challenge = lambda challenge: challenge
        asked = {"object": "page", "callback_url": hook.url, "fields": "feed", "verify_token": "wrong"}
        path, app_token = f"/graph/v26.0/{APP}/subscriptions", f"{APP}|sandbox-facebook-secret"
        response = await world.http.post(path, data={**asked, "access_token": app_token})
        assert error(response) == (2200, None) and "403" in response.json()["error"]["message"]
        wrong = {**asked, "verify_token": VERIFY, "access_token": f"{APP}|sandbox-instagram-secret"}
        assert error(await world.http.post(path, data=wrong)) == (190, None)
        assert (await world.subscribe("facebook", hook)).json() == {"success": True}
        listed = (await world.http.get(path, params={"access_token": app_token})).json()["data"]
        assert [item["callback_url"] for item in listed] == [hook.url]
        assert "feed" in [field["name"] for field in listed[0]["fields"]]
        await world.platforms["facebook"].close()


async def test_only_subscribed_fields_are_delivered(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await world.graph("facebook", "POST", "100200300/subscribed_apps", subscribed_fields="feed")
        await write(world, "facebook", "unheard")
        await write(world, "facebook", "heard", "public")
        await hook.got(1)
        assert [event.get("field") for event in hook.events] == ["feed"]
        apps = (await world.graph("facebook", "GET", "100200300/subscribed_apps")).json()["data"]
        assert apps == [{"id": APP, "name": "Sigap", "subscribed_fields": ["feed"]}]
        await world.graph("facebook", "DELETE", "100200300/subscribed_apps")
        assert (await world.graph("facebook", "GET", "100200300/subscribed_apps")).json() == {"data": []}


async def test_a_whatsapp_account_lists_its_app(world: World) -> None:
    assert (await world.graph("whatsapp", "GET", "555000999/subscribed_apps")).json() == {"data": []}
    await world.graph("whatsapp", "POST", "555000999/subscribed_apps")
    apps = (await world.graph("whatsapp", "GET", "555000999/subscribed_apps")).json()["data"]
    assert apps[0]["whatsapp_business_api_data"]["id"] == APP


@pytest.mark.parametrize("platform", ["facebook", "instagram", "whatsapp"])
async def test_a_token_can_be_looked_at_and_stops_working_when_access_is_withdrawn(world: World, platform: str) -> None:
    _, account, _, secret, token = ACCOUNTS[platform]
    query = {"input_token": token, "access_token": f"{APP}|{secret}"}
    found = (await world.http.get("/graph/v26.0/debug_token", params=query)).json()["data"]
    assert found["is_valid"] and found["app_id"] == APP and len(found["scopes"]) >= 2
    assert (await world.graph(platform, "GET", account)).json()["id"] == account
    await world.act(platform, "revoke")
    assert error(await world.graph(platform, "GET", account)) == (190, 458)
    found = (await world.http.get("/graph/v26.0/debug_token", params=query)).json()["data"]
    assert not found["is_valid"] and found["scopes"] == []
    await world.act(platform, "revoke", revoked=False)
    assert (await world.graph(platform, "GET", account)).status_code == 200


async def test_calls_need_the_right_token_and_proof(world: World) -> None:
    path = "/graph/v26.0/me"
    assert error(await world.http.get(path)) == (104, None)
    response = await world.http.get(path, params={"access_token": "wrong"})
    assert error(response) == (190, None) and response.status_code == 401
    proof = hmac.new(b"sandbox-facebook-secret", b"sandbox-page-token", hashlib.sha256).hexdigest()
    assert (await world.graph("facebook", "GET", "me", appsecret_proof=proof)).json()["name"] == "Arunika"
    assert error(await world.graph("facebook", "GET", "me", appsecret_proof="0" * 64)) == (100, None)
    # One account's token opens no other account.
    assert error(await world.graph("facebook", "GET", "17841400000000001")) == (100, 33)
    assert error(await world.graph("instagram", "POST", "100200300/messages")) == (100, 33)


async def test_me_answers_with_the_fields_that_were_asked_for(world: World) -> None:
    found = (await world.graph("instagram", "GET", "me", fields="user_id,username")).json()
    assert found == {"id": "17841400000000001", "user_id": "17841400000000001", "username": "arunikabank"}
    found = await world.graph("whatsapp", "GET", "555000111", fields="verified_name")
    assert found.json() == {"id": "555000111", "verified_name": "Arunika"}
    assert "x-app-usage" in found.headers and "555000111" in found.headers["x-business-use-case-usage"]


# Messenger and Instagram: what customers do


async def test_a_direct_message_of_the_page_carries_the_page_scoped_id(world: World) -> None:
    async with world.hooked("facebook") as hook:
        entry = await write(world, "facebook", "Kartu saya hilang 😢")
        await hook.got(1)
        body = hook.bodies[0]
        assert body["object"] == "page" and body["entry"][0]["id"] == "100200300"
        event = hook.events[0]
        assert event["sender"] == {"id": PSID} and event["recipient"] == {"id": "100200300"}
        assert event["timestamp"] == entry["at"]
        assert event["message"] == {"mid": entry["id"], "text": "Kartu saya hilang 😢"}
        # Meta signs what is not ASCII as it sends it: escaped, in lower case.
        assert rb"\ud83d\ude22" in hook.raw[0] and hook.raw[0].isascii()


async def test_pictures_answers_edits_and_reactions_in_private(world: World) -> None:
    async with world.hooked("facebook") as hook:
        first = await write(world, "facebook", "one")
        await write(world, "facebook", "", image="https://cdn.example/a.png", reply_to=first["id"])
        await world.act("facebook", "edit", id=first["id"], text="uno")
        await world.act("facebook", "react", id=first["id"], emoji="❤")
        await world.act("facebook", "react", id=first["id"], emoji="")
        events = await hook.got(5)
        image = events[1]["message"]
        assert image["attachments"] == [{"type": "image", "payload": {"url": "https://cdn.example/a.png"}}]
        assert image["reply_to"]["mid"] == first["id"] and "text" not in image
        assert events[2]["message_edit"] == {"mid": first["id"], "text": "uno", "num_edit": 1}
        assert events[3]["reaction"]["reaction"] == "love" and events[3]["reaction"]["action"] == "react"
        assert events[4]["reaction"] == {"mid": first["id"], "action": "unreact"}


async def test_messenger_says_nothing_of_a_deleted_message_and_instagram_does(world: World) -> None:
    async with world.hooked("facebook") as page, world.hooked("instagram") as account:
        for platform in ("facebook", "instagram"):
            entry = await write(world, platform)
            await world.act(platform, "delete", id=entry["id"])
        events = await account.got(2)
        assert events[1]["message"] == {"mid": entry["id"], "is_deleted": True}
        await asyncio.sleep(0.2)
        assert len(page.events) == 1


async def test_comments_of_the_page_are_told_with_their_tree_of_two_levels(world: World) -> None:
    async with world.hooked("facebook") as hook:
        root = await write(world, "facebook", "Satu", "public")
        answer = await write(world, "facebook", "Dua", "public", reply_to=root["id"])
        await write(world, "facebook", "Tiga", "public", reply_to=answer["id"])
        await world.act("facebook", "edit", id=root["id"], text="Satu!")
        await world.act("facebook", "react", id=root["id"], emoji="👍")
        await world.act("facebook", "delete", id=root["id"])
        values = [event["value"] for event in await hook.got(6)]
        first = values[0]
        assert first["from"] == {"id": SARI, "name": "Sari Wulandari"}
        assert first["comment_id"] == root["id"] and first["post_id"] == first["parent_id"] == root["post"]
        assert (first["item"], first["verb"], first["message"]) == ("comment", "add", "Satu")
        assert root["id"].startswith(root["post"].split("_")[1] + "_")
        assert [value["parent_id"] for value in values[1:3]] == [root["id"], root["id"]]
        assert (values[3]["verb"], values[3]["message"]) == ("edited", "Satu!")
        assert values[3]["created_time"] == first["created_time"] == root["at"] // 1000
        assert values[4]["item"] == "reaction" and values[4]["reaction_type"] == "like"
        assert values[5]["verb"] == "remove" and "from" not in values[5]


async def test_instagram_comments_and_mentions(world: World) -> None:
    async with world.hooked("instagram") as hook:
        root = await write(world, "instagram", "Berapa?", "public")
        await write(world, "instagram", "Halo?", "public", reply_to=root["id"])
        mention = await write(world, "instagram", "bagus ya", "public", post="17900000000000003")
        events = await hook.got(3)
        assert events[0] == {
            "field": "comments",
            "value": {
                "from": {"id": IGSID, "username": "sari_wulandari"},
                "media": {"id": root["post"], "media_product_type": "FEED"},
                "id": root["id"],
                "text": "Berapa?",
            },
        }
        assert events[1]["value"]["parent_id"] == root["id"]
        told = {"media_id": "17900000000000003", "comment_id": mention["id"]}
        assert events[2] == {"field": "mentions", "value": told}
        asked = f"mentioned_comment.comment_id({mention['id']}){{text,timestamp,media{{id}}}}"
        found = (await world.graph("instagram", "GET", "17841400000000001", fields=asked)).json()
        assert found["mentioned_comment"]["text"] == "@arunikabank bagus ya"
        reply = await world.graph("instagram", "POST", "17841400000000001/mentions", **told, message="Terima kasih")
        assert reply.status_code == 200
        assert [entry["reply_to"] for entry in await shown(world, "instagram")] == [mention["id"]]


async def test_control_of_a_thread_goes_to_the_inbox_and_back(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await write(world, "facebook")
        await world.act("facebook", "control", customer=SARI, to="inbox")
        await write(world, "facebook", "to the inbox")
        events = await hook.got(3)
        taken = events[1]["take_thread_control"]
        assert taken["previous_owner_app_id"] == APP and taken["new_owner_app_id"] == "263902037430900"
        assert events[2]["standby"]["message"]["text"] == "to the inbox"
        assert error(await say(world, "facebook", {"text": "hi"})) == (10, 2018300)
        recipient = {"id": PSID}
        taken_back = await world.graph("facebook", "POST", "100200300/take_thread_control", recipient=recipient)
        assert taken_back.json() == {"success": True}
        await hook.first(lambda event: event.get("pass_thread_control", {}).get("new_owner_app_id") == APP)
        assert (await say(world, "facebook", {"text": "hi"})).status_code == 200
        passed = {"recipient": recipient, "target_app_id": "263902037430900", "metadata": "refund"}
        await world.graph("facebook", "POST", "100200300/pass_thread_control", **passed)
        assert (await world.state("facebook"))["owners"] == {SARI: "inbox"}


async def test_instagram_refuses_a_thread_of_another_app_in_its_own_words(world: World) -> None:
    await write(world, "instagram")
    await world.act("instagram", "control", customer=IGSID, to="inbox")
    assert error(await say(world, "instagram", {"text": "hi"})) == (100, 2534037)


# Messenger and Instagram: what the program sends


async def test_a_message_is_shown_answered_echoed_and_read(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await write(world, "facebook")
        sent = await say(world, "facebook", {"text": "Halo!", "metadata": "01J/0"})
        assert sent.json()["recipient_id"] == PSID and sent.json()["message_id"].startswith("m_")
        echo = await hook.first(lambda event: event.get("message", {}).get("is_echo"))
        assert echo["sender"] == {"id": "100200300"} and echo["recipient"] == {"id": PSID}
        assert echo["message"]["app_id"] == int(APP) and echo["message"]["metadata"] == "01J/0"
        assert echo["message"]["mid"] == sent.json()["message_id"]
        delivered = await hook.first(lambda event: event.get("delivery"))
        assert delivered["delivery"]["mids"] == [sent.json()["message_id"]]
        await hook.first(lambda event: event.get("read"))
        items = [item for item in await world.feed("facebook") if item["author"] == "brand"]
        assert [item["status"] for item in items] == ["sent", "delivered", "read"]


async def test_what_a_person_writes_in_the_inbox_comes_back_as_somebody_elses(world: World) -> None:
    async with world.hooked("facebook") as page, world.hooked("instagram") as account:
        await world.act("facebook", "brand", customer=SARI, surface="private", text="Saya bantu ya")
        await world.act("instagram", "brand", customer=IGSID, surface="private", text="Saya bantu ya")
        (event,) = await page.got(1)
        assert event["message"]["is_echo"] and event["message"]["app_id"] == 263902037430900
        (event,) = await account.got(1)
        assert event["message"]["is_echo"] and "app_id" not in event["message"]


async def test_what_a_person_answers_in_public_comes_back_from_the_page_itself(world: World) -> None:
    async with world.hooked("facebook") as hook:
        root = await write(world, "facebook", "Satu", "public")
        said = await world.act(
            "facebook", "brand", customer=SARI, surface="public", text="Kami cek", reply_to=root["id"]
        )
        value = (await hook.got(2))[1]["value"]
        assert value["from"]["id"] == "100200300" and value["parent_id"] == root["id"]
        assert value["comment_id"] == said["id"] and said["author"] == "brand_app"


async def test_the_inbox_takes_control_when_the_dial_says_so(world: World) -> None:
    await world.act("facebook", "dials", inbox_takes_control=True)
    await world.act("facebook", "brand", customer=SARI, surface="private", text="Saya bantu ya")
    assert (await world.state("facebook"))["owners"] == {SARI: "inbox"}


async def test_buttons_are_tapped_as_quick_replies_and_postbacks(world: World) -> None:
    async with world.hooked("facebook") as hook:
        await write(world, "facebook")
        replies = [
            {"content_type": "text", "title": "Ya", "payload": "yes"},
            {"content_type": "text", "title": "Sebuah judul yang kelewat panjang", "payload": "no"},
        ]
        sent = (await say(world, "facebook", {"text": "Yakin?", "quick_replies": replies})).json()
        (entry,) = await shown(world, "facebook")
        assert entry["buttons"][0] == {"key": "yes", "title": "Ya"}
        assert entry["buttons"][1]["title"] == "Sebuah judul yang ke"
        await world.act("facebook", "tap", customer=SARI, entry=sent["message_id"], key="yes")
        tap = await hook.first(lambda event: event.get("message", {}).get("quick_reply"))
        assert tap["message"]["quick_reply"] == {"payload": "yes"} and tap["message"]["text"] == "Ya"
        template = {
            "template_type": "button",
            "text": "Pilih",
            "buttons": [
                {"type": "web_url", "title": "Buka", "url": "https://arunika.example"},
                {"type": "postback", "title": "Nanti", "payload": "later"},
            ],
        }
        sent = (await say(world, "facebook", {"attachment": {"type": "template", "payload": template}})).json()
        await world.act("facebook", "tap", customer=SARI, entry=sent["message_id"], key="later")
        tap = await hook.first(lambda event: event.get("postback"))
        assert tap["postback"]["payload"] == "later" and tap["postback"]["title"] == "Nanti"
        url = {"customer": SARI, "entry": sent["message_id"], "key": "https://arunika.example"}
        await world.act("facebook", "tap", status=409, **url)


async def test_length_is_counted_as_the_platform_counts(world: World) -> None:
    await write(world, "facebook")
    await write(world, "instagram")
    assert (await say(world, "facebook", {"text": "é" * 2000})).status_code == 200
    assert error(await say(world, "facebook", {"text": "é" * 2001})) == (100, None)
    assert (await say(world, "instagram", {"text": "é" * 500})).status_code == 200
    assert error(await say(world, "instagram", {"text": "é" * 500 + "a"})) == (100, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"recipient": {"id": "1"}}, (100, 2018001)),
        ({"message": {}}, (100, None)),
        ({"sender_action": "typing_on"}, (100, 2018014)),
        ({"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None)),
        ({"tag": "HUMAN_AGENT"}, (100, None)),
        ({"message": {"attachment": {"type": "image", "payload": {"url": "file:///etc"}}}}, (100, 2018008)),
        (
            {"message": {"text": "a", "quick_replies": [{"content_type": "text", "title": "a", "payload": "a"}] * 14}},
            (100, None),
        ),
        ({"recipient": "nobody"}, (100, None)),
    ],
)
async def test_what_is_wrong_is_refused_with_the_platforms_code(
    world: World, body: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    await write(world, "facebook")
    assert error(await say(world, "facebook", body.pop("message", {"text": "hi"}), **body)) == expected
    assert await shown(world, "facebook") == []


@pytest.mark.parametrize(("platform", "closed"), [("facebook", (10, 2018278)), ("instagram", (10, 2534022))])
async def test_windows_are_those_of_the_platforms_clock(world: World, platform: str, closed: tuple[int, int]) -> None:
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert error(await say(world, platform, {"text": "out of the blue"})) == closed
    await write(world, platform)
    await world.act(platform, "dials", clock_offset_h=23.9)
    assert (await say(world, platform, {"text": "in time"})).status_code == 200
    await world.act(platform, "dials", clock_offset_h=24.1)
    assert error(await say(world, platform, {"text": "too late"})) == closed
    assert (await say(world, platform, {"text": "from a person"}, **human)).status_code == 200
    assert [entry["tag"] for entry in await shown(world, platform)] == ["", "HUMAN_AGENT"]
    await world.act(platform, "dials", clock_offset_h=24 * 7 + 0.1)
    assert error(await say(world, platform, {"text": "from a person"}, **human)) == closed
    assert (await world.state(platform))["violation_count"] == 3


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_a_comment_gets_one_private_reply_within_seven_days(world: World, platform: str) -> None:
    async def reply(comment: dict[str, Any]) -> httpx.Response:
        return await world.send(platform, recipient={"comment_id": comment["id"]}, message={"text": "Kami DM ya"})

    first, second = await write(world, platform, "1", "public"), await write(world, platform, "2", "public")
    sent = (await reply(first)).json()
    assert sent["recipient_id"] == {"facebook": PSID, "instagram": IGSID}[platform]
    (entry,) = await shown(world, platform)
    assert (entry["surface"], entry["customer"]) == ("private", CUSTOMER[platform])
    assert (entry["post"], entry["reply_to"]) == (first["id"], "")
    assert error(await reply(first)) == (10900, None)
    # The window stays closed until the customer writes.
    assert error(await say(world, platform, {"text": "and?"}))[0] == 10
    await world.act(platform, "dials", clock_offset_h=24 * 7 + 0.1)
    assert error(await reply(second)) == (100, 2534025)
    assert error(await reply({"id": "nothing"})) == (100, 2534025)
    rules = [found["rule"] for found in (await world.state(platform))["violations"]]
    assert rules[0] == "second private reply to a comment" and len(rules) == 3


async def test_a_comment_is_answered_liked_hidden_and_deleted(world: World) -> None:
    async with world.hooked("facebook") as hook:
        root = await write(world, "facebook", "Satu", "public")
        answer = await write(world, "facebook", "Dua", "public", reply_to=root["id"])
        sent = await world.graph("facebook", "POST", f"{answer['id']}/comments", message="Kami bantu")
        (entry,) = await shown(world, "facebook")
        assert sent.json() == {"id": entry["id"]}
        assert (entry["root"], entry["reply_to"], entry["customer"]) == (root["id"], answer["id"], SARI)
        own = await hook.first(lambda event: event["value"].get("comment_id") == entry["id"])
        assert own["value"]["from"] == {"id": "100200300", "name": "Arunika"}
        assert own["value"]["parent_id"] == root["id"]
        again = await world.graph("facebook", "POST", f"{root['id']}/comments", message="Kami bantu")
        assert error(again) == (506, None)
        fields = {"fields": "id,message,from,created_time", "order": "reverse_chronological"}
        listed = (await world.graph("facebook", "GET", f"{root['id']}/comments", **fields)).json()["data"]
        assert [item["id"] for item in listed] == [entry["id"], answer["id"]]
        assert set(listed[0]) == {"id", "message", "from", "created_time"} and listed[0]["from"]["id"] == "100200300"
        await world.graph("facebook", "POST", root["id"], is_hidden=True)
        await hook.first(lambda event: event["value"]["verb"] == "hide")
        assert (await world.graph("facebook", "DELETE", entry["id"])).json() == {"success": True}
        await hook.first(lambda event: event["value"]["verb"] == "remove")
        gone = await world.graph("facebook", "POST", f"{entry['id']}/comments", message="halo")
        assert error(gone) == (100, 33)
        assert [item["change"] for item in await world.feed("facebook")][-2:] == ["hide", "delete"]


async def test_an_instagram_comment_is_answered_and_a_hidden_one_is_not(world: World) -> None:
    root = await write(world, "instagram", "Berapa?", "public")
    sent = await world.graph("instagram", "POST", f"{root['id']}/replies?message=Gratis")
    (entry,) = await shown(world, "instagram")
    assert sent.json() == {"id": entry["id"]} and entry["text"] == "Gratis"
    replies = await world.graph("instagram", "GET", f"{root['id']}/replies", fields="id,text,timestamp,from")
    assert [(item["id"], item["from"]["id"]) for item in replies.json()["data"]] == [(entry["id"], "17841400000000001")]
    await world.graph("instagram", "POST", f"{root['id']}?hide=true")
    assert error(await world.graph("instagram", "POST", f"{root['id']}/replies", message="lagi")) == (100, None)


async def test_a_thread_can_be_looked_up_newest_first(world: World) -> None:
    await write(world, "facebook", "one")
    sent = (await say(world, "facebook", {"text": "two"})).json()
    query = {"user_id": PSID, "fields": "messages.limit(1){id,message,from,created_time}"}
    found = (await world.graph("facebook", "GET", "100200300/conversations", **query)).json()["data"]
    (message,) = found[0]["messages"]["data"]
    assert message["id"] == sent["message_id"] and message["message"] == "two"
    assert message["from"] == {"id": "100200300"} and message["created_time"].endswith("+0000")


# WhatsApp


def whatsapp(text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"to": PHONE, "type": "text", "text": {"body": text}} | more


async def test_a_whatsapp_message_carries_both_ids_of_its_sender(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        entry = await write(world, "whatsapp", "Halo")
        value = (await hook.got(1))[0]["value"]
        assert value["metadata"]["phone_number_id"] == "555000111"
        contact = {"profile": {"name": "Sari Wulandari"}, "wa_id": PHONE, "user_id": BSUID}
        assert value["contacts"] == [contact]
        (message,) = value["messages"]
        assert message["from"] == PHONE and message["from_user_id"] == BSUID
        assert message["id"] == entry["id"] and message["id"].startswith("wamid.")
        assert message["timestamp"] == str(entry["at"] // 1000)
        assert message["text"] == {"body": "Halo"}


async def test_somebody_who_hides_their_number_is_reached_by_their_user_id(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        hidden = "ID.13491208655301004"
        await world.act("whatsapp", "write", customer=hidden, surface="private", text="Halo")
        value = (await hook.got(1))[0]["value"]
        assert "from" not in value["messages"][0] and "wa_id" not in value["contacts"][0]
        sent = await world.send("whatsapp", recipient=hidden, type="text", text={"body": "Halo juga"})
        assert sent.json()["contacts"] == [{"input": hidden, "user_id": hidden}]
        assert [entry["customer"] for entry in await shown(world, "whatsapp")] == [hidden]


async def test_a_whatsapp_message_is_followed_by_its_receipts_with_our_mark(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        await write(world, "whatsapp")
        sent = (await world.send("whatsapp", **whatsapp(biz_opaque_callback_data="01J/0"))).json()
        assert sent["contacts"] == [{"input": PHONE, "wa_id": PHONE}]
        await hook.got(4)
        statuses = [event["value"]["statuses"][0] for event in hook.events if "statuses" in event["value"]]
        assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
        assert {status["id"] for status in statuses} == {sent["messages"][0]["id"]}
        assert {status["biz_opaque_callback_data"] for status in statuses} == {"01J/0"}
        assert {status["recipient_id"] for status in statuses} == {PHONE}


async def test_whatsapp_edits_deletions_reactions_and_pictures(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        first = await write(world, "whatsapp", "satu")
        await write(world, "whatsapp", "struk", image="https://cdn.example/a.jpg", reply_to=first["id"])
        await world.act("whatsapp", "edit", id=first["id"], text="dua")
        await world.act("whatsapp", "react", id=first["id"], emoji="👍")
        await world.act("whatsapp", "react", id=first["id"], emoji="")
        await world.act("whatsapp", "delete", id=first["id"])
        messages = [event["value"]["messages"][0] for event in await hook.got(6)]
        assert [message["type"] for message in messages] == ["text", "image", "edit", "reaction", "reaction", "revoke"]
        assert messages[1]["context"]["id"] == first["id"] and messages[1]["image"]["caption"] == "struk"
        found = (await world.graph("whatsapp", "GET", messages[1]["image"]["id"])).json()
        assert found["url"] == "https://cdn.example/a.jpg"
        assert messages[2]["edit"]["original_message_id"] == first["id"]
        assert messages[3]["reaction"] == {"message_id": first["id"], "emoji": "👍"}
        assert messages[4]["reaction"] == {"message_id": first["id"]}
        assert messages[5]["revoke"] == {"original_message_id": first["id"]}
        assert len({message["id"] for message in messages}) == 6


async def test_what_the_owner_writes_in_the_whatsapp_app_comes_as_an_echo(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        await world.act("whatsapp", "brand", customer=BSUID, surface="private", text="Saya bantu ya")
        (event,) = await hook.got(1)
        assert event["field"] == "smb_message_echoes"
        (echo,) = event["value"]["message_echoes"]
        assert (echo["to"], echo["to_user_id"], echo["text"]) == (PHONE, BSUID, {"body": "Saya bantu ya"})


async def test_whatsapp_buttons_and_lists_are_tapped(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        await write(world, "whatsapp")
        buttons = [{"type": "reply", "reply": {"id": "yes", "title": "Ya"}}]
        interactive: dict[str, Any] = {
            "type": "button",
            "body": {"text": "Yakin?"},
            "action": {"buttons": buttons},
        }
        sent = await world.send("whatsapp", to=PHONE, type="interactive", interactive=interactive)
        mid = sent.json()["messages"][0]["id"]
        await world.act("whatsapp", "tap", customer=BSUID, entry=mid, key="yes")
        rows = [{"id": f"r{number}", "title": f"Pilihan {number}"} for number in range(10)]
        action = {"button": "Pilih", "sections": [{"title": "A", "rows": rows}]}
        interactive = {"type": "list", "body": {"text": "Yang mana?"}, "action": action}
        sent = await world.send("whatsapp", to=PHONE, type="interactive", interactive=interactive)
        await world.act("whatsapp", "tap", customer=BSUID, entry=sent.json()["messages"][0]["id"], key="r7")
        event = await hook.first(lambda event: "list_reply" in str(event))
        assert event["value"]["messages"][0]["interactive"]["list_reply"] == {"id": "r7", "title": "Pilihan 7"}
        event = await hook.first(lambda event: "button_reply" in str(event))
        message = event["value"]["messages"][0]
        assert message["interactive"]["button_reply"] == {"id": "yes", "title": "Ya"}
        assert message["context"]["id"] == mid


async def test_outside_the_window_only_a_template_goes(world: World) -> None:
    await write(world, "whatsapp")
    await world.act("whatsapp", "dials", clock_offset_h=24.1)
    assert error(await world.send("whatsapp", **whatsapp())) == (131047, None)
    template: dict[str, Any] = {"name": "follow_up", "language": {"code": "id"}}
    assert error(await world.send("whatsapp", to=PHONE, type="template", template=template)) == (132000, None)
    template["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Sari"}]}]
    assert (await world.send("whatsapp", to=PHONE, type="template", template=template)).status_code == 200
    (entry,) = await shown(world, "whatsapp")
    assert entry["template"] == "follow_up" and entry["text"].startswith("Halo Sari, kami punya kabar")
    unknown = {**template, "language": {"code": "fr"}}
    assert error(await world.send("whatsapp", to=PHONE, type="template", template=unknown)) == (132001, None)


async def test_a_closed_window_can_come_as_a_failed_receipt(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        await world.act("whatsapp", "dials", late_failure_share=1)
        sent = await world.send("whatsapp", **whatsapp(biz_opaque_callback_data="01J/0"))
        assert sent.status_code == 200
        (status,) = (await hook.got(1))[0]["value"]["statuses"]
        assert status["status"] == "failed" and status["errors"][0]["code"] == 131047
        assert status["id"] == sent.json()["messages"][0]["id"] and status["biz_opaque_callback_data"] == "01J/0"
        assert await shown(world, "whatsapp") == []


async def test_a_number_without_whatsapp_fails_afterwards(world: World) -> None:
    async with world.hooked("whatsapp") as hook:
        assert (await world.send("whatsapp", **whatsapp(to="4915112345678"))).status_code == 200
        (status,) = (await hook.got(1))[0]["value"]["statuses"]
        assert status["errors"][0]["code"] == 131026 and status["recipient_id"] == "4915112345678"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"messaging_product": "sms"}, 100),
        ({"to": ""}, 100),
        ({"text": {"body": "x" * 4097}}, 131009),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "a"}, "action": {}}}, 131009),
        ({"type": "image", "image": {"link": "nowhere"}}, 131009),
        ({"type": "carrier_pigeon"}, 131009),
    ],
)
async def test_whatsapp_refuses_what_is_wrong(world: World, body: dict[str, Any], code: int) -> None:
    await write(world, "whatsapp")
    assert error(await world.send("whatsapp", **(whatsapp() | body))) == (code, None)
    assert await shown(world, "whatsapp") == []


async def test_a_message_is_marked_as_read_with_a_typing_sign(world: World) -> None:
    entry = await write(world, "whatsapp")
    body = {"status": "read", "message_id": entry["id"], "typing_indicator": {"type": "text"}}
    assert (await world.send("whatsapp", **body)).json() == {"success": True}
    assert [item["status"] for item in await world.feed("whatsapp")] == ["", "read"]
    assert error(await world.send("whatsapp", **{**body, "message_id": "wamid.unknown"})) == (131009, None)


async def test_the_whatsapp_limit_has_its_own_code(world: World) -> None:
    await write(world, "whatsapp")
    await world.act("whatsapp", "dials", limit_per_second=1)
    answers = [await world.send("whatsapp", **whatsapp()) for _ in range(3)]
    assert error(answers[-1]) == (130429, None)
