"""The assistant's actions against the real back office of the sandbox, over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa_sdk.executor import ActionExecutor
from sanic import Sanic

from sandbox.backoffice import blueprint

PROJECT = Path(__file__).parents[2]


@pytest.fixture
async def backoffice(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The back office on a free port, with its dials at rest; the actions know its address."""
    app = Sanic(f"backoffice-{uuid4().hex}")
    app.blueprint(blueprint)
    listener = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/backoffice"
    monkeypatch.setenv("BACKOFFICE_URL", url)
    try:
        yield url
    finally:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{url}/dials", json={"delay_s": 0, "fail_share": 0})
        server.close()
        await server.wait_closed()
        listener.close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A back office that is down: the address has no listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("BACKOFFICE_URL", f"http://127.0.0.1:{port}/backoffice")


@pytest.fixture(scope="session")
def say() -> Callable[[dict[str, Any], str], dict[str, Any]]:
    """What a customer reads: the response as Rasa fills it in for a language."""
    generator = TemplatedNaturalLanguageGenerator(Domain.load(str(PROJECT / "domain.yml")).responses)

    def say(message: dict[str, Any], language: str) -> dict[str, Any]:
        arguments = {key: value for key, value in message.items() if key != "response"}
        filled = generator.generate_from_slots(message["response"], {"language": language}, "webchat", **arguments)
        assert filled is not None, message["response"]
        return filled

    return say


def slots_set(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {event["name"]: event["value"] for event in events if event["event"] == "slot"}


def loops(events: list[dict[str, Any]]) -> list[str | None]:
    return [event["name"] for event in events if event["event"] == "active_loop"]


@pytest.fixture(scope="session")
def executor() -> ActionExecutor:
    """All actions, found the way an action server finds them."""
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor


class InProcess:
    """An action endpoint without a server."""

    def __init__(self, executor: ActionExecutor) -> None:
        self.executor = executor
        self.kwargs: dict[str, Any] = {}

    async def request(self, json: dict[str, Any], **_: Any) -> Any:
        return await self.executor.run(json)


@pytest.fixture
def run(executor: ActionExecutor) -> Callable[..., Any]:
    """Run one action on a conversation: its events and what it says, as an action server would answer."""

    async def run(
        action: str,
        *,
        text: str = "",
        intent: str = "",
        slots: dict[str, Any] | None = None,
        events: list[dict[str, Any]] | None = None,
        loop: str | None = None,
        metadata: dict[str, Any] | None = None,
        entities: dict[str, str | list[str]] | None = None,
        ranking: list[tuple[str, float]] | None = None,
        sender: str = "webchat:1",
        message_id: str = "m1",
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        found = [
            {"entity": name, "value": value}
            for name, values in (entities or {}).items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        user = {
            "event": "user",
            "text": text,
            "message_id": message_id,
            "parse_data": {"text": text, "intent": {"name": intent}, "entities": found},
            "metadata": metadata or {},
        }
        tracker = {
            "sender_id": sender,
            "slots": {"language": None, **(slots or {})},
            "latest_message": {
                "text": text,
                "intent": {"name": intent, "confidence": 1.0},
                "entities": found,
                "intent_ranking": [{"name": name, "confidence": share} for name, share in ranking or ()],
            },
            "latest_action_name": "action_listen",
            "latest_event_time": 0.0,
            "events": [*(events or []), user],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": loop} if loop else {},
        }
        answer = await executor.run(
            {"next_action": action, "sender_id": sender, "tracker": tracker, "domain": {}, "version": "3.6.21"}
        )
        return answer["events"], answer["responses"]

    return run
