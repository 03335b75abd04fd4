"""The public platforms in a real browser: a person plays the customers, and the brand's people by hand."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from sanic import Sanic

from sandbox.app import create_app
from sandbox.serve import running
from sandbox.social.model import Entry
from sandbox.social.platform import Platform

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & <script>document.title='owned'</script>"


class Site:
    """A sandbox in this process: what its page does is seen in the platforms themselves."""

    def __init__(self, origin: str, app: Sanic) -> None:
        self.origin = origin
        self.platforms: dict[str, Platform] = app.ctx.social

    def entries(self, name: str, **wanted: object) -> list[Entry]:
        entries = self.platforms[name].entries.values()
        return [each for each in entries if all(getattr(each, key) == value for key, value in wanted.items())]

    def say(self, name: str, text: str, *, to: Entry | None = None, **more: Any) -> Entry:
        """The assistant answers: in private, or in public when `to` is given."""
        platform = self.platforms[name]
        if to is None:
            return platform.say(Entry(platform.new_id("private"), "private", "brand", self.sari(name), text, **more))
        entry_id = platform.new_id("public", to.post)
        return platform.say(
            Entry(entry_id, "public", "brand", to.customer, text, reply_to=to.id, root=to.root, post=to.post)
        )

    def sari(self, name: str) -> str:
        return next(iter(self.platforms[name].people))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app = create_app()
    async with running(app) as port:
        yield Site(f"http://127.0.0.1:{port}", app)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """Facebook in English; a script error or a refused resource fails the test."""
    page = await browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    await page.goto(f"{site.origin}/sandbox#facebook")
    await page.wait_for_selector("#s-people li")
    yield page
    assert complaints == []


async def go(page: Page, platform: str) -> None:
    await page.get_by_role("navigation", name="Platforms").get_by_role("link", name=platform).click()
    await expect(page.locator("#s-title")).to_have_text(platform)


async def write(page: Page, surface: str, text: str) -> None:
    field = page.locator(f"#s-{surface}-text")
    await field.fill(text)
    await field.press("Enter")
    await expect(field).to_have_value("")
    await expect(page.locator("#s-thread" if surface == "public" else "#s-chat")).to_contain_text(text)


async def test_a_comment_its_answer_and_the_private_chat_stand_side_by_side(page: Page, site: Site) -> None:
    thread, chat = page.locator("#s-thread"), page.locator("#s-chat")
    await write(page, "public", HOSTILE)
    await expect(thread).to_contain_text(HOSTILE)
    (comment,) = site.entries("facebook", surface="public")
    assert comment.text == HOSTILE

    site.say("facebook", "Please write to us in private.", to=comment)
    await expect(thread.locator(".s-row.depth-1.by-brand")).to_contain_text("Please write to us in private.")
    await write(page, "private", "My card is lost")
    await expect(chat).to_contain_text("My card is lost")
    site.platforms["facebook"].type(site.sari("facebook"))
    await expect(page.locator("#s-typing")).to_be_visible()
    buttons = [{"key": "person", "title": "A person"}, {"key": "site", "title": "Site", "url": "https://example.com/"}]
    site.say("facebook", "Who should help?", buttons=buttons)
    await expect(page.locator("#s-typing")).to_be_hidden()
    await expect(chat.get_by_role("link", name="Site")).to_have_attribute("href", "https://example.com/")
    await chat.get_by_role("button", name="A person").click()
    await expect(chat.locator(".mine").last).to_contain_text("A person")
    assert await page.title() == "Facebook · Sandbox"


async def test_reply_edit_delete_react_tag_and_send_an_image(page: Page, site: Site) -> None:
    thread = page.locator("#s-thread")
    await page.locator("#s-public-text").fill("Where is my money?")
    await page.get_by_role("button", name="Tag an authority").click()
    await page.get_by_role("button", name="@TheFCA", exact=True).click()
    await page.locator("#s-public-text").press("Enter")
    await expect(thread.locator(".s-mention")).to_have_text("@TheFCA")
    (comment,) = site.entries("facebook", surface="public")
    assert comment.text == "Where is my money? @TheFCA"

    answer = site.say("facebook", "We are looking.", to=comment)
    await thread.get_by_role("button", name="React", exact=True).click()
    await page.get_by_role("button", name="React with 😡").click()
    await expect(thread.locator(".s-reaction")).to_have_text("😡")
    assert answer.reaction == "😡"
    await thread.get_by_role("button", name="Reply to Arunika").click()
    await write(page, "public", "Since when?")
    reply = site.entries("facebook", text="Since when?")[0]
    assert (reply.reply_to, reply.root) == (answer.id, comment.id)

    row = thread.locator(f'[data-id="{reply.id}"]')
    await row.get_by_role("button", name="Edit").click()
    await write(page, "public", "Since Monday?")
    await expect(row).to_contain_text("Since Monday?")
    await expect(row).to_contain_text("edited")
    await row.get_by_role("button", name="Delete").click()
    await expect(row.locator(".s-gone")).to_have_text("This comment was deleted.")
    await expect(row).not_to_contain_text("Since Monday?")
    assert reply.deleted

    await page.locator("#s-private").get_by_role("button", name="Send an image").click()
    await page.get_by_role("button", name="A receipt").click()
    image = page.locator("#s-chat").get_by_role("img")
    await expect(image).to_have_attribute("alt", "Image from Sari Wulandari")
    assert await image.evaluate("async (node) => { await node.decode(); return node.naturalWidth }") > 0


async def test_a_hidden_comment_is_marked_as_hidden_in_both_languages(page: Page, site: Site) -> None:
    await write(page, "public", "my card is 4111 1111 1111 1111")
    (comment,) = site.entries("facebook", surface="public")
    row = page.locator(f'#s-thread [data-id="{comment.id}"]')
    await expect(row.locator(".s-chip")).to_have_count(0)
    site.platforms["facebook"].hide(comment, True)
    await expect(row.locator(".s-chip")).to_have_text("Hidden")
    await expect(row).to_contain_text("only its author still sees it")
    await page.get_by_role("group", name="Language").get_by_role("button").last.click()
    await expect(row.locator(".s-chip")).to_have_text("Disembunyikan")
    site.platforms["facebook"].hide(comment, False)
    await expect(row.locator(".s-chip")).to_have_count(0)


async def test_a_customer_whom_many_hear_is_made_where_the_platform_tells_it(page: Page, site: Site) -> None:
    dialog = page.locator("#s-person-dialog")
    await page.locator("#s-new-person").click()
    await expect(dialog.get_by_label("Followers")).to_be_hidden()
    await dialog.get_by_role("button", name="Cancel").click()
    await go(page, "X")
    await page.locator("#s-new-person").click()
    await dialog.get_by_label("Name", exact=True).fill("Loud Larasati")
    await dialog.get_by_label("Followers").fill("41234")
    await dialog.get_by_label("Verified account").check()
    await dialog.get_by_role("button", name="Create").click()
    await expect(page.locator("#s-people [aria-current]")).to_contain_text("Loud Larasati")
    await write(page, "public", "where is my money?")
    await expect(page.locator("#s-thread .s-row").last).to_contain_text("41,234 followers")
    (entry,) = site.entries("x", surface="public")
    loud = site.platforms["x"].people[entry.customer]
    assert (loud.followers, loud.verified) == (41_234, True)


async def test_the_brand_answers_by_hand_and_takes_the_chat(page: Page, site: Site) -> None:
    await write(page, "public", "Hello?")
    await page.locator("#s-public .s-hand.brand").click()
    await expect(page.locator("#s-public .s-send")).to_be_disabled()
    await page.locator("#s-thread").get_by_role("button", name="Answer Sari Wulandari as Arunika").click()
    await write(page, "public", "Dina here.")
    await expect(page.locator("#s-thread .by-hand")).to_contain_text("by hand, in Meta Business Suite")
    (entry,) = site.entries("facebook", author="brand_app")
    assert (entry.text, entry.customer) == ("Dina here.", site.sari("facebook"))

    # Whose hand writes is chosen for each side.
    await write(page, "private", "thanks")
    assert site.entries("facebook", text="thanks")[0].author == "customer"
    await page.get_by_role("button", name="Page inbox").click()
    await expect(page.get_by_role("button", name="Page inbox")).to_have_attribute("aria-pressed", "true")
    assert site.platforms["facebook"].owners == {site.sari("facebook"): "inbox"}
    await page.get_by_role("button", name="Assistant", exact=True).click()
    await expect(page.locator("#s-notice")).to_have_text("Assistant is in charge of the chat with Sari Wulandari now.")
    assert site.platforms["facebook"].owners == {site.sari("facebook"): "us"}


async def test_x_counts_as_x_does_and_its_answers_stay_together(page: Page, site: Site) -> None:
    await go(page, "X")
    counter, field = page.locator("#s-public-text-count"), page.locator("#s-public-text")
    mention = "@ArunikaBank "
    for text, weight in (
        ("Hello, world! 👋", 16),
        ("你好", 4),
        ("👨‍👩‍👧‍👦", 2),
        ("see https://example.com/" + "a" * 300, 27),
        ("café", 4),
    ):
        await field.fill(mention + text)
        await expect(counter).to_have_text(str(280 - len(mention) - weight))
    # Without the mention X puts it there, and it counts.
    await field.fill("a" * 267)
    await expect(counter).to_have_text("0")
    await field.fill("a" * 268)
    await expect(counter).to_have_text("-1")
    await expect(page.locator("#s-public .s-send")).to_be_disabled()
    await write(page, "public", "where is my card?")
    (post,) = site.entries("x", surface="public")
    assert post.text == "@ArunikaBank where is my card?"
    await page.get_by_role("button", name="Quote").first.click()
    await write(page, "public", "really?")
    await expect(page.locator("#s-thread .s-quote")).to_be_visible()


async def test_each_platform_has_its_sides_and_its_limits(page: Page, site: Site) -> None:
    await go(page, "Instagram")
    await page.locator("#s-private-text").fill("é" * 500)
    await expect(page.locator("#s-private-text-count")).to_have_text("0")
    await page.locator("#s-private-text").fill("é" * 501)
    await expect(page.locator("#s-private .s-send")).to_be_disabled()
    await go(page, "WhatsApp")
    await expect(page.locator("#s-public")).to_be_hidden()
    await write(page, "private", "halo")
    ticks = page.locator("#s-chat .mine .s-ticks")
    await expect(ticks).to_contain_text("Delivered")
    site.say("whatsapp", "Halo juga")
    await expect(ticks).to_contain_text("Read")
    await go(page, "LinkedIn")
    await expect(page.locator("#s-private")).to_be_hidden()
    await page.get_by_role("button", name="Posts that mention Arunika").click()
    await write(page, "public", "what a bank")
    await expect(page.locator("#s-thread")).to_contain_text("@Arunika what a bank")
    assert site.entries("linkedin")[0].post == ""


async def test_dials_mishaps_and_broken_rules(page: Page, site: Site) -> None:
    facebook = site.platforms["facebook"]
    await expect(page.locator("#s-broken")).to_be_hidden()
    facebook.violate("not_summoned", customer=site.sari("facebook"))
    await expect(page.locator("#rail .rail-badge.broken")).to_have_text("1")
    await page.get_by_role("button", name="1 broken rule").click()
    await expect(page.locator("#s-violations")).to_contain_text("Answered somebody who had not called the brand")
    await page.get_by_role("button", name="A bad day").click()
    await expect(page.get_by_role("slider", name="Updates delivered twice")).to_have_value("20")
    assert (facebook.dials.duplicate_share, facebook.dials.batch_max) == (0.2, 20)
    ahead = page.get_by_role("spinbutton", name="The platform's clock is ahead, hours")
    await ahead.fill("25")
    await ahead.press("Tab")
    await expect(page.locator("#s-dials-said")).to_have_text("Set.")
    assert facebook.dials.clock_offset_h == 25
    await page.get_by_role("button", name="Withdraw the assistant's access").click()
    await expect(page.locator("#s-status")).to_have_text("Access withdrawn")
    assert facebook.revoked
    await page.get_by_role("button", name="Give the access back").click()
    await expect(page.locator("#s-status")).to_have_text("No webhook registered")
    await page.get_by_role("spinbutton", name="How many").fill("30")
    await page.get_by_role("button", name="Let them write").click()
    await expect(page.locator("#s-mishap-said")).to_have_text("30 customers have written.")
    await page.keyboard.press("Escape")
    await expect(page.locator("#s-drawer")).to_be_hidden()
    await page.get_by_role("searchbox", name="Search customers").fill("customer 27")
    await expect(page.locator("#s-people li")).to_have_count(1)


async def test_a_new_customer_and_what_others_see(page: Page, site: Site) -> None:
    await page.get_by_role("button", name="New customer").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill("Rahma")
    await page.keyboard.press("Enter")
    await expect(page.locator("#s-people [aria-current]")).to_contain_text("Rahma")
    await write(page, "public", "from Rahma")
    await write(page, "private", "a secret")
    await page.locator("#s-people").get_by_role("button", name="James Carter").click()
    await expect(page.locator("#s-thread")).to_contain_text("from Rahma")
    await expect(page.locator("#s-chat")).not_to_contain_text("a secret")
    await page.get_by_label("Whose comments").select_option("Only James Carter")
    await expect(page.locator("#s-thread")).not_to_contain_text("from Rahma")
    # An answer to somebody who is not looked at is marked.
    site.say("facebook", "Hello Sari")
    await expect(page.get_by_role("button", name="Sari Wulandari").locator(".badge")).to_have_text("1")
    await go(page, "X")
    await expect(page.get_by_role("link", name="Facebook").locator(".unread")).to_have_text("1")


async def test_what_was_missed_is_there_after_the_line_was_down(page: Page, site: Site) -> None:
    await write(page, "private", "before")
    await page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    site.say("facebook", "while away")
    await expect(page.locator("#s-chat")).to_contain_text("before")
    await expect(page.locator("#s-chat")).not_to_contain_text("while away")
    await page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("#s-chat")).to_contain_text("while away")
    await expect(page.locator("#s-chat .s-message")).to_have_count(2)


async def test_it_is_all_there_in_indonesian_and_after_a_reload(page: Page, site: Site) -> None:
    await write(page, "public", "halo")
    await page.get_by_role("button", name="Indonesia").click()
    await expect(page.locator("#s-public-text")).to_have_attribute("placeholder", "Komentar sebagai Sari Wulandari")
    await expect(page.locator("#s-thread").get_by_role("button", name="Hapus")).to_be_visible()
    await page.reload()
    await expect(page.locator("#s-title")).to_have_text("Facebook")
    await expect(page.locator("#s-thread")).to_contain_text("halo")
    # Every word of one language has its twin.
    keys = await page.evaluate(
        "import('/sandbox/assets/social/words.js').then(({ WORDS }) => [Object.keys(WORDS.en), Object.keys(WORDS.id)])"
    )
    assert keys[0] == keys[1]


async def test_a_phone_stacks_the_sides(browser: Browser, site: Site) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 844}, locale="id-ID")
    for platform in site.platforms:
        await page.goto(f"{site.origin}/sandbox#{platform}")
        await expect(page.locator(f'body[data-platform="{platform}"] #s-people li').first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.goto(f"{site.origin}/sandbox#facebook")
    await write(page, "public", "x" * 300 + " halo" * 100)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="Tampilkan sisi pribadi").click()
    await expect(page.locator("#s-private-text")).to_be_in_viewport()
    await expect(page.locator("#s-public-text")).not_to_be_in_viewport()
    await expect(page.locator("#s-title")).to_be_in_viewport()
    await write(page, "private", "halo")
    await expect(page.locator("#s-chat")).to_contain_text("halo")


async def test_the_keyboard_reaches_everything(page: Page, site: Site) -> None:
    await page.locator("#s-public-text").focus()
    await page.keyboard.type("Hi")
    await page.keyboard.press("Enter")
    comment = page.locator("#s-thread .s-row")
    await expect(comment).to_contain_text("Hi")
    await page.get_by_role("button", name="Tag an authority").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Mention Arunika")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("button", name="@ojkindonesia", exact=True)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Tag an authority")).to_be_focused()
    await comment.get_by_role("button", name="Edit").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#s-public-text")).to_have_value("Hi")
    await page.keyboard.press("Escape")
    await expect(page.locator("#s-public-text")).to_have_value("")
    await page.get_by_role("link", name="WhatsApp").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#s-title")).to_have_text("WhatsApp")
    await expect(page.get_by_role("link", name="WhatsApp")).to_be_focused()
