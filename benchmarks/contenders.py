"""Those who take turns in benchmarks/turns.py: each in a process of its own, which answers conversations and tells how
long every turn took."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

from bot.core.ports import Dialogue, Triage
from bot.core.risk import Circumstances
from bot.entrypoints.worker import ENVIRONMENT, warm
from bot.settings import PROJECT
from channels.messages import Surface

SAID = (
    "are you a bot", "how do i activate my card", "how can i top up", "thanks",
    "how do i open an account", "how much can i transfer a day", "what can you do", "bye",
)  # fmt: skip

Speak = Callable[[str, Sequence[str]], Awaitable[list[float]]]


# ---- in the contender's process ------------------------------------------------------------------------------------


def ours(model: Path, loop: AbstractEventLoop) -> Speak:
    from bot.adapters.rasa_dialogue import RasaDialogue  # noqa: PLC0415 - Rasa takes seconds to load

    speak = speaking(RasaDialogue(model, PROJECT))
    loop.run_until_complete(speak("warm", SAID))
    return speak


def started(model: Path, loop: AbstractEventLoop, *, warming: bool) -> Speak:
    """What looks at a customer's words in a worker that has just started."""
    from bot.adapters.rasa_dialogue import RasaDialogue  # noqa: PLC0415
    from bot.adapters.triage_project import open_triage  # noqa: PLC0415

    triage = open_triage(PROJECT, model.parent)
    dialogue = RasaDialogue(model, PROJECT)
    if warming:
        loop.run_until_complete(warm(triage=triage.warm, assistant=dialogue.warm))
    return speaking(dialogue, triage)


def stock(model: Path, loop: AbstractEventLoop) -> Speak:
    from rasa.core.agent import Agent  # noqa: PLC0415
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: PLC0415

    agent = Agent.load(str(model))

    async def speak(key: str, texts: Sequence[str]) -> list[float]:
        took = []
        for text in texts:
            output = CollectingOutputChannel()
            began = time.perf_counter()
            await agent.handle_message(UserMessage(text, output, sender_id=key, input_channel="webchat"))
            took.append(time.perf_counter() - began)
            assert output.messages, text
        return took

    loop.run_until_complete(speak("warm", SAID))
    return speak


KINDS: Mapping[str, Callable[[Path, AbstractEventLoop], Speak]] = {
    "ours": ours,
    "stock": stock,
    "warmed": partial(started, warming=True),
    "cold": partial(started, warming=False),
}


def speaking(dialogue: Dialogue, triage: Triage | None = None) -> Speak:
    about = Circumstances(channel="webchat", surface=Surface.PRIVATE, at=datetime.now(UTC))

    async def speak(key: str, texts: Sequence[str]) -> list[float]:
        memory, took = b"", []
        for number, text in enumerate(texts):
            began = time.perf_counter()
            if triage is not None:
                triage.rule(triage.assess(text, about), about)
            turn = await dialogue.respond(
                key=key, channel="webchat", text=text, message_id=f"{key}-{number}", language="en", tracker=memory
            )
            took.append(time.perf_counter() - began)
            assert turn.utterances, text
            memory = turn.tracker
        return took

    return speak


def contend(kind: str, model: Path) -> None:
    """Answers lines of JSON {"key", "texts"} with the seconds that each turn took, until the input ends."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)
    loop = asyncio.new_event_loop()
    speak = KINDS[kind](model, loop)
    answers = os.fdopen(os.dup(1), "w")
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(loop.run_until_complete(speak(asked["key"], asked["texts"]))) + "\n")
        answers.flush()


# ---- in the benchmark's process ------------------------------------------------------------------------------------


class Contender:
    def __init__(self, name: str, kind: str, model: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.contenders", kind, str(model)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **ENVIRONMENT},
        )  # fmt: skip
        self._read("ready\n")

    def _read(self, wanted: str = "") -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == wanted or (not wanted and line.startswith("[")):
                return line
        raise RuntimeError(f"{self.name} ended: {self._process.wait()}")

    def ask(self, key: str, texts: Sequence[str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"key": key, "texts": texts}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> list[float]:
        return list(json.loads(self._read()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(contenders: Sequence[tuple[str, str, Path]]) -> Iterator[list[Contender]]:
    """Name, kind and model of each."""
    made: list[Contender] = []
    try:
        for each in contenders:
            made.append(Contender(*each))
        yield made
    finally:
        for one in made:
            one.stop()


if __name__ == "__main__":
    contend(sys.argv[1], Path(sys.argv[2]))
