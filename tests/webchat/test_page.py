"""The page as a customer meets it, in a real browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.webchat import pages
from channels.messages import Attachment, Button, Sender
from tests.webchat.serving import AGENT, BUTTONS, Gateway, free_port, gateway, stored

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The module's browser, with no page left open by another test."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def chat() -> AsyncIterator[Gateway]:
    async with gateway() as running:
        yield running


class Customer:
    """A page at /chat, the visitor that it is, and everything its console complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def visitor(self) -> str:
        kept = "JSON.parse(localStorage.getItem('sigap.webchat.session') ?? 'null')?.visitor"
        return str(await (await self.page.wait_for_function(kept)).json_value())

    async def writes(self, text: str) -> None:
        await self.page.get_by_label("Your message").fill(text)
        await self.page.keyboard.press("Enter")

    async def lines(self) -> list[str]:
        return [text.strip() for text in await self.page.locator(".line .bubble").all_inner_texts()]

    async def sees(self, *texts: str) -> None:
        await expect(self.page.locator(".line .bubble")).to_have_text(list(texts))


async def customer(browser: Browser, chat: Gateway, path: str = "/chat", **context: Any) -> Customer:
    opened = await browser.new_context(**({"locale": "en-US"} | context))
    opened.set_default_timeout(10_000)
    came = Customer(await opened.new_page())
    await came.page.goto(chat.origin + path)
    return came


async def test_a_talk_survives_a_reload(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    await expect(rina.page.get_by_text("automated assistant").last).to_be_visible()
    await rina.writes("Where is my order?")
    await expect(rina.page.locator(".line.visitor .state")).to_have_text("✓ Sent")
    await chat.say(await rina.visitor(), "Which one?", buttons=BUTTONS)
    await rina.page.get_by_role("button", name="Talk to a person").click()
    await chat.say(await rina.visitor(), "I am asking a colleague.", sender=Sender.NOTICE)
    await chat.say(await rina.visitor(), "Hello, I am here.", sender=AGENT, agent_name="Sari")
    await expect(rina.page.locator("#speaker")).to_have_text("Sari is with you")
    talk = (
        "Where is my order?",
        "Which one?",
        "Talk to a person",
        "I am asking a colleague.",
        "Hello, I am here.",
    )
    await rina.sees(*talk)
    await rina.page.reload()
    await rina.sees(*talk)
    for name in ("Track my order", "Talk to a person, chosen"):
        await expect(rina.page.get_by_role("button", name=name)).to_be_disabled()
    await expect(rina.page.locator("#speaker")).to_have_text("Sari is with you")
    kinds = [(event["type"], event.get("text") or event.get("button")) for event in await stored(chat.inbound)]
    assert kinds == [("message", "Where is my order?"), ("tap", "b2")]
    assert rina.complaints == []


async def test_what_is_written_while_the_gateway_is_away_arrives_once_and_in_order(browser: Browser) -> None:
    port = free_port()
    async with gateway(port=port) as before:
        rina = await customer(browser, before)
        await rina.writes("one")
        await expect(rina.page.locator(".line .state")).to_have_text("✓ Sent")
        visitor = await rina.visitor()
    await rina.writes("two")
    await rina.writes("three")
    await rina.page.reload()  # nothing answers; what was typed must outlive even that
    async with gateway(inbound=before.inbound, feed=before.feed, port=port) as after:
        await rina.page.goto(after.origin + "/chat")
        await rina.sees("one", "two", "three")
        await rina.writes("four")
        # Until it is stored "four" has no place in the talk yet, and what the brand says meanwhile stands before it.
        await expect(rina.page.locator(".line.visitor").last.locator(".state")).to_have_text("✓ Sent")
        await after.say(visitor, "five")
        await rina.sees("one", "two", "three", "four", "five")
        await expect(rina.page.locator("#banner")).to_be_empty()
    assert [event["text"] for event in await stored(before.inbound)] == ["one", "two", "three", "four"]


async def test_the_page_comes_back_by_itself_after_a_restart(browser: Browser) -> None:
    port = free_port()
    async with gateway(port=port) as before:
        rina = await customer(browser, before)
        visitor = await rina.visitor()
        await before.say(visitor, "before")
        await rina.sees("before")
    await rina.writes("meanwhile")
    await expect(rina.page.locator("#banner")).to_have_text("Connecting…")
    async with gateway(inbound=before.inbound, feed=before.feed, port=port) as after:
        await after.say(visitor, "after")
        await expect(rina.page.locator(".line.visitor .state")).to_have_text("✓ Sent")
        assert sorted(await rina.lines()) == ["after", "before", "meanwhile"]


async def test_what_is_written_without_a_network_is_sent_when_it_is_back(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    await rina.writes("one")
    await expect(rina.page.locator(".line .state")).to_have_text("✓ Sent")
    await rina.page.context.set_offline(True)
    await rina.writes("two")
    await expect(rina.page.locator("#banner")).to_contain_text("You are offline")
    await rina.page.context.set_offline(False)
    await rina.writes("three")
    await expect(rina.page.locator(".line[data-state=sent]")).to_have_count(3)
    await rina.sees("one", "two", "three")


async def test_a_token_that_ended_is_renewed_without_the_visitor_noticing(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    await rina.writes("hello")
    await expect(rina.page.locator(".line .state")).to_have_text("✓ Sent")
    visitor = await rina.visitor()
    await rina.page.evaluate(
        """() => { const key = 'sigap.webchat.session', kept = JSON.parse(localStorage[key]);
        localStorage[key] = JSON.stringify({ ...kept, token: kept.token + 'x' }); }"""
    )
    await rina.page.reload()
    await rina.writes("me again")
    await expect(rina.page.locator(".line .state")).to_have_text("✓ Sent")
    # A spoilt token can't be renewed: the visitor is a new one, and nothing of the former talk shows.
    assert await rina.visitor() != visitor
    await rina.sees("me again")


async def test_a_message_that_is_refused_says_so_and_can_be_tried_again(browser: Browser) -> None:
    async with gateway() as chat:
        rina = await customer(browser, chat)
        await rina.visitor()
        # The page itself stops at 4,000 characters; an older page may not.
        await rina.page.evaluate("document.getElementById('message').maxLength = 9000")
        await rina.writes("x" * 4001)
        await expect(rina.page.locator(".line .state")).to_have_text("Not sent")
        await expect(rina.page.locator("#banner")).to_have_text("Not sent")
        await rina.page.get_by_role("button", name="Try again").click()
        await expect(rina.page.locator(".line .state")).to_have_text("Not sent")
        await rina.writes("short")
        await expect(rina.page.locator(".line", has_text="short").locator(".state")).to_have_text("✓ Sent")


async def test_too_fast_a_visitor_loses_nothing(browser: Browser) -> None:
    async with gateway(messages_per_second=20, burst=2) as chat:
        rina = await customer(browser, chat)
        await rina.visitor()
        for number in range(8):
            await rina.writes(f"message {number}")
        await expect(rina.page.locator(".line.visitor[data-state=sent]")).to_have_count(8)
        assert [event["text"] for event in await stored(chat.inbound)] == [f"message {n}" for n in range(8)]


async def test_nothing_that_anybody_writes_becomes_markup(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    await rina.visitor()
    attack = "<img src=x onerror=window.hurt=1><script>window.hurt=1</script><b>bold</b>"
    await rina.writes(attack)
    await chat.say(
        await rina.visitor(),
        f"{attack} javascript:alert(1) http://plain.example https://good.example/a_(b).",
        buttons=(Button(key="k", title=attack), Button(key="l", title="Bad", url="javascript:alert(1)")),
        attachments=(Attachment(kind="image", url="javascript:alert(1)", name=attack),),
    )
    await expect(rina.page.locator(".line.bot .choice")).to_have_count(2)
    assert await rina.page.evaluate("window.hurt") is None
    assert await rina.page.locator(".line img, .line script, .line b").count() == 0
    links = await rina.page.locator(".line a").evaluate_all("all => all.map(a => [a.href, a.rel, a.target])")
    assert links == [["https://good.example/a_(b)", "noopener noreferrer", "_blank"]]
    assert rina.complaints == []


async def test_the_keyboard_is_enough(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    visitor = await rina.visitor()
    await expect(rina.page.get_by_label("Your message")).to_be_focused()
    await rina.page.keyboard.type("first")
    await rina.page.keyboard.press("Shift+Enter")
    await rina.page.keyboard.type("second")
    await rina.page.keyboard.press("Enter")
    await rina.sees("first\nsecond")
    await chat.say(visitor, "Choose", buttons=BUTTONS)
    await expect(rina.page.get_by_role("button", name="Track my order")).to_be_visible()
    await rina.page.keyboard.press("Shift+Tab")
    await expect(rina.page.get_by_role("button", name="Talk to a person")).to_be_focused()
    await rina.page.keyboard.press("Shift+Tab")
    await rina.page.keyboard.press("Enter")
    await rina.sees("first\nsecond", "Choose", "Track my order")
    log = rina.page.get_by_role("log", name="Conversation with Arunika")
    await expect(log).to_have_attribute("aria-live", "polite")


async def test_typing_shows_until_the_answer(browser: Browser, chat: Gateway) -> None:
    rina = await customer(browser, chat)
    visitor = await rina.visitor()
    await rina.writes("hello")
    await expect(rina.page.locator(".line .state")).to_have_text("✓ Sent")
    await chat.say(visitor, "", kind="typing")
    await expect(rina.page.locator("#typing")).to_be_visible()
    await chat.say(visitor, "Hi!")
    await expect(rina.page.locator("#typing")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_nothing_is_wider_than_the_screen(browser: Browser, chat: Gateway, width: int) -> None:
    rina = await customer(browser, chat, "/chat?lang=id", viewport={"width": width, "height": 700})
    visitor = await rina.visitor()
    many = tuple(Button(key=f"k{number}", title=f"Pilihan nomor {number} " * (number + 1)) for number in range(9))
    await chat.say(visitor, "w" * 400, buttons=many)
    await chat.say(visitor, "https://arunika.example/" + "a" * 300)
    await chat.say(visitor, "مرحبا، بطاقتك في الطريق.")
    await expect(rina.page.locator(".line")).to_have_count(3)
    assert await rina.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scroller = "(box => box.scrollWidth <= box.clientWidth)(document.getElementById('scroller'))"
    assert await rina.page.evaluate(scroller)
    assert await rina.page.evaluate("document.documentElement.lang") == "id"
    await expect(rina.page.get_by_placeholder("Tulis pesan")).to_be_visible()


SHOP = "<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1><script src='{src}' async></script>"


@asynccontextmanager
async def shop(port: int, chat_origin: str) -> AsyncIterator[str]:
    """Another site with the one line, under a policy that forbids inline styles. Yields its origin."""
    policy = f"default-src 'none'; script-src {chat_origin}; style-src 'self'; frame-src {chat_origin}"
    body = SHOP.format(src=f"{chat_origin}/webchat/embed.js")
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-security-policy: {policy}\r\n"
    answer = f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield f"http://localhost:{port}"  # another host name: another site for cookies and storage too


async def visit(browser: Browser, address: str) -> Page:
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await page.goto(address)
    return page


async def test_one_line_puts_the_chat_on_another_site(browser: Browser) -> None:
    port = free_port()
    async with (
        gateway(allowed_origins=[f"http://localhost:{port}"]) as chat,
        shop(port, chat.origin) as address,
    ):
        page = await visit(browser, address)
        launcher = page.get_by_role("button", name="Open chat")
        await launcher.click()
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_label("Your message")).to_be_focused()
        await frame.get_by_label("Your message").fill("from the shop")
        await page.keyboard.press("Enter")
        await expect(frame.locator(".line .state")).to_have_text("✓ Sent")
        await page.keyboard.press("Escape")
        await expect(page.locator("iframe")).to_be_hidden()
        await expect(launcher).to_be_focused()
        (event,) = await stored(chat.inbound)
        await chat.say(event["thread_id"], "an answer")
        await expect(page.get_by_role("button", name="Open chat, 1 new")).to_be_visible()


async def test_an_unlisted_site_cannot_frame_the_chat(browser: Browser, chat: Gateway) -> None:
    async with shop(free_port(), chat.origin) as address:
        page = await visit(browser, address)
        async with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
            await page.get_by_role("button", name="Open chat").click()
        assert await page.frame_locator("iframe").get_by_label("Your message").count() == 0


# ---- without a browser --------------------------------------------------------------------------------


async def test_the_page_carries_a_strict_policy_and_no_inline_code(chat: Gateway) -> None:
    status, headers, body = await chat.get("/chat")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self';" in policy + ";"
    assert headers["x-content-type-options"] == "nosniff"
    assert "<style" not in body
    assert " style=" not in body
    assert " onclick" not in body
    assert body.count("<script") == body.count('<script type="module" src=')


async def test_files_are_served_by_name_only_and_cached_by_content(chat: Gateway) -> None:
    status, headers, body = await chat.get("/webchat/static/chat.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "import" in body
    assert (await chat.get("/webchat/static/chat.js", if_none_match=headers["etag"]))[0] == 304
    for path in ("../routes.py", "%2e%2e%2froutes.py", "..%2fwords%2fen.json", "missing.js"):
        assert (await chat.get(f"/webchat/static/{path}"))[0] == 404


@pytest.mark.parametrize(
    ("asked", "header", "expected"),
    [
        ("id", "en-US", "id"),
        ("", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("", "fr-FR,en;q=0.4,in;q=0.8", "id"),
        ("", "de, fr;q=0.5", "en"),
        ("xx", "id;q=nonsense, en", "en"),
        ("", "id;q=0", "en"),
        ("", "", "en"),
    ],
)
async def test_the_language_follows_the_visitor(asked: str, header: str, expected: str) -> None:
    assert pages.choose_language(asked, header) == expected


async def test_both_languages_say_everything() -> None:
    english, indonesian = pages.words("en"), pages.words("id")
    assert set(english) == set(indonesian)
    assert all(text.strip() for text in (*english.values(), *indonesian.values()))


async def test_a_brand_with_markup_in_its_name_is_escaped() -> None:
    async with gateway(brand="""A&B "<script>alert(1)</script>'""") as chat:
        _, _, body = await chat.get("/chat")
        assert "<script>alert" not in body
        assert "A&amp;B" in body
