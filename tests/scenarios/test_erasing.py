"""A customer talks, is handed over, answered and erased while everything runs: no byte of them is left anywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from bot import bootstrap, settings
from bot.adapters.embedded_valkey import socket_path
from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import Agent
from tests.scenarios.harness import Sigap
from tests.scenarios.test_social import Customer, owner
from tests.scenarios.test_telegram import transcript, until

pytestmark = pytest.mark.timeout(240)
DINA = Agent(agent_id="dina", name="Dina Lestari", password_hash="", role="supervisor")
NAME, WORD, SECRET = "Zwaluwina Hartati", "xylophonist", "482913"


@pytest.fixture(scope="module")
def sigap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigap]:
    with Sigap(tmp_path_factory.mktemp("erasing") / "home") as system:
        yield system


@pytest.fixture
async def system(sigap: Sigap, tmp_path: Path) -> AsyncIterator[System]:
    async with bootstrap.connect(settings.load(sigap.environment, dotenv=tmp_path / "none")) as connected:
        yield connected


def where(sigap: Sigap, *words: str) -> list[str]:
    """Every Redis name and raw value, and every byte of every file of the installation, its processes' log included."""
    pieces: dict[str, bytes] = {}
    redis = Redis(unix_socket_path=str(socket_path(sigap.home)))
    redis.config_set("rdbcompression", "no")  # so that a dumped value shows its bytes
    for name in redis.scan_iter(count=1000):
        pieces[f"redis {name.decode()}"] = name + (redis.dump(name) or b"")
    redis.close()
    for path in sorted(sigap.home.rglob("*")):
        if path.is_file() and "models" not in path.relative_to(sigap.home).parts:
            pieces[str(path.relative_to(sigap.home))] = path.read_bytes()
    return sorted(
        {
            f"{word} in {place}"
            for place, data in pieces.items()
            for word in words
            if word.lower().encode() in data.lower()
        }
    )


async def test_no_trace_of_a_customer_who_was_answered_and_handed_over(sigap: Sigap, system: System) -> None:
    other = Customer(sigap, "facebook", name="Tono Sastro")
    other.write("what does a transfer cost?")
    other.sees(1)
    rina = Customer(sigap, "facebook", name=NAME)
    rina.write(f"where is my order AR-20305? asks the {WORD}")
    rina.sees(2)  # in public, and in private: now it is one case
    rina.write("talk to a person please", "private")
    await until(lambda: owner(system, rina.key), lambda found: found is Owner.WAITING)
    await system.desk.claim(rina.key, DINA)
    await system.desk.note(rina.key, DINA, f"the {WORD} again")
    await system.desk.reply(rina.key, DINA, f"Hello {WORD}, Dina here.", "c1")
    await until(
        lambda: transcript(system, rina.key),
        lambda lines: [x.status for x in lines if x.author == "agent"][-1:] == ["sent"],
    )
    words = (WORD, "zwaluwina", rina.key, rina.id)
    assert {found.split(" in ")[0] for found in where(sigap, WORD, "zwaluwina", rina.key)} == {
        WORD,
        "zwaluwina",
        rina.key,
    }

    exported = sigap.command("customer", "export", rina.key, "--json")
    assert exported.returncode == 0, exported.stderr
    [part] = json.loads(exported.stdout)["conversations"]
    assert WORD in json.dumps(part["events"])

    out = sigap.home.parent / "rina.json"
    written = sigap.command("customer", "export", rina.key, "--out", str(out))
    assert (written.returncode, out.stat().st_mode & 0o777) == (0, 0o600), written.stderr
    assert json.loads(out.read_bytes())["conversations"][0]["state"]["customer"]["name"] == NAME

    erased = sigap.command("customer", "erase", rina.key, "--yes", "--json")
    report = json.loads(erased.stdout)
    assert report["left"] == []
    assert report["unsettled"] == []
    assert erased.returncode == 0
    assert where(sigap, *words) == []

    assert sigap.command("customer", "erase", rina.key, "--yes").returncode == 1, "nothing is known any more"
    assert sigap.command("audit", "verify").returncode == 0
    assert [entry.action for entry in system.archive.audit(rina.key)][-2:] == ["exported_customer", "erased_customer"]
    assert len((await system.customers.look([other.key]))["conversations"][0]["events"]) > 1

    rina.write("good morning!", "private")
    rina.sees(5)
    assert where(sigap, WORD) == [], "the old words do not come back with a new message"


async def test_a_code_that_a_customer_types_is_stored_nowhere(sigap: Sigap, system: System) -> None:
    rina = Customer(sigap, "facebook", name="Ani")
    rina.write(f"kode OTP saya {SECRET}, kenapa gagal?", "private")
    rina.sees(1)
    key = f"facebook:7{rina.id}"
    lines = await until(lambda: transcript(system, key), lambda lines: any(line.author == "customer" for line in lines))
    assert SECRET not in str(lines)
    assert SECRET.encode() not in (await system.store.load(key)).tracker, "nor in the assistant's memory"
