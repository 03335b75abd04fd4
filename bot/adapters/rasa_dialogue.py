"""The assistant: Rasa's message processor behind the Dialogue port.

Rasa's tracker is not kept by Rasa. It comes in with the conversation, lives in memory for one turn and goes out
with the commit, so that a killed worker never leaves the assistant remembering what was not said. Its events are
cut to the last turns (`compact`), because Rasa replays all of them several times a turn.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.processor import MAX_NUMBER_OF_PREDICTIONS, MessageProcessor
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.adapters.rasa_actions import InProcessActions, InProcessProcessor
from bot.core.conversation import Helped
from bot.core.events import IntentSeen
from bot.core.ports import HandoffRequest, Turn, Utterance

log = structlog.get_logger(__name__)

TURNS_KEPT = 8  # user turns that the assistant remembers word for word; slots and an open form outlive them
RANKING_KEPT = 3
CONVERSATIONS_READ = 1_000  # whose events stay in memory: some 20 kB each
INTERNAL_SLOTS = frozenset({"session_started_metadata", "requested_slot", "language", "bare_points"})
INTERNAL_ACTIONS = frozenset({ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, "action_extract_slots"})
WARMING = "warming:up"  # nobody's conversation
# Said in it: a greeting, a question, a form and the way out of it, and what nobody understands. No reference, because
# that would be looked up.
REHEARSED = (
    ("en", "hello"), ("en", "how do i activate my card"), ("en", "where is my order"), ("en", "never mind"),
    ("id", "halo kak"), ("id", "cara aktivasi kartu debit gimana"), ("id", "lorem ipsum dolor sit amet"),
)  # fmt: skip


class RasaDialogue:
    """Implements ports.Dialogue. Conversations may run at the same time; one conversation may not."""

    def __init__(self, model: Path, project: Path) -> None:
        endpoints = AvailableEndpoints.read_endpoints(str(project / "endpoints.yml"))
        configured = endpoints.action is not None and bool(endpoints.action.url)
        self._trackers = _TurnTrackers()
        self._own_actions = None if configured else InProcessActions("actions")
        kind = MessageProcessor if configured else InProcessProcessor
        # What `Agent.load` does, with a processor of our choice.
        self._processor = kind(
            model_path=model,
            tracker_store=self._trackers,
            lock_store=InMemoryLockStore(),
            action_endpoint=self._own_actions or endpoints.action,
            generator=NaturalLanguageGenerator.create(endpoints.nlg, Domain.empty()),
        )
        self._processor.nlg = NaturalLanguageGenerator.create(endpoints.nlg, self._processor.domain)
        self._trackers.domain = self._processor.domain
        self._channels: dict[str, type[_Collector]] = {}

    @property
    def intents(self) -> frozenset[str]:
        return frozenset(self._processor.domain.intents)

    async def respond(
        self, *, key: str, channel: str, text: str, message_id: str, language: str, tracker: bytes,
        helped: Helped | None = None, phone: str = "", public: bool = False,
    ) -> Turn:  # fmt: skip
        """One turn. `tracker` is the memory that the last one returned, b"" for a new episode."""
        metadata: dict[str, Any] = {"language": language}
        if phone:
            metadata["phone"] = phone
        if public:
            metadata["public"] = True
        if helped is not None:
            metadata |= {"helped_by": helped.by, "helped_with": list(helped.intents), "rating_asked": helped.closed}
        self._trackers.put(key, tracker)
        output = self._collector(channel)()
        try:
            await self._processor.handle_message(
                UserMessage(
                    text,
                    output,
                    sender_id=key,
                    input_channel=channel,
                    message_id=message_id,
                    metadata=metadata,
                )
            )
            return self._turn(self._trackers.take(key), output)
        finally:
            self._trackers.forget(key)

    async def warm(self) -> None:
        """Build what is built when first needed, by a conversation that nobody hears and that is forgotten at once."""
        if self._own_actions is not None:
            await self._own_actions.warm()
        memory = b""
        try:
            for number, (language, text) in enumerate(REHEARSED):
                turn = await self.respond(
                    key=WARMING, channel="webchat", text=text, message_id=f"{WARMING}-{number}", language=language,
                    tracker=memory,
                )  # fmt: skip
                memory = turn.tracker
        finally:
            self._trackers.unread(WARMING)

    def _turn(self, tracker: DialogueStateTracker, output: _Collector) -> Turn:
        actions = _actions(tracker)
        if len(actions) >= MAX_NUMBER_OF_PREDICTIONS:
            # Rasa gives up there: a rule leads back to itself. Saying the same thing ten times helps nobody.
            log.error("the assistant went round in circles", actions=actions[-1])
            output.utterances.clear()
            output.handoff = HandoffRequest(
                reason="assistant_failed", detail=f"It went round in circles: {actions[-1]}"
            )
        kept = compact(tracker)
        memory = json.dumps([event.as_dict() for event in kept], ensure_ascii=False).encode()
        self._trackers.remember(tracker.sender_id, memory, kept)
        return Turn(
            utterances=tuple(output.utterances),
            intents=_intents(tracker),
            language=str(tracker.get_slot("language") or ""),
            slots=_slots(tracker),
            actions=actions,
            handoff=output.handoff,
            rating=output.rating,
            deeds=tuple(output.deeds),
            tracker=memory,
        )

    def _collector(self, channel: str) -> type[_Collector]:
        """Rasa picks `channel:` variations by the output channel's name, which is the class's: one class each."""
        if channel not in self._channels:
            self._channels[channel] = type(
                f"{channel.title()}Collector", (_Collector,), {"name": classmethod(lambda cls: channel)}
            )
        return self._channels[channel]


class _Collector(OutputChannel):
    """Collects a turn's messages whole; Rasa's own collecting channel splits texts on blank lines."""

    def __init__(self) -> None:
        self.utterances: list[Utterance] = []
        self.handoff: HandoffRequest | None = None
        self.rating: int | None = None
        self.deeds: list[str] = []

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        custom = message.get("custom") or {}
        if custom.get("sigap") == "handoff":
            # The text beside it is for stock Rasa channels; the core promises from the real queue.
            self.handoff = HandoffRequest(reason=custom["reason"], detail=custom.get("detail", ""))
            return
        if custom.get("sigap") == "done":
            self.deeds.append(str(custom["what"]))
            return
        if custom.get("sigap") == "rating":
            self.rating = int(custom["score"])
            return
        buttons = tuple(
            (str(button["title"]), str(button.get("payload") or button["title"]))
            for button in [*(message.get("buttons") or ()), *(message.get("quick_replies") or ())]
        )
        text, image = message.get("text") or "", message.get("image") or message.get("attachment") or ""
        if text or image or buttons:
            image = image if isinstance(image, str) else ""
            name = str(message.get("utter_action") or "")
            self.utterances.append(Utterance(text=text, buttons=buttons, image=image, response=name))


class _TurnTrackers(TrackerStore):
    """Rasa's tracker store for the length of a turn.

    Reading events from their bytes costs a sixth of a turn. So the events of the last conversations are kept,
    and used where the bytes are the very ones that they were written to: whoever else had a turn since, wrote others.
    """

    def __init__(self) -> None:
        super().__init__(Domain.empty(), None)
        self._stored: dict[str, bytes] = {}
        self._live: dict[str, DialogueStateTracker] = {}
        self._read: OrderedDict[str, tuple[bytes, list[Event]]] = OrderedDict()

    def remember(self, key: str, tracker: bytes, events: list[Event]) -> None:
        """What the next turn of this conversation will most likely bring."""
        self._read[key] = (tracker, events)
        self._read.move_to_end(key)
        if len(self._read) > CONVERSATIONS_READ:
            self._read.popitem(last=False)

    def unread(self, key: str) -> None:
        """As if this conversation had never been."""
        self._read.pop(key, None)

    def put(self, key: str, tracker: bytes) -> None:
        self._stored[key] = tracker

    def take(self, key: str) -> DialogueStateTracker:
        return self._live[key]

    def forget(self, key: str) -> None:
        self._stored.pop(key, None)
        self._live.pop(key, None)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        if sender_id in self._live:
            return self._live[sender_id]
        stored = self._stored.get(sender_id)
        if not stored:
            return None
        written, events = self._read.get(sender_id, (b"", []))
        if written == stored:
            return DialogueStateTracker.from_events(sender_id, events, self.domain.slots)
        return DialogueStateTracker.from_dict(sender_id, json.loads(stored), self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        self._live[tracker.sender_id] = tracker

    async def keys(self) -> Iterable[str]:
        return list(self._live)


def compact(tracker: DialogueStateTracker) -> list[Event]:
    """The events worth keeping: the last turns word for word, before them a session that sets slots and open form.

    What is cut looks to the policies like a session that carried its slots over, which is what it is.
    """
    events = list(tracker.applied_events())
    starts = [index for index, event in enumerate(events) if isinstance(event, UserUttered)]
    for index in starts:
        ranking = events[index].parse_data.get("intent_ranking") or []
        events[index].parse_data["intent_ranking"] = ranking[:RANKING_KEPT]
        for known in (events[index].metadata, events[index].parse_data.get("metadata")):
            (known or {}).pop("phone", None)  # needed in its turn only; the case knows it anyway
    if len(starts) <= TURNS_KEPT:
        return events
    cut = starts[-TURNS_KEPT]
    before = DialogueStateTracker.from_events(tracker.sender_id, events[:cut], tracker.slots.values())
    kept: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    kept += [SlotSet(name, value) for name, value in before.current_slot_values().items() if value is not None]
    if before.active_loop is not None:
        kept.append(ActiveLoop(before.active_loop.name))
    return [*kept, ActionExecuted(ACTION_LISTEN_NAME), *events[cut:]]


def _intents(tracker: DialogueStateTracker) -> tuple[IntentSeen, ...]:
    message = tracker.latest_message
    parsed = message.parse_data if message else {}
    ranking = parsed.get("intent_ranking") or [parsed.get("intent") or {}]
    return tuple(
        IntentSeen(str(entry["name"]), round(float(entry.get("confidence", 0.0)), 4))
        for entry in ranking[:RANKING_KEPT]
        if entry.get("name")
    )


def _slots(tracker: DialogueStateTracker) -> dict[str, str]:
    """What is known now, and what was set since the customer's latest message and is empty again by now."""
    values = tracker.current_slot_values()
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, SlotSet) and not values.get(event.key):
            values[event.key] = event.value
    return {name: str(value) for name, value in values.items() if value and name not in INTERNAL_SLOTS}


def _actions(tracker: DialogueStateTracker) -> tuple[str, ...]:
    """What ran since the customer's latest message."""
    names: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name and event.action_name not in INTERNAL_ACTIONS:
            names.append(event.action_name)
    return tuple(reversed(names))
