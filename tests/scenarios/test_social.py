"""The social platforms through the whole running system: one customer's public and private words are one case."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import Agent, Commit, VersionConflict
from bot.services.compose import Outgoing
from tests.scenarios.harness import Sigap
from tests.scenarios.test_telegram import transcript, until

pytestmark = pytest.mark.timeout(240)
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="", role="supervisor")
PATIENCE_S = 25.0
A_WHILE_S = 1.5  # long enough for an answer that must not come


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("social") / "home") as system:
        yield system


@pytest.fixture
async def system(sigap: Sigap, tmp_path: Path) -> AsyncIterator[System]:
    async with bootstrap.connect(settings.load(sigap.environment, dotenv=tmp_path / "none")) as connected:
        yield connected


class Customer:
    """One person on a platform of the sandbox."""

    def __init__(self, sigap: Sigap, platform: str, name: str = "Rina Hartati", **details: Any) -> None:
        base = f"{sigap.sandbox_url}/sandbox/api/social/{platform}"
        self._http = httpx.Client(base_url=base, trust_env=False, timeout=30)
        self.id = self.act("join", name=name, **details)["id"]
        self.key = f"{platform}:{self.id}"

    def act(self, what: str, **body: Any) -> dict[str, Any]:
        answer = self._http.post(f"/{what}", json=body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    def write(self, text: str, surface: str = "public", reply_to: str = "") -> str:
        return str(self.act("write", customer=self.id, surface=surface, text=text, reply_to=reply_to)["id"])

    def screen(self, surface: str = "") -> list[dict[str, Any]]:
        """What the brand's program said to this customer."""
        items: list[dict[str, Any]] = []
        while page := self._items(items[-1]["seq"] if items else 0):
            items += page
        mine = [item for item in items if item["customer"] == self.id and item["author"] == "brand"]
        return [item for item in mine if item["change"] == "new" and surface in ("", item["surface"])]

    def _items(self, after: int) -> list[dict[str, Any]]:
        return list(self._http.get("/feed", params={"after": after, "limit": 1000}).json()["items"])

    def sees(self, number: int, surface: str = "") -> list[dict[str, Any]]:
        """Wait until the brand's program has said `number` things."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if len(shown := self.screen(surface)) >= number:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"only {len(self.screen(surface))} of {number} messages arrived")

    def state(self) -> dict[str, Any]:
        return dict(self._http.get("/state").json())


async def owner(system: System, key: str) -> Owner | None:
    conversation = (await system.store.load(key)).conversation
    return conversation.owner if conversation else None


async def test_a_comment_with_an_order_is_answered_in_private_and_goes_on_there_as_one_case(
    sigap: Sigap, system: System
) -> None:
    rina = Customer(sigap, "facebook")
    rina.write("where is my order AR-20305?")
    rina.sees(2)
    [public] = rina.screen("public")
    [private] = rina.screen("private")
    assert "AR-20305" not in public["text"]
    assert "private message" in public["text"]
    assert "AR-20305" in private["text"]
    rina.write("thank you so much", "private")
    rina.sees(2, "private")
    lines = await transcript(system, rina.key)
    said = [(line.author, line.surface) for line in lines if line.kind == "message"]
    assert said[:3] == [("customer", "public"), ("notice", "public"), ("bot", "private")]
    assert ("customer", "private") in said, "Messenger knows the customer under another id; it is the same case"
    assert rina.state()["violations"] == []


async def test_a_person_who_answers_in_the_platforms_own_app_silences_the_bot(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "instagram")
    comment = rina.write("good morning!")
    rina.sees(1)
    rina.act("brand", customer=rina.id, surface="public", text="Hi Rina, Tono here.", reply_to=comment)
    await until(lambda: owner(system, rina.key), lambda found: found is Owner.HUMAN)
    before = len(rina.screen())
    rina.write("what does a transfer cost?", reply_to=comment)
    await until(lambda: transcript(system, rina.key), lambda lines: sum(x.author == "customer" for x in lines) == 2)
    time.sleep(A_WHILE_S)
    assert len(rina.screen()) == before
    lines = await transcript(system, rina.key)
    assert [line.text for line in lines if line.author == "agent"] == ["Hi Rina, Tono here."]


async def test_a_mention_on_x_gets_one_public_answer_and_the_rest_when_they_write_in_private(
    sigap: Sigap, system: System
) -> None:
    rina = Customer(sigap, "x")
    rina.write("where is my order AR-20305?")
    [public] = rina.sees(1)
    assert "AR-20305" not in public["text"]
    time.sleep(A_WHILE_S)
    assert len(rina.screen()) == 1, "X allows one automatic answer to a post, and no message that nobody asked for"
    rina.write("hi, here I am", "private")
    rina.sees(1, "private")
    assert "AR-20305" in rina.screen("private")[0]["text"], "what had to wait comes first"
    assert [line.kind for line in await transcript(system, rina.key)].count("held") == 1
    assert rina.state()["violations"] == []


async def test_a_comment_that_is_deleted_while_the_answer_is_on_its_way_gets_none(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "facebook")
    rina.act("dials", error_share=1.0)  # nothing gets through, until the comment is gone
    try:
        comment = rina.write("what does a transfer cost?")
        await until(lambda: transcript(system, rina.key), lambda lines: any(x.author == "bot" for x in lines))
        rina.act("delete", id=comment)
        await until(lambda: transcript(system, rina.key), lambda lines: any(x.deleted for x in lines))
    finally:
        rina.act("dials", error_share=0.0)
    lines = await until(lambda: transcript(system, rina.key), lambda lines: any(x.status == "refused" for x in lines))
    assert [line.reason for line in lines if line.status == "refused"] == ["target_deleted"]
    assert rina.screen() == []
    assert await owner(system, rina.key) is Owner.BOT, "nobody waits for anything"


@pytest.mark.parametrize("platform", ["facebook", "instagram"])
async def test_a_comment_is_hidden_from_everybody(sigap: Sigap, system: System, platform: str) -> None:
    rina = Customer(sigap, platform)
    comment = rina.write("what does a transfer cost?")
    rina.sees(1)

    async def hide() -> bool:
        before = (await system.store.load(rina.key)).conversation
        assert before is not None
        out = Outgoing(system.speech, before, datetime.now(UTC))
        assert out.hide(comment)
        change = Commit(conversation=out.conversation, expected_version=before.version, outbox=out.messages)
        try:
            await system.store.commit(change)
        except VersionConflict:  # the worker was just at it
            return False
        return True

    rina.act("dials", timeout_after_send_share=1.0, hang_s=0.1)  # done, and nobody tells us
    try:
        await until(hide, bool)
        await until(lambda: shown_as(rina, comment), lambda changes: changes.count("hide") >= 2)
    finally:
        rina.act("dials", timeout_after_send_share=0.0)
    lines = await until(lambda: transcript(system, rina.key), lambda lines: any(line.hidden for line in lines))
    assert [line.hidden for line in lines if line.author == "customer"] == ["hidden"]


async def shown_as(customer: Customer, entry_id: str) -> list[str]:
    """How everybody saw this comment of the customer's change."""
    return [item["change"] for item in customer._items(0) if item["id"] == entry_id]


async def test_on_linkedin_the_assistant_drafts_and_a_person_posts(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "linkedin")
    rina.write("what does a transfer to another bank cost?")
    lines = await until(lambda: transcript(system, rina.key), lambda lines: any(line.kind == "draft" for line in lines))
    [draft] = [line for line in lines if line.kind == "draft"]
    assert "Rp" in draft.text
    time.sleep(A_WHILE_S)
    assert rina.screen() == [], "LinkedIn allows no unattended posts"
    await system.desk.claim(rina.key, DINA)
    await system.desk.reply(rina.key, DINA, draft.text, "draft")
    [posted] = rina.sees(1)
    assert posted["text"].split() == draft.text.split()


async def test_an_answer_that_a_killed_courier_had_just_sent_is_found_and_not_said_again(
    sigap: Sigap, system: System
) -> None:
    rina = Customer(sigap, "facebook")
    key = f"facebook:7{rina.id}"  # who never commented is known by their id in Messenger
    # The platform has taken the answer and has not said so yet: it neither answers nor echoes for a while.
    rina.act("dials", timeout_after_send_share=1.0, hang_s=30, echo_delay_s=60)
    try:
        rina.write("good morning!", "private")
        rina.sees(1)
        [said] = [line for line in await transcript(system, key) if line.author == "bot"]
        assert said.status == "queued", "the courier still waits for the platform's answer"
        sigap.kill("courier")
    finally:
        rina.act("dials", timeout_after_send_share=0.0, echo_delay_s=0)
    sigap.wait_until_ok()
    lines = await until(
        lambda: transcript(system, key),
        lambda lines: any(line.author == "bot" and line.status != "queued" for line in lines),
    )
    assert [line.status for line in lines if line.author == "bot"] == ["sent"]
    assert len(rina.screen()) == 1
    assert await owner(system, key) is Owner.BOT
