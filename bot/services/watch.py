"""Keeps every channel connected: tells the platform our address, looks whether it still knows us, raises the alarm.

Subscriptions get lost in silence: Facebook drops one after an hour of failures, LinkedIn when an administrator loses
the role, X when its challenge fails for a day. Nobody would notice by the messages that do not come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bot.core.channel_ports import ChannelStates
from bot.core.ports import Clock, Meter
from channels.base import Channel
from channels.errors import ChannelError
from channels.messages import Health

SOONEST_S = 3.0  # between attempts to reach a platform that does not answer, doubling
LATEST_S = 3600.0


class Watch:
    """One channel's connection. `alarm` is called with what is wrong when a channel falls ill, once each time."""

    def __init__(
        self, channel: Channel[Any], address: str, states: ChannelStates, clock: Clock, meter: Meter,
        alarm: Callable[[str, Health], None], every_s: float,
    ) -> None:  # fmt: skip
        self._channel = channel
        self._address = address
        self._states = states
        self._clock = clock
        self._meter = meter
        self._alarm = alarm
        self._every_s = every_s
        self._ill = ""

    async def keep(self, stopping: asyncio.Event) -> None:
        """Connect and look, again and again, until asked to stop. Never raises."""
        pause = SOONEST_S
        connected = False
        while not stopping.is_set():
            if not connected:
                health = await self._connect()
                connected = health.ok
            else:
                health = await self._look()
                connected = health.ok
            if health.ok:
                pause = SOONEST_S
            await _sleep(stopping, self._every_s if health.ok else pause)
            if not health.ok:
                pause = min(pause * 2, LATEST_S)

    async def _connect(self) -> Health:
        """Register with the platform, which mends a lost subscription, then look whether it worked."""
        try:
            await self._channel.start(self._address)
        except Exception as error:
            # Whatever it was, nobody would notice a channel that is not looked after any more.
            return await self._report(_unreached(error))
        return await self._look()

    async def _look(self) -> Health:
        try:
            return await self._report(await self._channel.check())
        except Exception as error:
            return await self._report(_unreached(error))

    async def _report(self, health: Health) -> Health:
        try:
            await self._states.checked(self._channel.name, health, self._clock.now())
        except Exception as error:
            health = _unreached(error)
        said = "" if health.ok else health.detail or "not well"
        if said and said != self._ill:
            self._meter.count("channel_alarms", channel=self._channel.name)
            self._alarm(self._channel.name, health)
        self._ill = said
        return health


def _unreached(error: Exception) -> Health:
    why = str(error) if isinstance(error, ChannelError) else type(error).__name__
    return Health(ok=False, detail=why, fix="It is tried again by itself; see `sigap check`")


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
