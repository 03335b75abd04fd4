"""A customer in /chat and an agent in /desk, both in real browsers, against the whole running system."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.demo import DEMO_PASSWORD
from tests.scenarios.harness import Sigap

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists() and os.environ.get("CI") != "true", reason=f"{CHROMIUM} is not installed"),
    pytest.mark.timeout(240),
]
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("browsers")) as system:
        yield system


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        await browser.close()


async def customer(chromium: Browser, sigap: Sigap, language: str = "en") -> Page:
    page = await (await chromium.new_context(base_url=sigap.url, locale=language)).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    await page.goto(f"/chat?lang={language}")
    return page


async def agent(chromium: Browser, sigap: Sigap, login: str) -> Page:
    page = await (await chromium.new_context(base_url=sigap.url, locale="en")).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    await page.goto("/desk/login")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", DEMO_PASSWORD)
    await page.click("form.stack button")
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")
    return page


async def write(page: Page, text: str) -> None:
    await page.fill("#message", text)
    await page.keyboard.press("Enter")


async def hears(page: Page, text: str) -> None:
    await expect(page.locator("#lines li").filter(has_text=text).last).to_be_visible()


async def test_ask_be_answered_ask_for_a_person_talk_and_return(chromium: Browser, sigap: Sigap) -> None:
    shopper = await customer(chromium, sigap)
    await write(shopper, "hi, where is my order")
    await hears(shopper, "order number")
    await write(shopper, "AR-20301")
    await hears(shopper, "AR-20301")

    dina = await agent(chromium, sigap, "dina")
    await write(shopper, "i want to talk to a person please")
    await hears(shopper, "colleague")
    waiting = dina.locator("#waiting .row")
    await expect(waiting).to_have_count(1)
    await waiting.first.click()
    await expect(dina.locator("#context-summary")).to_contain_text("Asked for a person")
    await dina.click('[data-action="claim"]')
    await hears(shopper, "You are now talking with Dina Lestari")

    await dina.fill("#text", "Hello, this is Dina. How can I help?")
    await dina.locator("#text").press("Enter")
    await hears(shopper, "Hello, this is Dina. How can I help?")
    await expect(dina.locator(".message.agent").last).to_have_attribute("data-status", "sent")
    await write(shopper, "where is my order")
    await expect(dina.locator(".message.customer .text").last).to_have_text("where is my order")
    said_before = await shopper.locator("#lines li").count()

    # The assistant would have answered that one; a person has the conversation, so it keeps silent.
    await dina.fill("#text", "I'll look that up for you.")
    await dina.locator("#text").press("Enter")
    await hears(shopper, "I'll look that up for you.")
    assert await shopper.locator("#lines li").count() == said_before + 1

    await dina.click('[data-action="give_back"]')
    await dina.click('[data-action="give_back"]')
    await hears(shopper, "handed you back to the assistant")
    await write(shopper, "what are your branch opening hours?")
    await hears(shopper, "branch")
    await expect(dina.locator("#facts .owner")).to_have_text("The assistant is answering")


async def test_a_reload_and_a_gateway_killed_in_the_middle_lose_nothing(chromium: Browser, sigap: Sigap) -> None:
    shopper = await customer(chromium, sigap, "id")
    await write(shopper, "halo kak")
    await hears(shopper, "asisten")
    lines = await shopper.locator("#lines li").count()
    await shopper.reload()
    await expect(shopper.locator("#lines li")).to_have_count(lines)

    sigap.kill("gateway")
    await write(shopper, "biaya transfer berapa ya")
    await hears(shopper, "biaya transfer berapa ya")
    sigap.wait_until_ok()
    await expect(shopper.locator("#lines li").last).to_contain_text("Rp", timeout=40_000)
    texts = await shopper.locator("#lines li").all_inner_texts()
    assert sum("biaya transfer berapa ya" in text for text in texts) == 1


async def test_of_two_agents_one_gets_it_and_the_other_is_told(chromium: Browser, sigap: Sigap) -> None:
    shopper = await customer(chromium, sigap)
    await write(shopper, "talk to a human")
    await hears(shopper, "colleague")
    dina, budi = await agent(chromium, sigap, "dina"), await agent(chromium, sigap, "budi")
    for page in (dina, budi):
        await page.locator("#waiting .row").first.click()
        await expect(page.locator('[data-action="claim"]')).to_be_enabled()
    # Budi's page still offers it: its live feed is cut, so only the answer to his click can tell him.
    await budi.route("**/desk/events*", lambda route: route.abort())
    await dina.click('[data-action="claim"]')
    await expect(dina.locator("#facts .owner")).to_have_text("You are answering")
    claim = budi.locator('[data-action="claim"]')
    if await claim.is_enabled():
        await claim.click(timeout=3_000)
    await expect(budi.locator("body")).to_contain_text("Dina Lestari")
    await expect(budi.locator("#text")).to_be_disabled()
