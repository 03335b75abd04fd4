"""Custom actions in the worker's own process, where Rasa would call an action server."""

from __future__ import annotations

import json
import tarfile
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import structlog
from rasa.core.actions.action import Action, ActionExtractSlots, RemoteAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ModelNotFound
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.adapters.rasa_runner import InOrder

log = structlog.get_logger(__name__)


class InProcessActions:
    """Stands where Rasa expects an action server and runs the project's actions right here.

    What an action server would answer over HTTP is answered the same way; an action that breaks hands over.
    """

    url = "in this process"
    # Rasa would serialise its whole domain into every call; none of our actions reads it.
    kwargs: ClassVar[dict[str, Any]] = {"enable_selective_domain": True}

    def __init__(self, package: str) -> None:
        self._package = package
        self._executor = ActionExecutor()
        self._executor.register_package(package)

    async def warm(self) -> None:
        """What the package builds when first needed, it builds now: its `warming.warm`."""
        await import_module(f"{self._package}.warming").warm()

    async def request(self, json: dict[str, Any], **_: Any) -> dict[str, Any]:
        name = json.get("next_action", "")
        try:
            return await self._executor.run(json) or {"events": [], "responses": []}
        except ActionExecutionRejection as rejection:
            raise ClientResponseError(400, str(rejection), _rejection(name, rejection)) from rejection
        except Exception as error:
            log.error("custom action failed", action=name, error=type(error).__name__)
            request = {"sigap": "handoff", "reason": "action_failed", "detail": f"{name} failed"}
            return {"events": [], "responses": [{"custom": request}]}


def _rejection(name: str, rejection: ActionExecutionRejection) -> str:
    return json.dumps({"action_name": name, "error": str(rejection)})


class InProcessProcessor(MessageProcessor):
    """Rasa's message processor with our graph runner, and with actions whose answers need no proof.

    Rasa checks each answer of an action server against a JSON schema, and that schema against its own: 70 ms of CPU
    a call, six times what the rest of a turn costs. Ours come from the SDK in this process, which builds them right.
    """

    @staticmethod
    def _load_model(model_path: str | Path) -> tuple[str, ModelMetadata, GraphRunner]:
        """As Rasa's own, for one model file and our runner. Raises ModelNotFound."""
        with TemporaryDirectory() as folder:
            try:
                metadata, runner = load_predict_graph_runner(Path(folder), Path(model_path), LocalModelStorage, InOrder)
            except (tarfile.ReadError, FileNotFoundError):
                raise ModelNotFound(f"{model_path} is no model") from None
        return Path(model_path).name, metadata, runner

    def predict_next_with_tracker_if_should(self, tracker: DialogueStateTracker) -> tuple[Action, PolicyPrediction]:
        action, prediction = super().predict_next_with_tracker_if_should(tracker)
        if type(action) is RemoteAction:
            action = _OwnAction(action.name(), self.action_endpoint)
        return action, prediction

    async def run_action_extract_slots(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> DialogueStateTracker:
        """As Rasa's own, but with our action: the original makes its own by name."""
        events = await _OwnExtractSlots(self.action_endpoint).run(output_channel, self.nlg, tracker, self.domain)
        await self._send_bot_messages(events, tracker, output_channel)
        tracker.update_with_events(events, self.domain)
        return tracker


class _OwnAction(RemoteAction):
    def _validate_action_result(self, result: dict[str, Any]) -> bool:
        return True


class _OwnExtractSlots(ActionExtractSlots):
    """Fills slots with custom mappings: here the language, which every message tells anew."""

    async def _run_custom_action(
        self, custom_action: str, output_channel: OutputChannel, nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker, domain: Domain,
    ) -> list[Event]:  # fmt: skip
        action = _OwnAction(custom_action, self._action_endpoint)
        events = await action.run(output_channel, nlg, tracker, domain)
        return [event for event in events if isinstance(event, SlotSet | BotUttered)]
