"""A claim against a reply in flight, 200 times: after a person has it, the customer never hears the bot."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import Agent
from bot.replay.customers import WebchatCustomers
from tests.scenarios.harness import Sigap

RACES = 200
SETTLED_S = 0.1  # by then an answer in several lines is whole
LONGEST_S, SOONER = 0.5, 3  # most claims come within milliseconds, so that they are close on quick machines, too
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="", role="supervisor")
QUESTIONS = ("where is my order", "what does a transfer cost", "halo kak", "reset password gimana")


@pytest.mark.timeout(300)
async def test_no_bot_message_after_a_claim(tmp_path: Path) -> None:
    with Sigap(tmp_path / "home") as sigap:
        config = settings.load(sigap.environment, dotenv=tmp_path / "none")
        async with bootstrap.connect(config) as system:
            customers = WebchatCustomers(config)
            outcomes = [
                outcome
                for start in range(0, RACES, 10)
                for outcome in await asyncio.gather(*(race(system, customers, n) for n in range(start, start + 10)))
            ]
            await asyncio.sleep(2)  # whatever might still be on its way
            late = 0
            for key, _, at_claim in outcomes:
                spoken = await bot_lines(system, key)
                late += spoken - at_claim
                conversation = (await system.store.load(key)).conversation
                assert conversation is not None
                assert conversation.owner is Owner.HUMAN
            await customers.close()
    assert len(outcomes) == RACES
    assert late == 0
    spoken_first = sum(at_claim > before for _, before, at_claim in outcomes)
    assert 0 < spoken_first < RACES, f"the race was never close: the bot spoke first {spoken_first} times"


async def race(system: System, customers: WebchatCustomers, number: int) -> tuple[str, int, int]:
    """A customer who was answered once asks again, a person claims a moment later: the key, the bot's messages before,
    and those when the claim returned."""
    key = await customers.arrive(number)
    await customers.write(key, "what can you do")
    while not await bot_lines(system, key):
        await asyncio.sleep(0.02)
    await asyncio.sleep(SETTLED_S)
    before = await bot_lines(system, key)
    await customers.write(key, QUESTIONS[number % len(QUESTIONS)])
    await asyncio.sleep(LONGEST_S * random.random() ** SOONER)
    await system.desk.claim(key, DINA)
    return key, before, await bot_lines(system, key)


async def bot_lines(system: System, key: str) -> int:
    """What the customer's page has of the assistant: the feed is what every open page shows."""
    return sum(item["from"] == "bot" for item in await system.feed.after(key.partition(":")[2], 0))
