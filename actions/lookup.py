"""What every lookup by reference shares: which ones are meant, one is unknown, or the back office does not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.backoffice import BackofficeUnavailable
from actions.handoff import hand_off
from actions.language import language_of
from actions.references import listed_after_references
from actions.session import latest_text, latest_values

# One more try after the first miss; then a person is offered.
MISSES_BEFORE_OFFERING_A_PERSON = 2
MOST_AT_ONCE = 3  # references of one message that are looked up: each has an answer of its own
MOST_NAMED = 6  # of those, and of the ones that are to be asked about again

Events = list[dict[str, Any]]
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Question(Generic[Record]):
    """One kind of lookup.

    The slot, and the entity of the same name, hold the reference; `form` asks for it; `subject` is what it is for, told
    to agents. `normalise` gives a reference its one shape, or None. `find` asks the back office and gives None where it
    knows no such reference. `tell` says a record in a language.
    """

    slot: str
    form: str
    subject: str
    normalise: Callable[[object], str | None]
    find: Callable[[str], Awaitable[Record | None]]
    tell: Callable[[CollectingDispatcher, Record, str], None]


Asked = tuple[Question[Any], str]  # what it is about, and the reference


async def look_up(
    dispatcher: CollectingDispatcher,
    tracker: Tracker,
    question: Question[Any],
    alongside: Iterable[Question[Any]],
) -> Events:
    """Answer for every reference that the customer asked about, three at the most.

    `alongside`: what references of other kinds in the same message are about.
    """
    refs = _asked_about(tracker, question)
    if not refs:
        return _not_found(dispatcher, tracker, question, str(tracker.get_slot(question.slot) or ""))
    others = [kind for kind in alongside if kind.slot != question.slot]
    asked = [(question, ref) for ref in refs] + [(kind, ref) for kind in others for ref in _said(tracker, kind)]
    now, later = asked[:MOST_AT_ONCE], asked[MOST_AT_ONCE:MOST_NAMED]
    # Together, so that three take no longer than one.
    found = await asyncio.gather(*(kind.find(ref) for kind, ref in now), return_exceptions=True)
    unknown, open_ = [], []
    for (kind, ref), record in zip(now, found, strict=True):
        if isinstance(record, BackofficeUnavailable):
            open_.append((kind, ref))
        elif isinstance(record, BaseException):
            raise record
        elif record is None:
            unknown.append((kind, ref))
        else:
            kind.tell(dispatcher, record, language_of(tracker))
    answered = _answered(kind.slot for kind, _ in asked)
    if open_:  # a person looks up whatever has no answer
        return answered + _unavailable(dispatcher, [*open_, *unknown, *later])
    if later:
        dispatcher.utter_message(response="utter_lookup_rest", refs=_named(later))
    return answered + _unknown(dispatcher, tracker, unknown)


def _asked_about(tracker: Tracker, question: Question[Any]) -> list[str]:
    """The reference in the slot, with the others of the message that it came from."""
    meant = question.normalise(tracker.get_slot(question.slot))
    if meant is None:
        return []
    said = _said(tracker, question)
    return said if meant in said else [meant]


def _said(tracker: Tracker, question: Question[Any]) -> list[str]:
    """The references of this kind in the latest message."""
    said = [*latest_values(tracker, question.slot), *listed_after_references(latest_text(tracker))]
    return list(dict.fromkeys(filter(None, map(question.normalise, said))))


def _named(asked: list[Asked]) -> str:
    return ", ".join(ref for _, ref in asked)


def _answered(slots: Iterable[str]) -> Events:
    """Forget the references, so that the next question asks again, and the misses before them."""
    return [*(SlotSet(slot, None) for slot in dict.fromkeys(slots)), SlotSet("lookup_misses", 0)]


def _unknown(dispatcher: CollectingDispatcher, tracker: Tracker, unknown: list[Asked]) -> Events:
    """Each kind in a sentence of its own; the last one is what is asked about again."""
    if not unknown:
        return []
    kinds: dict[str, list[Asked]] = {}
    for kind, ref in unknown:
        kinds.setdefault(kind.slot, []).append((kind, ref))
    *others, last = kinds.values()
    for asked in others:
        dispatcher.utter_message(response=f"utter_not_found_{asked[0][0].slot}", ref=_named(asked))
    return _not_found(dispatcher, tracker, last[0][0], _named(last))


def _not_found(dispatcher: CollectingDispatcher, tracker: Tracker, question: Question[Any], ref: str) -> Events:
    """Say that the reference is unknown; ask once more, and after that offer a person."""
    misses = int(tracker.get_slot("lookup_misses") or 0) + 1
    if misses < MISSES_BEFORE_OFFERING_A_PERSON:
        dispatcher.utter_message(response=f"utter_not_found_{question.slot}", ref=ref)
        # The sentence asks again, so the form is only reopened. Running it now would take the same reference
        # from the same message a second time.
        return [
            SlotSet(question.slot, None),
            SlotSet("lookup_misses", misses),
            ActiveLoop(question.form),
            SlotSet("requested_slot", question.slot),
            FollowupAction("action_listen"),
        ]
    dispatcher.utter_message(response=f"utter_not_found_again_{question.slot}", ref=ref)
    return _answered([question.slot])


def _unavailable(dispatcher: CollectingDispatcher, asked: list[Asked]) -> Events:
    """Say honestly that the lookup failed, and hand over with the references for the agent."""
    dispatcher.utter_message(response="utter_lookup_unavailable", ref=_named(asked))
    subjects = ", ".join(f"{kind.subject} {ref}" for kind, ref in asked)
    return hand_off(
        dispatcher, "action_failed", f"The back office did not answer when the assistant looked up {subjects}."
    )
