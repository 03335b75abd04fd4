"""The desk in a real browser: what an agent sees and does, with the keyboard, in two languages."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.async_api import Browser, expect

from bot.core.events import ReplySent
from tests.desk.browsing import FITS, HOSTILE, at_desk, needs_chromium
from tests.desk.room import Room

pytestmark = needs_chromium


async def test_from_a_new_handoff_to_an_answer_that_is_sent(chromium: Browser, room: Room) -> None:
    page = await at_desk(chromium, room, "dina")
    await expect(page.locator("#waiting-empty")).to_have_text("Nobody is waiting. Well done.")

    key = await room.customer("Dewi", "kartu saya hilang")
    await expect(page.locator("#waiting .row .name")).to_have_text("Dewi")
    await expect(page).to_have_title("(1) Desk · Sigap")
    await expect(page.locator("#announce")).to_have_text("New in the queue: Dewi. Asked for a person.")

    await page.keyboard.press("j")
    await expect(page.locator("#context-summary")).to_contain_text("Asked for a person")
    await expect(page.locator("#context-body")).to_contain_text("91%")
    await expect(page.locator("#context-body")).to_contain_text("AR-20931")
    await expect(page.locator("#text")).to_be_disabled()

    await page.keyboard.press("c")
    await expect(page.locator("#facts .owner")).to_have_text("You are answering")
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#mine .row")).to_have_count(1)
    await expect(page).to_have_title("Desk · Sigap")

    await page.keyboard.type("Halo Kak Dewi")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("saya bantu ya")
    await page.keyboard.press("Enter")
    reply = page.locator(".message.agent")
    await expect(reply.locator(".text")).to_have_text("Halo Kak Dewi\nsaya bantu ya")
    await expect(reply).to_have_attribute("data-status", "queued")
    line_id = await reply.get_attribute("data-id")
    assert line_id is not None
    await room.store.record(
        key, [ReplySent(conversation=key, at=room.clock.now(), message_id=line_id, external_ids=("9",))]
    )
    await expect(reply).to_have_attribute("data-status", "sent")
    await expect(reply).to_have_count(1)

    await room.writes(key, "terima kasih")
    await expect(page.locator(".message.customer .text").last).to_have_text("terima kasih")
    await page.keyboard.press("Escape")
    await page.click('[data-action="give_back"]')
    assert (await room.conversation(key)).owner == "human"  # it asks first: the customer is told
    await page.click('[data-action="give_back"]')
    await expect(page.locator("#facts .owner")).to_have_text("The assistant is answering")
    await expect(page.locator("#mine .row")).to_have_count(0)


async def test_the_loser_of_a_claim_sees_at_once_who_has_it(chromium: Browser, room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    page = await at_desk(chromium, room, "budi")
    await page.goto(f"/desk/?open={key}")
    claim = page.locator('[data-action="claim"]')
    await expect(claim).to_be_visible()
    dina = await room.agents.get("dina")
    assert dina is not None
    # Dina is faster by less than what the live feed needs: Budi's page still offers the button.
    await page.route("**/api/conversation*", lambda route: route.abort())
    await room.service.claim(key, dina)
    await claim.click()
    await expect(page.locator(".toast.problem")).to_have_text("Dina Lestari has taken this conversation.")
    await page.unroute("**/api/conversation*")
    await room.writes(key, "masih di sini?")
    await expect(page.locator("#facts .owner")).to_have_text("Dina Lestari is answering")
    await expect(page.locator("#text")).to_be_disabled()
    await expect(page.locator("#colleagues .row")).to_contain_text("with Dina Lestari")


async def test_hostile_words_are_shown_and_never_run(chromium: Browser, room: Room) -> None:
    key = await room.customer(HOSTILE, HOSTILE)
    room.archive.rows = [{"key": key, "channel": HOSTILE, "customer": HOSTILE, "text": HOSTILE, "at": room.clock.now()}]
    page = await at_desk(chromium, room, "dina")
    await page.goto(f"/desk/?open={key}")
    await expect(page.locator(".message .text")).to_have_text(HOSTILE)
    await expect(page.locator("#waiting .words")).to_have_text(HOSTILE)
    assert await page.locator(".transcript img, .queue img, .transcript script").count() == 0
    await page.goto("/desk/history")
    await expect(page.locator(".results .words")).to_have_text(HOSTILE)
    assert "owned" not in await page.title()


async def test_a_draft_survives_a_reload_and_a_failed_send_keeps_the_words(chromium: Browser, room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    page = await at_desk(chromium, room, "dina")
    await page.goto(f"/desk/?open={key}")
    await page.click('[data-action="claim"]')
    text = page.locator("#text")
    await expect(text).to_be_enabled()
    await text.fill("belum selesai")
    await page.reload()
    await expect(text).to_have_value("belum selesai")

    await page.route("**/api/reply", lambda route: route.abort())
    await text.press("Enter")
    await expect(page.locator("#composer-problem")).to_contain_text("What you wrote is still here")
    await expect(text).to_have_value("belum selesai")
    await expect(page.locator(".message.agent")).to_have_count(0)
    await page.unroute("**/api/reply")
    await text.press("Enter")
    await expect(page.locator(".message.agent .text")).to_have_text("belum selesai")
    await expect(text).to_have_value("")
    await page.reload()
    await expect(page.locator(".message.agent")).to_have_count(1)
    await expect(text).to_have_value("")


async def test_a_thrown_out_agent_lands_at_the_login(chromium: Browser, room: Room) -> None:
    page = await at_desk(chromium, room, "dina")
    await room.people.disable("dina")
    await page.wait_for_url("**/desk/login")


async def test_on_a_phone_in_indonesian_nothing_is_wider_than_the_screen(chromium: Browser, room: Room) -> None:
    long = "x" * 300
    keys = [await room.customer(f"{long} {number}", long, ago=timedelta(minutes=number)) for number in range(12)]
    page = await at_desk(chromium, room, "dina", locale="id-ID", width=375)
    await expect(page.locator("#waiting .reason").first).to_have_text("Minta bicara dengan orang")
    assert await page.evaluate(FITS)
    await page.click(f'.row[data-key="{keys[3]}"]')
    await expect(page.locator("#facts .owner")).to_have_text("Menunggu ditangani orang")
    await expect(page.locator("#queue")).to_be_hidden()
    assert await page.evaluate(FITS)
    await page.click("[data-back]")
    await expect(page.locator("#queue")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/desk/$"))
