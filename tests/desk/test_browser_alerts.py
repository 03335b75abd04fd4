"""Who is called, and how, in real browsers: nobody comes, nobody could, a case that somebody has turns graver."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from bot.core import events as e
from bot.core.risk import Finding, Risk
from tests.desk.browsing import FITS, answering, at_desk, needs_chromium
from tests.desk.room import Room

pytestmark = needs_chromium

MINUTE = timedelta(minutes=1)
SHOTS = os.environ.get("SIGAP_SHOTS", "")  # a folder for pictures that a person looks at
LONG = "Raden Ajeng Sekar Kinanthi Puspitaningrum Wijayakusuma"
# Counts how often the page rings, in a browser that has no loudspeaker.
COUNTING = """
  localStorage.setItem("sigap.sound", "on");
  window.rings = 0;
  const param = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
  const node = { frequency: {}, gain: param, connect: (next) => next, start() {}, stop() {} };
  window.AudioContext = class {
    constructor() { this.state = "running"; this.currentTime = 0; }
    createOscillator() { window.rings += 0.5; return node; }
    createGain() { return node; }
  };
"""


def found(label: str, severity: int) -> Finding:
    return Finding(label=label, severity=severity, confidence=0.9)


async def listening(chromium: Browser, room: Room, login: str, **how: Any) -> Page:
    """An agent whose sound is on."""
    page = await at_desk(chromium, room, login, **how)
    await page.add_init_script(COUNTING)
    await page.reload()
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")
    return page


async def handoff(room: Room, key: str, *events: e.AnyEvent, **state: Any) -> None:
    """What the worker did with a handoff that waits."""
    held = (await room.conversation(key)).handoff
    assert held is not None
    await room.change(key, *events, handoff=replace(held, **state))


async def escalate(room: Room, key: str, level: int) -> None:
    event = e.HandoffEscalated(conversation=key, at=room.clock.now(), level=level)
    await handoff(room, key, event, overdue=True, escalation=level)


async def strand(room: Room, key: str, *skills: str) -> None:
    event = e.HandoffStranded(conversation=key, at=room.clock.now(), skills=skills, language="id")
    await handoff(room, key, event, skills=skills, stranded=True)


async def triaged(room: Room, key: str, priority: int, *findings: Finding) -> None:
    event = e.Triaged(conversation=key, at=room.clock.now(), event_id="1", findings=findings, bot="silent")
    await room.change(key, event, risk=Risk(findings=findings, priority=priority))


async def test_a_deadline_that_nobody_met_calls_supervisors(chromium: Browser, room: Room) -> None:
    key = await room.customer("Dewi", "halo", ago=20 * MINUTE)
    sari, dina = [await listening(chromium, room, login) for login in ("sari", "dina")]
    await expect(sari.locator("#late")).to_have_text("Late: 1")
    await expect(sari).to_have_title("(1) Desk · Sigap")
    await expect(dina.locator("#waiting .row")).to_have_attribute("data-state", "over")
    await escalate(room, key, 1)
    for page in (sari, dina):
        await expect(page.locator("#waiting .sign.late")).to_have_text("late ×1")
    await expect(sari.locator("#alarm")).to_have_text("Late ×1: Dewi still waits for a person.")
    await expect(sari).to_have_title("⚠ (1) Desk · Sigap")
    await sari.keyboard.press("Shift")  # somebody is there
    await expect(sari).to_have_title("(1) Desk · Sigap")
    await escalate(room, key, 2)
    await expect(sari).to_have_title("⚠ (1) Desk · Sigap")
    assert await sari.evaluate("rings") == 2
    await expect(dina.locator("#waiting .sign.late")).to_have_text("late ×2")
    await expect(dina).to_have_title("(1) Desk · Sigap")
    await expect(dina.locator("#alarm")).to_be_empty()
    await expect(dina.locator("#late")).to_be_hidden()
    assert await dina.evaluate("rings") == 0
    await sari.reload()  # what was there before the page was opened calls nobody
    await expect(sari.locator("#late")).to_have_text("Late: 1")
    assert await sari.evaluate("rings") == 0


async def test_what_nobody_here_could_take_is_told_to_everybody(chromium: Browser, room: Room) -> None:
    page = await listening(chromium, room, "dina")
    key = await room.customer("Dewi", "uang saya hilang")
    await expect(page.locator("#waiting .row")).to_have_count(1)
    await strand(room, key, "fraud")
    sign = page.locator("#waiting .sign.late")
    await expect(sign).to_have_text("nobody skilled")
    await expect(sign).to_have_attribute("title", "When it came, nobody at this desk could do this: Fraud, Indonesian")
    await expect(page.locator("#late")).to_have_text("Nobody here has the skills: 1")
    await expect(page.locator("#alarm")).to_have_text("Nobody here has the skills: Dewi. Asked for a person.")
    await expect(page).to_have_title("⚠ (1) Desk · Sigap")
    assert await page.evaluate("rings") == 2  # it came, and nobody could take it


async def test_a_danger_in_a_case_that_somebody_has(chromium: Browser, room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    dina, sari, budi = [await listening(chromium, room, login) for login in ("dina", "sari", "budi")]
    await answering(dina, room, key)
    anger = found("anger", 1)
    await triaged(room, key, 0, anger)
    await room.writes(key, "uang saya hilang")
    await expect(dina.locator("#mine .words")).to_have_text("uang saya hilang")
    await expect(dina.locator("#mine .sign")).to_have_count(0)  # the policy does not put it ahead

    await triaged(room, key, 4, found("vulnerable", 4), anger)
    await expect(dina.locator("#mine .sign.risk")).to_have_text("Vulnerable customer or hardship")
    await expect(dina.locator("#alarm")).to_have_text("New risk in your case: Dewi. Vulnerable customer or hardship.")
    await triaged(room, key, 5, found("fraud", 5), found("vulnerable", 4), anger)
    for page in (sari, budi):
        await expect(page.locator("#colleagues .sign.risk")).to_have_text("Fraud or stolen money")
    words = "Dewi. Fraud or stolen money."
    await expect(dina.locator("#alarm")).to_have_text(f"New risk in your case: {words}")
    await expect(sari.locator("#alarm")).to_have_text(f"New risk in a case of Dina Lestari: {words}")
    await expect(sari).to_have_title("⚠ Desk · Sigap")
    # What is less grave than what is known, or as it was, calls nobody.
    await triaged(room, key, 5, found("fraud", 5), found("vulnerable", 4), found("churn", 2), anger)
    await room.writes(key, "halo?")
    for page, rings in ((dina, 2), (sari, 2), (budi, 0)):
        await expect(page.locator(".row .words")).to_have_text("halo?")
        assert await page.evaluate("rings") == rings
    # As grave, and another one: that is news.
    await triaged(room, key, 5, found("fraud", 5), found("self_harm", 5), found("vulnerable", 4), anger)
    await expect(dina.locator("#alarm")).to_have_text("New risk in your case: Dewi. Self-harm.")


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("id", 1280), ("id", 375)])
async def test_all_signs_fit_with_long_names(chromium: Browser, room: Room, locale: str, width: int) -> None:
    await room.people.add("kinan", LONG, "correct horse battery", "agent")
    late = await room.customer(LONG, "tolong " * 40, ago=50 * MINUTE)
    await escalate(room, late, 3)
    await strand(room, late, "fraud", "health", "regulated")
    for number in range(12):
        await room.customer(f"Andi {number}", "halo")
    for login in ("sari", "kinan"):
        agent = await room.agents.get(login)
        assert agent is not None
        said = room.said("facebook", f"{LONG} {login}", "saya sesak napas", public=True)
        held = await room.case("facebook", LONG, said)
        await room.service.claim(held, agent)
        await triaged(room, held, 5, found("health", 5), found("vulnerable", 4), found("wide_reach", 2))
    page = await at_desk(chromium, room, "sari", locale=locale, width=width)
    await expect(page.locator(".sign.risk")).to_have_count(2)
    await page.locator("#colleagues .row").scroll_into_view_if_needed()
    await expect(page.locator("#late")).to_be_in_viewport()  # also far down the queue
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"alerts-{locale}-{width}.png")
    assert await page.evaluate(FITS)
    assert await page.evaluate("queue.scrollWidth <= queue.clientWidth")
    for sign in await page.locator(".row .sign").all():
        box = await sign.bounding_box()
        assert box is not None
        assert box["width"] > 20  # nothing is squeezed away
