"""A real python-telegram-bot talks to the stand-in."""

from __future__ import annotations

import httpx
import pytest
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken

from tests.sandbox.conftest import TOKEN, make_bot

YES = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("No", callback_data="n")]]
)


async def test_get_me_is_the_demo_brands_bot(sandbox, bot):
    me = await bot.get_me()
    assert (me.id, me.first_name, me.username, me.is_bot) == (123456, "Arunika", "arunika_bot", True)


async def test_a_sent_text_is_seen_by_the_customer(sandbox, bot):
    await sandbox.write(7, "hi", name="Ana")
    sent = await bot.send_message(7, "Halo Ana 👋\nApa kabar?")
    assert sent.chat.type == "private" and sent.from_user.is_bot
    seen = await sandbox.seen(7)
    assert [(m["from"], m["text"]) for m in seen] == [
        ("customer", "hi"),
        ("brand", "Halo Ana 👋\nApa kabar?"),
    ]
    assert seen[1]["message_id"] == sent.message_id and seen[1]["seq"] > seen[0]["seq"]


async def test_text_limits_count_utf16_units_after_entity_parsing(sandbox, bot):
    await sandbox.write(7, "hi")
    await sandbox.turn(per_chat_per_second=0)
    await bot.send_message(7, "x" * 4096)
    await bot.send_message(7, "<b>" + "x" * 4096 + "</b>", parse_mode=ParseMode.HTML)
    await bot.send_message(7, "😀" * 2048)
    with pytest.raises(BadRequest, match=r"[Mm]essage is too long"):
        await bot.send_message(7, "x" * 4097)
    with pytest.raises(BadRequest, match=r"[Mm]essage is too long"):
        await bot.send_message(7, "😀" * 2048 + "x")
    with pytest.raises(BadRequest, match=r"[Mm]essage text is empty"):
        await bot.send_message(7, " \n ")
    with pytest.raises(BadRequest, match=r"[Mm]essage text is empty"):
        await bot.send_message(7, "<b> </b>", parse_mode=ParseMode.HTML)


@pytest.mark.parametrize(
    ("mode", "source", "text", "entities"),
    [
        ("HTML", "a <b>b<i>c</i></b> &lt;d&gt;", "a bc <d>", [("bold", 2, 2), ("italic", 3, 1)]),
        ("HTML", '😀<a href="https://a.b/?x=1&amp;y">link</a>', "😀link", [("text_link", 2, 4)]),
        ("MarkdownV2", r"*b* __u__ ~s~ 1\.5 `a.b`", "b u s 1.5 a.b",
         [("bold", 0, 1), ("underline", 2, 1), ("strikethrough", 4, 1), ("code", 10, 3)]),
        ("MarkdownV2", r"[t\]](https://a.b/\))", "t]", [("text_link", 0, 2)]),
        ("Markdown", "*b* 1.5 [t](https://a.b)", "b 1.5 t", [("bold", 0, 1), ("text_link", 6, 1)]),
        (None, "/help ask @arunika_bot https://a.b/c.", "/help ask @arunika_bot https://a.b/c.",
         [("bot_command", 0, 5), ("mention", 10, 12), ("url", 23, 13)]),
    ],
)  # fmt: skip
async def test_formatted_text_is_parsed(sandbox, bot, mode, source, text, entities):
    await sandbox.write(7, "hi")
    sent = await bot.send_message(7, source, parse_mode=mode)
    assert sent.text == text
    assert [(e.type.value, e.offset, e.length) for e in sent.entities] == entities


@pytest.mark.parametrize(
    ("mode", "source"),
    [("HTML", "<b>x"), ("HTML", "x</b>"), ("HTML", "<h1>x</h1>"), ("HTML", "1 < 2"),
     ("MarkdownV2", "1.5"), ("MarkdownV2", "*x"), ("Markdown", "a_b"), ("HTML", "<b><i>x</b></i>")],
)  # fmt: skip
async def test_broken_formatting_is_refused(sandbox, bot, mode, source):
    await sandbox.write(7, "hi")
    with pytest.raises(BadRequest, match="an't parse entities"):
        await bot.send_message(7, source, parse_mode=mode)
    assert len(await sandbox.seen(7)) == 1


async def test_buttons_are_checked_and_shown(sandbox, bot):
    await sandbox.write(7, "hi")
    sent = await bot.send_message(7, "Sure?", reply_markup=YES)
    assert sent.reply_markup == YES
    buttons = (await sandbox.seen(7))[-1]["buttons"]
    assert buttons == [[{"text": "Yes", "callback_data": "y"}, {"text": "No", "callback_data": "n"}]]

    def keyboard(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])

    await bot.send_message(7, "64 bytes", reply_markup=keyboard("é" * 32))
    for data in ("é" * 32 + "x", ""):
        with pytest.raises(BadRequest, match=r"utton_data_invalid|BUTTON_DATA_INVALID"):
            await bot.send_message(7, "x", reply_markup=keyboard(data))
    with pytest.raises(BadRequest, match="unallowed"):
        await bot.send_message(7, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x")]]))
    with pytest.raises(BadRequest, match=r"(?i)REPLY_MARKUP_TOO_LONG"):
        many = [[InlineKeyboardButton("x", callback_data="x")] * 4] * 26
        await bot.send_message(7, "x", reply_markup=InlineKeyboardMarkup(many))


async def test_quick_replies_are_shown(sandbox, bot):
    await sandbox.write(7, "hi")
    await bot.send_message(7, "Which?", reply_markup=ReplyKeyboardMarkup([["A", "B"]], one_time_keyboard=True))
    await bot.send_message(7, "Thanks", reply_markup=ReplyKeyboardRemove())
    assert [m["keyboard"] for m in (await sandbox.seen(7))[1:]] == [[["A", "B"]], []]


async def test_replies_name_the_message(sandbox, bot):
    first = (await sandbox.write(7, "hi"))["message_id"]
    sent = await bot.send_message(7, "to you", reply_parameters=ReplyParameters(first))
    assert sent.reply_to_message.message_id == first
    assert (await sandbox.seen(7))[-1]["reply_to"] == first
    with pytest.raises(BadRequest, match="essage to be replied not found"):
        await bot.send_message(7, "x", reply_parameters=ReplyParameters(1))
    sent = await bot.send_message(7, "x", reply_parameters=ReplyParameters(1, allow_sending_without_reply=True))
    assert sent.reply_to_message is None


async def test_unknown_and_silent_chats_are_not_found(sandbox, bot):
    for chat_id in (404, 1001, "@nobody"):
        with pytest.raises(BadRequest, match=r"(?i)chat not found"):
            await bot.send_message(chat_id, "hello?")


async def test_blocked_bot_is_told_so_until_it_is_unblocked(sandbox, bot):
    await sandbox.write(7, "hi")
    block = "/sandbox/api/telegram/chats/7/block"
    await sandbox.http.post(block, json={"blocked": True})
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(7, "still there?")
    await sandbox.http.post(block, json={"blocked": False})
    await bot.send_message(7, "welcome back")
    updates = await bot.get_updates()
    assert [u.my_chat_member.new_chat_member.status for u in updates[1:]] == ["kicked", "member"]


async def test_wrong_tokens_and_methods(sandbox):
    with pytest.raises(InvalidToken):
        async with make_bot(sandbox, "123456:wrong"):
            pass
    async with httpx.AsyncClient(base_url=f"{sandbox.origin}/telegram", trust_env=False) as http:
        unauthorized = await http.get("/bot123456:wrong/getMe")
        unknown = await http.get(f"/bot{TOKEN}/getNothing")
        malformed = await http.get("/bot123456/getMe")
        empty = await http.post(f"/bot{TOKEN}/sendMessage", json={})
    assert (unauthorized.status_code, unauthorized.json()) == (
        401, {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )  # fmt: skip
    assert unknown.status_code == malformed.status_code == 404
    assert malformed.json() == {"ok": False, "error_code": 404, "description": "Not Found"}
    assert empty.json() == {"ok": False, "error_code": 400, "description": "Bad Request: chat_id is empty"}


async def test_every_way_of_sending_parameters_is_understood(sandbox):
    await sandbox.write(7, "hi")
    url = f"/telegram/bot{TOKEN}/sendMessage"
    markup = '{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}'
    nested = {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}
    form = {"chat_id": "7", "text": "a & b = ü", "reply_markup": markup}
    answers = [
        await sandbox.http.post(url, json={"chat_id": 7, "text": "a & b = ü", "reply_markup": nested}),
        await sandbox.http.post(url, data=form),
        await sandbox.http.post(url, files={name: (None, value) for name, value in form.items()}),
        await sandbox.http.get(url, params=form),
        await sandbox.http.post(url.replace("sendMessage", "SENDMESSAGE"), data=form),
    ]
    for response in answers:
        result = response.json()["result"]
        assert (result["text"], result["reply_markup"]) == ("a & b = ü", nested)


async def test_edit_and_delete_own_messages(sandbox, bot):
    theirs = (await sandbox.write(7, "hi"))["message_id"]
    sent = await bot.send_message(7, "one", reply_markup=YES)
    with pytest.raises(BadRequest, match="essage is not modified"):
        await bot.edit_message_text("one", 7, sent.message_id, reply_markup=YES)
    await bot.edit_message_reply_markup(7, sent.message_id)
    edited = await bot.edit_message_text("two", 7, sent.message_id)
    assert edited.edit_date is not None
    with pytest.raises(BadRequest, match="essage can't be edited"):
        await bot.edit_message_text("x", 7, theirs)
    with pytest.raises(BadRequest, match="essage to edit not found"):
        await bot.edit_message_text("x", 7, 1)
    await bot.delete_message(7, sent.message_id)
    with pytest.raises(BadRequest, match="essage to delete not found"):
        await bot.delete_message(7, sent.message_id)
    steps = [(m["text"], bool(m["buttons"]), m["edited"], m["deleted"]) for m in (await sandbox.seen(7))[1:]]
    assert steps == [
        ("one", True, False, False), ("one", False, False, False), ("two", False, True, False),
        ("", False, True, True),
    ]  # fmt: skip


async def test_files_by_upload_address_and_id(sandbox, bot):
    await sandbox.write(7, "", attachment="photo")
    (update,) = await bot.get_updates()
    photo = update.message.photo[-1]
    stored = await bot.get_file(photo.file_id)
    body = await stored.download_as_bytearray()
    assert body.startswith(b"\x89PNG") and len(body) == photo.file_size
    again = await bot.send_photo(7, photo.file_id, caption="<b>yours</b>", parse_mode="HTML")
    assert again.caption == "yours" and again.photo[-1].file_id == photo.file_id
    document = await bot.send_document(7, b"%PDF-1.4 terms", filename="terms.pdf")
    assert document.document.file_name == "terms.pdf"
    downloaded = await (await bot.get_file(document.document.file_id)).download_as_bytearray()
    assert bytes(downloaded) == b"%PDF-1.4 terms"
    await bot.send_photo(7, "https://example.com/card.png", caption="x" * 1024)
    assert (await sandbox.seen(7))[-1]["media"]["url"] == "https://example.com/card.png"
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_photo(7, photo.file_id, caption="x" * 1025)
    with pytest.raises(BadRequest):
        await bot.send_photo(7, "no-such-file")


async def test_typing_is_shown_until_the_message_comes(sandbox, bot):
    await sandbox.write(7, "hi")

    async def typing() -> bool:
        chats = (await sandbox.http.get("/sandbox/api/telegram/chats")).json()["chats"]
        return next(chat["typing"] for chat in chats if chat["chat_id"] == 7)

    assert not await typing()
    await bot.send_chat_action(7, ChatAction.TYPING)
    assert await typing()
    await bot.send_message(7, "done")
    assert not await typing()
