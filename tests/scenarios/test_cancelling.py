"""An order is cancelled through the whole running system, in public and in private, and a worker dies in between."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import bootstrap, settings
from bot.bootstrap import System
from bot.core import events as e
from bot.core.conversation import Owner
from bot.core.ports import Agent
from tests.scenarios.harness import Sigap
from tests.scenarios.test_social import Customer, owner
from tests.scenarios.test_telegram import until

pytestmark = pytest.mark.timeout(240)
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="", role="supervisor")


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("cancelling") / "home") as system:
        yield system


@pytest.fixture
async def system(sigap: Sigap, tmp_path: Path) -> AsyncIterator[System]:
    async with bootstrap.connect(settings.load(sigap.environment, dotenv=tmp_path / "none")) as connected:
        yield connected


def order(sigap: Sigap, ref: str) -> dict[str, Any]:
    return dict(httpx.get(f"{sigap.sandbox_url}/backoffice/orders/{ref}", trust_env=False).json())


async def test_an_order_is_cancelled_in_private_after_proof_and_a_yes(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "facebook")
    rina.write("please cancel my order AR-20301")
    rina.sees(2)
    [public] = rina.screen("public")
    [asked] = rina.screen("private")
    assert not re.search(r"20301|cancel", public["text"]), "not even what it is about is said where everybody reads"
    assert "last 4 digits" in asked["text"]
    rina.write("is cash on delivery possible, by the way?", "private")  # a digression, and back
    answered, again = rina.sees(3, "private")[1:]
    assert "cash on delivery" in answered["text"]
    assert again["text"] == asked["text"]
    rina.write("4417", "private")
    confirm = rina.sees(4, "private")[-1]
    assert "AR-20301" in confirm["text"]
    assert order(sigap, "AR-20301")["status"] == "processing", "nothing is done before a yes"
    sigap.kill("worker")
    rina.write("yes, cancel it please", "private")
    done = rina.sees(5, "private")[-1]
    assert "AR-20301 is cancelled" in done["text"]
    assert order(sigap, "AR-20301")["status"] == "cancelled"
    assert rina.state()["violations"] == []


async def test_the_customer_says_how_it_was_after_a_person_closed(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "facebook", name="Wulan Sari")
    rina.write("saya mau bicara dengan petugas", "private")
    rina.sees(1, "private")
    key = f"facebook:7{rina.id}"
    await until(lambda: owner(system, key), lambda found: found is Owner.WAITING)
    await system.desk.claim(key, DINA)
    await system.desk.close(key, DINA)

    async def said() -> str:
        return "\n".join(shown["text"] for shown in rina.screen("private"))

    await until(said, lambda text: "1 (buruk) sampai 5" in text)
    rina.write("4", "private")
    await until(said, lambda text: "senang sekali membacanya" in text)
    rated = [event for event in await system.store.log(key, 100) if isinstance(event, e.Rated)]
    assert [(event.score, event.agent_name) for event in rated] == [(4, "Dina Lestari")]
