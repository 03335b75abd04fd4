"""Public and private, rules, drafts and templates in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from bot.core import events as e
from bot.core.handoff import Reason
from channels.capabilities import Capabilities
from channels.instagram.outbound import SURFACES as INSTAGRAM
from channels.messages import ApprovedTemplate, Surface
from channels.telegram.outbound import SURFACES as TELEGRAM
from channels.x.outbound import SURFACES as X
from tests.desk.browsing import FITS, HOSTILE, answering, at_desk, needs_chromium
from tests.desk.room import Room

pytestmark = needs_chromium

HOUR = timedelta(hours=1)
LONG = "Raden Mas Suryaningrat Kusumawardhana-Hadiningratsastrowardoyo dari Yogyakarta"


async def facebook_case(room: Room, name: str = "Dewi", *, private_last: bool = True) -> str:
    public = room.said("facebook", name, "transfer saya?", public=True, ago=3 * HOUR)
    private = room.said("facebook", name, "AR-20931", ago=(2 if private_last else 4) * HOUR)
    heard = (public, private) if private_last else (private, public)
    return await room.case("facebook", name, *heard, disclosed_in="m0")


async def switched_to(page: Page, surface: str) -> None:
    await expect(page.locator(f"[name=surface][value={surface}]")).to_be_checked()


async def surfaces_of(room: Room, key: str) -> list[tuple[str, str]]:
    log = await room.store.log(key)
    return [(x.text, x.surface) for x in log if isinstance(x, e.ReplyComposed) and x.sender == "agent"]


async def test_an_agent_chooses_by_keyboard_who_reads_the_answer(chromium: Browser, room: Room) -> None:
    key = await facebook_case(room)
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await switched_to(page, "private")  # where the customer wrote last
    await expect(page.locator("#everybody")).to_be_hidden()
    await expect(page.locator("#window")).to_contain_text("Closes in 6 d 21 h")

    await page.focus("[name=surface][value=private]")
    await page.keyboard.press("ArrowRight")
    await switched_to(page, "public")
    await expect(page.locator("#everybody")).to_have_text("Everybody can read this. Nothing personal.")
    await expect(page.locator("#send")).to_have_text("Post in public")
    await expect(page.locator("#window")).to_be_hidden()
    await page.keyboard.press("r")
    await page.keyboard.type("Terima kasih sudah menulis")
    await page.keyboard.press("Enter")
    line = page.locator(".message.agent")
    await expect(line.locator(".public-mark")).to_have_text("Public")

    await page.check("[name=surface][value=private]", force=True)
    await page.fill("#text", "AR-20931 sudah masuk")
    await page.press("#text", "Enter")
    await expect(line).to_have_count(2)
    await expect(line.last.locator(".public-mark")).to_have_count(0)
    assert await surfaces_of(room, key) == [
        ("Terima kasih sudah menulis", "public"),
        ("AR-20931 sudah masuk", "private"),
    ]


async def test_the_switch_follows_the_customer_but_never_moves_words_into_public(chromium: Browser, room: Room) -> None:
    key = await facebook_case(room)
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await page.fill("#text", "Saldo Kakak")
    await room.change(key, surface=Surface.PUBLIC)
    await room.writes(key, "halo?", surface=Surface.PUBLIC)
    await expect(page.locator(".message.customer").last).to_contain_text("halo?")
    await switched_to(page, "private")
    await page.reload()  # the words come back, and so does where they were meant to go
    await expect(page.locator("#text")).to_have_value("Saldo Kakak")
    await switched_to(page, "private")

    await page.fill("#text", "")
    await page.press("#text", "Escape")
    await room.writes(key, "halo??", surface=Surface.PUBLIC)
    await switched_to(page, "public")
    await room.change(key, surface=Surface.PRIVATE)
    await room.writes(key, "saya di sini")
    await switched_to(page, "private")


async def test_where_there_is_one_way_there_is_no_switch(chromium: Browser, room: Room) -> None:
    key = await room.case("telegram", "Dewi", room.said("telegram", "Dewi", "halo"))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("#text")).to_be_enabled()
    for place in ("#where", "#everybody", "#window", "#mode-template", "#draft", "#closed", "#ill"):
        await expect(page.locator(place)).to_be_hidden()


SAMPLES = (
    "", "Halo Kak 👋", "café é", "你好，世界", "👨‍👩‍👧‍👦 👍🏽 🇮🇩 1️⃣ ❤️", "“kutip” — … ™ ©",
    "lihat https://arunika.co.id/a/b?c=d&e=%20f.", "arunika.co.id, ya", "a@b.com dan versi 1.2.3 selesai.Terima",
    "(https://x.com/a) http://t.co/abc!", "नमस्ते ไทย", "\U00020000\U00020001",
)  # fmt: skip


@pytest.mark.parametrize(
    "can", [TELEGRAM[Surface.PRIVATE], INSTAGRAM[Surface.PRIVATE], INSTAGRAM[Surface.PUBLIC], X[Surface.PUBLIC]],
    ids=lambda can: can.unit,
)  # fmt: skip
async def test_the_page_counts_as_the_platforms_do(chromium: Browser, room: Room, can: Capabilities) -> None:
    page = await at_desk(chromium, room, "dina")
    counted = await page.evaluate(
        "async ([texts, unit]) => { const { measure } = await import('/desk/static/measure.js');"
        " return texts.map((text) => measure(text, unit)); }",
        [SAMPLES, can.unit],
    )
    assert dict(zip(SAMPLES, counted, strict=True)) == {text: can.measure(text) for text in SAMPLES}


async def test_one_post_that_is_too_long_does_not_leave(chromium: Browser, room: Room) -> None:
    key = await room.case("x", "Raka", room.said("x", "Raka", "@bank halo", public=True))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await page.fill("#text", "a" * 250 + " https://arunika.co.id/" + "b" * 300)
    await expect(page.locator("#counter")).to_contain_text("274 of 280 characters, as X counts")
    await page.fill("#text", "好" * 141)
    await expect(page.locator("#counter")).to_contain_text("Too long for one post. 282 of 280")
    await expect(page.locator("#send")).to_be_disabled()
    await page.press("#text", "Enter")
    await expect(page.locator("#text")).to_have_value("好" * 141)
    await page.fill("#text", "好" * 140)
    await page.press("#text", "Enter")
    await expect(page.locator(".message.agent")).to_have_count(1)


async def test_a_long_private_message_may_go_in_parts(chromium: Browser, room: Room) -> None:
    room.surfaces["instagram"] = {
        **INSTAGRAM, Surface.PRIVATE: replace(INSTAGRAM[Surface.PRIVATE], text_limit=10),
    }  # fmt: skip
    key = await room.case("instagram", "Sinta", room.said("instagram", "Sinta", "halo"))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await page.fill("#text", "ééééé")
    await expect(page.locator("#counter")).to_have_text(" 10 of 10 bytes")
    await page.fill("#text", "éééééé")
    await expect(page.locator("#counter")).to_contain_text("it goes out in parts. 12 of 10 bytes")
    await page.press("#text", "Enter")
    await expect(page.locator(".message.agent .text")).to_have_text("éééééé")


async def test_the_one_private_reply_to_a_comment_must_fit_into_one_message(chromium: Browser, room: Room) -> None:
    key = await room.case("facebook", "Dewi", room.said("facebook", "Dewi", "halo", public=True))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("#once")).to_be_hidden()
    await page.check("[name=surface][value=private]", force=True)
    await expect(page.locator("#once")).to_contain_text("One private message may be attached")
    await page.fill("#text", "a" * 2001)
    await expect(page.locator("#send")).to_be_disabled()
    await page.fill("#text", "Halo Kak")
    await page.press("#text", "Enter")
    await expect(page.locator(".message.agent .text")).to_have_text("Halo Kak")
    await expect(page.locator("#closed")).to_contain_text("The customer has not written in private yet.")
    assert [message.entry for message in room.outbox("facebook") if message.text == "Halo Kak"] != [""]


async def test_a_refusal_says_why_and_offers_the_legal_way(chromium: Browser, room: Room) -> None:
    key = await facebook_case(room, private_last=False)
    page = await at_desk(chromium, room, "dina", locale="id")
    await answering(page, room, key)
    await switched_to(page, "public")
    await page.fill("#text", "AR-20931 sudah masuk")
    await page.press("#text", "Enter")
    problem = page.locator("#composer-problem")
    await expect(problem).to_contain_text("Terlalu pribadi untuk publik: nomor referensi.")
    await expect(page.locator("#text")).to_have_value("AR-20931 sudah masuk")
    await problem.get_by_role("button", name="Tulis secara pribadi").click()
    await expect(problem).to_be_hidden()
    await switched_to(page, "private")
    await page.press("#text", "Enter")
    await expect(page.locator(".message.agent .text")).to_have_text("AR-20931 sudah masuk")
    assert await surfaces_of(room, key) == [("AR-20931 sudah masuk", "private")]


async def test_a_closed_way_says_why_and_leaves_the_other_open(chromium: Browser, room: Room) -> None:
    key = await facebook_case(room)
    await room.change(key, elsewhere="another app", opted_out="m1", held=("Saldo Rp2.000.000",))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    closed = page.locator("#closed")
    await expect(closed).to_contain_text("Another app holds the private thread.")
    await expect(closed).to_contain_text("Take the thread back")
    await expect(closed.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    await expect(page.locator("#text")).to_be_disabled()
    context = page.locator("#context-body")
    await expect(context).to_contain_text("another app holds the private thread")
    await expect(context).to_contain_text("wants no automatic messages")
    await expect(context).to_contain_text("Saldo Rp2.000.000")
    await page.check("[name=surface][value=public]", force=True)
    await expect(closed).to_be_hidden()
    await expect(page.locator("#text")).to_be_enabled()


async def test_the_window_closes_while_the_agent_looks_on(chromium: Browser, room: Room) -> None:
    said = room.said("whatsapp", "Budi", "halo", ago=24 * HOUR - timedelta(seconds=6))
    key = await room.case("whatsapp", "Budi", said)
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("#window")).to_have_attribute("data-state", "soon")
    await page.fill("#text", "belum selesai")
    await expect(page.locator("#closed")).to_contain_text("reply window is closed", timeout=15_000)
    await expect(page.locator("#text")).to_be_disabled()
    await expect(page.locator("#text")).to_have_value("belum selesai")


async def test_the_assistants_draft_is_taken_edited_and_gone(chromium: Browser, room: Room) -> None:
    said = room.said("linkedin", "Rina", "What are your rates?", public=True)
    key = await room.case("linkedin", "Rina", said, reason=Reason.DRAFT, draft="From 3.25% a year.")
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("#draft")).to_contain_text("From 3.25% a year.")
    await page.get_by_role("button", name="Use the assistant's draft").click()
    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#draft")).to_be_hidden()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" Welcome!")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.agent .text")).to_have_text("From 3.25% a year. Welcome!")
    await expect(page.locator("#draft")).to_be_hidden()
    await page.reload()
    await expect(page.locator("#text")).to_be_enabled()
    await expect(page.locator("#draft")).to_be_hidden()


async def test_a_template_reaches_a_customer_whose_window_is_closed(chromium: Browser, room: Room) -> None:
    room.templates = [
        ApprovedTemplate(name="follow_up", language="en_US", text="Hello {{1}}, news about {{2}}."),
        ApprovedTemplate(name="follow_up", language="id", text="Halo {{1}}, ada kabar tentang {{2}}."),
    ]
    key = await room.case("whatsapp", "Budi", room.said("whatsapp", "Budi", "halo", ago=30 * HOUR))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("[name=mode][value=template]")).to_be_checked()  # it comes first
    await expect(page.locator("#template-preview")).to_have_text("Halo {{1}}, ada kabar tentang {{2}}.")
    await expect(page.locator("#closed")).to_contain_text("reply window is closed")
    await page.check("[name=mode][value=reply]", force=True)
    await page.locator("#closed").get_by_role("button", name="Choose a template").click()
    values = page.locator("#template-fields input")
    await expect(values.first).to_be_focused()
    await page.keyboard.type("Pak Budi")
    await expect(page.locator("#send")).to_be_disabled()
    await room.store.record(key, [note(room, key, "the page is drawn again")])
    await expect(page.locator(".line.note")).to_have_count(1)
    await values.last.fill("kartu <b>")
    await expect(page.locator("#template-preview")).to_have_text("Halo Pak Budi, ada kabar tentang kartu <b>.")
    await values.last.press("Enter")
    line = page.locator(".message.agent")
    await expect(line.locator(".text")).to_have_text("Halo Pak Budi, ada kabar tentang kartu <b>.")
    await expect(line).to_contain_text("Template: follow_up")
    await expect(values.first).to_have_value("")
    sent = [message.template for message in room.outbox("whatsapp") if message.template]
    assert [(template.language, template.parameters) for template in sent] == [("id", ("Pak Budi", "kartu <b>"))]


def note(room: Room, key: str, text: str) -> e.NoteAdded:
    return e.NoteAdded(conversation=key, at=room.clock.now(), agent_id="budi", agent_name="Budi", text=text)


async def test_the_transcript_shows_what_was_not_said_and_why(chromium: Browser, room: Room) -> None:
    said = room.said(
        "facebook", "Dewi", "halo @ojk", public=True, tagged=("ojk",), link="https://facebook.com/1"
    )  # fmt: skip
    key = await room.case("facebook", "Dewi", said, reason=Reason.POLICY, detail="one_automatic_reply")
    now = room.clock.now()
    await room.change(
        key,
        e.ReplyComposed(conversation=key, at=now, message_id="m", sender="bot", text="Rp1.250.000",
                        surface=Surface.PUBLIC),
        e.ReplyRefused(conversation=key, at=now, message_id="m", rule="one_automatic_reply", next_step="person",
                       source="https://help.x.com/en/rules-and-policies/x-automation"),
        e.DraftMade(conversation=key, at=now, text="a draft"),
        e.AnswerHeld(conversation=key, at=now, text="a secret"),
        e.ThreadSolved(conversation=key, at=now, roots=("r",)),
        e.ControlChanged(conversation=key, at=now, app="Page inbox"),
        e.ControlChanged(conversation=key, at=now, app=""),
        e.OptedOut(conversation=key, at=now, out=True),
        e.OptedOut(conversation=key, at=now, out=False),
    )  # fmt: skip
    page = await at_desk(chromium, room, "dina")
    await page.goto(f"/desk/?open={key}")
    theirs = page.locator(".message.customer")
    await expect(theirs.locator(".public-mark")).to_be_visible()
    await expect(theirs).to_contain_text("Also tags @ojk")
    link = theirs.get_by_role("link", name="See it on Facebook")
    await expect(link).to_have_attribute("href", "https://facebook.com/1")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    refused = page.locator('.message[data-status="refused"] footer')
    await expect(refused).to_contain_text("The platform allows one automatic answer to each message.")
    await expect(refused).to_contain_text("A person may answer here.")
    await expect(refused.locator("a")).to_have_attribute(
        "href", "https://help.x.com/en/rules-and-policies/x-automation"
    )
    transcript = page.locator("#transcript")
    for words in (
        "The assistant's draft, not sent", "a draft", "Held back until the customer writes in private", "a secret",
        "The public thread was closed", "gave the private thread to Page inbox", "The private thread is ours again",
        "wants no automatic messages any more", "wants automatic messages again",
        "Handed over: A rule stops the assistant · The platform allows one automatic answer to each message.",
    ):  # fmt: skip
        await expect(transcript).to_contain_text(words)
    await expect(page.locator("#context-body")).to_contain_text("The platform allows one automatic answer")
    await expect(page.locator("#context-body .threads a")).to_have_attribute("href", "https://facebook.com/1")
    await expect(page.locator("#waiting .public-mark")).to_have_text("Public")


async def test_hostile_words_in_the_new_places_are_shown_and_never_run(chromium: Browser, room: Room) -> None:
    room.templates = [ApprovedTemplate(name=HOSTILE, language="id", text=HOSTILE + " {{1}}")]
    room.ill = [("facebook", HOSTILE, HOSTILE)]
    said = room.said(
        "whatsapp", "Dewi", "halo", tagged=(HOSTILE,), link="javascript:document.title='owned'", ago=30 * HOUR
    )
    key = await room.case("whatsapp", "Dewi", said, draft=HOSTILE, held=(HOSTILE,), elsewhere="")
    await room.change(key, e.DraftMade(conversation=key, at=room.clock.now(), text=HOSTILE))
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    await expect(page.locator("#ill-list")).to_contain_text(HOSTILE)
    await expect(page.locator("#template-preview")).to_have_text(HOSTILE + " {{1}}")
    await expect(page.locator(".message.customer")).to_contain_text(f"@{HOSTILE}")
    await expect(page.locator("#context-body .held-back")).to_have_text(HOSTILE)
    await expect(page.locator(".message.unsaid .text")).to_have_text(HOSTILE)
    assert await page.locator("a[href^=javascript], .transcript img, .composer img, .ill img").count() == 0
    assert "owned" not in await page.title()


async def test_ill_channels_are_told_with_what_to_do_and_can_be_folded(chromium: Browser, room: Room) -> None:
    room.ill = [("facebook", "the token has expired", "Make a new one")]
    page = await at_desk(chromium, room, "dina")
    banner = page.locator("#ill")
    await expect(banner).to_contain_text("Needs attention: Facebook")
    await expect(banner).to_contain_text("the token has expired")
    await expect(banner).to_contain_text("What to do: Make a new one")
    await page.click("#ill-summary")
    await expect(page.locator("#ill-list")).to_be_hidden()  # a browser tells that it is folded a moment later
    await page.reload()
    await expect(page.locator("#ill-summary")).to_be_visible()
    await expect(page.locator("#ill-list")).to_be_hidden()
    room.ill = [*room.ill, ("x", "the webhook is gone", "Run sigap check")]
    await page.reload()
    await expect(banner).to_contain_text("the webhook is gone")  # news unfolds it
    room.ill = []
    await page.reload()
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")
    await expect(banner).to_be_hidden()


async def test_closing_warns_that_a_last_word_goes_public(chromium: Browser, room: Room) -> None:
    key = await facebook_case(room)
    page = await at_desk(chromium, room, "dina")
    await answering(page, room, key)
    close = page.locator('[data-action="close"]')
    await close.click()
    await expect(close).to_have_text("Sure? A last word goes public")
    await close.click()
    await expect(page.locator("#facts .owner")).to_have_text("Closed")
    await expect(page.locator("#context-body .threads .state")).to_have_text("solved")


async def test_the_composer_fits_a_phone_in_indonesian(chromium: Browser, room: Room) -> None:
    room.ill = [("facebook", "x" * 200, "y" * 200)]
    room.templates = [ApprovedTemplate(name="n" * 60, language="id", text="Halo {{1}} " + "z" * 300)]
    page = await at_desk(chromium, room, "dina", locale="id-ID", width=390)
    await expect(page.locator("#ill")).to_be_visible()
    assert await page.evaluate(FITS)
    window_shut = await room.case("whatsapp", LONG, room.said("whatsapp", LONG, "w" * 300, ago=30 * HOUR))
    both = await facebook_case(room, LONG)
    draft = await room.case(
        "linkedin", LONG, room.said("linkedin", LONG, "halo", public=True, link="https://l.example/" + "p" * 200),
        reason=Reason.DRAFT, draft="d" * 900,
    )  # fmt: skip
    for key in (window_shut, both, draft):
        await answering(page, room, key)
        await expect(page.locator("#composer")).to_be_in_viewport()
        assert await page.evaluate(FITS)
        await expect(page.locator("#send")).to_be_in_viewport()
