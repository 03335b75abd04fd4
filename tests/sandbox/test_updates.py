"""What customers do reaches the bot: long polling, the webhook, and everything that goes wrong on the way."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict

from tests.sandbox.conftest import make_bot

YES = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])


async def test_polling_returns_updates_until_they_are_confirmed(sandbox, bot):
    first = await sandbox.write(7, "one", name="Ana", username="ana", language_code="id")
    second = await sandbox.write(7, "two")
    assert second["update_id"] == first["update_id"] + 1
    updates = await bot.get_updates()
    assert [u.message.text for u in updates] == ["one", "two"]
    user = updates[0].message.from_user
    assert (user.id, user.first_name, user.username, user.language_code, user.is_bot) == (
        7,
        "Ana",
        "ana",
        "id",
        False,
    )
    assert [u.message.text for u in await bot.get_updates(limit=1)] == ["one"]
    assert [u.message.text for u in await bot.get_updates(offset=second["update_id"])] == ["two"]
    assert await sandbox.pending() == 1
    assert not await bot.get_updates(offset=second["update_id"] + 1)


async def test_a_negative_offset_keeps_only_the_newest(sandbox, bot):
    for text in "abc":
        await sandbox.write(7, text)
    assert [u.message.text for u in await bot.get_updates(offset=-1)] == ["c"]


async def test_long_polling_waits_for_the_first_update(sandbox, bot):
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.2)
    assert not poll.done()
    await sandbox.write(7, "now")
    assert [u.message.text for u in await asyncio.wait_for(poll, 5)] == ["now"]


async def test_two_pollers_conflict(sandbox, bot):
    async with make_bot(sandbox) as other:
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await asyncio.sleep(0.2)
        assert not await other.get_updates()
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await asyncio.wait_for(poll, 5)


async def test_polling_conflicts_with_a_webhook(sandbox, bot, receiver):
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        with pytest.raises(Conflict, match="while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook()
        await bot.get_updates()


async def test_every_kind_of_update_is_understood_by_the_client(sandbox, bot):
    chat = "/sandbox/api/telegram/chats/7"
    mine = (await sandbox.write(7, "/start promo_1"))["message_id"]
    sent = await bot.send_message(7, "Sure?", reply_markup=YES)
    await sandbox.write(7, "yes", reply_to=sent.message_id)
    await sandbox.http.patch(f"{chat}/messages/{mine}", json={"text": "/start promo_2"})
    await sandbox.http.post(f"{chat}/taps", json={"message_id": sent.message_id, "callback_data": "y"})
    for kind in ("photo", "voice", "document"):
        await sandbox.write(7, f"a {kind}", attachment=kind)
    start, reply, edited, tap, photo, voice, document = await bot.get_updates()
    assert start.message.text == "/start promo_1"
    assert start.message.parse_entities(["bot_command"]).popitem()[1] == "/start"
    assert reply.message.reply_to_message.message_id == sent.message_id
    assert edited.edited_message.text == "/start promo_2" and edited.edited_message.edit_date
    assert (tap.callback_query.data, tap.callback_query.message.text) == ("y", "Sure?")
    assert (photo.message.caption, photo.message.photo[-1].width) == ("a photo", 320)
    assert (voice.message.voice.mime_type, voice.message.voice.duration) == ("audio/ogg", 2)
    assert document.message.document.file_name == "receipt.pdf"
    for update in (photo, voice, document):
        media = update.message.effective_attachment
        file = await bot.get_file((media[-1] if isinstance(media, tuple) else media).file_id)
        assert len(await file.download_as_bytearray()) == file.file_size > 100


async def test_deleting_a_message_is_not_told_to_the_bot(sandbox, bot):
    mine = (await sandbox.write(7, "oops"))["message_id"]
    await sandbox.http.delete(f"/sandbox/api/telegram/chats/7/messages/{mine}")
    assert len(await bot.get_updates()) == 1
    assert [m["deleted"] for m in await sandbox.seen(7)] == [False, True]


async def test_a_tap_is_answered_once_and_in_time(sandbox, bot):
    await sandbox.write(7, "hi")
    sent = await bot.send_message(7, "Sure?", reply_markup=YES)
    taps = "/sandbox/api/telegram/chats/7/taps"

    async def tap() -> str:
        await sandbox.http.post(taps, json={"message_id": sent.message_id, "callback_data": "y"})
        return (await bot.get_updates())[-1].callback_query.id

    query = await tap()
    assert await bot.answer_callback_query(query, "ok")
    for known in (query, "12345"):
        with pytest.raises(BadRequest, match="uery is too old"):
            await bot.answer_callback_query(known)
    query = await tap()
    sandbox.world.clock = lambda: time.time() + 15 * 60 + 1
    with pytest.raises(BadRequest, match="uery is too old"):
        await bot.answer_callback_query(query)


async def test_a_button_that_is_gone_cannot_be_tapped(sandbox, bot):
    await sandbox.write(7, "hi")
    sent = await bot.send_message(7, "Sure?", reply_markup=YES)
    await bot.edit_message_reply_markup(7, sent.message_id)
    body = {"message_id": sent.message_id, "callback_data": "y"}
    response = await sandbox.http.post("/sandbox/api/telegram/chats/7/taps", json=body)
    assert response.status_code == 409


async def test_groups_have_members_mentions_and_their_own_limit(sandbox, bot):
    for user_id, name in ((7, "Ana"), (8, "Budi")):
        await sandbox.write(user_id, "hi", name=name)
    body = {"title": "Neighbours", "members": [7, 8]}
    group = (await sandbox.http.post("/sandbox/api/telegram/chats", json=body)).json()["chat_id"]
    assert group < 0
    await sandbox.write(group, "😀 @arunika_bot help", user_id=8)
    update = (await bot.get_updates())[-1].message
    assert (update.chat.type, update.chat.title, update.from_user.first_name) == (
        "group",
        "Neighbours",
        "Budi",
    )
    (mention,) = update.entities
    assert (mention.type, mention.offset, mention.length) == ("mention", 3, 12)
    assert update.parse_entity(mention) == "@arunika_bot"
    await bot.send_message(group, "At your service")
    assert (await sandbox.seen(group))[-1]["text"] == "At your service"


async def test_the_webhook_gets_the_secret_and_each_update_once_in_order(sandbox, bot, receiver):
    await sandbox.write(7, "before the webhook")
    async with receiver.up():
        await bot.set_webhook(receiver.url, secret_token="s3cret_-")
        for number in range(20):
            await sandbox.write(7, str(number))
        updates = await receiver.got(21)
        assert [u["message"]["text"] for u in updates] == ["before the webhook", *map(str, range(20))]
        assert set(receiver.secrets) == {"s3cret_-"}
        assert Update.de_json(updates[0], bot).message.text == "before the webhook"
        assert await sandbox.pending() == 0
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.last_error_date) == (receiver.url, 0, None)


async def test_webhook_settings_are_checked(sandbox, bot):
    with pytest.raises(BadRequest, match="ecret token contains"):
        await bot.set_webhook("http://127.0.0.1:1/", secret_token="not this!")
    with pytest.raises(BadRequest, match="ad webhook"):
        await bot.set_webhook("ftp://example.com")


async def test_refused_updates_come_again(sandbox, bot, receiver):
    receiver.answers = [503, 500, 404]
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        for text in ("one", "two", "three"):
            await sandbox.write(7, text)
        updates = await receiver.got(3)
        assert [u["message"]["text"] for u in updates] == ["one", "two", "three"]
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"


async def test_delivery_goes_on_after_the_receiver_was_down(sandbox, bot, receiver):
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        await sandbox.write(7, "up")
        await receiver.got(1)
    for chat_id in range(50, 80):
        await sandbox.write(chat_id, "down 1")
        await sandbox.write(chat_id, "down 2")
    await asyncio.sleep(0.5)
    info = await bot.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (60, "Connection refused")
    async with receiver.up():
        updates = await receiver.got(61)
        by_chat = defaultdict(list)
        for update in updates[1:]:
            by_chat[update["message"]["chat"]["id"]].append(update["message"]["text"])
        assert len(by_chat) == 30 and set(map(tuple, by_chat.values())) == {("down 1", "down 2")}


async def test_pending_updates_can_be_dropped(sandbox, bot, receiver):
    await sandbox.write(7, "old")
    async with receiver.up():
        await bot.set_webhook(receiver.url, drop_pending_updates=True)
        await sandbox.write(7, "new")
        assert [u["message"]["text"] for u in await receiver.got(1)] == ["new"]


async def test_only_allowed_updates_are_made(sandbox, bot):
    await bot.get_updates(allowed_updates=["callback_query"])
    assert (await sandbox.write(7, "hi"))["update_id"] == 0
    assert await sandbox.pending() == 0


async def test_max_connections_bounds_parallel_deliveries(sandbox, bot, receiver):
    receiver.delay = 0.03
    async with receiver.up():
        await bot.set_webhook(receiver.url, max_connections=3)
        for chat_id in range(100, 120):
            await sandbox.write(chat_id, "hi")
        await receiver.got(20)
    assert receiver.most_at_once == 3


async def test_the_dials_duplicate_and_reorder(sandbox, bot, receiver):
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        await sandbox.turn(duplicate_share=1)
        await sandbox.write(7, "twice")
        await receiver.got(2)
        assert Counter(u["update_id"] for u in receiver.updates).most_common()[0][1] == 2
        receiver.updates.clear()
        await sandbox.turn(duplicate_share=0, reorder_share=1)
        await sandbox.write(7, "first")
        await sandbox.write(7, "second")
        assert [u["message"]["text"] for u in await receiver.got(2)] == ["second", "first"]


async def test_out_of_order_delivery_does_not_hold_a_chat_back(sandbox, bot, receiver):
    receiver.delay = 0.2
    async with receiver.up():
        await sandbox.turn(in_order=False)
        await bot.set_webhook(receiver.url)
        for number in range(5):
            await sandbox.write(7, str(number))
        await receiver.got(5)
    assert receiver.most_at_once == 5


async def test_many_chats_are_delivered_quickly(sandbox, bot, receiver):
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        start = time.monotonic()
        for chat_id in range(1_000, 1_300):
            await sandbox.write(chat_id, "hi")
        await receiver.got(300, seconds=30)
        # 30 a second would take ten seconds; the margin is for a busy machine.
        assert time.monotonic() - start < 10
