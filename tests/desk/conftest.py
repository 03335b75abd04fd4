from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.desk.room import Room, serving


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room()
    await room.staff()
    async with serving(room):
        yield room
