"""A worker that has just started: what is built when first needed is built before it says that it is ready."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from actions import calls, language
from bot.adapters.rasa_actions import InProcessActions
from bot.bootstrap import System
from bot.entrypoints import worker
from bot.entrypoints.process import Life
from bot.settings import load
from channels.x import text as x_text


@pytest.fixture
def uncalled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A back office that must not be called."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("BACKOFFICE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}/backoffice")
        yield
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_the_actions_build_what_is_slow_and_call_nobody(uncalled: None) -> None:
    calls._tls.cache_clear()
    language._identifier.cache_clear()
    await InProcessActions("actions").warm()
    assert calls._tls.cache_info().currsize == 1
    assert language._identifier.cache_info().currsize == 1
    assert asyncio.get_running_loop() in calls._clients, "a pool belongs to one loop: the one that serves customers"


async def test_what_goes_wrong_stops_neither_the_next_step_nor_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WARM_WITHIN_S", 0.05)
    done = []

    async def broken() -> None:
        raise RuntimeError

    async def hanging() -> None:
        await asyncio.sleep(60)

    async def good() -> None:
        done.append("good")

    await worker.warm(one=broken, two=hanging, three=good)
    assert done == ["good"]


async def test_a_worker_is_ready_when_it_is_warm(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life("worker-9")
    was_ready = []

    class Loaded:
        """Stands for the assistant and for the triage."""

        def __init__(self, *_: object) -> None:
            pass

        async def warm(self) -> None:
            was_ready.append(life.ready)
            life.stopping.set()  # there is nothing to work off

    monkeypatch.setattr("bot.adapters.rasa_dialogue.RasaDialogue", Loaded)
    monkeypatch.setattr("bot.adapters.triage_project.open_triage", Loaded)
    monkeypatch.setattr(worker, "usable_model", lambda models: models)
    x_text._library.cache_clear()
    settings = load({"SIGAP_HOME": str(tmp_path), "SIGAP_DEMO": "1"}, tmp_path / ".env")
    await worker.work(life, System(settings, redis))
    assert was_ready == [False, False]
    assert life.ready
    assert x_text._library.cache_info().currsize == 1, "X's way of counting"
