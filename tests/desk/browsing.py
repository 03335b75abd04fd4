"""An agent at a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.desk.room import PASSWORD, Room

CHROMIUM = Path("/usr/bin/chromium")
# In CI a missing browser is a failure: a skipped test would look like a passed one.
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() and os.environ.get("CI") != "true", reason=f"{CHROMIUM} is not installed"
)

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
FITS = "document.documentElement.scrollWidth <= innerWidth"


async def at_desk(chromium: Browser, room: Room, login: str, *, locale: str = "en", width: int = 1280) -> Page:
    """An agent who has just logged in. Anything that the browser complains of fails the test."""
    context = await chromium.new_context(base_url=room.url, locale=locale, viewport={"width": width, "height": 800})
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    await page.goto("/desk/login")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", PASSWORD)
    await page.click("form.stack button")
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")
    return page


async def answering(page: Page, room: Room, key: str, login: str = "dina") -> None:
    """This agent has taken the conversation and looks at it."""
    agent = await room.agents.get(login)
    assert agent is not None
    await room.service.claim(key, agent)
    await page.goto(f"/desk/?open={key}")
    await expect(page.locator("#facts .owner")).to_have_attribute("data-owner", "mine")
