from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.desk.browsing import CHROMIUM
from tests.desk.room import Room, serving


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    await room.staff()
    async with serving(room):
        yield room


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        await browser.close()
