"""The handoff packet and four eyes in real browsers: what an agent sees in ten seconds, and what two people do."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.handoff import Reason
from bot.core.risk import Finding, Risk, Span
from channels.messages import Surface
from tests.desk.browsing import FITS, HOSTILE, answering, at_desk, needs_chromium
from tests.desk.room import Room

pytestmark = needs_chromium

MINUTE = timedelta(minutes=1)
THREAT = f"my solicitor will write to you {HOSTILE} " + "very long words " * 40
SHOTS = os.environ.get("SIGAP_SHOTS", "")  # a folder for pictures that a person looks at


async def regulated(room: Room) -> str:
    words = room.said("facebook", "Dewi", THREAT, public=True, ago=4 * MINUTE)
    found = Finding(label="legal_threat", severity=4, confidence=0.93, evidence=(Span(3, 12, "pattern:law"),))
    risk = Risk(findings=(found,), skills=("legal",), priority=4, approval=True, acknowledged=("legal_threat",))
    key = await room.case(
        "facebook", "Dewi", words, disclosed_in="m0", risk=risk, slots={"order_ref": "AR-20931", "topic": "fee"}
    )
    triaged = e.Triaged(
        conversation=key, at=room.clock.now(), event_id=words.event_id, findings=(found,), bot="acknowledge",
        label="legal_threat",
    )  # fmt: skip
    await room.change(key, triaged)
    return key


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.mark.parametrize(
    ("locale", "risks", "approval"), [("en", "Risks", "second person"), ("id", "Risiko", "orang kedua")]
)
async def test_why_at_one_glance(chromium: Browser, room: Room, locale: str, risks: str, approval: str) -> None:
    key = await regulated(room)
    page = await at_desk(chromium, room, "sari", locale=locale)
    await answering(page, room, key, "sari")
    context = page.locator("#context-body")
    await expect(context.locator(".summary")).to_contain_text("Dewi")
    await expect(context).to_contain_text(risks)
    await expect(context.locator(".warning")).to_contain_text(approval)
    await expect(page.locator(".message.customer mark")).to_have_text("solicitor")
    await expect(context.locator(".replies button")).not_to_have_count(0)
    assert await page.evaluate(FITS)
    assert await page.title() != "owned"
    await shot(page, f"packet-{locale}")
    # A personal value is shown on a click, and the click is noted.
    await expect(context).not_to_contain_text("AR-20931")
    await context.locator("button.veil").click()
    await expect(context).to_contain_text("AR-20931")
    assert ("sari", "revealed") in [(note.actor, note.action) for note in room.trail.noted]


async def test_two_people_let_a_public_reply_out(chromium: Browser, room: Room) -> None:
    key = await regulated(room)
    await room.people.certify("dina", ["legal"])
    author = await at_desk(chromium, room, "dina")
    await answering(author, room, key)
    await author.check("[name=surface][value=public]", force=True)
    await expect(author.locator("#send")).to_have_text("Send for approval")
    await author.fill("#text", f"We are sorry. {HOSTILE}")
    await author.click("#send")
    await expect(author.locator("#proposal")).to_contain_text("A supervisor or an approver has to read it.")
    await expect(author.locator("[data-settle=approve]")).to_have_count(0)
    await shot(author, "proposal-author")
    assert not room.outbox("facebook")

    second = await at_desk(chromium, room, "sari")
    await second.locator("#approvals a.row").click()
    await expect(second.locator("#proposal .text")).to_have_text(f"We are sorry. {HOSTILE}")
    await shot(second, "proposal-second")
    # The author changes it while the other one reads: the new words are what has to be approved.
    dina = await room.agents.get("dina")
    assert dina is not None
    await room.service.reply(key, dina, "We are not sorry.", "again", surface=Surface.PUBLIC)
    await expect(second.locator("#proposal .text")).to_have_text("We are not sorry.")
    assert not room.outbox("facebook")
    await second.locator("[data-settle=approve]").click()
    await expect(second.locator("#proposal")).to_be_hidden()
    await expect(author.locator("#proposal")).to_be_hidden()
    [message] = room.outbox("facebook")
    assert (message.text, message.approved_by) == ("We are not sorry.", "sari")


async def test_an_urgent_override_needs_a_reason(chromium: Browser, room: Room) -> None:
    key = await regulated(room)
    page = await at_desk(chromium, room, "sari")
    await answering(page, room, key, "sari")
    await page.check("[name=surface][value=public]", force=True)
    await page.fill("#text", "Call 112 now.")
    await page.click("#send")
    await page.locator("[data-settle=override]").click()
    await expect(page.locator(".toast.problem")).to_contain_text("needs a reason")
    assert not room.outbox("facebook")
    await page.fill("#proposal-why", "life in danger")
    await page.locator("[data-settle=override]").click()
    await expect(page.locator("#proposal")).to_be_hidden()
    assert room.outbox("facebook")[0].text == "Call 112 now."


async def test_who_lacks_the_skill_is_told_and_takes_the_next_that_fits(chromium: Browser, room: Room) -> None:
    key = await regulated(room)
    plain = await room.customer("Ani", "hello", reason=Reason.CUSTOMER_ASKED)
    page = await at_desk(chromium, room, "dina")
    await page.goto(f"/desk/?open={key}")
    await expect(page.locator("[data-action=claim]")).to_be_disabled()
    await expect(page.locator("#context-body .warning").last).to_contain_text("Legal")
    await page.click("#next")
    await expect(page.locator("#facts .owner")).to_have_attribute("data-owner", "mine")
    assert (await room.conversation(plain)).owner is Owner.HUMAN
    assert (await room.conversation(key)).owner is Owner.WAITING
