"""Telegram through the whole running system: what customers do there, and what an unkind platform does to us."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core.ports import Agent
from bot.core.transcript import Line, fold
from tests.scenarios.harness import Sigap
from tests.scenarios.test_kills import recording

pytestmark = pytest.mark.timeout(240)
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="", role="supervisor")
_chats = count(50_001)
PATIENCE_S = 25.0


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("telegram") / "home") as system:
        yield system


@pytest.fixture
async def system(sigap: Sigap, tmp_path: Path) -> AsyncIterator[System]:
    async with bootstrap.connect(settings.load(sigap.environment, dotenv=tmp_path / "none")) as connected:
        yield connected


class Customer:
    """One person in the sandbox's Telegram."""

    def __init__(self, sigap: Sigap, language: str = "en", chat: int | None = None) -> None:
        self.chat = chat or next(_chats)
        self.key = f"telegram:{self.chat}"
        self._language = language
        self._http = httpx.Client(base_url=f"{sigap.sandbox_url}/sandbox/api", trust_env=False, timeout=30)

    def write(self, text: str = "", **more: Any) -> int:
        body = {"text": text, "name": "Rina", "language_code": self._language, **more}
        answer = self._http.post(f"/telegram/chats/{self.chat}/messages", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["message_id"])

    def screen(self) -> list[dict[str, Any]]:
        """What the brand said, as it stands on the customer's phone."""
        found = self._http.get(f"/telegram/chats/{self.chat}/messages").json()["messages"]
        return [entry for entry in found if entry["from"] == "brand"]

    def sees(self, number: int) -> list[dict[str, Any]]:
        """Wait until the brand has said `number` things."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if len(shown := self.screen()) >= number:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"only {len(self.screen())} of {number} messages arrived")

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    def edit(self, message_id: int, text: str) -> None:
        self._http.patch(f"/telegram/chats/{self.chat}/messages/{message_id}", json={"text": text})


async def transcript(system: System, key: str) -> list[Line]:
    return fold(await system.store.log(key))


async def until(read: Any, wanted: Any, timeout_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if wanted(found := await read()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"never came about: {found}")


async def test_a_tapped_button_is_answered_and_its_wheel_stops(sigap: Sigap) -> None:
    rina = Customer(sigap)
    rina.write("hello")
    [greeting] = rina.sees(1)
    button = greeting["buttons"][0][0]
    assert len(button["callback_data"].encode()) <= 64
    rina.post(f"/telegram/chats/{rina.chat}/taps", {
        "message_id": greeting["message_id"], "callback_data": button["callback_data"],
    })  # fmt: skip
    assert "order number" in rina.sees(2)[1]["text"]


async def test_a_deep_link_opens_its_topic(sigap: Sigap) -> None:
    rina = Customer(sigap)
    rina.write("/start transfer_fee")
    assert "BI-FAST" in rina.sees(1)[0]["text"]
    other = Customer(sigap, "id")
    other.write("/start")
    assert "Saya bot Arunika" in other.sees(1)[0]["text"]


async def test_a_typed_command_is_words_and_no_order_to_the_assistant(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap)
    rina.write("/restart")
    rina.sees(1)
    [line] = [line for line in await transcript(system, rina.key) if line.author == "customer"]
    assert line.text == "/restart"
    assert line.intents[0].name != "restart"


@pytest.mark.parametrize("attachment", ["photo", "voice", "document"])
async def test_media_without_words_is_answered_honestly(sigap: Sigap, system: System, attachment: str) -> None:
    rina = Customer(sigap)
    rina.write(attachment=attachment)
    [answer] = rina.sees(1)
    assert "I can only read words" in answer["text"]
    assert answer["buttons"], "a way to a person"
    [line] = [line for line in await transcript(system, rina.key) if line.author == "customer"]
    assert line.attachments
    assert line.attachments[0].external_id


async def test_an_edit_reaches_the_transcript(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap)
    first = rina.write("where is my ordr")
    rina.sees(1)
    rina.edit(first, "where is my order AR-20305")
    lines = await until(lambda: transcript(system, rina.key), lambda lines: any(line.earlier for line in lines))
    [line] = [line for line in lines if line.earlier]
    assert (line.text, line.earlier) == ("where is my order AR-20305", ("where is my ordr",))


async def test_a_group_is_answered_when_the_bot_is_mentioned_and_only_then(sigap: Sigap) -> None:
    member = Customer(sigap)
    member.write("hi")
    member.sees(1)
    me = member._http.get("/state").json()
    username = me["bot"]["username"] if "bot" in me else me["username"]
    group = member.post("/telegram/chats", {"title": "Neighbours", "members": [member.chat]})["chat_id"]
    talk = Customer(sigap, chat=group)
    talk.write("did anybody see my cat", name=None, language_code=None, user_id=member.chat)
    talk.write(f"@{username} what does a transfer cost?", name=None, language_code=None, user_id=member.chat)
    [answer] = talk.sees(1)
    time.sleep(0.5)
    assert len(talk.screen()) == 1
    assert answer["reply_to"]


async def test_who_blocks_the_bot_is_no_longer_written_to_and_a_person_sees_it(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap)
    rina.write("talk to a person please")
    rina.sees(1)
    await system.desk.claim(rina.key, DINA)
    rina.sees(2)
    rina.post(f"/telegram/chats/{rina.chat}/block", {"blocked": True})
    message_id = await system.desk.reply(rina.key, DINA, "Are you still there?", "one")
    lines = await until(
        lambda: transcript(system, rina.key),
        lambda lines: any(line.line_id == message_id and line.status == "failed" for line in lines),
    )
    assert any(line.reason == "blocked" for line in lines)


async def test_a_long_answer_arrives_whole_in_parts(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap)
    rina.write("i need a human")
    rina.sees(2)
    await system.desk.claim(rina.key, DINA)
    before = len(rina.sees(3))  # a colleague will come, in how long, and that Dina is here
    words = " ".join(f"word{number}😀" for number in range(1200))
    assert len(words.encode("utf-16-le")) // 2 > 2 * 4096
    await system.desk.reply(rina.key, DINA, words, "long")
    parts = rina.sees(before + 3)[before:]
    assert all(len(part["text"].encode("utf-16-le")) // 2 <= 4096 for part in parts)
    assert " ".join(part["text"] for part in parts) == words


async def test_an_answer_of_which_nobody_knows_goes_to_a_person_and_is_not_repeated(
    sigap: Sigap, system: System
) -> None:
    rina = Customer(sigap)
    rina.write("hello")
    rina.sees(1)
    rina.post("/dials", {"timeout_after_send_share": 1.0})
    try:
        rina.write("what does a transfer cost")
        lines = await until(
            lambda: transcript(system, rina.key),
            lambda lines: any(line.status == "unconfirmed" for line in lines),
        )
    finally:
        rina.post("/dials", {"timeout_after_send_share": 0.0})
    assert any(line.reason == "send_unconfirmed" and line.after == "waiting" for line in lines)
    texts = [entry["text"] for entry in rina.sees(3)]
    time.sleep(1)
    texts = [entry["text"] for entry in rina.screen()]
    assert len(texts) == len(set(texts)), "nothing was said twice"


async def test_a_bad_day_on_the_platform_loses_and_doubles_nothing(sigap: Sigap, tmp_path: Path) -> None:
    unkind = {"duplicate_share": 0.2, "error_share": 0.05, "per_chat_per_second": 1.0, "per_chat_burst": 1}
    rina = Customer(sigap)
    rina.post("/dials", unkind)
    try:
        file = recording(tmp_path / "talk.jsonl", 30)
        done = sigap.command("replay", str(file), "--channel", "telegram", "--rate", "10", "--json")
    finally:
        rina.post("/dials", {"duplicate_share": 0.0, "error_share": 0.0, "per_chat_burst": 5})
    figures = json.loads(done.stdout)
    assert (figures["lost"], figures["duplicated"], figures["reordered"]) == (0, 0, 0), done.stderr[-800:]
    assert figures["answered"] + figures["handed_off"] == figures["sent"] == 60
