"""Shows everything that is kept about one customer, or erases it and looks whether anything is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bot.core.archive_ports import AuditTrail, Links
from bot.core.customer_ports import KeptCustomers, LiveCustomers, SearchedFiles
from bot.core.needles import Needles, Trace
from bot.core.ports import Clock

Traces = tuple[Trace, ...]
CAUGHT_UP_S = 10.0  # a recorder that runs needs a part of a second
LOOK_S = 0.1
BEHIND = "the recorder had not taken in everything: what agents did in this case last is missing in the audit log"

# Where the stored JSON tells who somebody is, by the field's name; and which messages are theirs or to them.
_PERSON = frozenset({"thread_id", "private_to", "address", "username", "conversation", "key"})
_MESSAGES = frozenset({"external_id", "external_ids", "event_id", "last_inbound_id"})
_TEXTS = frozenset({"text", "draft", "held", "value"})


class Report(msgspec.Struct, frozen=True):
    """What an erasure did. `left`: what was found again, and where; `elsewhere`: words that others use too, in their
    conversations; `begun_again`: the customer wrote since, which is new; `unsettled`: what a person must see to."""

    keys: tuple[str, ...]
    pieces: int
    left: tuple[Trace, ...] = ()
    elsewhere: tuple[Trace, ...] = ()
    begun_again: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.left and not self.unsettled


class Customers:
    """Over the live store, the archive and the files. Raises StoreUnavailable, ArchiveUnavailable, AlreadyErasing.

    `by` is who asks: the audit log has it, without anything of the customer's.
    """

    def __init__(
        self, live: LiveCustomers, archive: KeptCustomers, files: SearchedFiles, links: Links, trail: AuditTrail,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._trail = trail
        self._live = live
        self._archive = archive
        self._files = files
        self._links = links
        self._clock = clock

    async def keys(self, key: str, *, linked: bool) -> tuple[str, ...]:
        return (key, *(await self._links.of(key) if linked else ()))

    async def export(self, keys: Sequence[str], by: str) -> Mapping[str, Any]:
        """One document of everything. A conversation that nobody knows has neither state nor events."""
        for key in keys:
            await self._trail.note(by, "exported_customer", key)
        return await self.look(keys)

    async def look(self, keys: Sequence[str]) -> Mapping[str, Any]:
        """The same for somebody who only has to see what there is."""
        conversations = []
        for key in keys:
            live = dict(await self._live.export(key))
            archived = dict(await asyncio.to_thread(self._archive.export, key))
            events = _merged(archived.pop("events"), live.pop("events"))
            conversations.append({"key": key, **live, **archived, "events": events})
        return {"exported_at": self._clock.now(), "conversations": conversations}

    async def erase(self, keys: Sequence[str], by: str) -> Report:
        """Erase, have the files written anew, and search for what was there before.

        Nothing is erased while the archive is away: half an erasure would look like a whole one.
        """
        for key in keys:
            await self._trail.note(by, "erased_customer", key)
        caught_up = await self._caught_up()
        before = (await self.look(keys))["conversations"]
        pieces = 0
        for key, document in zip(keys, before, strict=True):
            erased = await self._live.erase(key, sorted(_ids(document)))
            pieces += erased.pieces + await asyncio.to_thread(self._archive.erase, key, erased.position)
        unsettled = ["" if caught_up else BEHIND, await self._live.settle()]
        unsettled.append(await asyncio.to_thread(self._archive.settle))
        again = tuple([key for key in keys if await self._live.begun_again(key)])
        left, elsewhere = await self._search(_needles(keys, before), keys, again)
        return Report(
            keys=tuple(keys), pieces=pieces, left=left, elsewhere=elsewhere, begun_again=again,
            unsettled=tuple(filter(None, unsettled)),
        )  # fmt: skip

    async def _caught_up(self) -> bool:
        """The audit log is written from the events that are about to go."""
        position = await self._live.position()
        for _ in range(int(CAUGHT_UP_S / LOOK_S)):
            if not await asyncio.to_thread(self._archive.behind, position):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def _search(self, needles: Needles, keys: Sequence[str], again: Sequence[str]) -> tuple[Traces, Traces]:
        """(what is left, what is somebody else's). Words that are found with somebody else explain themselves wherever
        they stand; so does everything that a customer who wrote again brought anew."""
        traces = [*await self._live.search(needles)]
        for place in (self._archive, self._files):
            traces += await asyncio.to_thread(place.search, needles)
        explained = {trace.needle for trace in traces if trace.of and trace.of not in keys}
        explained -= set(needles.ids)
        if again:
            explained |= {trace.needle for trace in traces if trace.of in again} | set(needles.ids)
        left = tuple(trace for trace in traces if trace.needle not in explained)
        return left, tuple(trace for trace in traces if trace.needle in explained)


def _merged(archived: Sequence[Any], live: Sequence[Any]) -> list[Any]:
    """The live log is the archive's end; what the archive has not taken in yet comes behind."""
    known = {msgspec.json.encode(event) for event in archived}
    return [*archived, *(event for event in live if msgspec.json.encode(event) not in known)]


def _needles(keys: Sequence[str], documents: Sequence[Mapping[str, Any]]) -> Needles:
    ids, messages, names, texts = set(keys), set(), set(), set()
    for document in documents:
        customer = (document.get("state") or {}).get("customer") or {}
        ids |= {str(customer.get("external_id", ""))}
        names |= {str(customer.get("name", "")), str(customer.get("username", ""))}
        for name, value in _strings(document):
            if name in _PERSON:
                ids.add(value)
            elif name in _MESSAGES:
                messages.add(value)
            elif name == "customer_name":
                names.add(value)
            elif name in _TEXTS:
                texts.add(value)
    return Needles.of(ids, messages, names, texts)


def _ids(document: Mapping[str, Any]) -> set[str]:
    """Everything by which the platform knows the customer and their messages."""
    return {value for name, value in _strings(document) if name in _PERSON | _MESSAGES}


def _strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a document, with the name of the field that holds it."""
    match value:
        case str():
            yield name, value
        case Mapping():
            for inner_name, inner in value.items():
                yield from _strings(inner, str(inner_name))
        case list() | tuple():
            for inner in value:
                yield from _strings(inner, name)
