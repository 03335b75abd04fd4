"""Which language the assistant answers in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.language import detect_language, requested_language

Run = Callable[..., Any]


async def language_after(run: Run, text: str, current: str | None = None, **more: Any) -> str | None:
    events, messages = await run("action_set_language", text=text, slots={"language": current}, **more)
    assert messages == []
    assert len(events) <= 1
    return events[0]["value"] if events else current


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my order", "en"),
        ("i lost my card", "en"),
        ("my transfer is pending since yesterday", "en"),
        ("paket saya udah dikirim blm", "id"),
        ("gmn cara aktifin kartu min", "id"),
        ("tf ga masuk2 kak", "id"),
        ("saldo sy brp ya", "id"),
        ("kak my order udah sampe mana ya", "id"),
        ("saya ingin mengajukan pengaduan resmi", "id"),
    ],
)
async def test_the_first_message_tells(run: Run, text: str, language: str) -> None:
    assert await language_after(run, text) == language


@pytest.mark.parametrize(
    "text", ["ok", "AR-20311", "👍", "refund", "thanks", "/order_status", "status order", "KD 4801?"]
)
@pytest.mark.parametrize("current", ["en", "id"])
async def test_short_texts_references_and_buttons_keep_the_language(run: Run, text: str, current: str) -> None:
    assert await language_after(run, text, current) == current


@pytest.mark.parametrize(("text", "current"), [("ok thanks kak", "en"), ("thank you ya", "id"), ("sip, noted", "en")])
async def test_one_borrowed_word_keeps_the_language(run: Run, text: str, current: str) -> None:
    assert await language_after(run, text, current) == current


@pytest.mark.parametrize(
    ("text", "current", "after"),
    [("where is my card now?", "id", "en"), ("kartu saya kok belum sampai juga ya", "en", "id")],
)
async def test_a_clear_sentence_changes_the_language(run: Run, text: str, current: str, after: str) -> None:
    assert await language_after(run, text, current) == after


@pytest.mark.parametrize(
    ("metadata", "language"),
    [({"language": "id"}, "id"), ({"language": "en-GB"}, "en"), ({"language": "fr"}, "en"), ({}, "en")],
)
async def test_an_unclear_first_message_takes_the_platforms_hint(
    run: Run, metadata: dict[str, Any], language: str
) -> None:
    assert await language_after(run, "/greet", metadata=metadata) == language


async def test_the_hint_does_not_override_the_conversation(run: Run) -> None:
    assert await language_after(run, "ok", "en", metadata={"language": "id"}) == "en"


@pytest.mark.parametrize(
    ("text", "current", "after"),
    [
        ("english please", "id", "en"),
        ("pake bahasa inggris dong", "id", "en"),
        ("can you speak bahasa indonesia", "en", "id"),
        ("bahasa indonesia aja", "en", "id"),
        ("kok pake bahasa inggris sih, saya ga ngerti", "en", "id"),
        ("indo aja min, jangan inggris", "en", "id"),
        ("i don't understand indonesian", "id", "en"),
        ("sorry my indonesian is bad, english ok?", "id", "en"),
        ("ga bisa bahasa inggris kak", "en", "id"),
        ("/change_language", "en", "id"),
        ("/change_language", "id", "en"),
        ("ganti bahasa", None, "id"),
    ],
)
async def test_an_explicit_wish_decides(run: Run, text: str, current: str | None, after: str) -> None:
    assert await language_after(run, text, current, intent="change_language") == after


def test_a_text_in_another_language_or_none_is_not_guessed_from_one_word() -> None:
    assert detect_language("", None) is None
    assert detect_language("12345 !!!", "id") is None
    assert requested_language("english", None) == "en"
