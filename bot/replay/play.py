"""Plays recordings against a running system: customers come at a rate, write, wait for an answer, write on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import StoreUnavailable
from bot.core.transcript import fold
from bot.replay.customers import Customers, NotDelivered
from bot.replay.recording import Recording
from bot.replay.verdict import Verdict, judge, look_at_rules
from channels.base import Channel

T = TypeVar("T")
PATIENCE_S = 120.0  # how long a customer waits for an answer before writing on
LOOK_S = 0.3
SETTLE_S = 3.0  # nothing new on any screen for this long: the replay is over
SETTLE_AT_MOST_S = 120.0


async def play(
    system: System,
    customers: Customers,
    recordings: Sequence[Recording],
    rate: float,
    on_message: Callable[[], None],
    channel: Channel[Any],
) -> Verdict:
    """Play all; `rate` is new customers a second. Calls `on_message` for each message that is through."""
    played: list[tuple[str, list[str], list[float]]] = []
    # Where only a person may answer, a customer sees nothing for a while, and nobody is at the desk of a replay.
    silent = all(channel.can(surface).rules.drafts_only for surface in channel.surfaces)

    async def customer(number: int, recording: Recording) -> None:
        await asyncio.sleep(number / rate)
        key = await customers.arrive(number)
        written: list[str] = []
        waits: list[float] = []
        played.append((key, written, waits))
        for text in recording.texts:
            before, began = len(customers.seen[key]), time.monotonic()
            written.append(text)
            try:
                written[-1] = await customers.write(key, text)
            except NotDelivered:
                pass  # it stays in `written`: the verdict will miss it
            else:
                await _answer(system, customers, key, before, len(written), silent)
            if len(customers.seen[key]) > before:
                waits.append((customers.seen[key][before].at - began) * 1000)
            on_message()

    await asyncio.gather(*(customer(number, recording) for number, recording in enumerate(recordings)))
    await _settle(system, customers)
    verdict = Verdict()
    for key, written, waits in played:
        lines = fold(await _patiently(partial(system.store.log, key)))
        verdict.add(judge(written, waits, customers.seen[key], lines, silent=silent))
        conversation = (await _patiently(partial(system.store.load, key))).conversation
        slots = conversation.slots if conversation is not None else {}
        verdict.add(look_at_rules(customers.seen[key], channel, slots, system.house))
        await customers.leave(key)
    verdict.violations = await customers.violations()
    return verdict


async def _answer(system: System, customers: Customers, key: str, before: int, written: int, silent: bool) -> None:
    """Wait for something new on the screen, or until a person has the conversation: then nobody answers at once."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        async with customers.news:
            try:
                await asyncio.wait_for(customers.news.wait_for(lambda: len(customers.seen[key]) > before), LOOK_S)
            except TimeoutError:
                pass
            else:
                return
        try:
            conversation = (await system.store.load(key)).conversation
            if conversation is None or conversation.owner is Owner.BOT:
                continue
            lines = fold(await system.store.log(key))
        except StoreUnavailable:
            continue
        heard = sum(line.author == "customer" and line.kind == "message" for line in lines)
        pending = any(line.status == "queued" for line in lines)
        if heard >= written and not pending and (silent or len(customers.seen[key]) > 0):
            return


async def _settle(system: System, customers: Customers) -> None:
    """Until every mailbox is empty and no screen has changed for a while."""
    deadline = time.monotonic() + SETTLE_AT_MOST_S
    quiet_since, shown = time.monotonic(), -1
    boxes = [system.inbound, *(system.outbox(name) for name in system.channels)]
    while time.monotonic() < deadline and time.monotonic() - quiet_since < SETTLE_S:
        await asyncio.sleep(LOOK_S)
        now_shown = sum(map(len, customers.seen.values()))
        waiting = sum([(await _patiently(box.depth)).messages for box in boxes])
        if now_shown != shown or waiting:
            quiet_since, shown = time.monotonic(), now_shown


async def _patiently(read: Callable[[], Awaitable[T]]) -> T:
    """Read from a store that may be away for a moment: a replay goes on while things are killed."""
    while True:
        try:
            return await read()
        except StoreUnavailable:
            await asyncio.sleep(0.5)
