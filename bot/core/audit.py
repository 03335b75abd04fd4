"""The audit log: who saw, said, approved, changed or exported what. Append-only and chained.

An entry holds no customer's data: the case is a keyed digest of the conversation's key, and words are a keyed digest
of themselves, so that a text found elsewhere can be proven to be, or not to be, the one that was said, and erasing a
customer breaks no chain. Each entry's seal covers the entry and the seal before it, with a key that the database does
not hold: who can write the database can't make the chain true again.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from bot.core import events as e
from bot.core.conversation import Owner

FIRST = "0" * 64  # what the first entry hangs on
PLATFORM_APP = "platform app"  # somebody of the brand who answers there: it does not tell who
_canonical = msgspec.json.Encoder(order="deterministic")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did. `seq` counts from 1; `actor` is a login name, or `cli:NAME` on a command line."""

    seq: int
    at: datetime
    actor: str
    action: str
    case: str = ""
    detail: dict[str, Any] = {}
    previous: str = FIRST
    seal: str = ""


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the chain does not hold. `what`: altered | missing | cut_off | wrong_key."""

    seq: int
    what: str


class Seals:
    """Makes and checks seals with a key that is derived from the installation's secret."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"sigap audit", "sha256")

    def case(self, conversation: str) -> str:
        """The name of a conversation in the log; who knows the key can find it, nobody can read the key from it."""
        return self._digest(b"case\0" + conversation.encode())[:24] if conversation else ""

    def words(self, text: str) -> str:
        return self._digest(b"words\0" + text.encode())[:24]

    def sealed(self, entry: Entry) -> Entry:
        return msgspec.structs.replace(entry, seal=self._seal(entry))

    def first_break(self, entries: Iterable[Entry], head: tuple[int, str] | None = None) -> Break | None:
        """None when the chain holds. `head`: number and seal of the entry that was last written, where that is kept
        apart from the entries."""
        previous, expected = FIRST, 1
        for entry in entries:
            if entry.seq != expected:
                return Break(seq=expected, what="missing")
            if entry.previous != previous or not hmac.compare_digest(entry.seal, self._seal(entry)):
                return Break(seq=entry.seq, what="altered")
            if head is not None and head[0] == entry.seq and head[1] != entry.seal:
                return Break(seq=entry.seq, what="altered")
            previous, expected = entry.seal, expected + 1
        if head is not None and head[0] >= expected:
            return Break(seq=expected, what="cut_off")
        return None

    def _seal(self, entry: Entry) -> str:
        return self._digest(b"entry\0" + _canonical.encode(msgspec.structs.replace(entry, seal="")))

    def _digest(self, data: bytes) -> str:
        return hmac.digest(self._key, data, "sha256").hex()


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says that somebody did, before it is numbered and sealed."""

    at: datetime
    actor: str
    action: str
    conversation: str = ""
    detail: dict[str, Any] = {}


def deeds(event: e.AnyEvent, seals: Seals) -> Iterator[Deed]:
    """What belongs into the audit log. What the assistant says by itself does not: it is in the archive."""
    conversation, at = event.conversation, event.at
    detail: dict[str, Any]
    match event:
        case e.Audited():
            yield Deed(at=at, actor=event.actor, action=event.action, conversation=conversation, detail=event.detail)
        case e.OwnerChanged() if event.agent_id or event.after == Owner.HUMAN:
            detail = {"before": event.before, "after": event.after, "reason": event.reason}
            actor = event.agent_id or PLATFORM_APP
            yield Deed(at=at, actor=actor, action="owner_changed", conversation=conversation, detail=detail)
        case e.OwnerChanged(reason="triage"):
            detail = {"label": event.detail}
            yield Deed(at=at, actor="triage", action="handed_over", conversation=conversation, detail=detail)
        case e.ReplyComposed() if event.agent_id:
            detail = {"message": event.message_id, "surface": event.surface, "words": seals.words(event.text)}
            yield Deed(at=at, actor=event.agent_id, action="said", conversation=conversation, detail=detail)
        case e.ReplyComposed(sender="agent"):  # not its id: that is the platform's, and is erased with the case
            detail = {"surface": event.surface, "words": seals.words(event.text)}
            yield Deed(at=at, actor=PLATFORM_APP, action="said", conversation=conversation, detail=detail)
        case e.NoteAdded():
            detail = {"words": seals.words(event.text)}
            yield Deed(at=at, actor=event.agent_id, action="noted", conversation=conversation, detail=detail)
        case e.ReplyProposed():
            detail = {
                "proposal": event.proposal_id, "version": event.version, "words": seals.words(event.text),
            }  # fmt: skip
            yield Deed(at=at, actor=event.agent_id, action="proposed", conversation=conversation, detail=detail)
        case e.ProposalSettled():
            detail = {"proposal": event.proposal_id, "version": event.version}
            if event.note:
                detail["why"] = seals.words(event.note)
            actor = event.agent_id or "triage"  # took the case from somebody who had gone
            yield Deed(at=at, actor=actor, action=event.outcome, conversation=conversation, detail=detail)
        case _:
            pass
