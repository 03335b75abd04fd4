"""The page in a real browser: a person writes as a customer and sees what the customer sees."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

BUTTONS = InlineKeyboardMarkup([[InlineKeyboardButton("A person", callback_data="person")]])


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser, sandbox) -> AsyncIterator[Page]:
    """The page in English; a script error or a refused resource fails the test."""
    page = await browser.new_page(locale="en-GB")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{sandbox.origin}/")
    await page.wait_for_selector("#people li")
    yield page
    assert complaints == []


async def test_a_conversation_with_buttons(page, bot):
    await page.get_by_role("button", name="James Carter").click()
    await page.get_by_role("textbox", name="Write a message").fill("<b>hi</b> & bye")
    await page.keyboard.press("Enter")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("<b>hi</b> & bye")
    (update,) = await bot.get_updates(timeout=5)
    assert (update.message.text, update.message.from_user.first_name) == ("<b>hi</b> & bye", "James Carter")

    await bot.send_chat_action(1002, "typing")
    await expect(page.locator("#chat-line")).to_have_text("Arunika is typing …")
    sent = await bot.send_message(1002, "Who should <b>help</b>?", parse_mode="HTML", reply_markup=BUTTONS)
    await expect(log.locator("strong")).to_have_text("help")
    await expect(page.locator("#chat-line")).to_have_text("talks to Arunika")
    await log.get_by_role("button", name="A person").click()
    (tap,) = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    assert tap.callback_query.data == "person"
    await bot.answer_callback_query(tap.callback_query.id, "On it")
    await expect(page.locator("#notice")).to_have_text("Arunika: On it")
    await bot.edit_message_text("A person comes.", 1002, sent.message_id)
    await expect(log).to_contain_text("A person comes.")
    await expect(log.get_by_role("button", name="A person")).to_have_count(0)


async def test_edit_delete_attach_and_block(page, bot):
    await page.get_by_role("button", name="Start", exact=True).click()
    mine = page.locator(".message.mine")
    await mine.hover()
    await mine.get_by_role("button", name="Edit").click()
    await page.locator("#composer-text").fill("changed")
    await page.keyboard.press("Enter")
    await expect(mine).to_contain_text("changed")
    await mine.hover()
    await mine.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("log")).to_contain_text("This message was deleted.")
    await page.get_by_role("button", name="Attach").click()
    await page.get_by_role("button", name="Send a photo").click()
    await expect(page.get_by_role("img", name="Photo")).to_be_visible()
    await page.get_by_role("button", name="Block the bot").click()
    await expect(page.locator("#composer-text")).to_be_disabled()
    updates = await bot.get_updates()
    kinds = [next(key for key in update.to_dict() if key != "update_id") for update in updates]
    assert kinds == ["message", "edited_message", "message", "my_chat_member"]


async def test_another_language_is_chosen_and_kept(page, sandbox):
    await page.get_by_role("button", name="Indonesia").click()
    await expect(page.get_by_role("button", name="Pelanggan baru")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Pelanggan baru")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "id"


async def test_new_customers_groups_and_dials(page, sandbox, bot):
    await page.get_by_role("button", name="New customer").click()
    await page.get_by_role("textbox", name="Name").fill("Rahma")
    await page.keyboard.press("Enter")
    await expect(page.locator("#chat-title")).to_have_text("Rahma")
    await page.get_by_role("button", name="New group").click()
    await page.get_by_role("textbox", name="Name").fill("Neighbours")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Mention Arunika").click()
    await page.keyboard.type("help")
    await page.keyboard.press("Enter")
    (update,) = await bot.get_updates(timeout=5)
    assert (update.message.chat.title, update.message.text) == ("Neighbours", "@arunika_bot help")
    await page.get_by_role("button", name="A bad day").click()
    await expect(page.get_by_role("slider", name="Updates delivered twice")).to_have_value("20")
    assert sandbox.world.dials.duplicate_share == 0.2


async def test_the_head_says_when_the_bot_cannot_be_reached(page, sandbox, bot, receiver):
    async with receiver.up():
        await bot.set_webhook(receiver.url)
        await expect(page.locator("#status")).to_have_text("Bot connected")
    await sandbox.write(1001, "anyone?")
    await expect(page.locator("#status")).to_have_text("The bot can't be reached")
    await expect(page.locator("#delivery")).to_contain_text("Connection refused")


async def test_a_phone_shows_one_view_at_a_time(browser, sandbox):
    page = await browser.new_page(viewport={"width": 360, "height": 700}, locale="id-ID")
    await page.goto(f"{sandbox.origin}/sandbox")
    await page.get_by_role("button", name="Budi Santoso").click()
    await expect(page.locator("#people")).to_be_hidden()
    await page.get_by_role("textbox", name="Tulis pesan").fill("halo " * 200 + "x" * 300)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("halo")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_role("button", name="Kembali ke daftar pelanggan").click()
    await expect(page.locator("#people")).to_be_visible()
